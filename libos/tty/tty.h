/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: a line discipline between a device (the console, or a pty's master) and the programs
 * that have the terminal open. In the heap segment.
 *
 *   device → tty_input → input queue → tty_read → program
 *   program → tty_write → output queue → device (driver->flush, or the master reads it)
 *
 * Locks: t->lock guards all but the two fields that belong to job control, which the_cell->lock
 * guards. the_cell->lock ranks below t->lock. Functions want t->lock held unless they say
 * otherwise. */
#ifndef LIBOS_TTY_TTY_H
#define LIBOS_TTY_TTY_H

#include "base/list.h"
#include "base/types.h"
#include "libos/entry/errno.h"
#include "libos/fs/io.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"
#include <asm/termbits.h>
#include <asm/termios.h>

struct file;
struct poll_table;
struct process;
struct session;
struct tty;

#define TTY_INPUT  4096u  /* entries; powers of two */
#define TTY_OUTPUT 16384u /* bytes */

/* An entry of the input queue: a byte, and */
#define INPUT_END 0x100u /* a line ends behind it */
#define INPUT_EOF                                                                                  \
    0x200u /* it stands for the end-of-file character and is not given to the reader */

struct tty_driver {
    /* There is output: moves what it can to the device. */
    void (*flush)(struct tty *t);
    /* There is room for input again. NULL: nobody waits for that. */
    void (*room_made)(struct tty *t);
    /* Input that comes only when it is wanted: moves up to `most` bytes by tty_input, in canonical
     * mode no further than a line's end; then, unless something is readable, arranges that
     * t->readers is woken when there is more. NULL: input comes by itself. */
    void (*fetch)(struct tty *t, u32 most);
    /* Whether fetch would bring something now; if not, arranges as fetch does. With fetch. */
    bool (*has_input)(struct tty *t);
    /* Throws away what fetch would bring. With fetch. */
    void (*discard)(struct tty *t);
    /* The modes have changed. NULL: nobody cares. */
    void (*mode_changed)(struct tty *t);
    /* What the foreground ought to know by packet mode: TIOCPKT_*. NULL: nobody is told. */
    void (*notice)(struct tty *t, u8 what);
    /* Waiting for output to drain is waiting for the device. */
    bool drains;
};

/* The master side of a pty. */
struct pty_master {
    bool open, locked, packet;
    bool slave_was_open;
    u8 status;           /* TIOCPKT_* bits to be told */
    struct waitq events; /* readers, writers and pollers of the master */
};

/* The capabilities behind a terminal of somebody outside of the cell. */
struct tty_outside {
    u32 input, output; /* slots; RF_SLOT_NONE: it was taken away */
    u32 mode;          /* RF_CONSOLE_* that are done for it outside, */
    u64 characters;    /* with these */
    u32 request;       /* of the program that was added with it; 0: the cell's own */
    struct list all;   /* those with a request: the_terminals->added */
};

struct tty {
    struct lock lock;
    u32 references; /* open files, the session, the table of numbers; atomic */
    u32 number;     /* of /dev/pts/N */
    const struct tty_driver *driver;
    u32 generation; /* hang-ups so far: files opened before the last one are dead */
    u32 opens;      /* living files of the terminal side */

    /* the_cell->lock: */
    struct session *session; /* whose controlling terminal it is, or NULL */
    int foreground;          /* process group; 0: none */

    struct termios2 termios;
    struct winsize size;
    bool exclusive;    /* TIOCEXCL */
    bool stopped;      /* output, by ^S or tcflow(3) */
    bool literal_next; /* ^V was typed */

    /* Positions count up; modulo the size they are indices. tail ≤ committed ≤ head. In canonical
     * mode only what is committed may be read; the rest is the line being edited. */
    u16 *input;
    u32 input_head, input_committed, input_tail;
    u8 *output;
    u32 output_head, output_tail;
    u32 column;      /* of the cursor */
    u32 line_column; /* where the line being edited begins */

    struct waitq readers, writers; /* of the terminal side, and its pollers */
    struct pty_master master;      /* unused by those outside */
    struct tty_outside outside;    /* unused by a pty */
};

#define TTY_FLAG(t, set, bit) (((t)->termios.c_##set & (bit)) != 0)

/* A new terminal with one reference, in the usual mode. NULL: no memory. */
struct tty *tty_new(const struct tty_driver *driver);
static inline void tty_get(struct tty *t)
{
    __atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
}
void tty_put(struct tty *t); /* without the lock */

/* input.c: bytes from the device. Returns how many were consumed: all, unless the queue is full. */
u32 tty_input(struct tty *t, const u8 *bytes, u32 count);
u32 tty_input_room(const struct tty *t);
void tty_input_flush(struct tty *t);
/* What the interrupt, quit and suspend characters do: signo SIGINT, SIGQUIT or SIGTSTP. */
void tty_interrupt(struct tty *t, int signo);
/* The mode changed between canonical and not: what is in the queue stays readable. */
void tty_input_mode_changed(struct tty *t, bool was_canonical);
void tty_commit(struct tty *t); /* what was typed so far may be read */

/* erase.c: editing the line. */
void tty_erase(struct tty *t, u8 c); /* c: the ERASE, WERASE or KILL character */
void tty_reprint(struct tty *t);

/* output.c. What does not fit is dropped by the echo, and left by tty_write_some. */
static inline u32 tty_output_used(const struct tty *t)
{
    return t->output_head - t->output_tail;
}
bool tty_put_byte(struct tty *t, u8 c);                        /* as it is */
bool tty_put_processed(struct tty *t, u8 c);                   /* with OPOST */
void tty_echo(struct tty *t, u8 c);                            /* as ECHOCTL says */
u32 tty_write_some(struct tty *t, const u8 *bytes, u32 count); /* consumed */
u32 tty_take_output(struct tty *t, u8 *to, u32 most);          /* for the device */
void tty_output_flush(struct tty *t);

/* read.c */
/* Is there something to read? Asks the device too. */
bool tty_poll_input(struct tty *t);
/* Without the lock. Bytes, 0: end of file or hung up, -E…. */
long tty_read(struct tty *t, struct io *io, u32 generation, bool wait);
bool tty_readable(const struct tty *t);
u32 tty_input_count(const struct tty *t); /* FIONREAD */

/* job.c: without t->lock. */
/* May the calling process read (SIGTTIN), write or change (SIGTTOU) its controlling terminal now?
 * 0; or the signal was sent and -ERESTARTSYS; or -EIO. */
long tty_job_check(struct tty *t, int signo);
/* Sends to the foreground group; may be called with t->lock held. */
void tty_signal_foreground(struct tty *t, int signo);
/* A session leader without a terminal opened this one. */
void tty_open_controls(struct tty *t);
/* The controlling terminal of the calling process, with a reference, or NULL. */
struct tty *tty_of_caller(void);
bool tty_is_callers(const struct tty *t);
long tty_ioctl_job(struct tty *t, u32 command, u64 argument, bool master);
/* Takes the terminal from its session; the leader gets SIGHUP and SIGCONT. */
void tty_release_session(struct tty *t);
/* All open files of the terminal side are dead from now on. */
void tty_hangup(struct tty *t);
void tty_hangup_locked(struct tty *t); /* with t->lock */

/* ioctl.c: without the lock. What both sides of a pty and the console know. */
long tty_ioctl(struct tty *t, u32 command, u64 argument, bool master);
void tty_set_size(struct tty *t, const struct winsize *size); /* and SIGWINCH if it is another */

/* file.c: makes f an open file of the terminal side. -EIO, -EBUSY, -ENOMEM. */
long tty_file_open(struct tty *t, struct file *f);

/* pty.c */
long pty_master_open(struct file *f);
struct tty *tty_by_number(u32 number); /* with a reference, or NULL */
long tty_take_number(struct tty *t);   /* the number, or -ENOSPC; makes /dev/pts/N */
void tty_give_number_back(struct tty *t);

#endif
