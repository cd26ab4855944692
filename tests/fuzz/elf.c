/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a program file: what the parser accepts must keep the promises of elf_parse.h. */
#include <stdlib.h>
#include <string.h>

#include "libos/proc/elf_parse.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct elf_header header;
    struct elf_layout layout;
    struct elf_segment *table;
    u64 end = 0;

    if (elf_parse_header(data, size, &header) != ELF_PROGRAM)
        return 0;
    require(header.table_count > 0 && header.table_count <= ELF_MAX_PROGRAM_HEADERS);
    /* The loader reads the table from the file; a short file is refused there. */
    if (header.table_offset > size ||
        header.table_count * sizeof(*table) > size - header.table_offset)
        return 0;
    table = malloc(header.table_count * sizeof(*table));
    memcpy(table, data + header.table_offset, header.table_count * sizeof(*table));
    if (elf_parse_segments(&header, table, &layout)) {
        require(layout.low < layout.high && layout.high <= ELF_ADDRESS_LIMIT);
        require(layout.low % PAGE_SIZE == 0 && layout.high % PAGE_SIZE == 0);
        require(header.position_independent || layout.low >= 0x1000);
        require(layout.interpreter_length <= ELF_MAX_INTERPRETER);
        for (u32 i = 0; i < header.table_count; i++) {
            const struct elf_segment *s = &table[i];
            if (s->type != ELF_TYPE_LOAD || s->memory_size == 0)
                continue;
            require(s->file_size <= s->memory_size && s->address >= end);
            require((s->address ^ s->offset) % PAGE_SIZE == 0);
            end = s->address + s->memory_size;
            require(end <= layout.high && s->address >= layout.low);
        }
    }
    free(table);
    return 0;
}
