/* SPDX-License-Identifier: Apache-2.0 */
/* /sys: what programs read to learn how many processors there are and how much they may use. The
 * cell's limits are shown as a control group of version 2. */
#include "libos/fs/procfs.h"

#include <linux/magic.h>
#include <linux/stat.h>

#include "libos/host/invoke.h"
#include "libos/host/print.h"

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

TEXT_LINE(zero, "0")
TEXT_LINE(one, "1")
TEXT_LINE(ten, "10")
TEXT_LINE(thp, "always [madvise] never")
TEXT_LINE(thp_defrag, "always defer defer+madvise [madvise] never")
TEXT_LINE(huge_size, "2097152")
TEXT_LINE(controllers, "cpu memory pids")
TEXT_LINE(cpu_weight, "100")
TEXT_LINE(cgroup_type, "domain")
TEXT_LINE(loopback_address, "00:00:00:00:00:00")
TEXT_LINE(loopback_mtu, "65536")
TEXT_LINE(operstate, "unknown")

/* ---- processors ---- */

static long print_cpu_range(struct text *t, u64 key)
{
    u32 n = cell_processors();
    (void)key;
    if (n > 1)
        text_add(t, "0-%u\n", n - 1);
    else
        text_add(t, "0\n");
    return 0;
}

static long print_kernel_max(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%u\n", cell_processors() - 1);
    return 0;
}

/* Each processor is shown as a core of its own in one package. */
static long print_core_id(struct text *t, u64 key)
{
    text_add(t, "%lu\n", key);
    return 0;
}

static long print_cpu_mask(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%08lx\n", (1ul << MIN(cell_processors(), 32u)) - 1);
    return 0;
}

static long print_core_mask(struct text *t, u64 key)
{
    text_add(t, "%08lx\n", 1ul << (key & 31));
    return 0;
}

static const struct text_entry topology_entries[] = {
    TEXT_FILE("core_id", print_core_id),
    TEXT_FILE("physical_package_id", print_zero),
    TEXT_FILE("die_id", print_zero),
    TEXT_FILE("core_cpus_list", print_core_id),
    TEXT_FILE("core_cpus", print_core_mask),
    TEXT_FILE("thread_siblings_list", print_core_id),
    TEXT_FILE("thread_siblings", print_core_mask),
    TEXT_FILE("core_siblings", print_cpu_mask),
    TEXT_FILE("core_siblings_list", print_cpu_range),
    TEXT_FILE("package_cpus", print_cpu_mask),
    TEXT_FILE("package_cpus_list", print_cpu_range),
    END,
};

static const struct text_entry one_cpu_entries[] = {TEXT_FILE("online", print_one),
                                                    TEXT_DIR("topology", topology_entries), END};

static const struct text_entry one_cpu_entry = {.mode = S_IFDIR | 0555,
                                                .children = one_cpu_entries};

static const struct text_entry *find_cpu(u64 key, const char *name, size_t length, u64 *child_key)
{
    (void)key;
    if (length < 4 || name[0] != 'c' || name[1] != 'p' || name[2] != 'u')
        return NULL;
    long n = text_number(name + 3, length - 3);
    if (n < 0 || (u32)n >= cell_processors())
        return NULL;
    *child_key = (u64)n;
    return &one_cpu_entry;
}

static void list_cpus(u64 key, struct listing *l)
{
    (void)key;
    for (u32 n = 0; n < cell_processors(); n++) {
        char name[16];
        format_text(name, sizeof(name), "cpu%u", n);
        listing_add(l, name, S_IFDIR);
    }
}

static const struct text_entry cpu_entries[] = {
    TEXT_FILE("online", print_cpu_range),
    TEXT_FILE("possible", print_cpu_range),
    TEXT_FILE("present", print_cpu_range),
    TEXT_FILE("kernel_max", print_kernel_max),
    END,
};

static long print_node_memory(struct text *t, u64 key)
{
    struct cell_memory m = cell_memory();
    (void)key;
    text_add(t, "Node 0 MemTotal: %14lu kB\nNode 0 MemFree: %15lu kB\nNode 0 MemUsed: %15lu kB\n",
             m.total / 1024, (m.total - m.used) / 1024, m.used / 1024);
    return 0;
}

static const struct text_entry node0_entries[] = {
    TEXT_FILE("cpulist", print_cpu_range), TEXT_FILE("cpumap", print_cpu_mask),
    TEXT_FILE("distance", print_ten), TEXT_FILE("meminfo", print_node_memory), END};
static const struct text_entry node_entries[] = {
    TEXT_FILE("online", print_zero), TEXT_FILE("possible", print_zero),
    TEXT_FILE("has_cpu", print_zero), TEXT_DIR("node0", node0_entries), END};

static const struct text_entry system_entries[] = {
    {.name = "cpu",
     .mode = S_IFDIR | 0555,
     .children = cpu_entries,
     .find = find_cpu,
     .list = list_cpus},
    TEXT_DIR("node", node_entries),
    END,
};
static const struct text_entry devices_entries[] = {TEXT_DIR("system", system_entries), END};

/* ---- the control group ---- */

static long print_limit(struct text *t, u64 limit)
{
    if (limit)
        text_add(t, "%lu\n", limit);
    else
        text_add(t, "max\n");
    return 0;
}

static long print_memory_max(struct text *t, u64 key)
{
    (void)key;
    return print_limit(t, the_window->cell.memory_limit);
}

static long print_memory_current(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%lu\n", cell_memory().used);
    return 0;
}

static long print_memory_stat(struct text *t, u64 key)
{
    struct cell_memory m = cell_memory();
    (void)key;
    text_add(t, "anon %lu\nfile %lu\nkernel 0\nshmem 0\ninactive_file %lu\nactive_file 0\n",
             m.used - m.cached, m.cached, m.cached);
    return 0;
}

#define CPU_PERIOD_US 100000u

static long print_cpu_max(struct text *t, u64 key)
{
    u64 percent = the_window->cell.cpu_percent;
    (void)key;
    if (percent)
        text_add(t, "%lu %u\n", percent * CPU_PERIOD_US / 100, CPU_PERIOD_US);
    else
        text_add(t, "max %u\n", CPU_PERIOD_US);
    return 0;
}

static long print_cpu_stat(struct text *t, u64 key)
{
    u64 used = the_window->cell.cpu_used_ns / 1000,
        missing = the_window->cell.cpu_missing_ns / 1000;
    (void)key;
    text_add(t,
             "usage_usec %lu\nuser_usec %lu\nsystem_usec 0\nnr_periods 0\nnr_throttled 0\n"
             "throttled_usec %lu\n",
             used, used, missing);
    return 0;
}

static long print_pids_max(struct text *t, u64 key)
{
    (void)key;
    return print_limit(t, the_window->cell.process_limit);
}

static long print_pids_current(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%u\n", the_cell->thread_count);
    return 0;
}

TEXT_LINE(events, "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0")

static long print_procs(struct text *t, u64 key)
{
    (void)key;
    lock_take(&the_cell->lock);
    list_for_each(at, &the_cell->processes)
        text_add(t, "%d\n", list_entry(at, struct process, all)->pid);
    lock_release(&the_cell->lock);
    return 0;
}

static const struct text_entry cgroup_entries[] = {
    TEXT_FILE("cgroup.controllers", print_controllers),
    TEXT_FILE("cgroup.procs", print_procs),
    TEXT_FILE("cgroup.type", print_cgroup_type),
    TEXT_FILE("memory.max", print_memory_max),
    TEXT_FILE("memory.high", print_memory_max),
    TEXT_FILE("memory.current", print_memory_current),
    TEXT_FILE("memory.stat", print_memory_stat),
    TEXT_FILE("memory.events", print_events),
    TEXT_FILE("memory.swap.max", print_zero),
    TEXT_FILE("memory.swap.current", print_zero),
    TEXT_FILE("cpu.max", print_cpu_max),
    TEXT_FILE("cpu.weight", print_cpu_weight),
    TEXT_FILE("cpu.stat", print_cpu_stat),
    TEXT_FILE("pids.max", print_pids_max),
    TEXT_FILE("pids.current", print_pids_current),
    END,
};

/* ---- the rest ---- */

static const struct text_entry fs_entries[] = {TEXT_DIR("cgroup", cgroup_entries), END};
static const struct text_entry thp_entries[] = {
    TEXT_FILE("enabled", print_thp), TEXT_FILE("defrag", print_thp_defrag),
    TEXT_FILE("shmem_enabled", print_thp), TEXT_FILE("hpage_pmd_size", print_huge_size), END};
static const struct text_entry mm_entries[] = {TEXT_DIR("transparent_hugepage", thp_entries), END};
static const struct text_entry kernel_entries[] = {TEXT_DIR("mm", mm_entries), END};
static const struct text_entry lo_entries[] = {TEXT_FILE("address", print_loopback_address),
                                               TEXT_FILE("mtu", print_loopback_mtu),
                                               TEXT_FILE("operstate", print_operstate),
                                               TEXT_FILE("carrier", print_one),
                                               TEXT_FILE("ifindex", print_one),
                                               END};
static const struct text_entry net_entries[] = {TEXT_DIR("lo", lo_entries), END};
static const struct text_entry nothing[] = {END};
static const struct text_entry class_entries[] = {
    TEXT_DIR("net", net_entries), TEXT_DIR("block", nothing), TEXT_DIR("tty", nothing), END};

static const struct text_entry root_entries[] = {
    TEXT_DIR("devices", devices_entries), TEXT_DIR("fs", fs_entries),
    TEXT_DIR("kernel", kernel_entries),   TEXT_DIR("class", class_entries),
    TEXT_DIR("block", nothing),           TEXT_DIR("bus", nothing),
    TEXT_DIR("module", nothing),          END,
};
static const struct text_entry sys_root = TEXT_DIR("sys", root_entries);

struct filesystem *sysfs_new(void)
{
    return textfs_new("sysfs", SYSFS_MAGIC, &sys_root);
}
