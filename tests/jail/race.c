/* SPDX-License-Identifier: Apache-2.0 */
/* One thread changes a message while another's invocation reads it: a kernel that looks twice would
 * check one path and open another. */
#include "tests/jail/hostile.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 30000

static volatile int stop;

/* Flips between a path that exists below every /usr grant and one that leads out. */
static void *flip(void *unused)
{
    struct rf_msg *m = raw_message(9);
    (void)unused;
    while (!stop) {
        memcpy(m->data, "share/../..////", 16);
        m->data_length = 15;
        __asm__ volatile("" ::: "memory");
        memcpy(m->data, "share/././././.", 16);
        m->data_length = 5;
    }
    return NULL;
}

static bool is_usr(const struct rf_attr *a, const struct rf_attr *share)
{
    return a->inode == share->inode && a->device == share->device;
}

/* Finds the slot of a grant that has `share`, and share's attributes. */
static uint32_t find_usr(struct rf_attr *share)
{
    struct rf_msg *m = raw_message(8);
    for (uint32_t slot = RF_SLOT_FIRST_DIR; slot < RF_SLOT_FIRST_DIR + 40; slot++) {
        m->data_length = 5;
        memcpy(m->data, "share", 5);
        if (raw_invoke(slot, RF_OP_DIR_LOOKUP, 8, 0, 0, 0, 0) == 5) {
            memcpy(share, m->data, sizeof(*share));
            return slot;
        }
    }
    return 0;
}

int main(void)
{
    pthread_t thread;
    struct rf_attr share, found;
    struct rf_msg *m = raw_message(9);
    long hits = 0, escapes = 0;
    /* Until the other thread runs, the message names what may be opened; empty, it would name the
     * grant itself. */
    memcpy(m->data, "share", 5);
    m->data_length = 5;
    pthread_create(&thread, NULL, flip, NULL);
    hostile_begin();
    uint32_t slot = find_usr(&share);
    for (int i = 0; i < ROUNDS && slot; i++) {
        m->data_length = 5; /* the kernel clears it: nothing has come back yet */
        long r = raw_invoke(slot, RF_OP_DIR_OPEN, 9, 0200000 /* O_DIRECTORY */, 0, 0, 0);
        if (r < 0)
            continue;
        raw_invoke((uint32_t)r, RF_OP_FILE_GETATTR, 10, 0, 0, 0, 0);
        memcpy(&found, raw_message(10)->data, sizeof(found));
        raw_invoke((uint32_t)r, RF_OP_DROP, RF_MSG_NONE, 0, 0, 0, 0);
        hits++;
        escapes += !is_usr(&found, &share);
    }
    hostile_end();
    stop = 1;
    pthread_join(thread, NULL);
    printf("%s, %ld escapes\n", hits ? "opened" : "never opened", escapes);
    return hits == 0 || escapes ? 1 : 0;
}
