/* SPDX-License-Identifier: Apache-2.0 */
/* The way out: output processing (OPOST) into the output queue. */
#include "libos/tty/tty.h"
#include "libos/fs/poll.h"
#include "base/string.h"

#define TAB_WIDTH 8u

static u32 room(const struct tty *t)
{
    return TTY_OUTPUT - tty_output_used(t);
}

static void put(struct tty *t, u8 c)
{
    t->output[t->output_head++ % TTY_OUTPUT] = c;
}

bool tty_put_byte(struct tty *t, u8 c)
{
    if (room(t) == 0)
        return false;
    put(t, c);
    return true;
}

static bool is_control(u8 c)
{
    return c < 0x20 || c == 0x7f;
}

static bool utf8_continues(const struct tty *t, u8 c)
{
    return TTY_FLAG(t, iflag, IUTF8) && (c & 0xc0) == 0x80;
}

static void put_newline(struct tty *t)
{
    if (TTY_FLAG(t, oflag, ONLRET))
        t->column = 0;
    if (TTY_FLAG(t, oflag, ONLCR)) {
        put(t, '\r');
        t->column = 0;
    }
    put(t, '\n');
}

static void put_return(struct tty *t)
{
    if (TTY_FLAG(t, oflag, ONOCR) && t->column == 0)
        return;
    if (TTY_FLAG(t, oflag, OCRNL)) {
        put(t, '\n');
        if (TTY_FLAG(t, oflag, ONLRET))
            t->column = 0;
        return;
    }
    t->column = 0;
    put(t, '\r');
}

static void put_tab(struct tty *t)
{
    u32 width = TAB_WIDTH - t->column % TAB_WIDTH;
    t->column += width;
    if ((t->termios.c_oflag & TABDLY) != XTABS) {
        put(t, '\t');
        return;
    }
    while (width--)
        put(t, ' ');
}

bool tty_put_processed(struct tty *t, u8 c)
{
    if (!TTY_FLAG(t, oflag, OPOST))
        return tty_put_byte(t, c);
    if (room(t) < TAB_WIDTH)
        return false;
    switch (c) {
    case '\n': put_newline(t); return true;
    case '\r': put_return(t); return true;
    case '\t': put_tab(t); return true;
    case '\b':
        if (t->column > 0)
            t->column--;
        break;
    default:
        if (TTY_FLAG(t, oflag, OLCUC) && c >= 'a' && c <= 'z')
            c = (u8)(c - 'a' + 'A');
        if (!is_control(c) && !utf8_continues(t, c))
            t->column++;
    }
    put(t, c);
    return true;
}

void tty_echo(struct tty *t, u8 c)
{
    if (TTY_FLAG(t, lflag, ECHOCTL) && is_control(c) && c != '\t') {
        tty_put_processed(t, '^');
        tty_put_processed(t, c ^ 0x40);
    } else {
        tty_put_processed(t, c);
    }
}

static u32 write_raw(struct tty *t, const u8 *bytes, u32 count)
{
    u32 n = MIN(count, room(t));
    u32 at = t->output_head % TTY_OUTPUT, first = MIN(n, TTY_OUTPUT - at);
    memcpy(t->output + at, bytes, first);
    memcpy(t->output, bytes + first, n - first);
    t->output_head += n;
    return n;
}

u32 tty_write_some(struct tty *t, const u8 *bytes, u32 count)
{
    if (!TTY_FLAG(t, oflag, OPOST))
        return write_raw(t, bytes, count);
    u32 n = 0;
    while (n < count && tty_put_processed(t, bytes[n]))
        n++;
    return n;
}

u32 tty_take_output(struct tty *t, u8 *to, u32 most)
{
    u32 n = MIN(most, tty_output_used(t));
    u32 at = t->output_tail % TTY_OUTPUT, first = MIN(n, TTY_OUTPUT - at);
    memcpy(to, t->output + at, first);
    memcpy(to + first, t->output, n - first);
    t->output_tail += n;
    return n;
}

void tty_output_flush(struct tty *t)
{
    t->output_tail = t->output_head;
    waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
}
