/* SPDX-License-Identifier: Apache-2.0 */
/* User and group identities. A cell is one trust domain: identities are kept as Linux keeps them,
 * so that programs find what they set, and protect nothing. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/proc/process.h"

#define KEEP 0xffffffffu /* -1: leave it as it is */

static bool privileged(void)
{
    return current_process->euid == 0;
}

/* One kind of identity, user or group, of the calling process. */
struct identity {
    u32 *real, *effective, *saved, *fs;
};

static struct identity user_identity(void)
{
    struct process *p = current_process;

    return (struct identity){&p->uid, &p->euid, &p->suid, &p->fsuid};
}

static struct identity group_identity(void)
{
    struct process *p = current_process;

    return (struct identity){&p->gid, &p->egid, &p->sgid, &p->fsgid};
}

static bool is_one_of(const struct identity *i, u32 id)
{
    return id == *i->real || id == *i->effective || id == *i->saved;
}

/* Capabilities follow the effective user as on Linux. */
static void settle(u32 old_effective)
{
    struct process *p = current_process;

    if (p->uid && p->euid && p->suid && !p->keep_capabilities)
        p->capabilities_permitted = 0;
    if (old_effective == 0 && p->euid != 0)
        p->capabilities_effective = 0;
    if (old_effective != 0 && p->euid == 0)
        p->capabilities_effective = p->capabilities_permitted;
}

static long set_one(struct identity i, u32 id, bool may)
{
    u32 old = current_process->euid;

    if (id == KEEP)
        return -EINVAL;
    if (may)
        *i.real = *i.saved = id;
    else if (id != *i.real && id != *i.saved)
        return -EPERM;
    *i.effective = *i.fs = id;
    settle(old);
    return 0;
}

static long set_two(struct identity i, u32 real, u32 effective, bool may)
{
    u32 old = current_process->euid, old_real = *i.real;

    if (!may && ((real != KEEP && real != *i.real && real != *i.effective) ||
                 (effective != KEEP && !is_one_of(&i, effective))))
        return -EPERM;
    if (real != KEEP)
        *i.real = real;
    if (effective != KEEP)
        *i.effective = effective;
    if (real != KEEP || (effective != KEEP && effective != old_real))
        *i.saved = *i.effective;
    *i.fs = *i.effective;
    settle(old);
    return 0;
}

static long set_three(struct identity i, u32 real, u32 effective, u32 saved, bool may)
{
    u32 old = current_process->euid;

    if (!may && ((real != KEEP && !is_one_of(&i, real)) ||
                 (effective != KEEP && !is_one_of(&i, effective)) ||
                 (saved != KEEP && !is_one_of(&i, saved))))
        return -EPERM;
    if (real != KEEP)
        *i.real = real;
    if (effective != KEEP)
        *i.effective = effective;
    if (saved != KEEP)
        *i.saved = saved;
    *i.fs = *i.effective;
    settle(old);
    return 0;
}

static long get_three(struct identity i, u32 *real, u32 *effective, u32 *saved)
{
    return put_user(real, *i.real) || put_user(effective, *i.effective) || put_user(saved, *i.saved)
               ? -EFAULT
               : 0;
}

static long set_fs(struct identity i, u32 id)
{
    u32 old = *i.fs;

    if (id != KEEP && (privileged() || is_one_of(&i, id) || id == old))
        *i.fs = id;
    return old;
}

SYSCALL0(getuid)
{
    return current_process->uid;
}

SYSCALL0(geteuid)
{
    return current_process->euid;
}

SYSCALL0(getgid)
{
    return current_process->gid;
}

SYSCALL0(getegid)
{
    return current_process->egid;
}

SYSCALL1(setuid, u32, id)
{
    return set_one(user_identity(), id, privileged());
}

SYSCALL1(setgid, u32, id)
{
    return set_one(group_identity(), id, privileged());
}

SYSCALL2(setreuid, u32, real, u32, effective)
{
    return set_two(user_identity(), real, effective, privileged());
}

SYSCALL2(setregid, u32, real, u32, effective)
{
    return set_two(group_identity(), real, effective, privileged());
}

SYSCALL3(setresuid, u32, real, u32, effective, u32, saved)
{
    return set_three(user_identity(), real, effective, saved, privileged());
}

SYSCALL3(setresgid, u32, real, u32, effective, u32, saved)
{
    return set_three(group_identity(), real, effective, saved, privileged());
}

SYSCALL3(getresuid, u32 *, real, u32 *, effective, u32 *, saved)
{
    return get_three(user_identity(), real, effective, saved);
}

SYSCALL3(getresgid, u32 *, real, u32 *, effective, u32 *, saved)
{
    return get_three(group_identity(), real, effective, saved);
}

SYSCALL1(setfsuid, u32, id)
{
    return set_fs(user_identity(), id);
}

SYSCALL1(setfsgid, u32, id)
{
    return set_fs(group_identity(), id);
}

SYSCALL2(getgroups, int, size, u32 *, list)
{
    struct process *p = current_process;
    u32 count = p->group_count;

    if (size < 0 || (size && (u32)size < count))
        return -EINVAL;
    if (size && copy_to_user(list, p->groups, count * sizeof(u32)))
        return -EFAULT;
    return count;
}

SYSCALL2(setgroups, u32, size, const u32 *, list)
{
    struct process *p = current_process;
    u32 groups[GROUPS_MAX];

    if (!privileged())
        return -EPERM;
    if (size > GROUPS_MAX)
        return -EINVAL;
    if (copy_from_user(groups, list, size * sizeof(u32)))
        return -EFAULT;
    memcpy(p->groups, groups, size * sizeof(u32));
    p->group_count = size;
    return 0;
}
