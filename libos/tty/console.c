/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's standard input, output and error. */
#include "libos/tty/console.h"
#include "abi/boot.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/tty/session.h"
#include "libos/tty/terminals.h"
#include <asm/signal.h>
#include <linux/fcntl.h>

#define ADDED_AT_ONCE TTY_MOST

static const u32 slots[CONSOLE_STREAMS] = {RF_SLOT_STDIN, RF_SLOT_STDOUT, RF_SLOT_STDERR};

static long console_init(struct console *c, u32 slot)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(slot, RF_OP_CONSOLE_INFO, m, 0, 0, 0, 0);
    c->slot = slot;
    c->is_tty = m->words[1] != 0;
    c->rights = (u32)m->words[3];
    waitq_init(&c->queue);
    message_put(m);
    return r;
}

/* An open file of the user's terminal, by its name. NULL: it cannot be. */
static struct file *terminal_file(const struct tty *t)
{
    char path[32];
    struct file *f;
    format_text(path, sizeof(path), "/dev/pts/%u", t->number);
    return file_open(AT_FDCWD, path, O_RDWR | O_NOCTTY, 0, &f) < 0 ? NULL : f;
}

static void make_controlling(struct tty *t, struct process *p)
{
    lock_take(&the_cell->lock);
    tty_get(t);
    t->session = p->session;
    t->foreground = p->pgid;
    p->session->terminal = t;
    lock_release(&the_cell->lock);
}

/* Descriptors 0, 1 and 2: what is the user's terminal is one open file, as a shell has it. */
static long give_streams(struct terminals *all, struct file *terminal, struct fdtable *files)
{
    for (int i = 0; i < CONSOLE_STREAMS; i++) {
        struct console *c = &all->streams[i];
        if (console_init(c, slots[i]) < 0)
            continue; /* closed when ringfence was started: closed in the cell */
        struct file *f = c->is_tty ? terminal : NULL;
        if (f)
            file_get(f);
        else
            f = console_file_new(c);
        long r = f ? fdtable_set(files, i, f, false) : -ENOMEM;
        if (r < 0)
            return r;
    }
    return 0;
}

/* A terminal of somebody outside, as the controlling terminal of p. NULL: no memory. */
static struct file *sit_at(struct tty *t, struct process *p)
{
    struct file *f = t ? terminal_file(t) : NULL;
    if (f)
        make_controlling(t, p);
    return f;
}

long console_give(struct process *p, struct fdtable *files)
{
    struct terminals *all = heap_alloc(sizeof(*all));
    struct file *terminal = NULL;
    if (!all)
        return -ENOMEM;
    list_init(&all->given);
    list_init(&all->added);
    the_cell->ttys = all;
    if (console_tty_is(RF_SLOT_STDIN, RF_SLOT_STDOUT)) {
        all->console = console_tty_new(RF_SLOT_STDIN, RF_SLOT_STDOUT, 0);
        terminal = sit_at(all->console, p);
        if (!terminal)
            return -ENOMEM;
    }
    long r = give_streams(all, terminal, files);
    file_put(terminal);
    return r;
}

static struct file *given_stream(u32 slot)
{
    struct console *c = heap_alloc(sizeof(*c));
    if (!c || console_init(c, slot) < 0) {
        heap_free(c);
        return NULL;
    }
    c->owned = true;
    lock_take(&the_terminals->lock);
    list_add(&the_terminals->given, &c->all);
    lock_release(&the_terminals->lock);
    return console_file_new(c);
}

/* The terminal of a program that was added, which has it until it ends. */
static struct file *given_terminal(struct process *p, const u32 given[2])
{
    struct tty *t = console_tty_new(given[0], given[1], p->request);
    struct file *f = sit_at(t, p);
    if (!t)
        return NULL;
    lock_take(&the_terminals->lock);
    list_add(&the_terminals->added, &t->outside.all);
    lock_release(&the_terminals->lock);
    console_tty_serve(t);
    return f;
}

long console_give_slots(struct process *p, const u32 given[], u32 count)
{
    struct file *terminal = NULL;
    if (count >= 2 && console_tty_is(given[0], given[1])) {
        terminal = given_terminal(p, given);
        if (!terminal)
            return -ENOMEM;
    }
    long r = 0;
    for (u32 i = 0; i < count && r >= 0; i++) {
        bool same = terminal && (i < 2 || console_tty_is(given[0], given[i]));
        struct file *f = same ? terminal : given_stream(given[i]);
        if (same)
            file_get(f);
        if (same && i >= 2)
            invoke_surely(given[i], RF_OP_DROP, 0, 0, 0, 0);
        r = f ? fdtable_set(p->files, (int)i, f, false) : -ENOMEM;
    }
    file_put(terminal);
    return MIN(r, 0);
}

void console_take_back(const struct process *p)
{
    struct terminals *all = the_terminals;
    struct tty *t = NULL;
    lock_take(&all->lock);
    list_for_each(node, &all->added) {
        t = list_entry(node, struct tty, outside.all);
        if (t->outside.request == p->request)
            break;
        t = NULL;
    }
    if (t)
        list_del(&t->outside.all);
    lock_release(&all->lock);
    if (t)
        console_tty_end(t);
}

void console_put(struct console *c)
{
    if (!c->owned)
        return;
    lock_take(&the_terminals->lock);
    list_del(&c->all);
    lock_release(&the_terminals->lock);
    invoke_surely(c->slot, RF_OP_DROP, 0, 0, 0, 0);
    heap_free(c);
}

/* Calls `act` for each terminal of a program that was added. */
static void each_added(void (*act)(struct tty *t))
{
    struct terminals *all = the_terminals;
    struct tty *added[ADDED_AT_ONCE];
    u32 count = 0;
    lock_take(&all->lock);
    list_for_each(node, &all->added) {
        if (count == ADDED_AT_ONCE)
            break;
        added[count] = list_entry(node, struct tty, outside.all);
        tty_get(added[count++]);
    }
    lock_release(&all->lock);
    while (count) {
        act(added[--count]);
        tty_put(added[count]);
    }
}

static void consoles_ready(void)
{
    struct terminals *all = the_terminals;
    lock_take(&all->lock);
    list_for_each(node, &all->given)
        waitq_wake(&list_entry(node, struct console, all)->queue, ~0u);
    lock_release(&all->lock);
    for (int i = 0; i < CONSOLE_STREAMS; i++)
        waitq_wake(&all->streams[i].queue, ~0u);
    if (all->console)
        console_tty_serve(all->console);
    each_added(console_tty_serve);
}

static void key_typed(struct tty *t, int signo)
{
    lock_take(&t->lock);
    tty_interrupt(t, signo);
    t->driver->flush(t);
    lock_release(&t->lock);
}

bool console_signal(int signo)
{
    if (signo == RF_PREPARED_CONSOLE) {
        consoles_ready();
        return true;
    }
    if (signo == SIGWINCH)
        each_added(console_tty_resize);
    struct tty *t = the_terminals->console;
    if (!t)
        return signo == SIGWINCH;
    switch (signo) {
    case SIGWINCH: console_tty_resize(t); break;
    case RF_PREPARED_INTERRUPT: key_typed(t, SIGINT); break;
    case RF_PREPARED_QUIT: key_typed(t, SIGQUIT); break;
    case RF_PREPARED_SUSPEND: key_typed(t, SIGTSTP); break;
    default: tty_signal_foreground(t, signo);
    }
    return true;
}

void console_suspend(void)
{
    u32 events = __atomic_load_n(&the_window->cell.console_events, __ATOMIC_ACQUIRE);
    if (!the_terminals->console ||
        invoke_retry(RF_SLOT_STDIN, RF_OP_CONSOLE_SUSPEND, events, 0, 0, 0) < 0)
        return;
    lock_take(&the_cell->lock);
    send_signal_to_group(current_process->pgid, SIGCONT, NULL);
    lock_release(&the_cell->lock);
}
