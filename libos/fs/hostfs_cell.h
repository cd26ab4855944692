/* SPDX-License-Identifier: Apache-2.0 */
/* What the other folders need of the host file system. */
#ifndef LIBOS_FS_HOSTFS_CELL_H
#define LIBOS_FS_HOSTFS_CELL_H

#include "base/types.h"

/* Sends what the library OS still holds of written data to the host: all of it, at the end of the
 * cell and for sync(2). No lock of a file may be held. */
void hostfs_flush_all(void);
/* The same of the calling process's own, leaving out files that somebody is busy with: before a
 * thread sleeps. Any lock may be held. */
void hostfs_flush_mine(void);
/* False: both would do nothing. */
bool hostfs_any_dirty(void);

/* In the prepared process when it is idle, and in one that forks and has one thread: gets the
 * descriptors that programs keep asking for, so that those that are forked start with them. */
void hostfs_keep_popular(void);

#endif
