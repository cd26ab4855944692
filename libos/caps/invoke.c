/* SPDX-License-Identifier: Apache-2.0 */
/* The system call RF_NR_INVOKE. A program's invocation may wait for ever, so it runs with a buffer
 * that is lent to it, and ends when a signal comes. */
#include "base/string.h"
#include "libos/caps/caps.h"
#include "libos/entry/syscall.h"
#include "libos/host/clock.h"

static long take_in(const struct rf_invocation *v, struct rf_msg *m)
{
    memcpy(m->words, v->words, sizeof(m->words));
    memcpy(m->caps, v->caps, sizeof(m->caps));
    m->cap_count = v->cap_count;
    m->data_length = v->data_length;
    m->op = v->op;
    return copy_from_user(m->data, (const void *)v->data, v->data_length);
}

/* What came, into v and the program's memory. The data whole or not at all. */
static long give_back(struct rf_invocation *v, const struct rf_msg *m)
{
    memcpy(v->words, m->words, sizeof(v->words));
    memcpy(v->caps, m->caps, sizeof(v->caps));
    v->cap_count = MIN(m->cap_count, RF_MSG_CAPS);
    v->op = m->op;
    v->rights = m->rights;
    v->badge = m->badge;
    v->data_length = MIN(m->data_length, RF_MSG_DATA);
    if (v->data_length > v->data_room)
        return -EMSGSIZE;
    return copy_to_user((void *)v->room, m->data, v->data_length);
}

static long invoke_with(u32 slot, u32 op, struct rf_invocation *v, struct rf_msg *m)
{
    long r = take_in(v, m), r2;
    if (r < 0)
        return r;
    if (op == RF_OP_NOTIFICATION_WAIT && v->w[2]) /* its deadline is the host's time */
        v->w[2] = deadline_of_host(v->w[2]);
    r = slot == RF_SLOT_NONE ? local_operation(op, v, m) : invoke_waiting(slot, op, m, v->w);
    if (slot == RF_SLOT_NONE)
        m->data_length = m->cap_count = 0;
    r2 = give_back(v, m);
    if (r >= 0 && slot != RF_SLOT_NONE && grants_descriptor(op))
        r = v->descriptor = (s32)granted_install(slot, op, v->w[0], (int)r);
    return r < 0 || r2 == 0 ? r : r2;
}

static long check(const struct rf_invocation *v)
{
    if (v->data_length > RF_MSG_DATA)
        return -EMSGSIZE;
    if (v->cap_count > RF_MSG_CAPS)
        return -EINVAL;
    return v->descriptor >= 0 ? -EOPNOTSUPP : 0; /* only clients of a socket send them */
}

SYSCALL2(invoke, u64, target, struct rf_invocation *, user)
{
    u32 slot = (u32)target, op = (u32)(target >> 32);
    struct rf_invocation v = {.descriptor = -1};
    if (user && get_user(v, user))
        return -EFAULT;
    if (slot == RF_SLOT_NONE && (op == RF_LOCAL_WAIT || op == RF_LOCAL_WAKE))
        return word_operation(op, &v);
    long r = check(&v);
    if (r < 0)
        return r;
    struct rf_msg *m = message_lend();
    if (!m)
        return -EINTR;
    v.descriptor = -1;
    r = invoke_with(slot, op, &v, m);
    message_return(m);
    return user && put_user(user, v) ? -EFAULT : r;
}
