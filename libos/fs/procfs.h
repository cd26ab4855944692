/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of /proc. A key names what a directory is about: the process in the high half, a thread,
 * or a descriptor plus one, in the low half. Key 0 is the cell. */
#ifndef LIBOS_FS_PROCFS_H
#define LIBOS_FS_PROCFS_H

#include "libos/fs/textfs.h"
#include "libos/proc/process.h"

static inline u64 proc_key(int pid, u32 low)
{
    return (u64)(u32)pid << 32 | low;
}
static inline int key_pid(u64 key)
{
    return (int)(key >> 32);
}
static inline u32 key_low(u64 key)
{
    return (u32)key;
}

/* The process of a key, with the_cell->lock held; NULL (and no lock): it is gone. */
struct process *proc_hold(u64 key);
void proc_release(void);

/* What of the system's figures several files show. */
struct cell_memory {
    u64 total, used, cached; /* bytes */
};
struct cell_memory cell_memory(void);
u32 cell_processors(void);

/* Tables of entries, each ended by one without a name. */
extern const struct text_entry proc_system_entries[]; /* procfs_system.c: files of /proc itself */
extern const struct text_entry proc_ringfence_entries[]; /* procfs_ringfence.c */
extern const struct text_entry proc_sys_entries[];       /* procfs_sys.c: /proc/sys */
extern const struct text_entry proc_net_entries[];       /* procfs_net.c */
extern const struct text_entry proc_process_entries[], proc_task_entries[]; /* procfs_process.c */
extern const struct text_entry proc_fd_entry, proc_fdinfo_entry;            /* procfs_fd.c */

/* procfs_fd.c: text_entry.find (with the entry that is found) and list of a process's descriptors.
 */
const struct text_entry *proc_fd_find(const struct text_entry *entry, u64 key, const char *name,
                                      size_t length, u64 *child_key);
void proc_fd_list(u64 key, struct listing *l);

/* procfs_fd.c: the links of a process's directory. */
long proc_exe_readlink(u64 key, char *buffer, size_t size);
long proc_cwd_readlink(u64 key, char *buffer, size_t size);
long proc_root_readlink(u64 key, char *buffer, size_t size);
struct dentry *proc_cwd_follow(u64 key);
struct dentry *proc_root_follow(u64 key);

/* procfs_stat.c */
long proc_print_stat(struct text *t, u64 key);
long proc_print_statm(struct text *t, u64 key);
long proc_print_status(struct text *t, u64 key);

/* procfs_mounts.c */
long proc_print_mounts(struct text *t, u64 key);
long proc_print_mountinfo(struct text *t, u64 key);

void proc_owner(u64 key, u32 *uid, u32 *gid); /* text_entry.owner of a process's files */

#endif
