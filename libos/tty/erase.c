/* SPDX-License-Identifier: Apache-2.0 */
/* Editing the line that is being typed: ERASE, WERASE, KILL, REPRINT. */
#include "libos/tty/tty.h"

#define TAB_WIDTH 8u

static u8 entry(const struct tty *t, u32 position)
{
    return (u8)t->input[position % TTY_INPUT];
}

static bool utf8_continues(const struct tty *t, u8 c)
{
    return TTY_FLAG(t, iflag, IUTF8) && (c & 0xc0) == 0x80;
}

static bool is_control(u8 c)
{
    return c < 0x20 || c == 0x7f;
}

/* Columns that the echo of c took at `column`. */
static u32 echo_width(const struct tty *t, u8 c, u32 column)
{
    if (c == '\t')
        return TAB_WIDTH - column % TAB_WIDTH;
    if (is_control(c))
        return TTY_FLAG(t, lflag, ECHOCTL) ? 2 : 0;
    return utf8_continues(t, c) ? 0 : 1;
}

/* The cursor's column if the line ended at `end`. */
static u32 column_at(const struct tty *t, u32 end)
{
    u32 column = t->line_column;
    for (u32 i = t->input_committed; i != end; i++)
        column += echo_width(t, entry(t, i), column);
    return column;
}

/* Where the last character of the line begins. */
static u32 last_character(const struct tty *t)
{
    u32 at = t->input_head - 1;
    while (at != t->input_committed && utf8_continues(t, entry(t, at)))
        at--;
    return at;
}

static void rub_out(struct tty *t, u32 from)
{
    u8 c = entry(t, from);
    u32 width = echo_width(t, c, column_at(t, from));
    while (width--) {
        tty_put_processed(t, '\b');
        if (c != '\t') {
            tty_put_processed(t, ' ');
            tty_put_processed(t, '\b');
        }
    }
}

/* Drops the last character, and shows that. */
static void erase_one(struct tty *t, u8 erase_character)
{
    u32 from = last_character(t);
    if (TTY_FLAG(t, lflag, ECHO)) {
        if (TTY_FLAG(t, lflag, ECHOE))
            rub_out(t, from);
        else
            tty_echo(t, erase_character);
    }
    t->input_head = from;
}

static bool is_word(u8 c)
{
    u8 lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

static void erase_word(struct tty *t, u8 c)
{
    bool seen = false;
    while (t->input_head != t->input_committed) {
        bool word = is_word(entry(t, last_character(t)));
        if (seen && !word)
            return;
        seen |= word;
        erase_one(t, c);
    }
}

static void kill_line(struct tty *t, u8 c)
{
    const u32 visibly = ECHO | ECHOK | ECHOKE | ECHOE;
    if ((t->termios.c_lflag & visibly) == visibly) {
        while (t->input_head != t->input_committed)
            erase_one(t, c);
        return;
    }
    t->input_head = t->input_committed;
    if (!TTY_FLAG(t, lflag, ECHO))
        return;
    tty_echo(t, c);
    if (TTY_FLAG(t, lflag, ECHOK))
        tty_put_processed(t, '\n');
}

void tty_erase(struct tty *t, u8 c)
{
    if (t->input_head == t->input_committed)
        return;
    if (c == t->termios.c_cc[VKILL])
        kill_line(t, c);
    else if (c == t->termios.c_cc[VWERASE] && c != t->termios.c_cc[VERASE])
        erase_word(t, c);
    else
        erase_one(t, c);
}

void tty_reprint(struct tty *t)
{
    tty_echo(t, t->termios.c_cc[VREPRINT]);
    tty_put_processed(t, '\n');
    t->line_column = t->column;
    for (u32 i = t->input_committed; i != t->input_head; i++)
        tty_echo(t, entry(t, i));
}
