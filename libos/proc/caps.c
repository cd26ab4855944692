/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX capabilities: kept and shown, as Linux does; they have no power. */
#include <linux/capability.h>

#include "libos/entry/syscall.h"
#include "libos/proc/process.h"

/* How many 32-bit words of capabilities a version has; 0: unknown. */
static u32 words_of(u32 version)
{
    switch (version) {
    case _LINUX_CAPABILITY_VERSION_1: return 1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3: return 2;
    default: return 0;
    }
}

/* Reads the header. The number of words, 0 when only the version was asked for, or -E…. */
static long read_header(struct __user_cap_header_struct *user,
                        struct __user_cap_header_struct *header)
{
    long words;

    if (copy_from_user(header, user, sizeof(*header)))
        return -EFAULT;
    words = words_of(header->version);
    if (words)
        return header->pid < 0 ? -EINVAL : words;
    if (put_user(&user->version, (u32)_LINUX_CAPABILITY_VERSION_3))
        return -EFAULT;
    return -EINVAL;
}

SYSCALL2(capget, struct __user_cap_header_struct *, user, struct __user_cap_data_struct *, data)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct out[2] = {0};
    struct process *p;
    long words = read_header(user, &header);

    if (words < 0)
        return words == -EINVAL && !data ? 0 : words;
    if (!data)
        return 0;
    lock_take(&the_cell->lock);
    p = header.pid ? find_process(header.pid) : current_process;
    for (int i = 0; p && i < 2; i++) {
        out[i].effective = (u32)(p->capabilities_effective >> (32 * i));
        out[i].permitted = (u32)(p->capabilities_permitted >> (32 * i));
        out[i].inheritable = (u32)(p->capabilities_inheritable >> (32 * i));
    }
    lock_release(&the_cell->lock);
    if (!p)
        return -ESRCH;
    return copy_to_user(data, out, (size_t)words * sizeof(out[0]));
}

SYSCALL2(capset, struct __user_cap_header_struct *, user, const struct __user_cap_data_struct *,
         data)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct in[2] = {0};
    struct process *p = current_process;
    u64 effective = 0, permitted = 0, inheritable = 0;
    long words = read_header(user, &header);

    if (words < 0)
        return words;
    if (header.pid && header.pid != p->pid)
        return -EPERM;
    if (copy_from_user(in, data, (size_t)words * sizeof(in[0])))
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        effective |= (u64)in[i].effective << (32 * i);
        permitted |= (u64)in[i].permitted << (32 * i);
        inheritable |= (u64)in[i].inheritable << (32 * i);
    }
    if ((permitted & ~p->capabilities_permitted) || (effective & ~permitted))
        return -EPERM;
    p->capabilities_effective = effective;
    p->capabilities_permitted = permitted;
    p->capabilities_inheritable = inheritable;
    return 0;
}
