/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of this program that a cell gets as consoles, which this program serves itself as
 * long as it runs: what is no capability that could be passed on, such as the pipes and files of
 * the cell that we are in, and the terminal that the user sits at. */
#ifndef CLI_STREAMS_H
#define CLI_STREAMS_H

#include "base/types.h"

/* Whether two descriptors are one open file, or both the user's terminal. */
bool streams_are_one(int a, int b);

/* A slot of a console with those rights. Descriptors of one open file give one console. Fails
 * (fail()) with a line about `what`. */
u32 streams_serve(int fd, u32 rights, const char *what);

/* The cell that is paused while the user's shell has the terminal. */
void streams_belong_to(u32 cell);

/* The terminal may have another size. */
void streams_resized(void);

/* Returns when all that was written has reached the descriptors; then nothing more is taken. */
void streams_end(void);

#endif
