/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO that programs find by AT_SYSINFO_EHDR: a small ELF image inside the library OS's
 * (image/), by which they read the cell's clocks without a call. */
#ifndef LIBOS_VDSO_VDSO_H
#define LIBOS_VDSO_VDSO_H

#include "base/types.h"

extern const u8 vdso_image[], vdso_image_end[];

static inline bool in_vdso(u64 rip)
{
    return rip >= (u64)vdso_image && rip < (u64)vdso_image_end;
}

#endif
