/* SPDX-License-Identifier: Apache-2.0 */
/* Tools of a program that is hostile and knows everything: it finds a `syscall` instruction inside
 * the library OS and calls the host directly, past the library OS, with any registers. */
#ifndef TESTS_JAIL_HOSTILE_H
#define TESTS_JAIL_HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/invoke.h"
#include "abi/objects.h"

#define the_window ((struct rf_window *)RF_WINDOW_BASE)

/* Finds the instruction and takes SIGSYS over, so that a call that the filter refuses is counted
 * instead of being served by the library OS. From then on the C library cannot be used, until
 * hostile_end. */
void hostile_begin(void);
void hostile_end(void);

/* A host call from the library OS's code. *refused tells whether the filter trapped it. */
long host_call(long nr, long a, long b, long c, long d, long e, long f, bool *refused);
/* The same from this program's own code. */
long own_call(long nr, long a, long b, long c, long d, long e, long f, bool *refused);

/* An invocation with every register chosen. */
long raw_invoke(uint32_t slot, uint32_t op, uint64_t buffer, uint64_t w0, uint64_t w1, uint64_t w2,
                uint64_t w3);
struct rf_msg *raw_message(uint32_t index);

/* A small deterministic random number generator: xorshift64*. */
uint64_t next_random(uint64_t *state);

#endif
