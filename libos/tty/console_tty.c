/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal. The kernel has put it into raw mode; the line discipline is ours. It stays
 * armed for thread 0, the prepared process, which is always there to move input: so ^C is seen
 * though nobody reads. */
#include "libos/fs/poll.h"
#include "libos/host/invoke.h"
#include "libos/tty/terminals.h"

#define PIECE 1024u

static void flush(struct tty *t)
{
    u32 slot = the_terminals->streams[1].slot;
    bool moved = false;
    while (tty_output_used(t)) {
        struct rf_msg *m = message_get();
        u32 n = tty_take_output(t, m->data, TTY_OUTPUT);
        m->data_length = n;
        long r = invoke_message_retry(slot, RF_OP_CONSOLE_WRITE, m, 0, 1, 0, 0);
        message_put(m);
        if (r == -EAGAIN)
            r = 0;
        if (r < 0) /* nobody sees it */
            r = n;
        t->output_tail -= n - (u32)r;
        moved |= r > 0;
        if (r < (long)n && invoke(slot, RF_OP_CONSOLE_ARM, 0, POLLOUT, 0, 0) == 0)
            break;
    }
    if (moved)
        waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
}

/* Bytes that came, 0: the terminal is gone, -EAGAIN. */
static long read_piece(struct tty *t)
{
    struct rf_msg *m = message_get();
    u32 most = MIN(PIECE, tty_input_room(t));
    long r =
        invoke_message_retry(the_terminals->streams[0].slot, RF_OP_CONSOLE_READ, m, most, 1, 0, 0);
    if (r > 0)
        tty_input(t, m->data, (u32)r);
    message_put(m);
    return r < 0 && r != -EAGAIN ? 0 : r;
}

/* Takes all input there is, and arms for more. False: the terminal is gone. */
static bool pump(struct tty *t)
{
    the_terminals->console_throttled = false;
    for (;;) {
        if (tty_input_room(t) == 0) {
            the_terminals->console_throttled = true;
            return true;
        }
        long r = read_piece(t);
        if (r == 0)
            return false;
        if (r == -EAGAIN &&
            invoke(the_terminals->streams[0].slot, RF_OP_CONSOLE_ARM, 0, POLLIN, 0, 0) <= 0)
            return true;
    }
}

static void wants_input(struct tty *t)
{
    if (the_terminals->console_throttled && tty_input_room(t) > 0)
        pump(t);
}

static const struct tty_driver console_driver = {
    .flush = flush,
    .wants_input = wants_input,
    .drains = true,
};

void console_tty_serve(struct tty *t)
{
    lock_take(&t->lock);
    flush(t);
    bool there = pump(t);
    lock_release(&t->lock);
    if (there)
        return;
    tty_release_session(t);
    tty_hangup(t);
}

struct tty *console_tty_new(void)
{
    struct tty *t = tty_new(&console_driver);
    if (!t)
        return NULL;
    t->termios.c_iflag |= IUTF8; /* as terminal emulators set it */
    t->size.ws_col = (u16)the_window->cell.console_columns;
    t->size.ws_row = (u16)the_window->cell.console_rows;
    if (tty_take_number(t) < 0) {
        tty_put(t);
        return NULL;
    }
    return t;
}
