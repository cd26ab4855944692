/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID and /proc/PID/task/TID: all but the figures (procfs_stat.c) and the descriptors
 * (procfs_fd.c).
 *
 * The memory of another process is out of reach: it is asked for what lies there (maps, environ,
 * auxv). cmdline is kept where all can read it. */
#include "libos/fs/procfs.h"

#include <linux/auxvec.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/errand.h"

#define RLIM_INFINITY_ UINT64_MAX

static long print_cmdline(struct text *t, u64 key)
{
    struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    if (p->command_line && p->state != PROCESS_ZOMBIE)
        text_add_bytes(t, p->command_line, p->command_line_length);
    proc_release();
    return 0;
}

/* ---- what lies in a process's own memory ---- */

/* Prints what [start, end), or all, of the calling process's memory says. */
typedef long print_here(struct text *t, u64 start, u64 end);

struct print_errand {
    struct errand errand;
    print_here *print;
    u64 start, end;
    struct text text;
    long result;
};

static void run_print(struct errand *e)
{
    struct print_errand *p = container_of(e, struct print_errand, errand);
    p->result = p->print(&p->text, p->start, p->end);
}

/* The same by the process itself. Nothing is shown of one that does not answer. */
static long print_there(struct text *t, int pid, print_here *print, u64 start, u64 end)
{
    struct print_errand *p = heap_alloc(sizeof(*p));
    long r = 0;
    if (!p)
        return -ENOMEM;
    p->errand.run = run_print;
    p->print = print;
    p->start = start;
    p->end = end;
    if (errand_send(pid, &p->errand)) {
        r = p->text.failed ? -ENOMEM : p->result;
        text_add_bytes(t, p->text.data, p->text.length);
    }
    text_free(&p->text);
    heap_free(p);
    return r;
}

/* As Linux's ptrace access check. */
static bool may_look_into(const struct process *p)
{
    const struct process *own = current_process;
    return p == own || own->fsuid == 0 ||
           (p->dumpable && own->fsuid == p->uid && own->fsuid == p->euid && own->fsuid == p->suid &&
            own->fsgid == p->gid && own->fsgid == p->egid && own->fsgid == p->sgid);
}

enum range { ALL, ENVIRONMENT, AUXILIARY };

static long print_of_memory(struct text *t, u64 key, print_here *print, enum range range)
{
    const struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    bool may = may_look_into(p), self = p == current_process;
    u64 start = range == ENVIRONMENT ? p->environment_start : p->auxiliary_start;
    u64 end = p->environment_end;
    proc_release();
    if (!may)
        return -EACCES;
    return self ? print(t, start, end) : print_there(t, key_pid(key), print, start, end);
}

static long print_bytes_here(struct text *t, u64 start, u64 end)
{
    u8 piece[512];
    while (start < end) {
        size_t n = MIN(end - start, sizeof(piece));
        if (copy_from_user(piece, (const void *)start, n))
            return t->length ? 0 : -EIO;
        text_add_bytes(t, piece, n);
        start += n;
    }
    return 0;
}

static long print_auxv_here(struct text *t, u64 start, u64 end)
{
    u64 pair[2];
    (void)end;
    if (!start)
        return 0;
    do {
        if (copy_from_user(pair, (const void *)start, sizeof(pair)))
            return -EIO;
        text_add_bytes(t, pair, sizeof(pair));
        start += sizeof(pair);
    } while (pair[0] != AT_NULL);
    return 0;
}

static long print_maps_here(struct text *t, u64 start, u64 end)
{
    char *piece = heap_alloc(PAGE_SIZE);
    u64 position = 0;
    long n = 0;
    (void)start;
    (void)end;
    while (piece && (n = mm_print_maps(piece, PAGE_SIZE, &position)) > 0)
        text_add_bytes(t, piece, (size_t)n);
    heap_free(piece);
    return n;
}

static long print_environ(struct text *t, u64 key)
{
    return print_of_memory(t, key, print_bytes_here, ENVIRONMENT);
}

static long print_auxv(struct text *t, u64 key)
{
    return print_of_memory(t, key, print_auxv_here, AUXILIARY);
}

static long print_maps(struct text *t, u64 key)
{
    return print_of_memory(t, key, print_maps_here, ALL);
}

static const char *const smaps_names[] = {
    "Size",
    "KernelPageSize",
    "MMUPageSize",
    "Rss",
    "Pss",
    "Shared_Clean",
    "Shared_Dirty",
    "Private_Clean",
    "Private_Dirty",
    "Referenced",
    "Anonymous",
    "LazyFree",
    "AnonHugePages",
    "ShmemPmdMapped",
    "FilePmdMapped",
    "Shared_Hugetlb",
    "Private_Hugetlb",
    "Swap",
    "SwapPss",
    "Locked",
};

/* One number of smaps, in kB. What a page is resident is not known here: all is counted as private.
 */
static u64 smaps_figure(const char *name, u64 size)
{
    if (strcmp(name, "KernelPageSize") == 0 || strcmp(name, "MMUPageSize") == 0)
        return PAGE_SIZE / 1024;
    if (strcmp(name, "Size") == 0)
        return size;
    return 0;
}

static u64 parse_hex(const char *s, const char **end)
{
    u64 n = 0;
    for (;; s++) {
        char c = *s;
        if (c >= '0' && c <= '9')
            n = n * 16 + (u64)(c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n * 16 + (u64)(c - 'a' + 10);
        else
            break;
    }
    *end = s;
    return n;
}

static void print_smaps_of(struct text *t, const char *line, size_t length)
{
    const char *at;
    u64 start = parse_hex(line, &at), end = parse_hex(at + 1, &at);
    text_add_bytes(t, line, length);
    for (size_t n = 0; n < ARRAY_SIZE(smaps_names); n++) {
        const char *name = smaps_names[n];
        text_add(t, "%s:%*s%8lu kB\n", name, 15 - (int)strlen(name), "",
                 smaps_figure(name, (end - start) / 1024));
    }
    text_add(t, "VmFlags: mr mw me\n");
}

static long print_smaps(struct text *t, u64 key)
{
    struct text maps = {0};
    long r = print_maps(&maps, key);
    for (size_t at = 0; at < maps.length;) {
        const char *line = maps.data + at;
        const char *end = memchr(line, '\n', maps.length - at);
        size_t n = end ? (size_t)(end + 1 - line) : maps.length - at;
        print_smaps_of(t, line, n);
        at += n;
    }
    text_free(&maps);
    return r;
}

/* ---- names ---- */

static struct thread *named_thread(struct process *p, u64 key)
{
    list_for_each(at, &p->threads) {
        struct thread *t = list_entry(at, struct thread, siblings);
        if ((u32)t->tid == (key_low(key) ? key_low(key) : (u32)p->pid))
            return t;
    }
    return NULL;
}

static long print_comm(struct text *t, u64 key)
{
    struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    const struct thread *thread = named_thread(p, key);
    const char *comm = thread && thread->comm[0] ? thread->comm : p->comm;
    text_add(t, "%.*s\n", COMM_SIZE, comm);
    proc_release();
    return 0;
}

static long store_comm(u64 key, const char *text, size_t n)
{
    struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    struct thread *thread = named_thread(p, key);
    n = MIN(n, COMM_SIZE - 1);
    if (n && text[n - 1] == '\n')
        n--;
    if (thread) {
        memset(thread->comm, 0, COMM_SIZE);
        memcpy(thread->comm, text, n);
    }
    if (!thread || thread->tid == p->pid) {
        memset(p->comm, 0, COMM_SIZE);
        memcpy(p->comm, text, n);
    }
    proc_release();
    return 0;
}

/* ---- limits ---- */

static const struct {
    const char *name, *unit;
} limit_names[RLIMIT_COUNT] = {
    {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
    {"Max data size", "bytes"},      {"Max stack size", "bytes"},
    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
    {"Max processes", "processes"},  {"Max open files", "files"},
    {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
    {"Max file locks", "locks"},     {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
    {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
};

static void print_limit(struct text *t, u64 value)
{
    char number[24];
    format_text(number, sizeof(number), "%lu", value);
    text_add(t, "%-20s ", value == RLIM_INFINITY_ ? "unlimited" : number);
}

static long print_limits(struct text *t, u64 key)
{
    struct rlimit_pair limits[RLIMIT_COUNT];
    struct process *p = proc_hold(key);
    if (!p)
        return -ESRCH;
    memcpy(limits, p->limits, sizeof(limits));
    proc_release();
    text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int n = 0; n < RLIMIT_COUNT; n++) {
        text_add(t, "%-25s ", limit_names[n].name);
        print_limit(t, limits[n].soft);
        print_limit(t, limits[n].hard);
        text_add(t, "%-10s\n", limit_names[n].unit);
    }
    return 0;
}

/* ---- small files ---- */

TEXT_CONSTANT(io, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
                  "cancelled_write_bytes: 0\n")
TEXT_CONSTANT(zero_line, "0\n")
TEXT_CONSTANT(zero, "0")
TEXT_CONSTANT(cgroup, "0::/\n")
TEXT_CONSTANT(no_login, "4294967295")
TEXT_CONSTANT(id_map, "         0          0 4294967295\n")
TEXT_CONSTANT(setgroups, "allow\n")
TEXT_CONSTANT(personality, "00000000\n")
TEXT_CONSTANT(filter, "00000033\n")
TEXT_CONSTANT(schedstat, "0 0 0\n")
TEXT_CONSTANT(context, "unconfined\n")

static long print_io_error(struct text *t, u64 key)
{
    (void)t;
    (void)key;
    return -EIO;
}

/* The cell has no out-of-memory killer whose choice this could change. */
static long store_and_forget(u64 key, const char *text, size_t n)
{
    (void)key;
    (void)text;
    (void)n;
    return 0;
}

/* ---- threads ---- */

static const struct text_entry task_entry = {
    .mode = S_IFDIR | 0555, .children = proc_task_entries, .owner = proc_owner};

static const struct text_entry *find_task(u64 key, const char *name, size_t length, u64 *child_key)
{
    long tid = text_number(name, length);
    struct process *p = tid > 0 ? proc_hold(key) : NULL;
    if (!p)
        return NULL;
    const struct thread *t = find_thread((int)tid);
    bool there = t && t->process == p;
    proc_release();
    *child_key = proc_key(key_pid(key), (u32)tid);
    return there ? &task_entry : NULL;
}

static void list_tasks(u64 key, struct listing *l)
{
    struct process *p = proc_hold(key);
    if (!p)
        return;
    list_for_each(at, &p->threads) {
        char name[16];
        format_text(name, sizeof(name), "%d", list_entry(at, struct thread, siblings)->tid);
        listing_add(l, name, S_IFDIR);
    }
    proc_release();
}

/* ---- the tables ---- */

#define OWNED(n, print_)                                                                           \
    {                                                                                              \
        .name = (n), .mode = S_IFREG | 0444, .print = (print_), .owner = proc_owner                \
    }
#define PRIVATE(n, print_)                                                                         \
    {                                                                                              \
        .name = (n), .mode = S_IFREG | 0400, .print = (print_), .owner = proc_owner                \
    }
#define SETTING(n, print_, store_)                                                                 \
    {                                                                                              \
        .name = (n), .mode = S_IFREG | 0644, .print = (print_), .store = (store_),                 \
        .owner = proc_owner                                                                        \
    }
#define LINK(n, readlink_, follow_)                                                                \
    {                                                                                              \
        .name = (n), .mode = S_IFLNK | 0777, .readlink = (readlink_), .follow = (follow_),         \
        .owner = proc_owner                                                                        \
    }

#define OF_PROCESS_AND_THREAD                                                                      \
    OWNED("stat", proc_print_stat), OWNED("statm", proc_print_statm),                              \
        OWNED("status", proc_print_status), SETTING("comm", print_comm, store_comm),               \
        OWNED("cmdline", print_cmdline), PRIVATE("environ", print_environ),                        \
        PRIVATE("auxv", print_auxv), OWNED("maps", print_maps), OWNED("smaps", print_smaps),       \
        OWNED("limits", print_limits), OWNED("mounts", proc_print_mounts),                         \
        OWNED("mountinfo", proc_print_mountinfo), PRIVATE("io", print_io),                         \
        OWNED("oom_score", print_zero_line),                                                       \
        SETTING("oom_score_adj", print_zero_line, store_and_forget),                               \
        SETTING("oom_adj", print_zero_line, store_and_forget), OWNED("cgroup", print_cgroup),      \
        SETTING("loginuid", print_no_login, store_and_forget), OWNED("sessionid", print_no_login), \
        OWNED("wchan", print_zero), OWNED("schedstat", print_schedstat),                           \
        PRIVATE("personality", print_personality), OWNED("uid_map", print_id_map),                 \
        OWNED("gid_map", print_id_map), OWNED("setgroups", print_setgroups),                       \
        SETTING("coredump_filter", print_filter, store_and_forget),                                \
        {.name = "mem", .mode = S_IFREG | 0600, .print = print_io_error, .owner = proc_owner},     \
        LINK("exe", proc_exe_readlink, NULL), LINK("cwd", proc_cwd_readlink, proc_cwd_follow),     \
        LINK("root", proc_root_readlink, proc_root_follow), TEXT_DIR("attr", attr_entries)

static const struct text_entry attr_entries[] = {TEXT_FILE("current", print_context),
                                                 {.name = NULL}};

static const struct text_entry *find_fd(u64 key, const char *name, size_t length, u64 *child_key)
{
    return proc_fd_find(&proc_fd_entry, key, name, length, child_key);
}

static const struct text_entry *find_fdinfo(u64 key, const char *name, size_t length,
                                            u64 *child_key)
{
    return proc_fd_find(&proc_fdinfo_entry, key, name, length, child_key);
}

#define DESCRIPTORS                                                                                \
    {.name = "fd",                                                                                 \
     .mode = S_IFDIR | 0500,                                                                       \
     .find = find_fd,                                                                              \
     .list = proc_fd_list,                                                                         \
     .owner = proc_owner},                                                                         \
    {                                                                                              \
        .name = "fdinfo", .mode = S_IFDIR | 0555, .find = find_fdinfo, .list = proc_fd_list,       \
        .owner = proc_owner                                                                        \
    }

const struct text_entry proc_process_entries[] = {
    OF_PROCESS_AND_THREAD,
    DESCRIPTORS,
    TEXT_DIR("net", proc_net_entries),
    {.name = "task",
     .mode = S_IFDIR | 0555,
     .find = find_task,
     .list = list_tasks,
     .owner = proc_owner},
    {.name = NULL},
};

const struct text_entry proc_task_entries[] = {
    OF_PROCESS_AND_THREAD,
    DESCRIPTORS,
    {.name = NULL},
};
