/* SPDX-License-Identifier: Apache-2.0 */
/* The way in: what each byte from the device means (termios(3)). */
#include "libos/tty/tty.h"
#include "libos/fs/poll.h"
#include <asm/ioctls.h>
#include <asm/signal.h>

#define DISABLED 0 /* _POSIX_VDISABLE: a special character that is switched off */

static u32 queued(const struct tty *t)
{
    return t->input_head - t->input_tail;
}

static bool canonical(const struct tty *t)
{
    return TTY_FLAG(t, lflag, ICANON);
}

static bool is_special(const struct tty *t, u8 c, int which)
{
    u8 special = t->termios.c_cc[which];
    return special != DISABLED && c == special;
}

static bool extended(const struct tty *t)
{
    return TTY_FLAG(t, lflag, IEXTEN);
}

u32 tty_input_room(const struct tty *t)
{
    u32 room = TTY_INPUT - 1 - queued(t);
    /* A line that fills the queue must still be ended or erased. */
    bool no_line = canonical(t) && t->input_committed == t->input_tail;
    return room == 0 && no_line ? 1 : room;
}

void tty_commit(struct tty *t)
{
    t->input_committed = t->input_head;
    waitq_wake(&t->readers, POLLIN | POLLRDNORM);
}

static void add(struct tty *t, u16 entry)
{
    /* The last place is kept for the end of a line. */
    if (queued(t) >= TTY_INPUT - 1 && !(entry & INPUT_END)) {
        if (TTY_FLAG(t, iflag, IMAXBEL))
            tty_put_byte(t, '\a');
        return;
    }
    if (queued(t) < TTY_INPUT)
        t->input[t->input_head++ % TTY_INPUT] = entry;
}

static void start_output(struct tty *t)
{
    if (!t->stopped)
        return;
    t->stopped = false;
    if (t->driver->notice)
        t->driver->notice(t, TIOCPKT_START);
    waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
}

static void stop_output(struct tty *t)
{
    if (t->stopped)
        return;
    t->stopped = true;
    if (t->driver->notice)
        t->driver->notice(t, TIOCPKT_STOP);
}

void tty_input_flush(struct tty *t)
{
    t->input_tail = t->input_committed = t->input_head;
    t->literal_next = false;
    if (t->driver->discard)
        t->driver->discard(t);
    if (t->driver->room_made)
        t->driver->room_made(t);
}

void tty_interrupt(struct tty *t, int signo)
{
    int which = signo == SIGINT ? VINTR : signo == SIGQUIT ? VQUIT : VSUSP;
    if (!TTY_FLAG(t, lflag, NOFLSH)) {
        tty_output_flush(t);
        t->input_tail = t->input_committed = t->input_head;
        if (t->driver->notice)
            t->driver->notice(t, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
    }
    if (TTY_FLAG(t, iflag, IXON))
        start_output(t);
    if (TTY_FLAG(t, lflag, ECHO))
        tty_echo(t, t->termios.c_cc[which]);
    tty_signal_foreground(t, signo);
}

/* ^S and ^Q. True if c was one. */
static bool flow_character(struct tty *t, u8 c)
{
    if (!TTY_FLAG(t, iflag, IXON))
        return false;
    if (is_special(t, c, VSTART)) {
        start_output(t);
        return true;
    }
    if (is_special(t, c, VSTOP)) {
        stop_output(t);
        return true;
    }
    return false;
}

static bool signal_character(struct tty *t, u8 c)
{
    if (!TTY_FLAG(t, lflag, ISIG))
        return false;
    if (is_special(t, c, VINTR))
        tty_interrupt(t, SIGINT);
    else if (is_special(t, c, VQUIT))
        tty_interrupt(t, SIGQUIT);
    else if (is_special(t, c, VSUSP))
        tty_interrupt(t, SIGTSTP);
    else
        return false;
    return true;
}

static bool is_eraser(const struct tty *t, u8 c)
{
    return is_special(t, c, VERASE) || is_special(t, c, VKILL) ||
           (extended(t) && is_special(t, c, VWERASE));
}

static void end_line(struct tty *t, u16 entry)
{
    add(t, entry | INPUT_END);
    tty_commit(t);
}

static bool line_end_character(struct tty *t, u8 c)
{
    if (c == '\n') {
        if (TTY_FLAG(t, lflag, ECHO) || TTY_FLAG(t, lflag, ECHONL))
            tty_put_processed(t, '\n');
        end_line(t, c);
        return true;
    }
    if (is_special(t, c, VEOF)) {
        end_line(t, INPUT_EOF);
        return true;
    }
    if (is_special(t, c, VEOL) || (extended(t) && is_special(t, c, VEOL2))) {
        if (TTY_FLAG(t, lflag, ECHO))
            tty_echo(t, c);
        end_line(t, c);
        return true;
    }
    return false;
}

static bool editing_character(struct tty *t, u8 c)
{
    if (is_eraser(t, c)) {
        tty_erase(t, c);
        return true;
    }
    if (!extended(t))
        return false;
    if (is_special(t, c, VLNEXT)) {
        t->literal_next = true;
        if (TTY_FLAG(t, lflag, ECHO) && TTY_FLAG(t, lflag, ECHOCTL)) {
            tty_put_processed(t, '^');
            tty_put_processed(t, '\b');
        }
        return true;
    }
    if (is_special(t, c, VREPRINT) && TTY_FLAG(t, lflag, ECHO)) {
        tty_reprint(t);
        return true;
    }
    return false;
}

static void ordinary(struct tty *t, u8 c)
{
    if (TTY_FLAG(t, lflag, ECHO)) {
        if (t->input_head == t->input_committed)
            t->line_column = t->column;
        if (c == '\n')
            tty_put_processed(t, c);
        else
            tty_echo(t, c);
    }
    if (c == 0xff && TTY_FLAG(t, iflag, PARMRK))
        add(t, c);
    add(t, c);
}

/* Applies ICRNL and its kin. False: the byte is dropped. */
static bool translate(const struct tty *t, u8 *c)
{
    if (*c == '\r') {
        if (TTY_FLAG(t, iflag, IGNCR))
            return false;
        if (TTY_FLAG(t, iflag, ICRNL))
            *c = '\n';
    } else if (*c == '\n' && TTY_FLAG(t, iflag, INLCR)) {
        *c = '\r';
    }
    return true;
}

static void receive(struct tty *t, u8 c)
{
    if (TTY_FLAG(t, iflag, ISTRIP))
        c &= 0x7f;
    if (TTY_FLAG(t, iflag, IUCLC) && extended(t) && c >= 'A' && c <= 'Z')
        c = (u8)(c - 'A' + 'a');
    if (t->literal_next) {
        t->literal_next = false;
        ordinary(t, c);
        return;
    }
    if (flow_character(t, c) || signal_character(t, c))
        return;
    if (t->stopped && TTY_FLAG(t, iflag, IXON) && TTY_FLAG(t, iflag, IXANY))
        start_output(t);
    if (!translate(t, &c))
        return;
    if (canonical(t) && (editing_character(t, c) || line_end_character(t, c)))
        return;
    ordinary(t, c);
}

u32 tty_input(struct tty *t, const u8 *bytes, u32 count)
{
    u32 n = 0;
    while (n < count && tty_input_room(t) > 0)
        receive(t, bytes[n++]);
    if (!canonical(t) && t->input_committed != t->input_head)
        tty_commit(t);
    t->driver->flush(t);
    return n;
}

void tty_input_mode_changed(struct tty *t, bool was_canonical)
{
    if (was_canonical == canonical(t))
        return;
    for (u32 i = t->input_tail; i != t->input_head; i++)
        t->input[i % TTY_INPUT] &= 0xff;
    if (canonical(t) && queued(t))
        t->input[(t->input_head - 1) % TTY_INPUT] |= INPUT_END;
    t->literal_next = false;
    tty_commit(t);
}
