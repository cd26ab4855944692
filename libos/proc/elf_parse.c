/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ELF headers of programs. */
#include "base/string.h"
#include "libos/proc/elf_parse.h"

#define CLASS_64       2
#define LITTLE_ENDIAN_ 1
#define MACHINE_X86_64 62
#define TYPE_EXEC      2
#define TYPE_DYN       3
#define TYPE_INTERP    3u
#define TYPE_GNU_STACK 0x6474e551u
#define FLAG_EXECUTE   1u

/* The ELF64 file header. */
struct file_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 header_size, program_header_size, program_header_count;
    u16 section_header_size, section_header_count, section_names;
};
_Static_assert(sizeof(struct file_header) == ELF_HEADER_SIZE, "ELF64");

enum elf_kind elf_parse_header(const u8 *head, size_t n, struct elf_header *out)
{
    struct file_header h;

    if (n < 4 || memcmp(head, "\177ELF", 4) != 0)
        return ELF_NONE;
    if (n < sizeof(h))
        return ELF_BROKEN;
    memcpy(&h, head, sizeof(h));
    if (h.ident[4] != CLASS_64 || h.ident[5] != LITTLE_ENDIAN_ || h.machine != MACHINE_X86_64)
        return ELF_FOREIGN;
    if (h.type != TYPE_EXEC && h.type != TYPE_DYN)
        return ELF_BROKEN;
    if (h.program_header_size != ELF_PROGRAM_HEADER_SIZE || h.program_header_count == 0 ||
        h.program_header_count > ELF_MAX_PROGRAM_HEADERS || h.program_headers > INT64_MAX / 2)
        return ELF_BROKEN;
    out->position_independent = h.type == TYPE_DYN;
    out->entry = h.entry;
    out->table_offset = h.program_headers;
    out->table_count = h.program_header_count;
    return ELF_PROGRAM;
}

static bool load_segment_fits(const struct elf_segment *s)
{
    return s->file_size <= s->memory_size && s->address < ELF_ADDRESS_LIMIT &&
           s->memory_size <= ELF_ADDRESS_LIMIT && s->offset <= INT64_MAX / 2 &&
           PAGE_ALIGN(s->address + s->memory_size) <= ELF_ADDRESS_LIMIT &&
           ((s->address ^ s->offset) & (PAGE_SIZE - 1)) == 0;
}

static void note_alignment(struct elf_layout *out, u64 alignment)
{
    if (alignment > out->alignment && (alignment & (alignment - 1)) == 0 &&
        alignment <= (1ul << 30))
        out->alignment = alignment;
}

bool elf_parse_segments(const struct elf_header *h, const struct elf_segment *table,
                        struct elf_layout *out)
{
    bool loads = false;
    u64 end = 0;

    *out = (struct elf_layout){.alignment = PAGE_SIZE, .executable_stack = true};
    for (u32 i = 0; i < h->table_count; i++) {
        const struct elf_segment *s = &table[i];

        if (s->type == TYPE_GNU_STACK)
            out->executable_stack = (s->flags & FLAG_EXECUTE) != 0;
        if (s->type == TYPE_INTERP && !out->interpreter_length) {
            if (s->file_size < 2 || s->file_size > ELF_MAX_INTERPRETER || s->offset > INT64_MAX / 2)
                return false;
            out->interpreter_offset = s->offset;
            out->interpreter_length = (u32)s->file_size;
        }
        if (s->type != ELF_TYPE_LOAD || s->memory_size == 0)
            continue;
        if (!load_segment_fits(s) || (loads && s->address < end))
            return false;
        if (!loads)
            out->low = s->address & PAGE_MASK;
        loads = true;
        end = s->address + s->memory_size;
        out->high = PAGE_ALIGN(end);
        note_alignment(out, s->alignment);
        if (h->table_offset >= s->offset &&
            h->table_offset - s->offset + (u64)h->table_count * sizeof(*s) <= s->file_size)
            out->table_address = s->address + (h->table_offset - s->offset);
    }
    return loads && (h->position_independent || out->low >= PAGE_SIZE);
}
