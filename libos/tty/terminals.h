/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's terminals: the_cell->ttys. */
#ifndef LIBOS_TTY_TERMINALS_H
#define LIBOS_TTY_TERMINALS_H

#include "libos/proc/process.h"
#include "libos/tty/console.h"
#include "libos/tty/tty.h"

#define TTY_MOST        256 /* numbers of /dev/pts: the minors of one major */
#define PTS_MAJOR       136
#define CONSOLE_STREAMS 3

struct terminals {
    struct console streams[CONSOLE_STREAMS]; /* stdin, stdout, stderr */
    struct list given;             /* struct console.all: of programs that were added later */
    struct list added;             /* struct tty.outside.all: the same */
    struct tty *console;           /* the user's terminal, or NULL */
    struct lock lock;              /* numbers */
    struct tty *numbers[TTY_MOST]; /* each with a reference */
};
#define the_terminals ((struct terminals *)the_cell->ttys)

/* console_tty.c: the terminal behind two console capabilities as a tty with a number. `request`: of
 * the program that it was added with, or 0. NULL: no memory. */
struct tty *console_tty_new(u32 input, u32 output, u32 request);
/* Whether they are one terminal, and one that does what CONSOLE_MODE says. */
bool console_tty_is(u32 input, u32 output);
/* Asks for its size. Without the lock. */
void console_tty_resize(struct tty *t);
/* Nobody is at it any more: hangs it up and drops the capabilities. Without the lock. */
void console_tty_end(struct tty *t);
/* There may be input, or room for output. Without the tty's lock. */
void console_tty_serve(struct tty *t);

#endif
