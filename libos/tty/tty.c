/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/tty/tty.h"
#include "libos/mm/heap.h"

static const struct termios2 usual = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = 3,
             [VQUIT] = 28,
             [VERASE] = 127,
             [VKILL] = 21,
             [VEOF] = 4,
             [VMIN] = 1,
             [VSTART] = 17,
             [VSTOP] = 19,
             [VSUSP] = 26,
             [VREPRINT] = 18,
             [VDISCARD] = 15,
             [VWERASE] = 23,
             [VLNEXT] = 22},
    .c_ispeed = 38400,
    .c_ospeed = 38400,
};

static void tty_free(struct tty *t)
{
    heap_free(t->input);
    heap_free(t->output);
    heap_free(t);
}

struct tty *tty_new(const struct tty_driver *driver)
{
    struct tty *t = heap_alloc(sizeof(*t));
    if (!t)
        return NULL;
    t->input = heap_alloc(TTY_INPUT * sizeof(*t->input));
    t->output = heap_alloc(TTY_OUTPUT);
    if (!t->input || !t->output) {
        tty_free(t);
        return NULL;
    }
    t->references = 1;
    t->driver = driver;
    t->termios = usual;
    waitq_init(&t->readers);
    waitq_init(&t->writers);
    waitq_init(&t->master.events);
    return t;
}

void tty_put(struct tty *t)
{
    if (__atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) == 0)
        tty_free(t);
}
