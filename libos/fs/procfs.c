/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: its root directory. The figures are the cell's own. */
#include "libos/fs/procfs.h"

#include <linux/magic.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/fs/fdtable.h"
#include "libos/host/print.h"

struct process *proc_hold(u64 key)
{
    lock_take(&the_cell->lock);
    struct process *p = find_process(key_pid(key));
    if (!p)
        lock_release(&the_cell->lock);
    return p;
}

void proc_release(void)
{
    lock_release(&the_cell->lock);
}

void proc_owner(u64 key, u32 *uid, u32 *gid)
{
    const struct process *p = proc_hold(key);
    if (!p)
        return;
    *uid = p->euid;
    *gid = p->egid;
    proc_release();
}

static const struct text_entry process_entry = {
    .name = NULL, .mode = S_IFDIR | 0555, .children = proc_process_entries, .owner = proc_owner};

/* /proc/PID, and /proc/TID, which is not listed. */
static const struct text_entry *find_pid(u64 key, const char *name, size_t length, u64 *child_key)
{
    (void)key;
    long pid = text_number(name, length);
    if (pid <= 0)
        return NULL;
    lock_take(&the_cell->lock);
    bool there = find_process((int)pid) != NULL;
    const struct thread *t = there ? NULL : find_thread((int)pid);
    *child_key = t ? proc_key(t->process->pid, (u32)pid) : proc_key((int)pid, 0);
    lock_release(&the_cell->lock);
    return there || t ? &process_entry : NULL;
}

static void list_pids(u64 key, struct listing *l)
{
    (void)key;
    lock_take(&the_cell->lock);
    list_for_each(at, &the_cell->processes) {
        char name[16];
        format_text(name, sizeof(name), "%d", list_entry(at, struct process, all)->pid);
        listing_add(l, name, S_IFDIR);
    }
    lock_release(&the_cell->lock);
}

static const struct text_entry proc_root = {.name = "proc",
                                            .mode = S_IFDIR | 0555,
                                            .children = proc_system_entries,
                                            .find = find_pid,
                                            .list = list_pids};

struct filesystem *procfs_new(void)
{
    return textfs_new("proc", PROC_SUPER_MAGIC, &proc_root);
}
