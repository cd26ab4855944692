/* SPDX-License-Identifier: Apache-2.0 */
/* Floods the kernel with malformed messages and stale slots. The kernel must answer every one and
 * go on serving; nothing outside of the grants may be opened. */
#include "tests/jail/hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 50000

/* These end the cell, rightly, or wait for what never comes. */
static bool not_for_here(uint32_t op)
{
    switch (op) {
    case RF_OP_PREPARED:
    case RF_OP_EXIT:
    case RF_OP_PANIC:
    case RF_OP_START_FAILED:
    case RF_OP_STOPPED:
    case RF_OP_CLOCK_SLEEP:
    case RF_OP_CONSOLE_READ:
    case RF_OP_CONSOLE_WRITE: return true;
    default: return false;
    }
}

static uint64_t odd_number(uint64_t *state)
{
    static const uint64_t edges[] = {
        0,          1,          0xffff,     0x10000, 0x10001,      0x7fffffff,   0x80000000,
        0xffffffff, 1ull << 32, 1ull << 63, ~0ull,   RF_HEAP_BASE, RF_HEAP_SIZE, 4096,
        65535};
    uint64_t r = next_random(state);
    return r & 1 ? edges[(r >> 1) % (sizeof(edges) / sizeof(edges[0]))]
                 : next_random(state) >> (r >> 58);
}

static void fill_message(struct rf_msg *m, uint64_t *state)
{
    m->data_length = (uint32_t)odd_number(state);
    m->cap_count = (uint32_t)odd_number(state);
    for (int i = 0; i < RF_MSG_CAPS; i++)
        m->caps[i] = (uint32_t)odd_number(state);
    for (int i = 0; i < 64; i++)
        m->data[i] = (uint8_t)next_random(state);
    if (next_random(state) & 1)
        memcpy(m->data, "../../../../etc/passwd", 23);
}

static const char *const escapes[] = {
    "/etc/passwd",
    "..",
    "../..",
    "../etc/passwd",
    "a/../../etc/passwd",
    "bin/../../../etc/shadow",
    "/",
    "./..",
    "share/../..",
    "//etc/passwd",
};

/* Every way up must be refused: a path that is not below the grant is malformed. */
static int try_escapes(void)
{
    int opened = 0;
    struct rf_msg *m = raw_message(7);
    for (uint32_t slot = RF_SLOT_FIRST_DIR; slot < RF_SLOT_FIRST_DIR + 40; slot++) {
        for (unsigned i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
            m->data_length = (uint32_t)strlen(escapes[i]);
            memcpy(m->data, escapes[i], m->data_length);
            if (raw_invoke(slot, RF_OP_DIR_OPEN, 7, 0, 0, 0, 0) >= 0)
                opened++;
            m->data_length = (uint32_t)strlen(escapes[i]);
            memcpy(m->data, escapes[i], m->data_length);
            if (raw_invoke(slot, RF_OP_DIR_LOOKUP, 7, 0, 0, 0, 0) >= 0)
                opened++;
        }
    }
    return opened;
}

int main(int argc, char **argv)
{
    uint64_t state = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x9e3779b97f4a7c15ull;
    long answered = 0, fine = 0;
    hostile_begin();
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t op = (uint32_t)(next_random(&state) % 300);
        uint32_t slot = next_random(&state) & 1 ? (uint32_t)(next_random(&state) % 64)
                                                : (uint32_t)odd_number(&state);
        if (not_for_here(op))
            continue;
        uint64_t buffer = next_random(&state) & 3 ? 5 : odd_number(&state);
        fill_message(raw_message(5), &state);
        long r = raw_invoke(slot, op, buffer, odd_number(&state), odd_number(&state),
                            odd_number(&state), odd_number(&state));
        answered++;
        fine += r >= 0;
    }
    int opened = try_escapes();
    hostile_end();
    printf("%s: %ld invocations answered\n", answered > ROUNDS / 2 ? "survived" : "too few",
           answered);
    printf("%d ways out\n", opened);
    return fine == answered || opened ? 1 : 0;
}
