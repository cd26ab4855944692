/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/record.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/objects.h"

#define ROOM_STEP 256u

enum reference { REFERENCE_NONE, REFERENCE_ENDED, REFERENCE_OBJECT };

/* How a reference and a capability lie in a record. */
struct stored_reference {
    u64 number;
    u32 reference; /* enum reference */
    u32 reserved;
};
_Static_assert(sizeof(struct stored_reference) == 16, "stored layout");

struct stored_cap {
    struct stored_reference to;
    u64 a, b;
    u8 kind, rights;
    u8 reserved[6];
};
_Static_assert(sizeof(struct stored_cap) == 40, "stored layout");

void record_finish(struct record *record)
{
    free(record->bytes);
    record->bytes = NULL;
}

static bool make_room(struct record *record, size_t length)
{
    size_t room = record->room;
    u8 *more;

    if (length <= room - record->length)
        return true;
    while (length > room - record->length)
        room = room * 2 + ROOM_STEP;
    more = realloc(record->bytes, room);
    if (!more)
        return false;
    record->bytes = more;
    record->room = room;
    return true;
}

void record_put(struct record *record, const void *bytes, size_t length)
{
    if (!make_room(record, length)) {
        record->bad = true;
        return;
    }
    if (length)
        memcpy(record->bytes + record->length, bytes, length);
    record->length += length;
}

void record_put_number(struct record *record, u64 number)
{
    record_put(record, &number, sizeof(number));
}

static struct stored_reference refer(const struct object *object)
{
    if (!object)
        return (struct stored_reference){.reference = REFERENCE_NONE};
    if (!object_is_kept(object))
        return (struct stored_reference){.reference = REFERENCE_ENDED};
    return (struct stored_reference){object_stored_number(object), REFERENCE_OBJECT, 0};
}

void record_put_object(struct record *record, const struct object *object)
{
    struct stored_reference stored = refer(object);

    record_put(record, &stored, sizeof(stored));
}

void record_put_cap(struct record *record, const struct cap *cap)
{
    struct stored_cap stored = {.to = refer(cap->object),
                                .a = cap->a,
                                .b = cap->b,
                                .kind = cap->kind,
                                .rights = cap->rights};

    record_put(record, &stored, sizeof(stored));
}

void record_put_page(struct record *record, u64 index, const void *page)
{
    if (record->sink->page(record->sink, key_of(record->number, MEMORY_OBJECT), index, page))
        record->bad = true;
}

const void *record_take(struct record *record, size_t length)
{
    const void *bytes = record->bytes + record->at;

    if (record->bad || length > record->length - record->at) {
        record->bad = true;
        return NULL;
    }
    record->at += length;
    return bytes;
}

void record_get(struct record *record, void *bytes, size_t length)
{
    const void *from = record_take(record, length);

    if (from)
        memcpy(bytes, from, length);
    else
        memset(bytes, 0, length);
}

u64 record_get_number(struct record *record)
{
    u64 number;

    record_get(record, &number, sizeof(number));
    return number;
}

/* NULL: none. One that had ended is the one that always had; so is one that ended after this was
 * written, of which nothing is kept. A number that was never given is bad. */
static struct object *find(struct record *record, const struct stored_reference *stored)
{
    struct object *object = NULL;

    if (stored->reference == REFERENCE_ENDED)
        return object_ended();
    if (stored->reference == REFERENCE_NONE)
        return NULL;
    if (stored->reference == REFERENCE_OBJECT)
        object = objects_find(stored->number);
    if (!object && stored->reference == REFERENCE_OBJECT && stored->number >= OBJECT_NUMBERS &&
        stored->number <= objects_last_number())
        return object_ended();
    if (!object && !record->bad)
        record->missing = stored->number;
    record->bad |= !object;
    return object;
}

struct object *record_get_object(struct record *record, u32 stored)
{
    struct stored_reference reference;
    struct object *object;

    record_get(record, &reference, sizeof(reference));
    object = find(record, &reference);
    if (!object || object == object_ended())
        return NULL;
    if (stored && object->class->stored != stored) {
        record->bad = true;
        return NULL;
    }
    return object;
}

static bool has_kind(const struct object *object, u32 kind)
{
    return object->dead || object->class->kind == kind ||
           (object->class->kind == RF_KIND_CELL && kind == RF_KIND_CELL_SELF);
}

struct cap record_get_cap(struct record *record)
{
    struct stored_cap stored;
    struct cap cap = {0};

    record_get(record, &stored, sizeof(stored));
    cap.object = find(record, &stored.to);
    if (cap.object && !has_kind(cap.object, stored.kind)) {
        record->bad = true;
        cap.object = NULL;
    }
    if (!cap.object)
        return cap;
    object_hold(cap.object);
    cap.a = stored.a;
    cap.b = stored.b;
    cap.kind = stored.kind;
    cap.rights = stored.rights;
    return cap;
}
