/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables. In the heap segment; shared by threads, copied by fork, counted. */
#ifndef LIBOS_FS_FDTABLE_H
#define LIBOS_FS_FDTABLE_H

#include "libos/fs/file.h"

struct process;
struct fdtable;

struct fdtable *fdtable_new(void);                            /* empty; NULL: no memory */
struct fdtable *fdtable_copy(struct fdtable *t);              /* fork */
struct fdtable *fdtable_share(struct fdtable *t);             /* CLONE_FILES */
void fdtable_put(struct fdtable *t);                          /* closes all when it was the last */
void fdtable_close_on_exec(struct fdtable *t);

/* The file of a descriptor of the calling process, with a reference that the caller gives back with
 * file_put; NULL: EBADF (also for O_PATH files unless fd_get_path is used). */
struct file *fd_get(int fd);
struct file *fd_get_path(int fd);
/* Installs f at the lowest free number >= least and takes over the caller's reference to f (also on
 * failure). The number, or -EMFILE, -ENOMEM. */
long fd_install(struct file *f, int least, bool close_on_exec);
/* Installs at exactly fd in a table that is not running yet (start of a cell). */
long fdtable_set(struct fdtable *t, int fd, struct file *f, bool close_on_exec);
long fd_close(int fd);
/* Calls `each` for every open descriptor of p (for /proc/PID/fd); the_cell->lock held. */
void fdtable_each(struct fdtable *t, void (*each)(void *data, int fd, struct file *f), void *data);
/* File of another process's descriptor, with a reference, or NULL. For /proc/PID/fd. */
struct file *fdtable_get(struct fdtable *t, int fd);

#endif
