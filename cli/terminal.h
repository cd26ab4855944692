/* SPDX-License-Identifier: Apache-2.0 */
/* What a client that gave its terminal to a cell does meanwhile: the terminal is raw, and its
 * signals and its size go to the cell. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "base/types.h"

/* Blocks the signals that are passed on. Before any thread is started. */
void terminal_prepare(void);

/* Whether the descriptor is the user's terminal: stdin and stdout are it, too. */
bool terminal_is(int fd);

/* Puts the user's terminal into raw mode, if there is one and we are in its foreground. */
void terminal_raw(void);

/* The same, and from now on passes signals and sizes on to the cell in that slot. */
void terminal_begin(u32 cell);

/* From now on tells the consoles that are served of the terminal's size. Before any other thread is
 * started. */
void terminal_follow(void);

/* Puts the terminal back. */
void terminal_end(void);

#endif
