/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up __vdso_clock_gettime in the host's vdso. Trusted input: the host kernel made the image.
 */
#include "libos/host/vdso.h"
#include "libos/host/invoke.h"
#include "base/string.h"

#include <linux/elf.h>

typedef long clock_function(int clock, u64 *now);
static clock_function *clock_gettime_vdso;

/* Clocks that the vdso reads from its data page. For others it would make a host call, which traps.
 */
#define CLOCKS_IN_VDSO (1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 11)

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

void vdso_init(void)
{
    u64 now[2];
    if (the_boot->vdso_image == 0)
        return;
    clock_gettime_vdso = find_clock((const Elf64_Ehdr *)the_boot->vdso_image);
    /* On hosts whose clock source the vdso cannot read, its own host call traps and gives -ENOSYS.
     */
    if (clock_gettime_vdso && clock_gettime_vdso(1, now) != 0)
        clock_gettime_vdso = NULL;
}

long vdso_clock(int clock, u64 now[2])
{
    if (unlikely(clock_gettime_vdso == NULL || (u32)clock >= 32 || !(CLOCKS_IN_VDSO >> clock & 1)))
        return 1;
    return clock_gettime_vdso(clock, now);
}
