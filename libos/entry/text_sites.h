/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes of the cell learned about the call sites in a file's text: kept with the file,
 * so that a program that is started again, and above all the dynamic linker at the start of each,
 * need not trap at each of them first. Only a hint: whoever patches looks at the code. */
#ifndef LIBOS_ENTRY_TEXT_SITES_H
#define LIBOS_ENTRY_TEXT_SITES_H

#include "base/types.h"

#define TEXT_SITES_AT_ONCE 64
#define TEXT_SITE_BEFORE   8

struct text_site {
    u64 place; /* of the syscall instruction: an offset in the file; for callers an address */
    u32 call;
    u32 traps;                     /* most that one process saw before it patched the site */
    u8 code[2 * TEXT_SITE_BEFORE]; /* around it, from place - TEXT_SITE_BEFORE on */
};

/* The calling process trapped at the site for the `traps`-th time. */
void text_sites_note(u64 address, u32 call, u32 traps);
/* Finds known sites in [start, end), which is text of one file, whose code is still the same: how
 * many. */
u32 text_sites_known(u64 start, u64 end, struct text_site found[TEXT_SITES_AT_ONCE]);

#endif
