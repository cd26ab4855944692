/* SPDX-License-Identifier: Apache-2.0 */
/* The character devices that are terminals. */
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/tty/terminals.h"
#include <linux/fcntl.h>

/* Opens t, whose reference is the caller's. */
static long open_terminal(struct tty *t, struct file *f)
{
    if (!t)
        return -ENXIO;
    long r = tty_file_open(t, f);
    tty_put(t);
    return r;
}

static long open_numbered(struct inode *i, struct file *f)
{
    return open_terminal(tty_by_number(i->rdev & 0xff), f);
}

static long open_current(struct inode *i, struct file *f)
{
    (void)i;
    return open_terminal(tty_of_caller(), f);
}

static long open_console(struct inode *i, struct file *f)
{
    struct tty *t = the_terminals->console;
    (void)i;
    if (t)
        tty_get(t);
    f->flags |= O_NOCTTY;
    return open_terminal(t, f);
}

static long open_multiplexer(struct inode *i, struct file *f)
{
    (void)i;
    return pty_master_open(f);
}

const struct device terminal_devices[] = {
    {5, 0, 0, open_current},
    {5, 1, 1, open_console},
    {5, 2, 2, open_multiplexer},
    {PTS_MAJOR, 0, TTY_MOST - 1, open_numbered},
    {0, 0, 0, NULL},
};
