/* SPDX-License-Identifier: Apache-2.0 */
/* What the other folders need of the host file system. */
#ifndef LIBOS_FS_HOSTFS_CELL_H
#define LIBOS_FS_HOSTFS_CELL_H

#include "base/types.h"

/* Sends written data that the library OS still holds to the host: before a thread sleeps (`wait`
 * false: files that somebody is busy with are left out), for sync(2) and at the end of the cell
 * (`wait` true). No lock of a file may be held with `wait`. */
void hostfs_flush_all(bool wait);
/* False: hostfs_flush_all would do nothing. */
bool hostfs_any_dirty(void);

/* In the prepared process when it is idle: gets the descriptors that programs keep asking for, so
 * that the next ones start with them. */
void hostfs_keep_popular(void);

#endif
