/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: files about the whole cell. */
#include "libos/fs/procfs.h"

#include <linux/stat.h>
#include <linux/time.h>

#include "base/string.h"
#include "libos/fs/pagecache.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"

#define NS_PER_SECOND 1000000000ul
#define NS_PER_TICK   10000000ul

struct cell_memory cell_memory(void)
{
    u64 limit = the_window->cell.memory_limit;
    struct cell_memory m = {.total = limit ? limit : the_boot->host_memory,
                            .used = MAX(the_window->cell.memory_held, heap_used()),
                            .cached = cache_held()};
    m.used = MIN(m.used, m.total);
    m.cached = MIN(m.cached, m.used);
    return m;
}

u32 cell_processors(void)
{
    return MAX(the_boot->processors, 1u);
}

static long print_meminfo(struct text *t, u64 key)
{
    (void)key;
    struct cell_memory m = cell_memory();
    const struct {
        const char *name;
        u64 bytes;
    } lines[] = {
        {"MemTotal", m.total},
        {"MemFree", m.total - m.used},
        {"MemAvailable", m.total - m.used + m.cached},
        {"Buffers", 0},
        {"Cached", m.cached},
        {"SwapCached", 0},
        {"Active", m.used - m.cached},
        {"Inactive", m.cached},
        {"Active(anon)", m.used - m.cached},
        {"Inactive(anon)", 0},
        {"Active(file)", 0},
        {"Inactive(file)", m.cached},
        {"Unevictable", 0},
        {"Mlocked", 0},
        {"SwapTotal", 0},
        {"SwapFree", 0},
        {"Dirty", 0},
        {"Writeback", 0},
        {"AnonPages", m.used - m.cached},
        {"Mapped", 0},
        {"Shmem", 0},
        {"KReclaimable", 0},
        {"Slab", 0},
        {"SReclaimable", 0},
        {"SUnreclaim", 0},
        {"KernelStack", 0},
        {"PageTables", 0},
        {"CommitLimit", m.total},
        {"Committed_AS", m.used},
        {"VmallocTotal", 0},
        {"VmallocUsed", 0},
        {"VmallocChunk", 0},
        {"AnonHugePages", 0},
    };
    for (size_t n = 0; n < ARRAY_SIZE(lines); n++) {
        int pad = 15 - (int)strlen(lines[n].name);
        text_add(t, "%s:%*s%8lu kB\n", lines[n].name, pad, "", lines[n].bytes / 1024);
    }
    text_add(
        t, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n"
           "HugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n");
    return 0;
}

static long print_cpuinfo(struct text *t, u64 key)
{
    (void)key;
    struct rf_msg *m = message_get();
    long r;
    do {
        m->data_length = 0;
        r = invoke_message_retry(RF_SLOT_CELL, RF_OP_CPU_INFO, m, t->length, 0, 0, 0);
        if (r > 0)
            text_add_bytes(t, m->data, (size_t)r);
    } while (r > 0);
    message_put(m);
    return r;
}

static long print_uptime(struct text *t, u64 key)
{
    (void)key;
    u64 now = host_now() / NS_PER_TICK;
    u64 idle = (host_now() - the_cell->started) * cell_processors();
    idle = (idle - MIN(idle, the_window->cell.cpu_used_ns)) / NS_PER_TICK;
    text_add(t, "%lu.%02lu %lu.%02lu\n", now / 100, now % 100, idle / 100, idle % 100);
    return 0;
}

/* Threads that could run now, and all. */
static void count_threads(u32 *running, u32 *all)
{
    *running = *all = 0;
    lock_take(&the_cell->lock);
    list_for_each(at, &the_cell->processes) {
        struct process *p = list_entry(at, struct process, all);
        *all += p->thread_count;
        list_for_each(link, &p->threads)
            *running += !list_entry(link, struct thread, siblings)->sleeping;
    }
    lock_release(&the_cell->lock);
}

static long print_loadavg(struct text *t, u64 key)
{
    (void)key;
    u32 running, all;
    count_threads(&running, &all);
    text_add(t, "0.00 0.00 0.00 %u/%u %d\n", running, all, the_cell->next_pid);
    return 0;
}

static long print_version(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "Linux version %s (ringfence@cell) (cc) #1 SMP\n",
             boot_string(the_boot->kernel_release));
    return 0;
}

static u64 started_at(void)
{
    u64 seconds = 0, ns = 0;
    host_clock(CLOCK_REALTIME, &seconds, &ns);
    return seconds - host_now() / NS_PER_SECOND;
}

static void print_cpu_line(struct text *t, const char *name, u64 used, u64 idle, u64 missing)
{
    text_add(t, "%s %lu 0 0 %lu 0 0 0 %lu 0 0\n", name, used / NS_PER_TICK, idle / NS_PER_TICK,
             missing / NS_PER_TICK);
}

static long print_stat(struct text *t, u64 key)
{
    (void)key;
    u32 processors = cell_processors(), running, all;
    u64 used = the_window->cell.cpu_used_ns, missing = the_window->cell.cpu_missing_ns;
    u64 promised = (host_now() - the_cell->started) * processors;
    u64 idle = promised - MIN(promised, used + missing);
    print_cpu_line(t, "cpu ", used, idle, missing);
    for (u32 n = 0; n < processors; n++) {
        char name[16];
        format_text(name, sizeof(name), "cpu%u", n);
        print_cpu_line(t, name, used / processors, idle / processors, missing / processors);
    }
    count_threads(&running, &all);
    text_add(t, "intr 0\nctxt 0\nbtime %lu\nprocesses %d\nprocs_running %u\nprocs_blocked 0\n",
             started_at(), the_cell->next_pid, running);
    text_add(t, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    return 0;
}

TEXT_CONSTANT(filesystems,
              "nodev\ttmpfs\nnodev\tproc\nnodev\tsysfs\nnodev\tdevtmpfs\nnodev\tringfence\n")

TEXT_CONSTANT(cmdline, "ringfence\n")

TEXT_CONSTANT(swaps, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")

TEXT_CONSTANT(partitions, "major minor  #blocks  name\n\n")

static long print_vmstat(struct text *t, u64 key)
{
    (void)key;
    struct cell_memory m = cell_memory();
    text_add(t, "nr_free_pages %lu\nnr_file_pages %lu\nnr_anon_pages %lu\n",
             (m.total - m.used) / PAGE_SIZE, m.cached / PAGE_SIZE, (m.used - m.cached) / PAGE_SIZE);
    text_add(t, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\npgmajfault 0\noom_kill 0\n");
    return 0;
}

static long print_interrupts(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "    ");
    for (u32 n = 0; n < cell_processors(); n++)
        text_add(t, "       CPU%u", n);
    text_add(t, "\n");
    return 0;
}

TEXT_CONSTANT(devices,
              "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n"
              "136 pts\n\nBlock devices:\n")

TEXT_CONSTANT(nothing, "")

static long self_readlink(u64 key, char *buffer, size_t size)
{
    (void)key;
    return MIN(format_text(buffer, size, "%d", current_process->pid), (int)size);
}

static long thread_self_readlink(u64 key, char *buffer, size_t size)
{
    (void)key;
    int n = format_text(buffer, size, "%d/task/%d", current_process->pid, current()->tid);
    return MIN(n, (int)size);
}

static long constant_link(const char *target, char *buffer, size_t size)
{
    size_t n = MIN(strlen(target), size);
    memcpy(buffer, target, n);
    return (long)n;
}

static long mounts_readlink(u64 key, char *buffer, size_t size)
{
    (void)key;
    return constant_link("self/mounts", buffer, size);
}

static long net_readlink(u64 key, char *buffer, size_t size)
{
    (void)key;
    return constant_link("self/net", buffer, size);
}

#define LINK(n, readlink_)                                                                         \
    {                                                                                              \
        .name = (n), .mode = S_IFLNK | 0777, .readlink = (readlink_)                               \
    }

const struct text_entry proc_system_entries[] = {
    LINK("self", self_readlink),
    LINK("thread-self", thread_self_readlink),
    LINK("mounts", mounts_readlink),
    LINK("net", net_readlink),
    TEXT_DIR("sys", proc_sys_entries),
    TEXT_DIR("ringfence", proc_ringfence_entries),
    TEXT_FILE("stat", print_stat),
    TEXT_FILE("meminfo", print_meminfo),
    TEXT_FILE("cpuinfo", print_cpuinfo),
    TEXT_FILE("uptime", print_uptime),
    TEXT_FILE("loadavg", print_loadavg),
    TEXT_FILE("version", print_version),
    TEXT_FILE("filesystems", print_filesystems),
    TEXT_FILE("cmdline", print_cmdline),
    TEXT_FILE("swaps", print_swaps),
    TEXT_FILE("partitions", print_partitions),
    TEXT_FILE("diskstats", print_nothing),
    TEXT_FILE("vmstat", print_vmstat),
    TEXT_FILE("interrupts", print_interrupts),
    TEXT_FILE("devices", print_devices),
    TEXT_FILE("modules", print_nothing),
    {.name = NULL},
};
