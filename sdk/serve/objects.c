/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/serve/server.h"

struct object *object_make(struct server *s, enum kind kind, u32 *badge)
{
    for (u32 tries = 0; tries < OBJECTS; tries++) {
        u32 n = s->next++ % OBJECTS;

        if (n == 0 || s->objects[n].kind != FREE)
            continue;
        s->objects[n] = (struct object){.kind = kind};
        s->count++;
        *badge = n;
        return &s->objects[n];
    }
    return NULL;
}

void object_free(struct server *s, struct object *object)
{
    if (object->file && s->ops->close)
        s->ops->close(object->file);
    free(object->path);
    names_free(&object->names);
    *object = (struct object){.kind = FREE};
    s->count--;
}

s64 object_entry(struct server *s, struct object *object, u32 badge, u32 rights)
{
    s64 entry = rf_mint_told(s->endpoint, badge), reduced;

    if (entry < 0) {
        object_free(s, object);
        return entry;
    }
    reduced = rf_copy((u32)entry, rights);
    rf_drop((u32)entry);
    return reduced;
}

s64 reply_with(struct server *s, s64 entry)
{
    if (entry < 0)
        return entry;
    s->reply->caps[0] = (u32)entry;
    s->reply->cap_count = 1;
    s->reply->give = true;
    return entry;
}

void put_attr(struct server *s, const struct rf_attr *attr)
{
    memcpy(s->reply->room, attr, sizeof(*attr));
    s->reply->data_length = sizeof(*attr);
}
