/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's consoles as a whole: start, end, terminal modes, size. */
#ifndef KERNEL_OBJECT_CONSOLE_H
#define KERNEL_OBJECT_CONSOLE_H

#include "kernel/cell.h"
#include "kernel/object/call.h"

/* A stream of the host. `fd` may be shared with other processes of the host, so its O_NONBLOCK is
 * never touched: `event.fd` is a description of our own where one could be had. */
struct console {
    struct object object;
    struct event event; /* fd is a description of our own, or the same */
    int fd;
    bool owned; /* fd is closed with the object */
    u32 rights; /* what the descriptor was opened for */
    bool is_tty, is_regular, is_socket, own_description;
    struct list readers, writers; /* struct pending */
    u8 *unread;                   /* bytes read for a caller that was gone when they came */
    u32 unread_length;
    struct list watches; /* cells that wait for events */
    /* checkpoint/hold.h: bytes that are held, those of them that the last cut has, and that may go.
     * While there are some the console holds itself. */
    u8 *held;
    u32 held_length, held_at_cut, released;
    bool parked;       /* a terminal whose input is not ours for now: see console_park */
    struct timer park; /* when to look again */
};

extern const struct object_class console_class;

/* checkpoint/hold.h: a cut has what is held now; whether something of it may not go yet; now it
 * may.
 */
void console_cut(struct object *object);
bool console_holds(const struct object *object);
void console_release(struct object *object);

/* A console on that descriptor, with the rights that it has. NULL: a limit of the bank (NULL: not
 * charged), or no memory; then the descriptor stays the caller's. */
struct console *console_make(struct bank *bank, int fd, bool owned);

/* Puts the terminal into raw mode if stdin and stdout are one, and arranges that it is put back
 * whatever happens to this process but SIGKILL (which is the watchdog's business). Tells whether
 * the cell has a terminal. */
bool consoles_start(const struct console *input, const struct console *output);

/* Whether somebody outside of this process's group waits for it, who could let it go on after a
 * stop. */
bool consoles_job_control(void);

/* Puts the terminal back. Harmless when there is nothing to do; safe in a signal handler. */
void consoles_restore(void);

/* The terminal's descriptor, or -1. */
int consoles_terminal(void);

/* Puts the terminal back as consoles_restore does, from another process, if it is still as this one
 * left it. */
void consoles_restore_after_death(void);

/* As CONSOLE_MODE. 0 or -EPERM. */
int consoles_mode(u32 flags, u64 characters);

/* Whether the cell's terminal is under a shell, which would let this process go on after a stop. */
bool consoles_may_stop(void);

/* The cell's job has the terminal, perhaps again: makes sure that it is in raw mode. */
void consoles_foreground(void);

/* Around a stop of this process. */
void consoles_suspend(struct cell *cell);
void consoles_resume(struct cell *cell);

/* Reads the terminal's size again and tells the cell: true if it changed. */
bool consoles_resized(struct cell *cell);

#endif
