/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: what a program serves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/way.h"

#define FORWARD_AGAIN_US 200 /* the caller stands still for a cut, or is just back */

s64 rf_endpoint(void)
{
    return rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_ENDPOINT, 0, 0, 0);
}

s64 rf_mint(u32 endpoint, u64 badge)
{
    return rf_call(endpoint, RF_OP_ENDPOINT_MINT, badge, 0, 0, 0);
}

s64 rf_mint_told(u32 endpoint, u64 badge)
{
    return rf_call(endpoint, RF_OP_ENDPOINT_MINT, badge, 1, 0, 0);
}

s64 rf_identify(u32 endpoint, u32 slot, u64 *badge)
{
    struct rf_message message = RF_MESSAGE;
    s64 r;

    message.caps[0] = slot;
    message.cap_count = 1;
    r = rf_invoke(endpoint, RF_OP_ENDPOINT_IDENTIFY, &message);
    if (r == 1)
        *badge = message.words[0];
    return r;
}

void rf_stop_serving(u32 endpoint)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = endpoint;
    message.cap_count = 1;
    rf_invoke(RF_SLOT_BANK, RF_OP_BANK_FREE, &message);
}

/* What is sent, in a message that takes what comes back apart from it. */
static struct rf_message outgoing(const struct rf_message *from)
{
    struct rf_message message = RF_MESSAGE;

    if (from) {
        memcpy(message.words, from->words, sizeof(message.words));
        memcpy(message.caps, from->caps, sizeof(message.caps));
        message.data = from->data;
        message.data_length = from->data_length;
        message.cap_count = from->cap_count;
    }
    return message;
}

static void give_away(const struct rf_message *reply)
{
    for (u32 i = 0; reply->give && i < reply->cap_count; i++)
        rf_drop(reply->caps[i]);
}

/* These do not wait: what was interrupted has not begun. */
static s64 invoke_surely(u32 slot, u32 op, u64 w0, struct rf_message *message)
{
    u64 w[4] = {w0};
    struct rf_message once;
    s64 r;

    do {
        once = *message;
        r = way_invoke(slot, op, w, &once);
    } while (r == -EINTR);
    return r;
}

s64 rf_reply(u32 resume, s64 result, const struct rf_message *reply)
{
    struct rf_message message = outgoing(reply);
    s64 r = invoke_surely(resume, RF_OP_RESUME_REPLY, (u64)result, &message);

    if (reply)
        give_away(reply);
    return r;
}

s64 rf_forward(u32 resume, u32 target, u32 op, const struct rf_message *message)
{
    struct rf_message forwarded = outgoing(message);
    s64 result;

    if (forwarded.cap_count == RF_MSG_CAPS)
        return -E2BIG;
    memmove(forwarded.caps + 1, forwarded.caps, forwarded.cap_count * sizeof(u32));
    forwarded.caps[0] = target;
    forwarded.cap_count++;
    while ((result = invoke_surely(resume, RF_OP_RESUME_FORWARD, op, &forwarded)) == -EAGAIN)
        usleep(FORWARD_AGAIN_US);
    return result;
}

/* Answers the last caller (0: none) and takes the next message into `message`, whose room is
 * `buffer`: its resume slot. */
static s64 next_message(u32 endpoint, u32 *resume, s64 result, const struct rf_message *reply,
                        struct rf_message *message, void *buffer)
{
    for (;;) {
        u64 w[4] = {*resume, (u64)result};
        s64 r;

        *message = outgoing(*resume ? reply : NULL);
        message->room = buffer;
        message->room_size = RF_MSG_DATA;
        message->op = RF_OP_LIMIT;
        r = way_invoke(endpoint, RF_OP_ENDPOINT_REPLY_RECEIVE, w, message);
        if (message->op != RF_OP_LIMIT) /* begun: the reply is made, whatever became of the rest */
            *resume = 0;
        if (r != -EINTR)
            return r;
    }
}

static int serve_all(u32 endpoint, rf_handler *handler, void *context, void *in, void *out)
{
    struct rf_message message, reply = RF_MESSAGE;
    s64 result = 0;
    u32 answer = 0; /* resume slot of a caller that `reply` is for */

    for (;;) {
        s64 resume = next_message(endpoint, &answer, result, &reply, &message, in);

        if (resume < 0)
            return resume == -ESTALE || resume == -EBADF ? 0 : (int)resume;
        message.data = in;
        message.data_length = message.received;
        reply = RF_MESSAGE;
        reply.data = reply.room = out;
        reply.room_size = RF_MSG_DATA;
        result = handler(context, &message, (u32)resume, &reply);
        if (result == RF_ANSWERED || resume == 0)
            continue;
        answer = (u32)resume;
        if (reply.give) {
            rf_reply(answer, result, &reply);
            answer = 0;
        }
    }
}

int rf_serve(u32 endpoint, rf_handler *handler, void *context)
{
    char *buffers = malloc(2 * RF_MSG_DATA);
    int r;

    if (!buffers)
        return -ENOMEM;
    r = serve_all(endpoint, handler, context, buffers, buffers + RF_MSG_DATA);
    free(buffers);
    return r;
}
