/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of an interface's contract, for any object that claims to have it. */
#ifndef TESTS_CONFORMANCE_CONFORM_H
#define TESTS_CONFORMANCE_CONFORM_H

#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

/* Each ends the program where the contract is broken. An empty directory that may be written. */
void conform_dir(u32 dir);
void conform_file(u32 dir);
/* Where something can be written, and nothing is to be read. */
void conform_console(u32 console);
void conform_clock(u32 clock);
/* A console and its far end: one that the kernel keeps ("kept") or that is served by the SDK
 * ("served"), with `wrap` between; a terminal of the first kind. */
void conform_stream(const char *kind, u32 (*wrap)(u32 slot));
void conform_terminal(u32 (*wrap)(u32 slot));
/* Of a bank, whose space and segment are used. */
void conform_space(u32 bank);

#endif
