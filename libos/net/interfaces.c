/* SPDX-License-Identifier: Apache-2.0 */
/* What the ioctls of netdevice(7) tell of the one interface there is: lo. */
#include <linux/sockios.h>
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/net/interfaces.h"
#include "libos/net/socket.h"

/* The Linux ABI's struct ifreq and struct ifconf. */
struct ifreq_abi {
    char name[16];
    union {
        struct sockaddr_inet4 address;
        struct sockaddr_unix hardware; /* a struct sockaddr: family and bytes */
        s16 flags;
        s32 number;
        u8 room[24];
    };
};

struct ifconf_abi {
    s32 length, pad;
    struct ifreq_abi *list;
};

#define IFREQ_SIZE   40
#define ARP_LOOPBACK 772

static struct sockaddr_inet4 inet4(u8 a, u8 b, u8 c, u8 d)
{
    return (struct sockaddr_inet4){.family = AF_INET, .address = {a, b, c, d}};
}

/* Fills in what `command` asks of lo: 0, -ENOTTY, -EADDRNOTAVAIL. */
static long answer(u32 command, struct ifreq_abi *r)
{
    memset(r->room, 0, sizeof(r->room));
    switch (command) {
    case SIOCGIFFLAGS: r->flags = LOOPBACK_FLAGS; return 0;
    case SIOCGIFADDR: r->address = inet4(127, 0, 0, 1); return 0;
    case SIOCGIFNETMASK: r->address = inet4(255, 0, 0, 0); return 0;
    case SIOCGIFBRDADDR:
    case SIOCGIFDSTADDR: r->address = inet4(0, 0, 0, 0); return 0;
    case SIOCGIFHWADDR: r->address.family = ARP_LOOPBACK; return 0;
    case SIOCGIFMTU: r->number = LOOPBACK_MTU; return 0;
    case SIOCGIFINDEX: r->number = LOOPBACK_INDEX; return 0;
    case SIOCGIFMETRIC: return 0;
    case SIOCGIFTXQLEN: r->number = LOOPBACK_QUEUE; return 0;
    default: return -ENOTTY;
    }
}

static long list_interfaces(struct ifconf_abi *user)
{
    struct ifconf_abi c;
    struct ifreq_abi r = {.name = "lo"};
    if (get_user(c, user))
        return -EFAULT;
    s32 length = IFREQ_SIZE;
    if (c.list && c.length < IFREQ_SIZE)
        length = 0;
    r.address = inet4(127, 0, 0, 1);
    if (c.list && length && copy_to_user(c.list, &r, IFREQ_SIZE))
        return -EFAULT;
    return put_user(&user->length, length);
}

static long name_interface(struct ifreq_abi *user, struct ifreq_abi *r)
{
    if (r->number != LOOPBACK_INDEX)
        return -ENODEV;
    memset(r->name, 0, sizeof(r->name));
    memcpy(r->name, "lo", 2);
    return copy_to_user(user, r, IFREQ_SIZE);
}

static bool is_interface_command(u32 command)
{
    return command >= SIOCGIFNAME && command <= SIOCSIFTXQLEN;
}

long interface_ioctl(u32 command, void *argument)
{
    struct ifreq_abi r;
    if (!is_interface_command(command))
        return -ENOTTY;
    if (command == SIOCGIFCONF)
        return list_interfaces(argument);
    if (copy_from_user(&r, argument, IFREQ_SIZE))
        return -EFAULT;
    if (command == SIOCGIFNAME)
        return name_interface(argument, &r);
    r.name[sizeof(r.name) - 1] = '\0';
    if (strcmp(r.name, "lo") != 0)
        return -ENODEV;
    long result = answer(command, &r);
    if (result == -ENOTTY)
        return -EPERM; /* the commands that change something */
    return result ? result : copy_to_user(argument, &r, IFREQ_SIZE);
}
