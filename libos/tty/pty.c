/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-terminals: the master side, and the numbers and names of terminals. */
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/planting.h"
#include "libos/fs/poll.h"
#include "libos/fs/ramfs.h"
#include "libos/host/print.h"
#include "libos/tty/terminals.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PIECE     4096u
#define TTY_GROUP 5 /* "tty" of Debian's /etc/group */
#define SIGNALS   64

/* ---- names and numbers ---- */

static void format_number(char *name, size_t size, u32 number)
{
    format_text(name, size, "%u", number);
}

/* Namespace lock held or, at start, nobody else there. */
static bool make_node(u32 number)
{
    char name[16];
    struct dentry *dir = place_find("/dev/pts");
    if (!dir)
        return false;
    struct inode *i = ramfs_inode(dir->fs, S_IFCHR | 0620, PTS_MAJOR << 8 | number, NULL);
    if (!i)
        return false;
    i->uid = current_process->euid;
    i->gid = TTY_GROUP;
    format_number(name, sizeof(name), number);
    return plant(dir, name, strlen(name), i) != NULL;
}

static void remove_node(u32 number)
{
    char name[16];
    struct dentry *dir = place_find("/dev/pts");
    format_number(name, sizeof(name), number);
    size_t length = strlen(name);
    struct dentry *d = dir ? dentry_find(dir, name, length, name_hash(name, length)) : NULL;
    if (!d || !d->inode)
        return;
    dentry_get(d);
    if (dir->inode->ops->unlink(dir->inode, d) == 0)
        dentry_unhash(d);
    dentry_put(d);
}

static long take_free_number(struct tty *t)
{
    struct terminals *all = the_terminals;
    long r = -ENOSPC;
    lock_take(&all->lock);
    for (u32 n = 0; n < TTY_MOST; n++) {
        if (all->numbers[n])
            continue;
        tty_get(t);
        all->numbers[n] = t;
        t->number = n;
        r = n;
        break;
    }
    lock_release(&all->lock);
    return r;
}

static void forget_number(struct tty *t)
{
    lock_take(&the_terminals->lock);
    the_terminals->numbers[t->number] = NULL;
    lock_release(&the_terminals->lock);
    tty_put(t);
}

long tty_take_number(struct tty *t)
{
    long number = take_free_number(t);
    if (number < 0)
        return number;
    namespace_lock();
    bool made = make_node(t->number);
    namespace_unlock();
    if (made)
        return number;
    forget_number(t);
    return -ENOSPC;
}

void tty_give_number_back(struct tty *t)
{
    namespace_lock();
    remove_node(t->number);
    namespace_unlock();
    forget_number(t);
}

struct tty *tty_by_number(u32 number)
{
    struct terminals *all = the_terminals;
    if (number >= TTY_MOST)
        return NULL;
    lock_take(&all->lock);
    struct tty *t = all->numbers[number];
    if (t)
        tty_get(t);
    lock_release(&all->lock);
    return t;
}

/* ---- what the terminal asks of the master ---- */

static void pty_flush(struct tty *t)
{
    if (tty_output_used(t))
        waitq_wake(&t->master.events, POLLIN | POLLRDNORM);
}

static void pty_room_made(struct tty *t)
{
    waitq_wake(&t->master.events, POLLOUT | POLLWRNORM);
}

static void pty_notice(struct tty *t, u8 what)
{
    if (!t->master.packet)
        return;
    const u8 opposites[][2] = {{TIOCPKT_STOP, TIOCPKT_START}, {TIOCPKT_NOSTOP, TIOCPKT_DOSTOP}};
    for (u32 i = 0; i < ARRAY_SIZE(opposites); i++) {
        if (what & opposites[i][0])
            t->master.status &= (u8)~opposites[i][1];
        if (what & opposites[i][1])
            t->master.status &= (u8)~opposites[i][0];
    }
    t->master.status |= what;
    waitq_wake(&t->master.events, POLLIN | POLLRDNORM | POLLPRI);
}

static const struct tty_driver pty_driver = {
    .flush = pty_flush,
    .room_made = pty_room_made,
    .notice = pty_notice,
};

/* ---- the master's file ---- */

static bool slave_closed(const struct tty *t)
{
    return t->opens == 0 && t->master.slave_was_open;
}

/* What the master may read now: bytes, 0: nothing. In packet mode the first byte says what it is.
 */
static u32 take_for_master(struct tty *t, u8 *piece, u32 most)
{
    if (!t->master.packet)
        return tty_take_output(t, piece, most);
    if (t->master.status) {
        piece[0] = t->master.status;
        t->master.status = 0;
        return 1;
    }
    if (!tty_output_used(t))
        return 0;
    piece[0] = TIOCPKT_DATA;
    return 1 + tty_take_output(t, piece + 1, most - 1);
}

static long master_read(struct file *f, struct io *io, u64 *position)
{
    struct tty *t = f->data;
    u8 piece[PIECE];
    long r = 0;
    u32 n = 0;
    (void)position;
    if (io->left == 0)
        return 0;
    lock_take(&t->lock);
    while ((n = take_for_master(t, piece, MIN(io->left, PIECE))) == 0) {
        if (slave_closed(t))
            r = -EIO;
        else if (f->flags & O_NONBLOCK)
            r = -EAGAIN;
        else if (wait_on(&t->master.events, &t->lock, FOREVER) < 0)
            r = -ERESTARTSYS;
        if (r < 0)
            break;
    }
    if (tty_output_used(t) < TTY_OUTPUT / 2)
        waitq_wake(&t->writers, POLLOUT | POLLWRNORM);
    lock_release(&t->lock);
    return n ? io_put(io, piece, n) : r;
}

/* Bytes of the piece that went in; fewer than count: *error says why. */
static u32 feed(struct file *f, const u8 *piece, u32 count, long *error)
{
    struct tty *t = f->data;
    u32 done = 0;
    for (;;) {
        done += tty_input(t, piece + done, count - done);
        if (done == count)
            return done;
        if (f->flags & O_NONBLOCK)
            *error = -EAGAIN;
        else if (wait_on(&t->master.events, &t->lock, FOREVER) < 0)
            *error = -ERESTARTSYS;
        if (*error)
            return done;
    }
}

static long master_write(struct file *f, struct io *io, u64 *position)
{
    struct tty *t = f->data;
    u8 piece[PIECE];
    long total = 0, error = 0;
    (void)position;
    while (io->left && !error) {
        long n = io_take(io, piece, PIECE);
        if (n < 0)
            return total ? total : n;
        lock_take(&t->lock);
        total += feed(f, piece, (u32)n, &error);
        lock_release(&t->lock);
    }
    return total ? total : error;
}

static u32 master_poll(struct file *f, struct poll_table *pt)
{
    struct tty *t = f->data;
    u32 events = 0;
    poll_register(pt, &t->master.events);
    lock_take(&t->lock);
    if (tty_output_used(t))
        events |= POLLIN | POLLRDNORM;
    if (t->master.packet && t->master.status)
        events |= POLLIN | POLLRDNORM | POLLPRI;
    if (tty_input_room(t))
        events |= POLLOUT | POLLWRNORM;
    if (slave_closed(t))
        events |= POLLHUP;
    lock_release(&t->lock);
    return events;
}

static long open_peer(struct tty *t, u32 flags)
{
    char path[32];
    struct file *f;
    format_text(path, sizeof(path), "/dev/pts/%u", t->number);
    long r = file_open(AT_FDCWD, path, flags, 0, &f);
    return r < 0 ? r : fd_install(f, 0, flags & O_CLOEXEC);
}

static long set_flag(struct tty *t, bool *flag, const int *user)
{
    int on;
    if (get_user(on, user))
        return -EFAULT;
    lock_take(&t->lock);
    *flag = on != 0;
    lock_release(&t->lock);
    return 0;
}

static long send_to_terminal(struct tty *t, u64 signo)
{
    if (signo == 0 || signo > SIGNALS)
        return -EINVAL;
    tty_signal_foreground(t, (int)signo);
    return 0;
}

static long master_ioctl(struct file *f, u32 command, u64 argument)
{
    struct tty *t = f->data;
    int *user = (int *)argument;
    switch (command) {
    case TIOCGPTN: return put_user((u32 *)user, t->number);
    case TIOCSPTLCK: return set_flag(t, &t->master.locked, user);
    case TIOCGPTLCK: return put_user(user, (int)t->master.locked);
    case TIOCPKT: return set_flag(t, &t->master.packet, user);
    case TIOCGPKT: return put_user(user, (int)t->master.packet);
    case TIOCGPTPEER: return open_peer(t, (u32)argument);
    case TIOCSIG: return send_to_terminal(t, argument);
    default: return tty_ioctl(t, command, argument, true);
    }
}

static void master_release(struct file *f)
{
    struct tty *t = f->data;
    lock_take(&t->lock);
    t->master.open = false;
    t->master.locked = true;
    lock_release(&t->lock);
    tty_release_session(t);
    tty_hangup(t);
    tty_give_number_back(t);
    tty_put(t);
}

static const struct file_ops master_ops = {
    .name = "ptmx",
    .sends_sigio = true,
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};

long pty_master_open(struct file *f)
{
    struct tty *t = tty_new(&pty_driver);
    if (!t)
        return -ENOMEM;
    t->master.open = t->master.locked = true;
    long r = tty_take_number(t);
    if (r < 0) {
        tty_put(t);
        return r;
    }
    f->data = t;
    f->ops = &master_ops;
    return 0;
}
