/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping a checked program into the calling process. */
#include <linux/mman.h>

#include "base/string.h"
#include "libos/entry/entry.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/host/invoke.h"
#include "libos/host/vdso.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/process.h"

#define PROGRAM_BASE       0x555555554000ul /* of position-independent programs */
#define RLIMIT_STACK_INDEX 3
#define DEFAULT_STACK      (8ul << 20)
#define LEAST_STACK        (256ul << 10)
#define MOST_STACK         (96ul << 20) /* the host keeps at least 128 MiB below its own stack free */
#define SEGMENT_EXECUTE    1u
#define SEGMENT_WRITE      2u
#define SEGMENT_READ       4u
#define STACK_GAP          (64ul << 10)
#define PRIVATE_FIXED      (MAP_PRIVATE | MAP_FIXED)

static int protection(const struct elf_segment *s)
{
    return ((s->flags & SEGMENT_READ) ? PROT_READ : 0) |
           ((s->flags & SEGMENT_WRITE) ? PROT_WRITE : 0) |
           ((s->flags & SEGMENT_EXECUTE) ? PROT_EXEC : 0);
}

/* The zero-filled part of a segment: the end of its last file page, then pages of its own. */
static long map_zeroes(const struct elf_segment *s, u64 base)
{
    u64 start = base + s->address + s->file_size, end = base + s->address + s->memory_size;
    u64 page_end = s->file_size ? PAGE_ALIGN(start) : start & PAGE_MASK;

    if (s->file_size && page_end > start && (s->flags & SEGMENT_WRITE) && end > start &&
        clear_user((void *)start, page_end - start))
        return -EFAULT;
    if (PAGE_ALIGN(end) <= page_end)
        return 0;
    return mm_map(page_end, PAGE_ALIGN(end) - page_end, protection(s),
                  PRIVATE_FIXED | MAP_ANONYMOUS, NULL, 0, NULL);
}

static long map_segment(const struct elf_file *e, const struct elf_segment *s, u64 base)
{
    u64 start = (base + s->address) & PAGE_MASK;
    u64 offset = s->offset & PAGE_MASK;
    long r;

    if (s->file_size) {
        r = mm_map(start, PAGE_ALIGN(base + s->address + s->file_size) - start, protection(s),
                   PRIVATE_FIXED, e->file, offset, NULL);
        if (r < 0)
            return r;
    }
    r = map_zeroes(s, base);
    return r < 0 ? r : 0;
}

/* When all is mapped, as it takes room near the text. */
static void patch_text(const struct elf_file *e, u64 base)
{
    for (u32 i = 0; i < e->header.table_count; i++) {
        const struct elf_segment *s = &e->table[i];
        u64 start = base + s->address;

        if (s->type == ELF_TYPE_LOAD && s->file_size &&
            (s->flags & (SEGMENT_EXECUTE | SEGMENT_WRITE)) == SEGMENT_EXECUTE)
            patch_new_text(start & PAGE_MASK, PAGE_ALIGN(start + s->file_size));
    }
}

static long map_segments(const struct elf_file *e, u64 base)
{
    for (u32 i = 0; i < e->header.table_count; i++) {
        const struct elf_segment *s = &e->table[i];
        long r;

        if (s->type != ELF_TYPE_LOAD || s->memory_size == 0)
            continue;
        r = map_segment(e, s, base);
        if (r < 0)
            return r;
    }
    patch_text(e, base);
    return 0;
}

/* What to add to the file's addresses. Programs go to a fixed place, interpreters where there is
 * room. */
static long choose_base(const struct elf_file *e, bool is_interpreter, u64 *base)
{
    const struct elf_layout *l = &e->layout;
    u64 size = l->high - l->low, extra = l->alignment - PAGE_SIZE;
    long at;

    *base = 0;
    if (!e->header.position_independent)
        return 0;
    if (!is_interpreter) {
        *base = ALIGN_UP(PROGRAM_BASE, l->alignment) - l->low;
        return 0;
    }
    at = mm_map(0, size + extra, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0,
                NULL);
    if (at < 0)
        return at;
    *base = ALIGN_UP((u64)at, l->alignment) - l->low;
    return 0;
}

/* Near the top of the address space, where the host keeps its own stack and maps nothing by itself;
 * below a vdso that the host does not let go. */
u64 exec_stack_top(void)
{
    u64 top = RF_USER_TOP - STACK_GAP;

    if (vdso_left.end > top - MOST_STACK)
        top = MIN(top, vdso_left.start - STACK_GAP);
    return top;
}

static long map_stack(const struct exec_image *image, struct process *p)
{
    u64 size = p->limits[RLIMIT_STACK_INDEX].soft;
    int prot = PROT_READ | PROT_WRITE;
    long r;

    if (size == UINT64_MAX)
        size = DEFAULT_STACK;
    size = PAGE_ALIGN(MAX(MIN(size, MOST_STACK), LEAST_STACK + image->strings.length));
    if (image->program.layout.executable_stack)
        prot |= PROT_EXEC;
    p->stack_start = exec_stack_top();
    r = mm_map(p->stack_start - size, size, prot,
               PRIVATE_FIXED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, NULL, 0, "[stack]");
    return r < 0 ? r : 0;
}

static void name_process(const struct exec_image *image, struct process *p)
{
    heap_free(p->executable);
    heap_free(p->command_line);
    p->executable = heap_copy_string(image->executable);
    p->command_line_length = (u32)image->strings.arguments_length;
    p->command_line = heap_copy_bytes(image->strings.bytes, image->strings.arguments_length);
    if (!p->command_line)
        p->command_line_length = 0;
    memcpy(p->comm, image->comm, sizeof(p->comm));
    memcpy(current()->comm, image->comm, sizeof(image->comm));
}

long exec_image_load(struct exec_image *image, struct process *p, u64 *rip, u64 *rsp)
{
    const struct elf_file *program = &image->program, *interpreter = &image->interpreter;
    struct exec_addresses at = {0};
    u64 base;
    long r;

    name_process(image, p);
    r = choose_base(program, false, &base);
    if (r == 0)
        r = map_segments(program, base);
    if (r < 0)
        return r;
    at.entry = base + program->header.entry;
    at.table = program->layout.table_address ? base + program->layout.table_address : 0;
    *rip = at.entry;
    mm_set_brk(base + program->layout.high);
    r = map_stack(image, p);
    if (r < 0)
        return r;
    if (interpreter->file) {
        r = choose_base(interpreter, true, &base);
        if (r == 0)
            r = map_segments(interpreter, base);
        if (r < 0)
            return r;
        at.interpreter_base = base;
        *rip = base + interpreter->header.entry;
    }
    return exec_stack_build(image, p, &at, rsp);
}
