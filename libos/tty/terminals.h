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
    struct tty *console;           /* the user's terminal, or NULL */
    u32 console_mode;              /* RF_CONSOLE_* that the host does for it; its lock */
    u64 console_characters;        /* with these */
    struct lock lock;              /* numbers */
    struct tty *numbers[TTY_MOST]; /* each with a reference */
};
#define the_terminals ((struct terminals *)the_cell->ttys)

/* console_tty.c: the user's terminal as a tty with number 0. NULL: no memory. */
struct tty *console_tty_new(void);
/* There may be input, or room for output. Without the tty's lock. */
void console_tty_serve(struct tty *t);

#endif
