/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl_tty(2). */
#include "libos/tty/tty.h"
#include "libos/entry/user.h"
#include "base/string.h"
#include <asm/ioctls.h>
#include <asm/signal.h>

/* struct termios2 begins with struct termios. */
_Static_assert(offsetof(struct termios2, c_cc) == offsetof(struct termios, c_cc), "Linux ABI");

#define LEGACY_CC 8
/* The Linux ABI's struct termio. */
struct legacy_termio {
    u16 iflag, oflag, cflag, lflag;
    u8 line, cc[LEGACY_CC];
};

static const u32 speeds[] = {0,   50,   75,   110,  134,  150,  200,   300,
                             600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
static const u32 high_speeds[] = {57600,   115200,  230400,  460800,  500000,
                                  576000,  921600,  1000000, 1152000, 1500000,
                                  2000000, 2500000, 3000000, 3500000, 4000000};

/* c_cflag's code becomes a number of bits per second; BOTHER means that it is one already. */
static u32 speed_of(u32 code, u32 given)
{
    code &= CBAUD;
    if (code == BOTHER)
        return given;
    if (code < ARRAY_SIZE(speeds))
        return speeds[code];
    u32 high = (code & ~(u32)CBAUDEX) - 1;
    return high < ARRAY_SIZE(high_speeds) ? high_speeds[high] : given;
}

static void set_speeds(struct termios2 *n)
{
    n->c_ospeed = speed_of(n->c_cflag, n->c_ospeed);
    u32 in = n->c_cflag >> IBSHIFT & CBAUD;
    n->c_ispeed = in == B0 ? n->c_ospeed : speed_of(in, n->c_ispeed);
}

static void notice_flow_change(struct tty *t, const struct termios2 *old)
{
    bool was = (old->c_iflag & IXON) && old->c_cc[VSTOP] == 19 && old->c_cc[VSTART] == 17;
    bool is =
        TTY_FLAG(t, iflag, IXON) && t->termios.c_cc[VSTOP] == 19 && t->termios.c_cc[VSTART] == 17;
    if (was != is && t->driver->notice)
        t->driver->notice(t, is ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
}

static void apply_termios(struct tty *t, const struct termios2 *n)
{
    struct termios2 old = t->termios;
    t->termios = *n;
    set_speeds(&t->termios);
    tty_input_mode_changed(t, old.c_lflag & ICANON);
    if ((old.c_iflag & IXON) && !TTY_FLAG(t, iflag, IXON))
        t->stopped = false;
    notice_flow_change(t, &old);
    if (t->driver->mode_changed)
        t->driver->mode_changed(t);
    waitq_wake(&t->readers, ~0u);
    waitq_wake(&t->writers, ~0u);
}

/* Waits until the device has all output. 0 or -ERESTARTSYS. */
static long drain(struct tty *t)
{
    long r = 0;
    u32 generation = t->generation;
    t->driver->flush(t);
    while (r == 0 && t->driver->drains && tty_output_used(t) && t->generation == generation) {
        r = wait_on(&t->writers, &t->lock, FOREVER);
        t->driver->flush(t);
    }
    return r == -EINTR ? -ERESTARTSYS : 0;
}

static long read_termios(const struct tty *t, struct termios2 *n, u32 command, u64 argument)
{
    const void *user = (const void *)argument;
    struct legacy_termio legacy;
    *n = t->termios;
    switch (command) {
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2: return copy_from_user(n, user, sizeof(*n));
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        if (get_user(legacy, (const struct legacy_termio *)user))
            return -EFAULT;
        n->c_iflag = (n->c_iflag & 0xffff0000u) | legacy.iflag;
        n->c_oflag = (n->c_oflag & 0xffff0000u) | legacy.oflag;
        n->c_cflag = (n->c_cflag & 0xffff0000u) | legacy.cflag;
        n->c_lflag = (n->c_lflag & 0xffff0000u) | legacy.lflag;
        memcpy(n->c_cc, legacy.cc, LEGACY_CC);
        return 0;
    default: return copy_from_user(n, user, sizeof(struct termios));
    }
}

enum when { NOW, DRAINED, FLUSHED };

static long set_termios(struct tty *t, u32 command, u64 argument, enum when when)
{
    struct termios2 n;
    long r = tty_job_check(t, SIGTTOU);
    if (r == 0)
        r = read_termios(t, &n, command, argument);
    if (r < 0)
        return r;
    lock_take(&t->lock);
    if (when == FLUSHED)
        tty_input_flush(t);
    if (when != NOW)
        r = drain(t);
    if (r == 0)
        apply_termios(t, &n);
    lock_release(&t->lock);
    return r;
}

static long get_legacy(const struct tty *t, u64 argument)
{
    const struct termios2 *n = &t->termios;
    struct legacy_termio legacy = {.iflag = (u16)n->c_iflag,
                                   .oflag = (u16)n->c_oflag,
                                   .cflag = (u16)n->c_cflag,
                                   .lflag = (u16)n->c_lflag};
    memcpy(legacy.cc, n->c_cc, LEGACY_CC);
    return copy_to_user((void *)argument, &legacy, sizeof(legacy));
}

/* TCFLSH */
static long flush_queues(struct tty *t, u64 which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    long r = tty_job_check(t, SIGTTOU);
    if (r < 0)
        return r;
    lock_take(&t->lock);
    if (which != TCOFLUSH)
        tty_input_flush(t);
    if (which != TCIFLUSH)
        tty_output_flush(t);
    if (t->driver->notice)
        t->driver->notice(t, (which != TCOFLUSH ? TIOCPKT_FLUSHREAD : 0) |
                                 (which != TCIFLUSH ? TIOCPKT_FLUSHWRITE : 0));
    lock_release(&t->lock);
    return 0;
}

/* TCXONC */
static long flow(struct tty *t, u64 what)
{
    long r = tty_job_check(t, SIGTTOU);
    if (r < 0)
        return r;
    lock_take(&t->lock);
    switch (what) {
    case TCOOFF: t->stopped = true; break;
    case TCOON:
        t->stopped = false;
        waitq_wake(&t->writers, ~0u);
        break;
    case TCIOFF: tty_put_byte(t, t->termios.c_cc[VSTOP]); break;
    case TCION: tty_put_byte(t, t->termios.c_cc[VSTART]); break;
    default: r = -EINVAL;
    }
    t->driver->flush(t);
    lock_release(&t->lock);
    return r;
}

static long wait_drained(struct tty *t)
{
    long r = tty_job_check(t, SIGTTOU);
    if (r < 0)
        return r;
    lock_take(&t->lock);
    r = drain(t);
    lock_release(&t->lock);
    return r;
}

void tty_set_size(struct tty *t, const struct winsize *size)
{
    lock_take(&t->lock);
    bool changed = memcmp(&t->size, size, sizeof(*size)) != 0;
    t->size = *size;
    lock_release(&t->lock);
    if (changed)
        tty_signal_foreground(t, SIGWINCH);
}

static long set_size(struct tty *t, u64 argument)
{
    struct winsize size;
    if (get_user(size, (const struct winsize *)argument))
        return -EFAULT;
    tty_set_size(t, &size);
    return 0;
}

static long set_discipline(u64 argument)
{
    int discipline;
    if (get_user(discipline, (const int *)argument))
        return -EFAULT;
    return discipline == 0 ? 0 : -EINVAL; /* N_TTY alone */
}

/* FIONREAD and TIOCOUTQ: the master's input is the terminal's output. */
static long put_count(struct tty *t, u64 argument, bool in, bool master)
{
    u32 count = 0;
    lock_take(&t->lock);
    if (in && !master)
        tty_poll_input(t);
    if (in != master)
        count = in ? tty_input_count(t) : tty_output_used(t);
    else if (in)
        count = tty_output_used(t);
    lock_release(&t->lock);
    return put_user((int *)argument, (int)count);
}

static long set_exclusive(struct tty *t, bool on)
{
    lock_take(&t->lock);
    t->exclusive = on;
    lock_release(&t->lock);
    return 0;
}

static long ioctl_mode(struct tty *t, u32 command, u64 argument)
{
    void *user = (void *)argument;
    switch (command) {
    case TCGETS: return copy_to_user(user, &t->termios, sizeof(struct termios));
    case TCGETS2: return copy_to_user(user, &t->termios, sizeof(struct termios2));
    case TCGETA: return get_legacy(t, argument);
    case TCSETS:
    case TCSETS2:
    case TCSETA: return set_termios(t, command, argument, NOW);
    case TCSETSW:
    case TCSETSW2:
    case TCSETAW: return set_termios(t, command, argument, DRAINED);
    case TCSETSF:
    case TCSETSF2:
    case TCSETAF: return set_termios(t, command, argument, FLUSHED);
    default: return -ENOTTY;
    }
}

long tty_ioctl(struct tty *t, u32 command, u64 argument, bool master)
{
    switch (command) {
    case TCFLSH: return flush_queues(t, argument);
    case TCXONC: return flow(t, argument);
    case TCSBRK:
    case TCSBRKP: return wait_drained(t);
    case TIOCSBRK:
    case TIOCCBRK: return 0;
    case TIOCGWINSZ: return copy_to_user((void *)argument, &t->size, sizeof(t->size));
    case TIOCSWINSZ: return set_size(t, argument);
    case TIOCINQ:
    case TIOCOUTQ: return put_count(t, argument, command == TIOCINQ, master);
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCGPGRP:
    case TIOCSPGRP:
    case TIOCGSID: return tty_ioctl_job(t, command, argument, master);
    case TIOCEXCL: return set_exclusive(t, true);
    case TIOCNXCL: return set_exclusive(t, false);
    case TIOCGEXCL: return put_user((int *)argument, (int)t->exclusive);
    case TIOCGETD: return put_user((int *)argument, 0);
    case TIOCSETD: return set_discipline(argument);
    case TIOCSTI: return -EIO; /* as Linux without dev.tty.legacy_tiocsti */
    case TIOCCONS: return -EPERM;
    default: return ioctl_mode(t, command, argument);
    }
}
