/* SPDX-License-Identifier: Apache-2.0 */
/* The console capabilities as files: the streams that the cell was started with. One struct console
 * per slot, in the heap segment. If stdin and stdout are one terminal that leaves the line
 * discipline to us, what is a terminal among the three is one tty instead (console_tty.c). */
#ifndef LIBOS_TTY_CONSOLE_H
#define LIBOS_TTY_CONSOLE_H

#include "abi/objects.h"
#include "libos/fs/file.h"

struct console {
    u32 slot;
    u32 rights;         /* RF_RIGHT_READ, RF_RIGHT_WRITE */
    bool is_tty;        /* a terminal of the host, which does its line discipline */
    u64 unarmed_ns;     /* how long the last sleep was that nobody would have ended */
    struct waitq queue; /* woken when the stream may have become ready */
    bool owned;         /* slot and memory are given back with the last open file */
    struct list all;    /* owned ones: the_terminals->given */
};

/* A new open file of a stream. NULL: no memory. */
struct file *console_file_new(struct console *c);

/* The last open file of the stream is gone. */
void console_put(struct console *c);

/* Sleeps until the console has one of the events, armed for the calling thread. `ticket` was taken
 * before the stream was found not ready. 0 or -ERESTARTSYS. */
long console_sleep(struct console *c, u32 events, u32 ticket);

#endif
