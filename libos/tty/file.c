/* SPDX-License-Identifier: Apache-2.0 */
/* Open files of the terminal side: the console, or a pty's slave. */
#include "libos/tty/tty.h"
#include "libos/tty/terminals.h"
#include "libos/host/invoke.h"
#include "libos/fs/file.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#define PIECE 4096u

struct tty_open {
    struct tty *tty; /* a reference */
    u32 generation;
};

static bool hung_up(const struct tty_open *o)
{
    return __atomic_load_n(&o->tty->generation, __ATOMIC_ACQUIRE) != o->generation;
}

static long tty_file_read(struct file *f, struct io *io, u64 *position)
{
    struct tty_open *o = f->data;
    (void)position;
    if (hung_up(o))
        return 0;
    long r = tty_job_check(o->tty, SIGTTIN);
    return r < 0 ? r : tty_read(o->tty, io, o->generation, !(f->flags & O_NONBLOCK));
}

/* Queues a piece, waiting for room. Bytes queued; fewer than count: *error says why. */
static u32 write_piece(struct file *f, const u8 *piece, u32 count, long *error)
{
    struct tty_open *o = f->data;
    struct tty *t = o->tty;
    u32 done = 0;
    while (!*error) {
        if (hung_up(o)) {
            *error = -EIO;
            break;
        }
        if (!t->stopped)
            done += tty_write_some(t, piece + done, count - done);
        if (done == count)
            break;
        t->driver->flush(t);
        if (!t->stopped && tty_output_used(t) < TTY_OUTPUT / 2)
            continue;
        if (f->flags & O_NONBLOCK)
            *error = -EAGAIN;
        else if (wait_on(&t->writers, &t->lock, FOREVER) < 0)
            *error = -ERESTARTSYS;
    }
    return done;
}

static long tty_file_write(struct file *f, struct io *io, u64 *position)
{
    struct tty_open *o = f->data;
    struct tty *t = o->tty;
    u8 piece[PIECE];
    long total = 0, error = 0;
    (void)position;
    if (TTY_FLAG(t, lflag, TOSTOP)) {
        error = tty_job_check(t, SIGTTOU);
        if (error)
            return error;
    }
    while (io->left && !error) {
        long n = io_take(io, piece, PIECE);
        if (n < 0)
            return total ? total : n;
        lock_take(&t->lock);
        total += write_piece(f, piece, (u32)n, &error);
        t->driver->flush(t);
        lock_release(&t->lock);
    }
    return total ? total : error;
}

static u32 tty_file_poll(struct file *f, struct poll_table *pt)
{
    struct tty_open *o = f->data;
    struct tty *t = o->tty;
    poll_register(pt, &t->readers);
    poll_register(pt, &t->writers);
    if (hung_up(o))
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
    lock_take(&t->lock);
    u32 events = tty_poll_input(t) ? POLLIN | POLLRDNORM : 0;
    if (!t->stopped && tty_output_used(t) < TTY_OUTPUT / 2)
        events |= POLLOUT | POLLWRNORM;
    lock_release(&t->lock);
    return events;
}

static long tty_file_ioctl(struct file *f, u32 command, u64 argument)
{
    struct tty_open *o = f->data;
    if (hung_up(o))
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    return tty_ioctl(o->tty, command, argument, false);
}

/* The user's terminal is open for both ways by the capability for input. */
static long tty_file_capability(struct file *f, u32 rights)
{
    const struct tty_open *o = f->data;
    if (o->tty != the_terminals->console)
        return -EOPNOTSUPP;
    return invoke_surely(RF_SLOT_STDIN, RF_OP_COPY, rights, 0, 0, 0);
}

static void tty_file_release(struct file *f)
{
    struct tty_open *o = f->data;
    struct tty *t = o->tty;
    lock_take(&t->lock);
    if (!hung_up(o) && --t->opens == 0) {
        t->exclusive = false;
        waitq_wake(&t->master.events, ~0u);
    }
    lock_release(&t->lock);
    tty_put(t);
    heap_free(o);
}

static const struct file_ops tty_file_ops = {
    .name = "tty",
    .sends_sigio = true,
    .read = tty_file_read,
    .write = tty_file_write,
    .poll = tty_file_poll,
    .ioctl = tty_file_ioctl,
    .release = tty_file_release,
    .capability = tty_file_capability,
};

long tty_file_open(struct tty *t, struct file *f)
{
    struct tty_open *o = heap_alloc(sizeof(*o));
    if (!o)
        return -ENOMEM;
    lock_take(&t->lock);
    long r = t->master.locked ? -EIO : t->exclusive ? -EBUSY : 0;
    if (r == 0) {
        t->opens++;
        t->master.slave_was_open = true;
        o->generation = t->generation;
    }
    lock_release(&t->lock);
    if (r < 0) {
        heap_free(o);
        return r;
    }
    tty_get(t);
    o->tty = t;
    f->data = o;
    f->ops = &tty_file_ops;
    if (!(f->flags & O_NOCTTY))
        tty_open_controls(t);
    return 0;
}
