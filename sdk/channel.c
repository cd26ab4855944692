/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "sdk/guard.h"

#define LOOK_NS                                                                                    \
    1000000000ul /* how long a caller waits before it looks whether anybody is there               \
                  */
#define IDLE_LOOK_NS 60000000000ul /* and a server */

/* What both map. `state` says whose turn it is. */
enum { CHANNEL_ANSWERED, CHANNEL_CALLED, CHANNEL_CLOSED };
struct shared {
    u32 state;
    u32 op, data_length, reserved;
    s64 result;
    u64 words[4];
    u8 pad[72];
    u8 data[RF_MSG_DATA];
};
_Static_assert(offsetof(struct shared, data) == 128, "shared layout");
#define SHARED_SIZE ((sizeof(struct shared) + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE)

struct rf_channel {
    u32 entry, segment;
    struct shared *shared;
    pthread_mutex_t one_call;
};

static u64 deadline_in(u64 ns)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec + ns;
}

static void pass_turn(struct shared *shared, u32 state)
{
    __atomic_store_n(&shared->state, state, __ATOMIC_RELEASE);
    rf_word_wake(&shared->state, 1);
}

/* Makes the memory and sends it: the entry's answer. */
static s64 bind(struct rf_channel *channel)
{
    struct rf_message message = RF_MESSAGE;
    s64 r = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, SHARED_SIZE, 0, 0);

    if (r < 0)
        return r;
    channel->segment = (u32)r;
    channel->shared = rf_map(channel->segment, SHARED_SIZE, RF_RIGHT_READ | RF_RIGHT_WRITE);
    if (!channel->shared)
        return -errno;
    message.caps[0] = channel->segment;
    message.cap_count = 1;
    r = rf_invoke(channel->entry, RF_OP_BIND, &message);
    return r == -EINVAL ? -EOPNOTSUPP : r;
}

s64 rf_channel_open(u32 entry, struct rf_channel **result)
{
    struct rf_channel *channel = calloc(1, sizeof(*channel));
    s64 r;

    if (!channel)
        return -ENOMEM;
    guard_prepare();
    pthread_mutex_init(&channel->one_call, NULL);
    channel->entry = entry;
    r = bind(channel);
    if (r < 0)
        rf_channel_close(channel);
    else
        *result = channel;
    return MIN(r, 0);
}

/* The memory goes with its last mapping: the server's copy of the capability is stale from now on.
 */
static void free_segment(u32 segment)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = segment;
    message.cap_count = 1;
    rf_invoke(RF_SLOT_BANK, RF_OP_BANK_FREE, &message);
    rf_drop(segment);
}

void rf_channel_close(struct rf_channel *channel)
{
    if (!channel)
        return;
    if (channel->shared) {
        if (guard_begin())
            pass_turn(channel->shared, CHANNEL_CLOSED);
        guard_end();
        munmap(channel->shared, SHARED_SIZE);
    }
    if (channel->segment)
        free_segment(channel->segment);
    pthread_mutex_destroy(&channel->one_call);
    free(channel);
}

static bool is_stale(u32 slot)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = slot;
    message.cap_count = 1;
    return rf_invoke(RF_SLOT_DISCRIM, RF_OP_DISCRIM_CLASSIFY, &message) == RF_KIND_NONE;
}

static void send_call(struct shared *shared, u32 op, const struct rf_message *message)
{
    shared->op = op;
    memcpy(shared->words, message->words, sizeof(shared->words));
    shared->data_length = message->data_length;
    if (message->data_length)
        memcpy(shared->data, message->data, message->data_length);
    pass_turn(shared, CHANNEL_CALLED);
}

/* Read once: the other side writes it. */
static u32 length_of(const struct shared *shared)
{
    u32 length = __atomic_load_n(&shared->data_length, __ATOMIC_RELAXED);

    return MIN(length, RF_MSG_DATA);
}

static s64 take_answer(struct shared *shared, struct rf_message *message)
{
    u32 length = length_of(shared);

    memcpy(message->words, shared->words, sizeof(message->words));
    message->received = length;
    if (length > message->room_size)
        return -EMSGSIZE;
    if (length)
        memcpy(message->room, shared->data, length);
    return shared->result;
}

/* Until the server has passed the turn: false if it never will. */
static bool await_answer(const struct rf_channel *channel, struct shared *shared)
{
    u32 state;

    while ((state = __atomic_load_n(&shared->state, __ATOMIC_ACQUIRE)) == CHANNEL_CALLED) {
        s64 r = rf_word_wait(&shared->state, CHANNEL_CALLED, deadline_in(LOOK_NS));

        if (r == -EFAULT || (r == -ETIMEDOUT && is_stale(channel->entry)))
            return false;
    }
    return state == CHANNEL_ANSWERED;
}

s64 rf_channel_call(struct rf_channel *channel, u32 op, struct rf_message *message)
{
    volatile s64 result = -ESTALE;

    if (message->cap_count || message->data_length > RF_MSG_DATA)
        return -EINVAL;
    pthread_mutex_lock(&channel->one_call);
    if (guard_begin()) {
        if (channel->shared->state != CHANNEL_CLOSED) {
            send_call(channel->shared, op, message);
            if (await_answer(channel, channel->shared))
                result = take_answer(channel->shared, message);
        }
    }
    guard_end();
    pthread_mutex_unlock(&channel->one_call);
    return result;
}

/* ---- the server's side ---- */

struct served {
    u32 segment, rights;
    u64 badge;
    struct shared *shared;
    rf_handler *handler;
    void *context;
    u8 in[RF_MSG_DATA], out[RF_MSG_DATA];
};

/* Sleeps until it is our turn: false when the channel is closed. The memory's owner may be long
 * gone without a word; then nobody but us holds the segment. */
static bool await_call(struct served *served)
{
    struct shared *shared = served->shared;
    u32 state;

    while ((state = __atomic_load_n(&shared->state, __ATOMIC_ACQUIRE)) == CHANNEL_ANSWERED) {
        s64 r = rf_word_wait(&shared->state, CHANNEL_ANSWERED, deadline_in(IDLE_LOOK_NS));

        if (r == -EFAULT ||
            (r == -ETIMEDOUT && rf_call(served->segment, RF_OP_SEGMENT_HOLDERS, 0, 0, 0, 0) <= 1))
            return false;
    }
    return state == CHANNEL_CALLED;
}

static void take_call(struct served *served, struct rf_message *message)
{
    const struct shared *shared = served->shared;

    *message = RF_MESSAGE;
    message->op = __atomic_load_n(&shared->op, __ATOMIC_RELAXED);
    message->rights = served->rights;
    message->badge = served->badge;
    memcpy(message->words, shared->words, sizeof(message->words));
    message->received = length_of(shared);
    memcpy(served->in, shared->data, message->received);
    message->data = message->room = served->in;
    message->data_length = message->received;
    message->room_size = RF_MSG_DATA;
}

static void send_answer(struct shared *shared, s64 result, const struct rf_message *reply)
{
    u32 length = MIN(reply->data_length, RF_MSG_DATA);

    shared->result = result;
    memcpy(shared->words, reply->words, sizeof(shared->words));
    shared->data_length = length;
    if (length)
        memcpy(shared->data, reply->data, length);
    pass_turn(shared, CHANNEL_ANSWERED);
}

/* The handler runs unguarded: a fault of its own is its own. */
static s64 handle(struct served *served, struct rf_message *message, struct rf_message *reply)
{
    s64 result;

    *reply = RF_MESSAGE;
    reply->data = reply->room = served->out;
    reply->room_size = RF_MSG_DATA;
    result = served->handler(served->context, message, 0, reply);
    return result == RF_ANSWERED || reply->cap_count ? -EOPNOTSUPP : result;
}

/* The next call; false: the channel is closed, or its memory gone. */
static bool next_call(struct served *served, struct rf_message *message)
{
    volatile bool called = false;

    if (guard_begin()) {
        if (await_call(served)) {
            take_call(served, message);
            called = true;
        }
    }
    guard_end();
    return called;
}

static bool answer_call(struct shared *shared, s64 result, const struct rf_message *reply)
{
    volatile bool sent = false;

    if (guard_begin()) {
        send_answer(shared, result, reply);
        sent = true;
    }
    guard_end();
    return sent;
}

static void *serve_channel(void *argument)
{
    struct served *served = argument;
    struct rf_message message, reply;

    while (next_call(served, &message) &&
           answer_call(served->shared, handle(served, &message, &reply), &reply))
        ;
    munmap(served->shared, SHARED_SIZE);
    rf_drop(served->segment);
    free(served);
    return NULL;
}

/* Takes the segment that came over, or drops it. */
static s64 take_channel(rf_handler *handler, void *context, const struct rf_message *message)
{
    struct served *served = calloc(1, sizeof(*served));
    pthread_t thread;

    if (!served)
        return -ENOMEM;
    *served = (struct served){.segment = message->caps[0],
                              .rights = message->rights,
                              .badge = message->badge,
                              .handler = handler,
                              .context = context};
    served->shared = rf_map(served->segment, SHARED_SIZE, RF_RIGHT_READ | RF_RIGHT_WRITE);
    if (served->shared &&
        rf_call(served->segment, RF_OP_SEGMENT_SIZE, 0, 0, 0, 0) >= (s64)SHARED_SIZE &&
        pthread_create(&thread, NULL, serve_channel, served) == 0) {
        pthread_detach(thread);
        return 0;
    }
    if (served->shared)
        munmap(served->shared, SHARED_SIZE);
    free(served);
    return -ENOMEM;
}

struct both {
    rf_handler *handler;
    void *context;
};

static s64 handle_bind(void *context, struct rf_message *message, u32 resume,
                       struct rf_message *reply)
{
    const struct both *both = context;
    s64 r;

    if (message->op != RF_OP_BIND || message->cap_count != 1)
        return both->handler(both->context, message, resume, reply);
    r = take_channel(both->handler, both->context, message);
    if (r < 0)
        rf_drop(message->caps[0]);
    return r;
}

int rf_serve_channels(u32 endpoint, rf_handler *handler, void *context)
{
    struct both both = {handler, context};

    guard_prepare();
    return rf_serve(endpoint, handle_bind, &both);
}
