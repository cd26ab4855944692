/* SPDX-License-Identifier: Apache-2.0 */
/* The heap segment: memory shared by all processes of the cell, at one address in each. */
#ifndef LIBOS_MM_HEAP_H
#define LIBOS_MM_HEAP_H

#include "abi/layout.h"

/* Zeroed memory of at least `size` bytes, 16-byte aligned; NULL when the cell's memory is used up.
 */
void *heap_alloc(size_t size);
/* The same, for what every process uses of itself: next to each other while there is room. */
void *heap_alloc_first(size_t size);
void heap_free(void *p); /* p may be NULL */
char *heap_copy_string(const char *s);
char *heap_copy_bytes(const char *s, size_t n); /* and a NUL */

/* Runs of whole pages, page-aligned, zeroed; for file contents, pipe buffers, shared memory. NULL
 * as above. Freed pages go back to the host; any part of a run may be freed by itself. */
void *heap_pages_alloc(size_t pages);
void heap_pages_free(void *start, size_t pages);

/* Offset of an address in the heap segment, for mapping it again with RF_FD_HEAP. */
static inline u64 heap_offset(const void *p)
{
    return (u64)p - RF_HEAP_BASE;
}

/* For a new host process: maps what all of them use, at the cost of two page faults. */
void heap_bring_in_first(void);

/* Bytes of the segment in use. */
u64 heap_used(void);

/* Once per cell, in the prepared process. Makes the_cell (proc/process.h). */
void heap_init(void);

#endif
