/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from a terminal: lines in canonical mode, else by VMIN and VTIME. */
#include "libos/tty/tty.h"
#include "libos/host/host.h"

#define PIECE      1024u
#define DECISECOND 100000000ull

static bool canonical(const struct tty *t)
{
    return TTY_FLAG(t, lflag, ICANON);
}

bool tty_readable(const struct tty *t)
{
    if (canonical(t))
        return t->input_committed != t->input_tail;
    u32 least = t->termios.c_cc[VTIME] ? 1 : MAX(t->termios.c_cc[VMIN], 1);
    return t->input_head - t->input_tail >= least;
}

u32 tty_input_count(const struct tty *t)
{
    if (!canonical(t))
        return t->input_head - t->input_tail;
    u32 count = 0;
    for (u32 i = t->input_tail; i != t->input_committed; i++)
        count += !(t->input[i % TTY_INPUT] & INPUT_EOF);
    return count;
}

/* Takes the next entry if the reader may have it. */
static bool take(struct tty *t, u16 *entry)
{
    if (t->input_tail == (canonical(t) ? t->input_committed : t->input_head))
        return false;
    *entry = t->input[t->input_tail++ % TTY_INPUT];
    return true;
}

/* An end of file right behind what the reader took with its whole buffer belongs to that read. */
static void skip_eof(struct tty *t)
{
    if (t->input_tail != t->input_committed && (t->input[t->input_tail % TTY_INPUT] & INPUT_EOF))
        t->input_tail++;
}

/* Up to `most` bytes of one line. *ended: the line is finished. */
static u32 take_line(struct tty *t, u8 *to, u32 most, bool *ended)
{
    u32 n = 0;
    u16 entry;
    *ended = false;
    while (n < most && take(t, &entry)) {
        if (!(entry & INPUT_EOF))
            to[n++] = (u8)entry;
        if (entry & INPUT_END) {
            *ended = true;
            return n;
        }
    }
    return n;
}

static u32 take_raw(struct tty *t, u8 *to, u32 most)
{
    u32 n = 0;
    u16 entry;
    while (n < most && take(t, &entry))
        to[n++] = (u8)entry;
    return n;
}

static bool hung_up(const struct tty *t, u32 generation)
{
    return t->generation != generation;
}

/* Makes sure that what the reader may want of the device's input is here. */
static void fetch(struct tty *t, size_t wanted)
{
    if (t->driver->fetch && !(canonical(t) && tty_readable(t)))
        t->driver->fetch(t, (u32)MIN(wanted, (size_t)TTY_INPUT));
}

bool tty_poll_input(struct tty *t)
{
    if (tty_readable(t) || !t->driver->fetch)
        return tty_readable(t);
    if (!canonical(t))
        return t->driver->has_input(t);
    fetch(t, TTY_INPUT);
    return tty_readable(t);
}

/* Waits for input with the lock held, which fetch has found missing. As wait_on. */
static long wait_for_input(struct tty *t, u64 deadline)
{
    if (t->driver->room_made)
        t->driver->room_made(t);
    return tty_readable(t) ? 0 : wait_on(&t->readers, &t->lock, deadline);
}

/* What is there, as much as fits: of one line, or whatever it is. */
static long read_input(struct tty *t, struct io *io, bool one_line)
{
    u8 piece[PIECE];
    long total = 0;
    bool ended = false;
    while (!ended && io->left) {
        u32 most = (u32)MIN(io->left, PIECE);
        u32 n = one_line ? take_line(t, piece, most, &ended) : take_raw(t, piece, most);
        if (n == 0)
            break;
        lock_release(&t->lock);
        long r = io_put(io, piece, n);
        lock_take(&t->lock);
        if (r < 0)
            return total ? total : r;
        total += r;
    }
    if (one_line && !ended)
        skip_eof(t);
    return total;
}

/* How long a raw read that has `got` bytes goes on waiting: 0: it does not. */
static u64 raw_deadline(const struct tty *t, long got, u64 started)
{
    u8 least = t->termios.c_cc[VMIN], time = t->termios.c_cc[VTIME];
    if (least == 0)
        return got == 0 && time ? started + time * DECISECOND : 0;
    if (got >= least)
        return 0;
    return got > 0 && time ? host_now() + time * DECISECOND : FOREVER;
}

static long read_raw_waiting(struct tty *t, struct io *io, u32 generation, bool wait)
{
    u64 started = host_now();
    long total = 0;
    for (;;) {
        fetch(t, io->left);
        long r = read_input(t, io, false);
        if (r < 0)
            return total ? total : r;
        total += r;
        u64 deadline = raw_deadline(t, total, started);
        if (!io->left || !deadline || hung_up(t, generation) || canonical(t))
            return total;
        if (!wait)
            return total ? total : -EAGAIN;
        r = wait_for_input(t, deadline);
        if (r == -ETIMEDOUT || (r < 0 && total))
            return total;
        if (r < 0)
            return -ERESTARTSYS;
        if (deadline <= host_now())
            return total;
    }
}

static long read_locked(struct tty *t, struct io *io, u32 generation, bool wait)
{
    while (!hung_up(t, generation)) {
        if (!canonical(t)) {
            long r = read_raw_waiting(t, io, generation, wait);
            if (r != 0 || !canonical(t))
                return r;
            continue;
        }
        fetch(t, TTY_INPUT);
        if (hung_up(t, generation))
            break;
        if (tty_readable(t))
            return read_input(t, io, true);
        if (!wait)
            return -EAGAIN;
        if (wait_for_input(t, FOREVER) < 0)
            return -ERESTARTSYS;
    }
    return 0;
}

long tty_read(struct tty *t, struct io *io, u32 generation, bool wait)
{
    if (io->left == 0)
        return 0;
    lock_take(&t->lock);
    long r = read_locked(t, io, generation, wait);
    if (t->driver->room_made)
        t->driver->room_made(t);
    lock_release(&t->lock);
    return r;
}
