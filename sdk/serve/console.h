/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a console: whoever can read and write bytes offers a stream, or a terminal, to any cell.
 *
 * The kernel keeps the console itself (a viewer, abi/interface/viewer.h), and threads of the server
 * carry the bytes. So readiness, interrupts, keys and sizes are what they are at the kernel's own
 * consoles, and a server that hangs holds up nobody but readers of its input and writers of more
 * than RF_VIEWER_RING bytes, who wait as at a pipe, and can be interrupted. When the server's bank
 * or cell is gone, so is the console: ESTALE. */
#ifndef SDK_SERVE_CONSOLE_H
#define SDK_SERVE_CONSOLE_H

#include <sys/types.h>

#include "sdk/ringfence.h"

/* Each is called by one thread at a time, with all signals blocked that do not stop a process, and
 * may wait. -EINTR: once more. */
struct rf_far_end {
    /* Input, `most` bytes: as many as there are, 0 at its end or -errno. NULL: none comes. It is
     * asked only when somebody wants input, so that it takes nothing from others who read there. */
    ssize_t (*read)(void *far, void *to, size_t most);
    /* Output: bytes taken, or -errno: from then on who writes gets EPIPE. NULL: at once. */
    ssize_t (*write)(void *far, const void *from, size_t n);
    /* The user typed the suspend key at a cell that no shell could continue: pauses it, and returns
     * when the user goes on. NULL: nothing happens. */
    void (*suspend)(void *far);
    bool eager; /* a terminal, whose keys matter also while nobody reads: read is asked always */
};

struct rf_console;

/* A console of one's own bank; with columns and rows, a terminal. `far` is given to the functions.
 * NULL with errno: a limit of the bank (ENOSPC), no memory or thread. */
struct rf_console *rf_serve_console(const struct rf_far_end *ends, void *far, u32 columns,
                                    u32 rows);

/* Ends that are descriptors of the program's; `far` is a struct rf_descriptors. */
struct rf_descriptors {
    int in, out;
};
extern const struct rf_far_end rf_descriptor_ends;

/* A slot of it with those rights, which the caller drops. */
s64 rf_console_slot(struct rf_console *console, u32 rights);

/* A terminal's new size: whoever uses it is told. */
void rf_console_size(struct rf_console *console, u32 columns, u32 rows);

/* Nobody has the console any more: returns when that is so, and all output was written. */
void rf_console_wait(struct rf_console *console);

/* No more output is taken: returns when what there is was written, or refused. A read of the far
 * end that goes on is not ended, and gets its `far` until it returns. */
void rf_console_end(struct rf_console *console);

#endif
