/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ELF headers of programs. Pure: no calls, no allocation, safe with any input. Used by the
 * loader and by a fuzz target on the host. */
#ifndef LIBOS_PROC_ELF_PARSE_H
#define LIBOS_PROC_ELF_PARSE_H

#include "base/types.h"

#define ELF_HEADER_SIZE         64
#define ELF_PROGRAM_HEADER_SIZE 56
#define ELF_MAX_PROGRAM_HEADERS (65536 / ELF_PROGRAM_HEADER_SIZE)
#define ELF_MAX_INTERPRETER     4096
#define ELF_ADDRESS_LIMIT       0x600000000000ul /* no segment lies at or above it */

enum elf_kind {
    ELF_NONE,    /* not an ELF file at all */
    ELF_FOREIGN, /* an ELF file for another machine or word size */
    ELF_BROKEN,  /* an ELF file, but not one that can be run */
    ELF_PROGRAM,
};

struct elf_header {
    bool position_independent; /* ET_DYN */
    u64 entry;
    u64 table_offset; /* of the program headers in the file */
    u32 table_count;
};

/* A program header as it stands in the file. */
struct elf_segment {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, alignment;
};
_Static_assert(sizeof(struct elf_segment) == ELF_PROGRAM_HEADER_SIZE, "ELF64");

struct elf_layout {
    u64 low, high;          /* page-aligned range of all loaded segments, unrelocated */
    u64 alignment;          /* greatest of the loaded segments, at least a page */
    u64 table_address;      /* of the program headers in memory, unrelocated; 0: not loaded */
    u64 interpreter_offset; /* of its path in the file */
    u32 interpreter_length; /* with the NUL; 0: none */
    bool executable_stack;
};

#define ELF_TYPE_LOAD 1u

/* Looks at the first `n` bytes of a file. Fills *out only for ELF_PROGRAM. */
enum elf_kind elf_parse_header(const u8 *head, size_t n, struct elf_header *out);

/* Checks the program headers (h->table_count of them) against each other and against the address
 * space. True: every ELF_TYPE_LOAD segment has file_size <= memory_size, address and offset
 * congruent modulo the page size, no overflow, page-aligned ends below ELF_ADDRESS_LIMIT, in rising
 * order and not overlapping (two may share a page); position-fixed ones start at or above 0x1000.
 */
bool elf_parse_segments(const struct elf_header *h, const struct elf_segment *table,
                        struct elf_layout *out);

#endif
