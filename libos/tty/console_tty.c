/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals of somebody outside, who has put them into raw mode; the line discipline is ours. Input
 * of the cell's own stays outside until somebody in the cell wants it, so that what was typed ahead
 * for the host's shell is left for it. What must be seen though nobody reads (^C, ^Z, ^S) is done
 * outside, as CONSOLE_MODE says. That comes as a signal of the cell, which has one such terminal;
 * so at those of programs that were added, the prepared process reads whatever comes. */
#include "base/string.h"
#include "libos/fs/poll.h"
#include "libos/host/invoke.h"
#include "libos/tty/terminals.h"

/* On behalf of the prepared process: it will be told when the event holds, which it does not. */
static bool is_armed(u32 slot, u32 event)
{
    long r = invoke_retry(slot, RF_OP_CONSOLE_ARM, 0, event, 0, 0);
    return r == 0 || r == -ERESTARTSYS;
}

static void flush(struct tty *t)
{
    bool moved = false;
    while (tty_output_used(t)) {
        struct rf_msg *m = message_get();
        u32 n = tty_take_output(t, m->data, TTY_OUTPUT);
        m->data_length = n;
        long r = invoke_message_retry(t->outside.output, RF_OP_CONSOLE_WRITE, m, 0, 1, 0, 0);
        message_put(m);
        bool silent = r == -ERESTARTSYS;
        if (r == -EAGAIN || silent)
            r = 0;
        if (r < 0) /* nobody sees it */
            r = n;
        t->output_tail -= n - (u32)r;
        moved |= r > 0;
        if (silent || (r < (long)n && is_armed(t->outside.output, POLLOUT)))
            break;
    }
    if (moved)
        waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
}

/* Arms for input on behalf of the prepared process. True: there is some now. */
static bool arm(const struct tty *t)
{
    return invoke_retry(t->outside.input, RF_OP_CONSOLE_ARM, 0, POLLIN, 0, 0) > 0;
}

/* Reads at most `most` bytes into `m`: how many, 0: the terminal is gone, -EAGAIN: there are none,
 * -ERESTARTSYS: whoever serves it keeps silent. */
static long read_piece(const struct tty *t, struct rf_msg *m, u32 most)
{
    long r = invoke_message_retry(t->outside.input, RF_OP_CONSOLE_READ, m, most, 1, 0, 0);
    return r < 0 && r != -EAGAIN && r != -ERESTARTSYS ? 0 : r;
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
    struct tty_outside *outside = &t->outside;
    u32 mode = wanted_mode(t);
    const u8 *c = t->termios.c_cc;
    u64 characters = c[VINTR] | (u64)c[VQUIT] << 8 | (u64)c[VSUSP] << 16 | (u64)c[VSTART] << 24 |
                     (u64)c[VSTOP] << 32;
    if (mode == outside->mode && characters == outside->characters)
        return;
    outside->mode = mode;
    outside->characters = characters;
    invoke_retry(outside->input, RF_OP_CONSOLE_MODE, mode, characters, 0, 0);
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
        long r = read_piece(t, m, piece_size(t, most));
        if (r == 0)
            gone(t);
        if (r == 0 || r == -ERESTARTSYS || (r < 0 && !arm(t)))
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
    return arm(t);
}

static void discard(struct tty *t)
{
    struct rf_msg *m = message_get();
    while (read_piece(t, m, RF_MSG_DATA) > 0)
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

/* All that comes, as far as there is room. */
static void take_all(struct tty *t)
{
    struct rf_msg *m = message_get();
    u32 room;
    while ((room = tty_input_room(t)) != 0) {
        long r = read_piece(t, m, room);
        if (r == 0 && t->outside.input)
            gone(t);
        if (r == 0 || r == -ERESTARTSYS || (r < 0 && !arm(t)))
            break;
        if (r > 0)
            tty_input(t, m->data, (u32)r);
    }
    message_put(m);
}

static const struct tty_driver added_driver = {
    .flush = flush,
    .room_made = take_all,
    .drains = true,
};

void console_tty_serve(struct tty *t)
{
    lock_take(&t->lock);
    flush(t);
    if (t->driver == &added_driver)
        take_all(t);
    waitq_wake(&t->readers, POLLIN | POLLRDNORM);
    lock_release(&t->lock);
}

/* What CONSOLE_INFO says: the file that it is, and the size. */
struct info {
    u64 device, inode, rdev;
    struct winsize size;
    bool is_terminal;
};

static bool ask(u32 slot, struct info *info)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(slot, RF_OP_CONSOLE_INFO, m, 0, 0, 0, 0);
    struct rf_attr attr;
    memcpy(&attr, m->data, sizeof(attr));
    *info = (struct info){
        .device = attr.device,
        .inode = attr.inode,
        .rdev = attr.rdev,
        .size = {.ws_col = (u16)m->words[2], .ws_row = (u16)(m->words[2] >> 32)},
        .is_terminal = m->words[1] != 0,
    };
    message_put(m);
    return r == 0 && info->is_terminal;
}

bool console_tty_is(u32 input, u32 output)
{
    struct info a, b;
    return ask(input, &a) && ask(output, &b) && a.device == b.device && a.inode == b.inode &&
           a.rdev == b.rdev && invoke_retry(input, RF_OP_CONSOLE_MODE, 0, 0, 0, 0) == 0;
}

void console_tty_resize(struct tty *t)
{
    struct info info;
    if (ask(t->outside.input, &info))
        tty_set_size(t, &info.size);
}

struct tty *console_tty_new(u32 input, u32 output, u32 request)
{
    struct tty *t = tty_new(request ? &added_driver : &console_driver);
    struct info info;
    if (!t)
        return NULL;
    t->outside = (struct tty_outside){.input = input, .output = output, .request = request};
    t->termios.c_iflag |= IUTF8; /* as terminal emulators set it */
    if (ask(input, &info))
        t->size = info.size;
    if (tty_take_number(t) < 0) {
        tty_put(t);
        return NULL;
    }
    if (!request)
        mode_changed(t);
    return t;
}

void console_tty_end(struct tty *t)
{
    tty_release_session(t);
    lock_take(&t->lock);
    struct tty_outside was = t->outside;
    tty_hangup_locked(t);
    t->outside.input = t->outside.output = RF_SLOT_NONE;
    lock_release(&t->lock);
    invoke_surely(was.input, RF_OP_DROP, 0, 0, 0, 0);
    invoke_surely(was.output, RF_OP_DROP, 0, 0, 0, 0);
    tty_give_number_back(t);
    tty_put(t);
}
