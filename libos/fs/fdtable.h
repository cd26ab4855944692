/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables. In the heap segment; shared by threads, copied by fork, counted. */
#ifndef LIBOS_FS_FDTABLE_H
#define LIBOS_FS_FDTABLE_H

#include "libos/fs/file.h"

struct process;
struct fdtable;

struct fdtable *fdtable_new(void);                /* empty; NULL: no memory */
struct fdtable *fdtable_copy(struct fdtable *t);  /* fork */
struct fdtable *fdtable_share(struct fdtable *t); /* CLONE_FILES */
bool fdtable_is_shared(const struct fdtable *t);
void fdtable_put(struct fdtable *t); /* closes all when it was the last */
void fdtable_close_on_exec(struct fdtable *t);

/* The file of a descriptor of the calling process, with a reference that the caller gives back with
 * file_put; NULL: EBADF (also for O_PATH files unless fd_get_path is used). */
struct file *fd_get(int fd);
struct file *fd_get_path(int fd);
/* The same without a count where no other thread could close the descriptor meanwhile: the fast way
 * in for system calls. Give it back with fd_release before the call ends; file is NULL for EBADF.
 */
struct fd_ref {
    struct file *file;
    bool counted;
};
struct fd_ref fd_borrow(int fd);
static inline void fd_release(struct fd_ref r)
{
    if (r.counted)
        file_put(r.file);
}
/* Takes the file's position lock, unless nobody else can be using the position. True: it was taken.
 */
static inline bool position_lock_take(struct fd_ref r)
{
    if (likely(!r.counted && r.file->references == 1))
        return false;
    lock_take(&r.file->position_lock);
    return true;
}
/* Installs f at the lowest free number >= least and takes over the caller's reference to f (also on
 * failure). The number, or -EMFILE, -ENOMEM. */
long fd_install(struct file *f, int least, bool close_on_exec);
/* Installs at exactly fd in a table that is not running yet (start of a cell). */
long fdtable_set(struct fdtable *t, int fd, struct file *f, bool close_on_exec);
long fd_close(int fd);
/* Makes fd name f, closing what was there. Takes over the reference to f (also on failure). fd or
 * -EBADF, -ENOMEM. */
long fd_replace(struct file *f, int fd, bool close_on_exec);
long fd_flag(int fd);                         /* 1: close on exec, 0; -EBADF */
long fd_set_flag(int fd, bool close_on_exec); /* 0 or -EBADF */
void fd_close_range(u32 first, u32 last);     /* as close_range(2) */
void fd_flag_range(u32 first, u32 last);      /* marks them close on exec */
/* Calls `each` for every open descriptor of p (for /proc/PID/fd); the_cell->lock held. */
void fdtable_each(struct fdtable *t, void (*each)(void *data, int fd, struct file *f), void *data);
/* File of another process's descriptor, with a reference, or NULL. For /proc/PID/fd. */
struct file *fdtable_get(struct fdtable *t, int fd);

#endif
