/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up __vdso_clock_gettime in the host's vdso. Trusted input: the host kernel made the image.
 */
#include "libos/host/vdso.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "base/string.h"

#include <linux/elf.h>
#include <linux/mman.h>

typedef long clock_function(int clock, u64 *now);

/* In the clock page, for the library OS's own vDSO: every process of the cell has it at one place.
 */
#define clock_gettime_vdso ((clock_function *)the_window->cell.clock.host_clock_gettime)

struct vdso_left vdso_left;
static const Elf64_Ehdr *moved; /* the ELF header at its new place; NULL: there is none */

static const void *find_dynamic(const Elf64_Ehdr *image, u64 *load_bias, size_t *size)
{
    const Elf64_Phdr *p = (const void *)((const u8 *)image + image->e_phoff);
    const void *dynamic = NULL;
    for (int i = 0; i < image->e_phnum; i++) {
        if (p[i].p_type == PT_LOAD && *load_bias == 0)
            *load_bias = (u64)image + p[i].p_offset - p[i].p_vaddr;
        if (p[i].p_type == PT_DYNAMIC) {
            dynamic = (const u8 *)image + p[i].p_offset;
            *size = p[i].p_memsz;
        }
    }
    return dynamic;
}

static clock_function *find_clock(const Elf64_Ehdr *image)
{
    u64 bias = 0;
    size_t size = 0;
    const Elf64_Dyn *d = find_dynamic(image, &bias, &size);
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;
    const Elf64_Shdr *sections = (const void *)((const u8 *)image + image->e_shoff);
    size_t count = 0;
    for (; d && d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB)
            symbols = (const void *)(d->d_un.d_ptr + bias);
        if (d->d_tag == DT_STRTAB)
            names = (const void *)(d->d_un.d_ptr + bias);
    }
    for (int i = 0; i < image->e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM)
            count = sections[i].sh_size / sizeof(Elf64_Sym);
    for (size_t i = 0; symbols && names && i < count; i++)
        if (strcmp(names + symbols[i].st_name, "__vdso_clock_gettime") == 0)
            return (clock_function *)(symbols[i].st_value + bias); // NOLINT: the vdso's address
    return NULL;
}

static bool move_part(u64 start, u64 end)
{
    u64 to = RF_HOST_VDSO + (start - vdso_left.start);
    return host_mremap((void *)start, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED,
                       (void *)to) == (long)to;
}

/* The code finds its data by their distance, so they keep it. */
void vdso_move(void)
{
    u64 image = the_boot->vdso_image;
    vdso_left.start = UINT64_MAX;
    for (u32 i = 0; i < RF_VDSO_PARTS && the_boot->vdso[i].end; i++) {
        vdso_left.start = MIN(vdso_left.start, the_boot->vdso[i].start);
        vdso_left.end = MAX(vdso_left.end, the_boot->vdso[i].end);
    }
    if (vdso_left.end == 0 || vdso_left.end - vdso_left.start > RF_HOST_VDSO_SIZE)
        image = 0;
    for (u32 i = 0; image && i < RF_VDSO_PARTS && the_boot->vdso[i].end; i++)
        if (!move_part(the_boot->vdso[i].start, the_boot->vdso[i].end))
            image = 0;
    if (image == 0)
        return;
    moved = (const void *)(RF_HOST_VDSO + (image - vdso_left.start));
    vdso_left = (struct vdso_left){0};
}

void vdso_init(void)
{
    u64 now[2], *function = &the_window->cell.clock.host_clock_gettime;
    *function = moved ? (u64)find_clock(moved) : 0;
    /* On hosts whose clock source the vdso cannot read, its own host call traps and gives -ENOSYS.
     */
    if (*function && clock_gettime_vdso(1, now) != 0)
        *function = 0;
}

long vdso_clock(int clock, u64 now[2])
{
    clock_function *function = clock_gettime_vdso;
    if (unlikely(function == NULL || (u32)clock >= 32 || !(RF_CLOCKS_OF_VDSO >> clock & 1)))
        return 1;
    return function(clock, now);
}
