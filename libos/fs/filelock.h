/* SPDX-License-Identifier: Apache-2.0 */
/* Advisory locks on files: POSIX record locks, open file description locks, flock. */
#ifndef LIBOS_FS_FILELOCK_H
#define LIBOS_FS_FILELOCK_H

#include "base/types.h"

struct file;
struct inode;
struct flock;

/* A descriptor of the table `owner` was closed: its POSIX locks on i are gone (fcntl(2) says so).
 */
void file_locks_end_owner(struct inode *i, const void *owner);
/* The last reference to f is gone: its OFD locks and its flock end. */
void file_locks_end_file(struct file *f);
/* i is being evicted. */
void file_locks_free(struct inode *i);

/* fcntl's F_GETLK, F_SETLK, F_SETLKW and the OFD ones; `lock` is library OS memory. */
long file_lock_command(struct file *f, u32 command, struct flock *lock);

#endif
