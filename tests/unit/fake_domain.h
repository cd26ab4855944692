/* SPDX-License-Identifier: Apache-2.0 */
/* Domains without processes, of which there may be several: each invokes directly, and remembers
 * what it was answered. */
#ifndef TESTS_UNIT_FAKE_DOMAIN_H
#define TESTS_UNIT_FAKE_DOMAIN_H

#include "kernel/object/bank.h"
#include "kernel/object/call.h"

#define FAKE_WAITS   CALL_WAITS /* no answer yet */
#define FAKE_ANSWERS 65536u
#define FAKE_FIRST   16 /* the first slot that a new capability gets */

struct fake_domain {
    struct domain domain;
    u64 last_id;
    u64 gone_id; /* the caller of this invocation was interrupted */
    bool gone;   /* all callers */
    struct {
        u64 id;
        s64 result;
    } answers[FAKE_ANSWERS]; /* the latest, by id */
    int granted;             /* a duplicate of the last descriptor that came, or -1 */
};

/* What fake_send sends; what is not given is 0. */
struct fake_args {
    u32 slot, op;
    u64 w[4], words[4];
    const void *data;
    u32 length;
    u32 caps[RF_MSG_CAPS], cap_count;
    u32 buffer; /* of the message; RF_MSG_NONE: none */
    bool patient, kicked;
};

/* Makes the world, events and whatever else the kernel needs; once. The second is for
 * cmocka_run_group_tests. */
void fake_world(void);
int fake_set_up_all(void **state);

/* One test, between the file's own set_up and tear_down. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A first bank without limits but for those records. */
struct bank *fake_bank(u64 records);

/* Gives it up; ends the test program if anything is still charged to it. */
void fake_bank_end(struct bank *bank);

/* A domain that is charged to the bank. Undo with fake_free. */
struct fake_domain *fake_domain(struct bank *bank);
void fake_free(struct fake_domain *fake);

/* Puts a capability to the object into a new slot, with a reference of its own. */
u32 fake_put(struct fake_domain *fake, struct object *object, u32 rights);

/* One invocation: its id, by which the answer is found. */
u64 fake_send(struct fake_domain *fake, const struct fake_args *args);

/* ATTACH: its id. */
u64 fake_attach(struct fake_domain *fake, s64 detached, u64 until);

/* The answer, or FAKE_WAITS. */
s64 fake_answer(const struct fake_domain *fake, u64 id);

/* Both. */
s64 fake_do(struct fake_domain *fake, const struct fake_args *args);
#define FAKE(fake, ...) fake_do(fake, &(struct fake_args){__VA_ARGS__})

struct rf_msg *fake_buffer(struct fake_domain *fake, u32 buffer);

/* The kind of what is in a slot; RF_KIND_NONE: nothing. */
u32 fake_kind(struct fake_domain *fake, u64 slot);

/* Runs the event loop until the answer is there, a second at most. */
s64 fake_await(struct fake_domain *fake, u64 id);

#endif
