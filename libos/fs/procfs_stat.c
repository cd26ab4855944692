/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/stat, statm and status, and the same of a thread. */
#include "libos/fs/procfs.h"

#include "base/string.h"
#include "libos/host/invoke.h"
#include "libos/tty/tty.h"

#define PTS_MAJOR        136u
#define NS_PER_TICK      10000000ul
#define ALL_CAPABILITIES 0x1fffffffffful

/* What the files show, copied while the process tree was locked. */
struct facts {
    int pid, tid, parent, group, session, exit_signal, nice, status;
    u32 host_pid, threads, umask;
    u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid, group_count, groups[GROUPS_MAX];
    u64 start, map_bytes, brk_start, brk_end, stack, arguments_start, arguments_end;
    u64 environment_start, environment_end, user_ns, system_ns, resident;
    u64 children_user_ns, children_system_ns;
    sigset pending, shared_pending, blocked, ignored, caught;
    u32 queued;
    u64 affinity, queue_limit;
    u32 terminal;   /* device number, or 0 */
    int foreground; /* process group of the terminal, or -1 */
    bool no_new_privs;
    char state;
    char comm[COMM_SIZE + 1];
};

static char state_of(const struct process *p, const struct thread *t)
{
    if (p->state == PROCESS_ZOMBIE)
        return 'Z';
    if (p->state == PROCESS_STOPPED)
        return 'T';
    if (t && t != current() && t->sleeping)
        return 'S';
    return t ? 'R' : 'S';
}

static void copy_signals(struct facts *f, const struct process *p, const struct thread *t)
{
    f->shared_pending = p->signals.pending.set;
    f->queued = p->signals.queued;
    for (int n = 0; n < SIGNAL_COUNT; n++) {
        u64 handler = p->signals.actions[n].handler;
        if (handler == 1)
            f->ignored |= SIGBIT(n + 1);
        else if (handler)
            f->caught |= SIGBIT(n + 1);
    }
    if (t) {
        f->pending = t->signals.pending.set;
        f->blocked = t->signals.mask;
    }
}

static void copy_identity(struct facts *f, const struct process *p)
{
    f->uid = p->uid;
    f->euid = p->euid;
    f->suid = p->suid;
    f->fsuid = p->fsuid;
    f->gid = p->gid;
    f->egid = p->egid;
    f->sgid = p->sgid;
    f->fsgid = p->fsgid;
    f->group_count = p->group_count;
    memcpy(f->groups, p->groups, sizeof(f->groups));
}

static void copy_terminal(struct facts *f, const struct process *p)
{
    const struct tty *tty = p->session ? p->session->terminal : NULL;
    f->terminal = tty ? PTS_MAJOR << 8 | tty->number : 0;
    f->foreground = tty ? tty->foreground : -1;
}

static void copy_facts(struct facts *f, const struct process *p, const struct thread *t)
{
    *f = (struct facts){.pid = p->pid,
                        .tid = t ? t->tid : p->pid,
                        .parent = p->parent ? p->parent->pid : 0,
                        .group = p->pgid,
                        .session = p->session ? p->session->sid : 0,
                        .exit_signal = p->exit_signal,
                        .nice = p->nice,
                        .status = p->status,
                        .host_pid = p->host_pid,
                        .threads = p->thread_count,
                        .umask = p->paths ? p->paths->umask : 0,
                        .start = t ? t->start_time : p->start_time,
                        .map_bytes = p->map_bytes,
                        .brk_start = p->brk_start,
                        .brk_end = p->brk_end,
                        .stack = p->stack_start,
                        .arguments_start = p->arguments_start,
                        .arguments_end = p->arguments_end,
                        .environment_start = p->environment_start,
                        .environment_end = p->environment_end,
                        .user_ns = p->user_ns,
                        .system_ns = p->system_ns,
                        .children_user_ns = p->children_user_ns,
                        .children_system_ns = p->children_system_ns,
                        .queue_limit = p->limits[11].soft,
                        .affinity = t ? t->affinity : 0,
                        .no_new_privs = p->no_new_privs,
                        .state = state_of(p, t)};
    const char *comm = t && t->comm[0] ? t->comm : p->comm;
    memcpy(f->comm, comm, COMM_SIZE);
    copy_identity(f, p);
    copy_terminal(f, p);
    copy_signals(f, p, t);
}

/* The thread that a key names: its main thread for a process's own files. */
static struct thread *thread_of(struct process *p, u64 key)
{
    list_for_each(at, &p->threads) {
        struct thread *t = list_entry(at, struct thread, siblings);
        if (key_low(key) == 0 || (u32)t->tid == key_low(key))
            return t;
    }
    return NULL;
}

/* Time and memory of the host process. */
static void ask_times(struct facts *f)
{
    struct rf_msg *m = message_get();
    m->data_length = 0;
    if (invoke_message_retry(RF_SLOT_CELL, RF_OP_TIMES, m, f->host_pid, 0, 0, 0) >= 0) {
        f->user_ns = m->words[0];
        f->system_ns = m->words[1];
        f->resident = MIN(m->words[2], f->map_bytes);
    }
    message_put(m);
}

static long gather(struct facts *f, u64 key)
{
    struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    struct thread *t = thread_of(p, key);
    bool gone = key_low(key) && !t;
    if (!gone)
        copy_facts(f, p, t);
    proc_release();
    if (gone)
        return -ESRCH;
    if (f->state != 'Z' && f->host_pid)
        ask_times(f);
    return 0;
}

long proc_print_stat(struct text *t, u64 key)
{
    struct facts f;
    long r = gather(&f, key);
    if (r < 0)
        return r;
    text_add(t, "%d (%s) %c %d %d %d %d %d %u 0 0 0 0 ", f.tid, f.comm, f.state, f.parent, f.group,
             f.session, (int)f.terminal, f.foreground, 0u);
    text_add(t, "%lu %lu %lu %lu %d %d %u 0 %lu %lu %lu %lu ", f.user_ns / NS_PER_TICK,
             f.system_ns / NS_PER_TICK, f.children_user_ns / NS_PER_TICK,
             f.children_system_ns / NS_PER_TICK, 20 + f.nice, f.nice, f.threads,
             f.start / NS_PER_TICK, f.map_bytes, f.resident / PAGE_SIZE, UINT64_MAX);
    text_add(t, "0 0 %lu 0 0 %lu %lu %lu %lu 0 0 0 %d 0 0 0 0 0 0 ", f.stack, f.pending, f.blocked,
             f.ignored, f.caught, f.exit_signal);
    text_add(t, "0 0 %lu %lu %lu %lu %lu %d\n", f.brk_start, f.arguments_start, f.arguments_end,
             f.environment_start, f.environment_end, f.state == 'Z' ? f.status : 0);
    return 0;
}

long proc_print_statm(struct text *t, u64 key)
{
    struct facts f;
    long r = gather(&f, key);
    if (r < 0)
        return r;
    text_add(t, "%lu %lu 0 0 0 %lu 0\n", f.map_bytes / PAGE_SIZE, f.resident / PAGE_SIZE,
             f.map_bytes / PAGE_SIZE);
    return 0;
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R': return "R (running)";
    case 'S': return "S (sleeping)";
    case 'T': return "T (stopped)";
    default: return "Z (zombie)";
    }
}

static void print_identity(struct text *t, const struct facts *f)
{
    text_add(t, "Name:\t%s\n", f->comm);
    if (f->state != 'Z')
        text_add(t, "Umask:\t%04o\n", f->umask);
    text_add(t, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
             state_name(f->state), f->pid, f->tid, f->parent);
    text_add(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", f->uid, f->euid, f->suid, f->fsuid,
             f->gid, f->egid, f->sgid, f->fsgid);
    text_add(t, "FDSize:\t64\nGroups:\t");
    for (u32 n = 0; n < f->group_count; n++)
        text_add(t, "%u ", f->groups[n]);
    text_add(t, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", f->pid, f->tid, f->group,
             f->session);
}

static void print_memory(struct text *t, const struct facts *f)
{
    u64 size = f->map_bytes / 1024, resident = f->resident / 1024;
    if (f->state == 'Z')
        return;
    text_add(t, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\n",
             size, size);
    text_add(t, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t       0 kB\n",
             resident, resident, resident);
    text_add(t,
             "RssShmem:\t       0 kB\nVmData:\t%8lu kB\nVmStk:\t     132 kB\nVmExe:\t       4 kB\n",
             size);
    text_add(t, "VmLib:\t       0 kB\nVmPTE:\t       0 kB\nVmSwap:\t       0 kB\n");
    text_add(t, "HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n");
}

static void print_signals(struct text *t, const struct facts *f)
{
    text_add(t, "Threads:\t%u\nSigQ:\t%u/%lu\n", f->threads, f->queued, f->queue_limit);
    text_add(
        t, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
        f->pending, f->shared_pending, f->blocked, f->ignored, f->caught);
}

static void print_rights(struct text *t, const struct facts *f)
{
    u64 capabilities = f->euid == 0 ? ALL_CAPABILITIES : 0;
    u32 processors = cell_processors();
    text_add(
        t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n",
        0ul, capabilities, capabilities, ALL_CAPABILITIES, 0ul);
    text_add(t, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", f->no_new_privs);
    text_add(t, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t0", (1ul << MIN(processors, 63u)) - 1);
    if (processors > 1)
        text_add(t, "-%u", processors - 1);
    text_add(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    text_add(t, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

long proc_print_status(struct text *t, u64 key)
{
    struct facts f;
    long r = gather(&f, key);
    if (r < 0)
        return r;
    print_identity(t, &f);
    print_memory(t, &f);
    print_signals(t, &f);
    print_rights(t, &f);
    return 0;
}
