/* SPDX-License-Identifier: Apache-2.0 */
/* Console streams that are no terminal, or one that the host handles: reads and writes go straight
 * through. */
#include "libos/tty/console.h"
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/fs/poll.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/proc/process.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/fcntl.h>

#define LOOK_AGAIN_FIRST 1000000ull /* ns */
#define LOOK_AGAIN_LAST  50000000ull

/* Arms, or, for a console whose server cannot, leaves a time after which to look again. */
long console_sleep(struct console *c, u32 events, u32 ticket)
{
    u64 deadline = FOREVER;
    long r = invoke_retry(c->slot, RF_OP_CONSOLE_ARM, current()->index, events, 0, 0);
    if (r > 0 || r == -ERESTARTSYS)
        return MIN(r, 0);
    if (r < 0) {
        c->unarmed_ns = MIN(MAX(c->unarmed_ns * 2, LOOK_AGAIN_FIRST), LOOK_AGAIN_LAST);
        deadline = host_now() + clock_span_of_host(c->unarmed_ns);
    }
    return sleep_until_woken(ticket, deadline) == -EINTR ? -ERESTARTSYS : 0;
}

/* One read that does not wait: bytes, 0 at the end of input, -EAGAIN. */
static long read_now(struct console *c, struct io *io)
{
    struct rf_msg *m = message_get();
    long r =
        invoke_message_retry(c->slot, RF_OP_CONSOLE_READ, m, MIN(io->left, RF_MSG_DATA), 1, 0, 0);
    if (r > 0)
        r = io_put(io, m->data, (size_t)r);
    if (r > 0)
        c->unarmed_ns = 0;
    message_put(m);
    return r;
}

static long stream_read(struct file *f, struct io *io, u64 *position)
{
    struct console *c = f->data;
    (void)position;
    if (io->left == 0)
        return 0;
    for (;;) {
        u32 ticket = wake_ticket();
        long r = read_now(c, io);
        if (r != -EAGAIN || (f->flags & O_NONBLOCK))
            return r;
        r = console_sleep(c, POLLIN, ticket);
        if (r < 0)
            return r;
    }
}

/* One write that does not wait, of as much as fits a message: bytes, which are consumed, or -E…. */
static long write_now(const struct console *c, struct io *io)
{
    struct rf_msg *m = message_get();
    struct io before = *io;
    long n = io_take(io, m->data, RF_MSG_DATA), r = n;
    if (n > 0) {
        m->data_length = (u32)n;
        r = invoke_message_retry(c->slot, RF_OP_CONSOLE_WRITE, m, 0, 1, 0, 0);
    }
    if (r < n) {
        *io = before;
        if (r > 0)
            io_take(io, m->data, (size_t)r);
    }
    message_put(m);
    return r;
}

static long stream_write(struct file *f, struct io *io, u64 *position)
{
    struct console *c = f->data;
    long total = 0, r = 0;
    (void)position;
    while (io->left && r >= 0) {
        u32 ticket = wake_ticket();
        r = write_now(c, io);
        if (r > 0)
            total += r;
        else if (r == -EAGAIN && !(f->flags & O_NONBLOCK))
            r = console_sleep(c, POLLOUT, ticket);
    }
    if (r == -EPIPE && total == 0)
        send_signal_to_thread(current(), SIGPIPE, NULL);
    return total ? total : r;
}

static u32 stream_poll(struct file *f, struct poll_table *pt)
{
    struct console *c = f->data;
    u32 wanted =
        (c->rights & RF_RIGHT_READ ? POLLIN : 0) | (c->rights & RF_RIGHT_WRITE ? POLLOUT : 0);
    if (pt) {
        poll_register(pt, &c->queue);
        wanted &= pt->events | POLLERR;
    }
    if (!wanted)
        wanted = c->rights & RF_RIGHT_READ ? POLLIN : POLLOUT;
    long r = invoke_retry(c->slot, RF_OP_CONSOLE_ARM, 0, wanted, 0, 0);
    bool cannot_tell = r < 0 && r != -ERESTARTSYS; /* is asked */
    u32 events = cannot_tell ? wanted : (u32)MAX(r, 0);
    return events | (events & POLLIN ? POLLRDNORM : 0) | (events & POLLOUT ? POLLWRNORM : 0);
}

static long stream_getattr(struct file *f, struct rf_attr *out)
{
    const struct console *c = f->data;
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(c->slot, RF_OP_CONSOLE_INFO, m, 0, 0, 0, 0);
    if (r == 0)
        memcpy(out, m->data, sizeof(*out));
    message_put(m);
    return r;
}

static long put_size(const struct console *c, u64 user)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(c->slot, RF_OP_CONSOLE_INFO, m, 0, 0, 0, 0);
    struct winsize size = {.ws_col = (u16)m->words[2], .ws_row = (u16)(m->words[2] >> 32)};
    message_put(m);
    return r < 0 ? r : copy_to_user((void *)user, &size, sizeof(size));
}

/* The host's terminal stays as it is; that it is one shows. */
static long put_termios(u64 user)
{
    static const struct termios cooked = {
        .c_iflag = ICRNL | IXON | IUTF8,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = B38400 | CS8 | CREAD,
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .c_cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0},
    };
    return copy_to_user((void *)user, &cooked, sizeof(cooked));
}

static long stream_ioctl(struct file *f, u32 command, u64 argument)
{
    const struct console *c = f->data;
    if (!c->is_tty)
        return -ENOTTY;
    switch (command) {
    case TCGETS: return put_termios(argument);
    case TIOCGWINSZ: return put_size(c, argument);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCFLSH:
    case TCSBRK: return 0;
    default: return -ENOTTY;
    }
}

/* What was written before ringfence started is not the cell's to take away: `> /dev/stderr` goes on
 * behind it. */
static long stream_truncate(struct file *f, u64 size)
{
    (void)f;
    return size == 0 ? 0 : -EINVAL;
}

static void stream_release(struct file *f)
{
    console_put(f->data);
}

static long stream_capability(struct file *f, u32 rights)
{
    const struct console *c = f->data;
    return invoke_surely(c->slot, RF_OP_COPY, rights, 0, 0, 0);
}

static const struct file_ops stream_ops = {
    .name = "console",
    .sends_sigio = true,
    .read = stream_read,
    .write = stream_write,
    .poll = stream_poll,
    .ioctl = stream_ioctl,
    .getattr = stream_getattr,
    .truncate = stream_truncate,
    .release = stream_release,
    .capability = stream_capability,
};

static u32 access_mode(u32 rights)
{
    if (rights == RF_RIGHT_READ)
        return O_RDONLY;
    return rights == RF_RIGHT_WRITE ? O_WRONLY : O_RDWR;
}

struct file *console_file_new(struct console *c)
{
    struct file *f = file_new(&stream_ops, access_mode(c->rights), NULL, NULL);
    if (f)
        f->data = c;
    return f;
}
