/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a mapping's file for what is to be mapped; see enum map_source_kind in fs/file.h. */
#ifndef LIBOS_MM_SOURCE_H
#define LIBOS_MM_SOURCE_H

#include "libos/mm/space.h"

struct map_source;

/* What lies `distance` bytes behind m->start: at least a page, whole pages. 0 or -E…. */
long source_ask(const struct mapping *m, u64 distance, size_t length, struct map_source *out);
/* Closes the answer's descriptor, if it has one to close. */
void source_drop(const struct map_source *s);
/* Maps one answer, and closes its descriptor. As host_mmap. */
long source_map_piece(u64 addr, size_t length, const struct mapping *m, const struct map_source *s,
                      int host_flags);
/* Gives back an answer that is not used. */
void source_drop(const struct map_source *s);

#endif
