/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys: the settings that programs ask for. Those that the cell has are its own; the others
 * say what holds in it. */
#include "libos/fs/procfs.h"

#include <linux/stat.h>

#include "base/string.h"
#include "libos/host/invoke.h"
#include "libos/proc/random.h"

TEXT_LINE(release, boot_string(the_boot->kernel_release))
TEXT_LINE(ostype, "Linux")
TEXT_LINE(version, "#1 SMP")
TEXT_LINE(hostname, the_cell->hostname)
TEXT_LINE(domainname, the_cell->domainname)
TEXT_LINE(pid_max, "4194304")
TEXT_LINE(threads_max, "4096")
TEXT_LINE(cap_last_cap, "40")
TEXT_LINE(ngroups_max, "32")
TEXT_LINE(core_pattern, "core")
TEXT_LINE(shmmax, "18446744073692774399")
TEXT_LINE(shmall, "18446744073692774399")
TEXT_LINE(shmmni, "4096")
TEXT_LINE(sem, "32000\t1024000000\t500\t32000")
TEXT_LINE(msgmax, "8192")
TEXT_LINE(msgmnb, "16384")
TEXT_LINE(msgmni, "32000")
TEXT_LINE(zero, "0")
TEXT_LINE(one, "1")
TEXT_LINE(two, "2")
TEXT_LINE(rtsig_max, "32")
TEXT_LINE(entropy, "256")
TEXT_LINE(max_map_count, "65530")
TEXT_LINE(mmap_min_addr, "65536")
TEXT_LINE(swappiness, "60")
TEXT_LINE(overcommit_ratio, "50")
TEXT_LINE(file_max, "9223372036854775807")
TEXT_LINE(file_nr, "0\t0\t9223372036854775807")
TEXT_LINE(nr_open, "1048576")
TEXT_LINE(pipe_max, "1048576")
TEXT_LINE(inotify_instances, "128")
TEXT_LINE(inotify_watches, "65536")
TEXT_LINE(inotify_events, "16384")
TEXT_LINE(epoll_watches, "1048576")
TEXT_LINE(somaxconn, "4096")
TEXT_LINE(mem_max, "212992")
TEXT_LINE(port_range, "32768\t60999")
TEXT_LINE(tcp_mem_triple, "4096\t131072\t6291456")
TEXT_LINE(queue, "10")
TEXT_LINE(message_size, "8192")
TEXT_LINE(sched_autogroup, "0")

/* 16 random bytes as a UUID of version 4. */
static void add_uuid(struct text *t, const u8 *b)
{
    for (int n = 0; n < 16; n++) {
        u8 byte = n == 6 ? (b[n] & 0x0f) | 0x40 : n == 8 ? (b[n] & 0x3f) | 0x80 : b[n];
        text_add(t, "%s%02x", n == 4 || n == 6 || n == 8 || n == 10 ? "-" : "", byte);
    }
    text_add(t, "\n");
}

static long print_uuid(struct text *t, u64 key)
{
    u8 bytes[16];
    (void)key;
    random_bytes(bytes, sizeof(bytes));
    add_uuid(t, bytes);
    return 0;
}

/* The same for the life of the cell: drawn from when it began. */
static long print_boot_id(struct text *t, u64 key)
{
    u64 bytes[2] = {the_window->cell.generation * 0x9e3779b97f4a7c15ull,
                    the_cell->started * 0xff51afd7ed558ccdull};
    (void)key;
    add_uuid(t, (const u8 *)bytes);
    return 0;
}

static long store_name(char *name, size_t size, const char *text, size_t n)
{
    if (current_process->euid != 0)
        return -EPERM;
    while (n && text[n - 1] == '\n')
        n--;
    if (n >= size)
        return -EINVAL;
    lock_take(&the_cell->lock);
    memcpy(name, text, n);
    name[n] = '\0';
    lock_release(&the_cell->lock);
    return 0;
}

static long store_hostname(u64 key, const char *text, size_t n)
{
    (void)key;
    return store_name(the_cell->hostname, sizeof(the_cell->hostname), text, n);
}

static long store_domainname(u64 key, const char *text, size_t n)
{
    (void)key;
    return store_name(the_cell->domainname, sizeof(the_cell->domainname), text, n);
}

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct text_entry random_entries[] = {
    TEXT_FILE("uuid", print_uuid),
    TEXT_FILE("boot_id", print_boot_id),
    TEXT_FILE("entropy_avail", print_entropy),
    TEXT_FILE("poolsize", print_entropy),
    END,
};

static const struct text_entry kernel_entries[] = {
    {.name = "hostname", .mode = S_IFREG | 0644, .print = print_hostname, .store = store_hostname},
    {.name = "domainname",
     .mode = S_IFREG | 0644,
     .print = print_domainname,
     .store = store_domainname},
    TEXT_FILE("osrelease", print_release),
    TEXT_FILE("ostype", print_ostype),
    TEXT_FILE("version", print_version),
    TEXT_FILE("pid_max", print_pid_max),
    TEXT_FILE("threads-max", print_threads_max),
    TEXT_FILE("cap_last_cap", print_cap_last_cap),
    TEXT_FILE("ngroups_max", print_ngroups_max),
    TEXT_FILE("core_pattern", print_core_pattern),
    TEXT_FILE("core_uses_pid", print_zero),
    TEXT_FILE("shmmax", print_shmmax),
    TEXT_FILE("shmall", print_shmall),
    TEXT_FILE("shmmni", print_shmmni),
    TEXT_FILE("sem", print_sem),
    TEXT_FILE("msgmax", print_msgmax),
    TEXT_FILE("msgmnb", print_msgmnb),
    TEXT_FILE("msgmni", print_msgmni),
    TEXT_FILE("rtsig-max", print_rtsig_max),
    TEXT_FILE("randomize_va_space", print_two),
    TEXT_FILE("dmesg_restrict", print_one),
    TEXT_FILE("kptr_restrict", print_one),
    TEXT_FILE("perf_event_paranoid", print_two),
    TEXT_FILE("printk", print_zero),
    TEXT_FILE("tainted", print_zero),
    TEXT_FILE("sched_autogroup_enabled", print_sched_autogroup),
    TEXT_DIR("random", random_entries),
    END,
};

static const struct text_entry vm_entries[] = {
    TEXT_FILE("overcommit_memory", print_zero),
    TEXT_FILE("overcommit_ratio", print_overcommit_ratio),
    TEXT_FILE("max_map_count", print_max_map_count),
    TEXT_FILE("mmap_min_addr", print_mmap_min_addr),
    TEXT_FILE("swappiness", print_swappiness),
    TEXT_FILE("nr_hugepages", print_zero),
    END,
};

static const struct text_entry inotify_entries[] = {
    TEXT_FILE("max_user_instances", print_inotify_instances),
    TEXT_FILE("max_user_watches", print_inotify_watches),
    TEXT_FILE("max_queued_events", print_inotify_events),
    END,
};
static const struct text_entry epoll_entries[] = {
    TEXT_FILE("max_user_watches", print_epoll_watches), END};
static const struct text_entry mqueue_entries[] = {
    TEXT_FILE("msg_max", print_queue),
    TEXT_FILE("msgsize_max", print_message_size),
    TEXT_FILE("queues_max", print_inotify_instances),
    END,
};

static const struct text_entry fs_entries[] = {
    TEXT_FILE("file-max", print_file_max),
    TEXT_FILE("file-nr", print_file_nr),
    TEXT_FILE("nr_open", print_nr_open),
    TEXT_FILE("pipe-max-size", print_pipe_max),
    TEXT_FILE("protected_hardlinks", print_zero),
    TEXT_FILE("protected_symlinks", print_zero),
    TEXT_FILE("suid_dumpable", print_zero),
    TEXT_DIR("inotify", inotify_entries),
    TEXT_DIR("epoll", epoll_entries),
    TEXT_DIR("mqueue", mqueue_entries),
    END,
};

static const struct text_entry core_entries[] = {
    TEXT_FILE("somaxconn", print_somaxconn),  TEXT_FILE("rmem_max", print_mem_max),
    TEXT_FILE("wmem_max", print_mem_max),     TEXT_FILE("rmem_default", print_mem_max),
    TEXT_FILE("wmem_default", print_mem_max), END,
};
static const struct text_entry ipv4_entries[] = {
    TEXT_FILE("ip_local_port_range", print_port_range), TEXT_FILE("tcp_rmem", print_tcp_mem_triple),
    TEXT_FILE("tcp_wmem", print_tcp_mem_triple),        TEXT_FILE("ip_forward", print_zero),
    TEXT_FILE("ip_nonlocal_bind", print_zero),          END,
};
static const struct text_entry unix_entries[] = {TEXT_FILE("max_dgram_qlen", print_queue), END};
static const struct text_entry net_entries[] = {TEXT_DIR("core", core_entries),
                                                TEXT_DIR("ipv4", ipv4_entries),
                                                TEXT_DIR("unix", unix_entries), END};

const struct text_entry proc_sys_entries[] = {
    TEXT_DIR("kernel", kernel_entries), TEXT_DIR("vm", vm_entries), TEXT_DIR("fs", fs_entries),
    TEXT_DIR("net", net_entries), END};
