/* SPDX-License-Identifier: Apache-2.0 */
/* Invoking from within a cell: a system call of the library OS. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sdk/way.h"

static s64 system_call(u32 slot, u32 op, struct rf_invocation *invocation)
{
    long r = syscall(RF_NR_INVOKE, slot | (u64)op << 32, invocation);

    return r < 0 ? -errno : r;
}

bool rf_in_cell(void)
{
    static int known; /* 1: yes, -1: no */
    int saved = errno;

    if (!known)
        known = system_call(RF_SLOT_CELL, RF_OP_KIND, NULL) == RF_KIND_CELL_SELF ? 1 : -1;
    errno = saved;
    return known > 0;
}

static void take_back(struct rf_message *message, const struct rf_invocation *v)
{
    memcpy(message->words, v->words, sizeof(message->words));
    memcpy(message->caps, v->caps, sizeof(message->caps));
    message->cap_count = v->cap_count;
    message->received = v->data_length;
    message->op = v->op;
    message->rights = v->rights;
    message->badge = v->badge;
    message->descriptor = v->descriptor;
}

s64 way_cell(u32 slot, u32 op, const u64 w[4], struct rf_message *message)
{
    struct rf_invocation v = {
        .data = (u64)message->data,
        .room = (u64)message->room,
        .data_length = message->data_length,
        .data_room = message->room_size,
        .cap_count = message->cap_count,
        .op = message->op,
        .descriptor = message->descriptor,
    };
    int saved = errno;
    s64 r;

    memcpy(v.w, w, sizeof(v.w));
    memcpy(v.words, message->words, sizeof(v.words));
    memcpy(v.caps, message->caps, sizeof(v.caps));
    r = system_call(slot, op, &v);
    errno = saved;
    take_back(message, &v);
    return r;
}
