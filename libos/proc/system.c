/* SPDX-License-Identifier: Apache-2.0 */
/* What machine this is: uname, host name, sysinfo, and calls that only a machine's master may make.
 */
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/proc/process.h"

#define LOAD_ONE 65536u

static void set_field(char *field, const char *text)
{
    size_t n = strnlen(text, 64);

    memcpy(field, text, n);
    field[n] = 0;
}

SYSCALL1(uname, struct new_utsname *, user)
{
    struct new_utsname u;

    memset(&u, 0, sizeof(u));
    set_field(u.sysname, "Linux");
    set_field(u.release, boot_string(the_boot->kernel_release));
    set_field(u.version, "#1 SMP ringfence");
    set_field(u.machine, "x86_64");
    lock_take(&the_cell->lock);
    set_field(u.nodename, the_cell->hostname);
    set_field(u.domainname, the_cell->domainname[0] ? the_cell->domainname : "(none)");
    lock_release(&the_cell->lock);
    return copy_to_user(user, &u, sizeof(u));
}

/* The name is the cell's own: whoever is root in it may change it. */
static long set_host_field(char *field, const char *user, long length)
{
    char text[65] = {0};

    if (current_process->euid != 0)
        return -EPERM;
    if (length < 0 || length > 64)
        return -EINVAL;
    if (copy_from_user(text, user, (size_t)length))
        return -EFAULT;
    lock_take(&the_cell->lock);
    memcpy(field, text, sizeof(text));
    lock_release(&the_cell->lock);
    return 0;
}

SYSCALL2(sethostname, const char *, name, int, length)
{
    return set_host_field(the_cell->hostname, name, length);
}

SYSCALL2(setdomainname, const char *, name, int, length)
{
    return set_host_field(the_cell->domainname, name, length);
}

SYSCALL1(sysinfo, struct sysinfo *, user)
{
    u64 total = the_boot->memory_limit ? the_boot->memory_limit : the_boot->host_memory;
    u64 held = the_window->cell.memory_held;
    struct sysinfo info;

    memset(&info, 0, sizeof(info));
    info.uptime = (s64)((host_now() - the_cell->started) / 1000000000u) + 1;
    info.totalram = total;
    info.freeram = total > held ? total - held : 0;
    info.procs = (u16)the_cell->process_count;
    info.mem_unit = 1;
    return copy_to_user(user, &info, sizeof(info));
}

SYSCALL4(ptrace, long, request, int, pid, void *, address, void *, data)
{
    (void)request, (void)pid, (void)address, (void)data;
    return -EPERM;
}

SYSCALL1(unshare, u64, flags)
{
    return flags & ~0x00000f00ull ? -EPERM
                                  : 0; /* own descriptors, directories: nothing shares them */
}

SYSCALL2(setns, int, fd, int, kind)
{
    (void)fd, (void)kind;
    return -EPERM;
}

SYSCALL4(reboot, int, magic, int, magic2, int, command, void *, argument)
{
    (void)magic, (void)magic2, (void)command, (void)argument;
    return -EPERM;
}
