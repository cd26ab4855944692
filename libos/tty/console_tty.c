/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal. The kernel has put it into raw mode; the line discipline is ours. Input
 * stays with the host until somebody in the cell wants it, so that what was typed ahead for the
 * host's shell is left for it. What must be seen though nobody reads (^C, ^Z, ^S) the host does, as
 * CONSOLE_MODE says. */
#include "libos/fs/poll.h"
#include "libos/host/invoke.h"
#include "libos/tty/terminals.h"

static void flush(struct tty *t)
{
    bool moved = false;
    while (tty_output_used(t)) {
        struct rf_msg *m = message_get();
        u32 n = tty_take_output(t, m->data, TTY_OUTPUT);
        m->data_length = n;
        long r = invoke_message_retry(RF_SLOT_STDOUT, RF_OP_CONSOLE_WRITE, m, 0, 1, 0, 0);
        message_put(m);
        if (r == -EAGAIN)
            r = 0;
        if (r < 0) /* nobody sees it */
            r = n;
        t->output_tail -= n - (u32)r;
        moved |= r > 0;
        if (r < (long)n && invoke(RF_SLOT_STDOUT, RF_OP_CONSOLE_ARM, 0, POLLOUT, 0, 0) == 0)
            break;
    }
    if (moved)
        waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
}

/* Arms for input on behalf of the prepared process. True: there is some now. */
static bool arm(void)
{
    return invoke(RF_SLOT_STDIN, RF_OP_CONSOLE_ARM, 0, POLLIN, 0, 0) > 0;
}

/* Reads at most `most` bytes into `m`: how many, 0: the terminal is gone, -EAGAIN. */
static long read_piece(struct rf_msg *m, u32 most)
{
    long r = invoke_message_retry(RF_SLOT_STDIN, RF_OP_CONSOLE_READ, m, most, 1, 0, 0);
    return r < 0 && r != -EAGAIN ? 0 : r;
}

static void gone(struct tty *t)
{
    tty_release_session(t);
    tty_hangup_locked(t);
}

/* What the host is to do with keys: nothing while the next one is to be taken literally. */
static u32 wanted_mode(const struct tty *t)
{
    if (t->literal_next)
        return 0;
    return (TTY_FLAG(t, lflag, ISIG) ? RF_CONSOLE_SIGNALS : 0) |
           (TTY_FLAG(t, lflag, NOFLSH) ? RF_CONSOLE_NO_FLUSH : 0) |
           (TTY_FLAG(t, iflag, IXON) ? RF_CONSOLE_FLOW : 0) |
           (TTY_FLAG(t, iflag, IXANY) ? RF_CONSOLE_FLOW_ANY : 0) |
           (TTY_FLAG(t, iflag, ICRNL) && !TTY_FLAG(t, iflag, IGNCR) ? RF_CONSOLE_RETURN : 0);
}

static void mode_changed(struct tty *t)
{
    struct terminals *all = the_terminals;
    u32 mode = wanted_mode(t);
    const u8 *c = t->termios.c_cc;
    u64 characters = c[VINTR] | (u64)c[VQUIT] << 8 | (u64)c[VSUSP] << 16 | (u64)c[VSTART] << 24 |
                     (u64)c[VSTOP] << 32;
    if (mode == all->console_mode && characters == all->console_characters)
        return;
    all->console_mode = mode;
    all->console_characters = characters;
    invoke(RF_SLOT_STDIN, RF_OP_CONSOLE_MODE, mode, characters, 0, 0);
}

/* A byte at a time where a line may end behind it. */
static u32 piece_size(const struct tty *t, u32 most)
{
    return TTY_FLAG(t, lflag, ICANON) ? 1 : MIN(most, tty_input_room(t));
}

static void fetch(struct tty *t, u32 most)
{
    struct rf_msg *m = message_get();
    while (most && tty_input_room(t)) {
        long r = read_piece(m, piece_size(t, most));
        if (r == 0)
            gone(t);
        if (r == 0 || (r < 0 && !arm()))
            break;
        if (r < 0)
            continue;
        tty_input(t, m->data, (u32)r);
        mode_changed(t);
        most -= (u32)r;
        if (TTY_FLAG(t, lflag, ICANON) && tty_readable(t))
            break;
    }
    message_put(m);
}

static bool has_input(struct tty *t)
{
    (void)t;
    return arm();
}

static void discard(struct tty *t)
{
    struct rf_msg *m = message_get();
    (void)t;
    while (read_piece(m, RF_MSG_DATA) > 0)
        ;
    message_put(m);
}

static const struct tty_driver console_driver = {
    .flush = flush,
    .fetch = fetch,
    .has_input = has_input,
    .discard = discard,
    .mode_changed = mode_changed,
    .drains = true,
};

void console_tty_serve(struct tty *t)
{
    lock_take(&t->lock);
    flush(t);
    waitq_wake(&t->readers, POLLIN | POLLRDNORM);
    lock_release(&t->lock);
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
    mode_changed(t);
    return t;
}
