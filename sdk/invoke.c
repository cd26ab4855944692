/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same inside a cell and on the host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/way.h"

int rf_open(const char *world)
{
    return rf_in_cell() ? 0 : session_open(world);
}

void rf_close(void)
{
    if (!rf_in_cell())
        session_close();
}

s64 way_invoke(u32 slot, u32 op, const u64 w[4], struct rf_message *message)
{
    return rf_in_cell() ? way_cell(slot, op, w, message) : way_session(slot, op, w, message);
}

int way_take_answer(struct rf_message *message, const struct rf_msg *from)
{
    u32 length = MIN(from->data_length, RF_MSG_DATA);

    memcpy(message->words, from->words, sizeof(message->words));
    memcpy(message->caps, from->caps, sizeof(message->caps));
    message->cap_count = MIN(from->cap_count, RF_MSG_CAPS);
    message->op = from->op;
    message->rights = from->rights;
    message->badge = from->badge;
    message->received = length;
    if (length > message->room_size)
        return -EMSGSIZE;
    if (length)
        memcpy(message->room, from->data, length);
    return 0;
}

s64 rf_invoke(u32 slot, u32 op, struct rf_message *message)
{
    struct rf_message none = RF_MESSAGE;
    u64 w[4];

    if (!message)
        message = &none;
    memcpy(w, message->words, sizeof(w));
    return way_invoke(slot, op, w, message);
}

s64 rf_call(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3)
{
    struct rf_message message = RF_MESSAGE;
    char room[1024]; /* results in data are not looked at, but are no error either */

    message.words[0] = w0;
    message.words[1] = w1;
    message.words[2] = w2;
    message.words[3] = w3;
    message.room = room;
    message.room_size = sizeof(room);
    return rf_invoke(slot, op, &message);
}

void rf_drop(u32 slot)
{
    if (slot)
        rf_call(slot, RF_OP_DROP, 0, 0, 0, 0);
}

s64 rf_copy(u32 slot, u32 rights)
{
    return rf_call(slot, RF_OP_COPY, rights, 0, 0, 0);
}

s64 rf_journal(u32 segment, u64 offset)
{
    s64 result;

    do
        result = rf_call(segment, RF_OP_SEGMENT_JOURNAL, offset, 0, 0, 0);
    while (result == -EINTR);
    return result;
}

s64 rf_named(const char *name)
{
    const char *at = getenv("RINGFENCE_CAPS");
    size_t length = strlen(name);

    while (at && *at) {
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return strtol(at + length + 1, NULL, 10);
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    return -ENOENT;
}

s64 rf_mount(u32 slot, u32 rights, const char *path)
{
    struct rf_message message = RF_MESSAGE;

    if (!rf_in_cell())
        return -EOPNOTSUPP;
    message.words[0] = slot;
    message.words[1] = rights;
    message.data = path;
    message.data_length = (u32)strlen(path);
    return rf_invoke(RF_SLOT_NONE, RF_LOCAL_MOUNT, &message);
}
