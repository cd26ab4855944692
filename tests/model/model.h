/* SPDX-License-Identifier: Apache-2.0 */
/* What capabilities may do, told a second time and as plainly as possible: no reference counts, no
 * lists, no shared code with the kernel but the numbers of operations. Whoever holds something is
 * found by looking everywhere. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "abi/invoke.h"
#include "abi/objects.h"

#define DOMAINS    4
#define RESERVED   16   /* slots of a table that are never given out */
#define SLOTS      1024 /* of a table; limits of banks keep them below */
#define THINGS     2048
#define CALLS      64 /* that wait at the same time, in each domain */
#define NODE_SLOTS 8
#define WAITS      (-0x10000)

struct held {
    u32 thing; /* index; 0: nothing */
    u32 kind, rights;
};

struct thing {
    u32 kind; /* RF_KIND_NONE: the place is free */
    bool dead;
    u64 number; /* the kernel's, as the test found it */
    u32 bank;   /* who pays; 0: nobody */
    u32 records;
    /* node */
    u32 size;
    struct held slots[NODE_SLOTS];
    /* bank */
    u32 parent;
    u64 used, most, guaranteed;
    /* entry */
    u32 endpoint;
    u64 badge;
};

enum state { IDLE, SENT, RECEIVED, RECEIVING, OVER };

/* An invocation that waits, or was just answered (OVER). */
struct waiting {
    enum state state;
    u64 id, order;
    u32 buffer;
    struct held invoked;
    u32 endpoint, resume;
    struct held caps[RF_MSG_CAPS];
    u32 cap_count;
    s64 result;
};

struct domain_model {
    u32 bank; /* pays for the table */
    u32 fresh, charged;
    u32 free[SLOTS], free_count; /* used again, the last first */
    struct held slots[SLOTS];
    struct waiting calls[CALLS];
};

/* One invocation. */
struct asked {
    u32 domain, slot, op;
    u64 w[4], words[4];
    u32 caps[RF_MSG_CAPS], cap_count;
    struct rf_bank_limits limits; /* the message's data */
    u64 id;
    u32 buffer;
};

extern struct domain_model domains[DOMAINS];
extern struct thing things[THINGS];
extern u32 model_kept; /* a thing that the test itself holds */

/* A bank, paid for by `bank` (0: nobody). */
u32 model_bank(u32 bank, u64 most);
u32 model_node(u32 bank, u32 size);

/* An empty domain in that place, charged to the bank; and its end. */
void model_begin(u32 domain, u32 bank);
void model_end(u32 domain);

/* Gives a capability: the slot. */
u32 model_give(u32 domain, u32 thing, u32 rights);

/* What the invocation answers, at once or WAITS. What it means for others is in the state. */
s64 model_invoke(const struct asked *asked);

/* The caller was interrupted. */
void model_interrupt(u32 domain, u32 call);

/* A place in `calls` that is free; CALLS: none. */
u32 model_idle_call(u32 domain);

#endif
