/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of the library OS, for running its file systems in a host program: one process with one
 * thread, and the C library's heap. */
#ifndef TESTS_RAMFS_FAKES_H
#define TESTS_RAMFS_FAKES_H

#include <stddef.h>

/* Makes the cell: an empty RAM file system with the usual directories. Once. */
void fakes_start(void);
/* The calling process's file system identity. */
void fakes_identity(unsigned uid, unsigned gid);
/* Pages of file contents in use. */
size_t fakes_pages(void);

#endif
