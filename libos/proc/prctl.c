/* SPDX-License-Identifier: Apache-2.0 */
/* prctl and personality. */
#include <linux/prctl.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/proc/process.h"

#define LAST_CAPABILITY  40
#define ASK_PERSONALITY  0xffffffffu
#define DEFAULT_SLACK_NS 50000u

static long set_name(const char *user)
{
    struct thread *t = current();
    char name[COMM_SIZE];
    long n = copy_string_from_user(name, user, sizeof(name));

    if (n == -ENAMETOOLONG)
        name[COMM_SIZE - 1] = 0;
    else if (n < 0)
        return n;
    memcpy(t->comm, name, sizeof(name));
    if (t->tid == t->process->pid)
        memcpy(t->process->comm, name, sizeof(name));
    return 0;
}

static long drop_bounding(u64 capability)
{
    if (capability > LAST_CAPABILITY)
        return -EINVAL;
    if (current_process->euid)
        return -EPERM;
    current_process->capabilities_bounding &= ~(1ull << capability);
    return 0;
}

static long set_death_signal(u64 signo)
{
    if (signo > SIGNAL_COUNT)
        return -EINVAL;
    current_process->parent_death_signal = (int)signo;
    return 0;
}

static long set_flag(bool *flag, u64 value)
{
    if (value > 1)
        return -EINVAL;
    *flag = value;
    return 0;
}

SYSCALL5(prctl, int, option, u64, a, u64, b, u64, c, u64, d)
{
    struct thread *t = current();
    struct process *p = t->process;

    switch (option) {
    case PR_SET_NAME: return set_name((const char *)a);
    case PR_GET_NAME: return copy_to_user((void *)a, t->comm, sizeof(t->comm));
    case PR_SET_PDEATHSIG: return set_death_signal(a);
    case PR_GET_PDEATHSIG: return put_user((int *)a, p->parent_death_signal);
    case PR_SET_DUMPABLE: return set_flag(&p->dumpable, a);
    case PR_GET_DUMPABLE: return p->dumpable;
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        p->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS: return p->no_new_privs;
    case PR_SET_CHILD_SUBREAPER: p->subreaper = a != 0; return 0;
    case PR_GET_CHILD_SUBREAPER: return put_user((int *)a, (int)p->subreaper);
    case PR_SET_KEEPCAPS: return set_flag(&p->keep_capabilities, a);
    case PR_GET_KEEPCAPS: return p->keep_capabilities;
    case PR_CAPBSET_READ:
        return a > LAST_CAPABILITY ? -EINVAL : (long)(p->capabilities_bounding >> a & 1);
    case PR_CAPBSET_DROP: return drop_bounding(a);
    case PR_CAP_AMBIENT:
        return a == PR_CAP_AMBIENT_IS_SET || a == PR_CAP_AMBIENT_CLEAR_ALL ? 0 : -EPERM;
    case PR_SET_TIMERSLACK: t->timer_slack = a ? a : DEFAULT_SLACK_NS; return 0;
    case PR_GET_TIMERSLACK: return (long)t->timer_slack;
    case PR_GET_TIMING: return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING: return a == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_SECCOMP: return 0;
    case PR_GET_SECUREBITS: return 0;
    case PR_SET_SECUREBITS: return -EPERM;
    case PR_SET_PTRACER:
    case PR_SET_THP_DISABLE: return 0;
    case PR_GET_THP_DISABLE: return 0;
    case PR_GET_TSC: return put_user((int *)a, PR_TSC_ENABLE);
    default: return -EINVAL;
    }
}

SYSCALL1(personality, u32, value)
{
    u32 old = current_process->personality;

    if (value != ASK_PERSONALITY)
        current_process->personality = value;
    return old;
}
