/* SPDX-License-Identifier: Apache-2.0 */
/* What the process code asks of the terminals. Weak until tty/ is there: callers test for NULL. */
#ifndef LIBOS_TTY_SESSION_H
#define LIBOS_TTY_SESSION_H

#include "base/types.h"

struct fdtable;
struct process;

/* p is ending. A session leader's end sends SIGHUP to the foreground group of its controlling
 * terminal and takes the terminal from the session. Its descriptors are closed already. No locks
 * held. */
void tty_process_end(struct process *p) __attribute__((weak));

/* Puts the console's standard input, output and error at descriptors 0, 1 and 2 of the first
 * program; if it is a terminal, makes it the controlling terminal of p's session with p's group in
 * the foreground. p is linked. 0 or -E…. Called in the prepared process. */
long console_give(struct process *p, struct fdtable *files) __attribute__((weak));

/* The same for a program that was added, p->request, with the consoles in those slots, which belong
 * to its descriptors or, those of a terminal, to that until p ends. */
long console_give_slots(struct process *p, const u32 slots[], u32 count) __attribute__((weak));

/* Such a program ended, and what it wrote is out: its terminal is hung up. No locks held. */
void console_take_back(const struct process *p);

/* ringfence was sent a signal: passes it to the foreground group of the console. SIGWINCH first
 * updates the terminal's size. True if it was delivered; false: the console is no terminal. Called
 * in the prepared process. */
bool console_signal(int signo) __attribute__((weak));

/* The program that the cell was started for is to stop, and no shell in the cell could let it go
 * on: stops the cell as a whole, if it has a terminal, until the user lets it go on. Called by a
 * thread of that program, without locks. */
void console_suspend(void);

#endif
