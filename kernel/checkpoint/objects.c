/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/checkpoint/classes.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/world.h"

#define RECORD_VERSION 1u
#define STEP           256u

/* What each record begins with. */
struct stored_head {
    u32 stored; /* enum stored_class */
    u32 version;
    u64 bank; /* number; 0: nobody pays */
};
_Static_assert(sizeof(struct stored_head) == 16, "stored layout");

/* The world's own record. */
struct stored_world {
    u64 last_number;
    u64 age_ns, invocations;
    u32 next_cell, reserved;
    struct cpu_features cpu;
};
_Static_assert(sizeof(struct stored_world) == 40, "stored layout");

/* The order in which objects are made: what is needed to make one comes before it, and within a
 * class the order of numbers, since what lies above was made first. */
static const u32 order[] = {
    STORED_BANK,    STORED_METER,  STORED_CONSTRUCTOR, STORED_VIEWER,
    STORED_CELL,    STORED_NODE,   STORED_SEGMENT,     STORED_ENDPOINT,
    STORED_CONSOLE, STORED_DIR,    STORED_FILE,        STORED_NOTIFICATION,
    STORED_ENTRY,   STORED_SCREEN, STORED_CLOCK,       STORED_RESUME,
};

/* --- writing --- */

struct saving {
    struct sink *sink;
    struct record record; /* its memory is used again */
    int error;
};

static void put_record(struct saving *saving, u64 number)
{
    const struct record *record = &saving->record;

    if (!saving->error && record->bad)
        saving->error = -ENOMEM;
    if (!saving->error)
        saving->error = saving->sink->record(saving->sink, key_of(number, MEMORY_OBJECT),
                                             PART_OBJECT, record->bytes, record->length);
}

static void begin_record(struct saving *saving, u32 stored, u64 bank, u64 number)
{
    struct stored_head head = {stored, RECORD_VERSION, bank};

    saving->record.length = 0;
    saving->record.number = number;
    saving->record.sink = saving->sink;
    record_put(&saving->record, &head, sizeof(head));
}

static void save_one(struct object *object, void *argument)
{
    struct saving *saving = argument;

    if (saving->error || object->class->only || !object_is_kept(object))
        return;
    begin_record(saving, object->class->stored, object->bank ? object->bank->object.number : 0,
                 object->number);
    if (object->bank)
        saving->error = sink_copies(saving->sink, key_of(object->number, MEMORY_OBJECT),
                                    object->bank->replicas);
    object->class->save(object, &saving->record);
    put_record(saving, object->number);
    object->left = false;
}

static void save_world(struct saving *saving)
{
    struct stored_world stored = {.last_number = objects_last_number(),
                                  .age_ns = now_ns() - world.began_ns,
                                  .invocations = world.invocations,
                                  .next_cell = world.next_number,
                                  .cpu = world.cpu};

    begin_record(saving, STORED_WORLD, 0, STORED_WORLD);
    record_put(&saving->record, &stored, sizeof(stored));
    put_record(saving, STORED_WORLD);
}

int objects_save(struct sink *sink)
{
    struct saving saving = {.sink = sink};

    save_world(&saving);
    objects_each(save_one, &saving);
    record_finish(&saving.record);
    return saving.error;
}

/* --- reading --- */

struct loaded {
    struct stored_head head;
    struct record record;
    const struct object_class *class;
    struct object *object; /* a reference */
};

/* In order of numbers. */
static struct loaded *loaded;
static u32 loaded_count, loaded_room;
static const struct loaded *failed; /* what could not be loaded, as far as that is known */

/* Who wants to hear of all that makes no sense, instead of ending with the first. */
static struct {
    objects_fault *tell;
    void *context;
} listener;

static void name_failed(char why[128])
{
    if (failed && failed->record.missing)
        snprintf(why, 128, "object %lu of class %u refers to object %lu, which is not there",
                 failed->record.number, failed->head.stored, failed->record.missing);
    else if (failed)
        snprintf(why, 128, "object %lu of class %u is kept in a way that makes no sense",
                 failed->record.number, failed->head.stored);
    else
        snprintf(why, 128, "what is kept of the world's objects makes no sense");
}

static int makes_no_sense(struct loaded *one)
{
    char why[128];

    failed = one;
    if (!listener.tell)
        return -EPROTO;
    name_failed(why);
    listener.tell(listener.context, why);
    one->head.stored = STORED_NONE;
    return 0;
}

static struct object *only_object(u64 number)
{
    const struct object_class *class = number < STORED_LIMIT ? stored_class(number) : NULL;

    return class && class->only ? class->only() : NULL;
}

struct search {
    u64 number;
    struct object *found;
};

static void compare_number(struct object *object, void *argument)
{
    struct search *search = argument;

    if (object->number == search->number && !object->dead)
        search->found = object;
}

static struct object *find_living(u64 number)
{
    struct search search = {number, NULL};

    objects_each(compare_number, &search);
    objects_each_resting(compare_number, &search);
    return search.found;
}

struct object *objects_find(u64 number)
{
    u32 low = 0, high = loaded_count;

    if (number < OBJECT_NUMBERS)
        return only_object(number);
    if (!loaded_count)
        return find_living(number);
    while (low < high) {
        u32 middle = low + (high - low) / 2;

        if (loaded[middle].record.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < loaded_count && loaded[low].record.number == number ? loaded[low].object : NULL;
}

static bool make_room(void)
{
    struct loaded *more;

    if (loaded_count < loaded_room)
        return true;
    more = realloc(loaded, (loaded_room + STEP) * 2 * sizeof(*loaded));
    if (!more)
        return false;
    loaded = more;
    loaded_room = (loaded_room + STEP) * 2;
    return true;
}

static int load_world(struct record *record)
{
    struct stored_world stored;

    record_get(record, &stored, sizeof(stored));
    if (record->bad)
        return -EPROTO;
    objects_number_from(stored.last_number);
    world.began_ns = now_ns() - stored.age_ns;
    world.invocations = stored.invocations;
    world.next_number = stored.next_cell;
    world.cpu = stored.cpu;
    return 0;
}

/* Keeps the record until everything is there. */
static int read_record(void *argument, u64 key, u32 part, const void *bytes, size_t length)
{
    u64 number = key_number(key);
    struct loaded *one;

    if (part != PART_OBJECT || key_memory(key) != MEMORY_OBJECT)
        return 0;
    if (!make_room())
        return -ENOMEM;
    one = &loaded[loaded_count];
    *one = (struct loaded){.record = {.number = number, .source = argument}};
    record_put(&one->record, bytes, length);
    if (one->record.bad)
        return -ENOMEM;
    record_get(&one->record, &one->head, sizeof(one->head));
    one->class = one->head.stored < STORED_LIMIT ? stored_class(one->head.stored) : NULL;
    loaded_count++;
    if (one->head.version != RECORD_VERSION || one->record.bad)
        return makes_no_sense(one);
    if (one->head.stored == STORED_WORLD && number == STORED_WORLD)
        return load_world(&one->record) ? makes_no_sense(one) : 0;
    return one->class && one->class->load && number >= OBJECT_NUMBERS ? 0 : makes_no_sense(one);
}

/* A bank that pays for itself would never end; banks lie below those with lower numbers. */
static struct bank *bank_of(const struct loaded *one)
{
    struct object *object = one->head.bank ? objects_find(one->head.bank) : NULL;

    return object && object->class->stored == STORED_BANK && !object->dead
               ? container_of(object, struct bank, object)
               : NULL;
}

static int make(struct loaded *one)
{
    struct bank *bank = bank_of(one);

    if (one->head.bank && !bank)
        return makes_no_sense(one);
    failed = one;
    one->object = one->class->load(&one->record, bank);
    if (!one->object || one->record.bad)
        return makes_no_sense(one);
    one->object->number = one->record.number;
    return 0;
}

static int make_all(void)
{
    int error = 0;

    for (u32 stage = 0; stage < ARRAY_SIZE(order); stage++) {
        for (u32 i = 0; i < loaded_count && !error; i++) {
            if (loaded[i].head.stored == order[stage])
                error = make(&loaded[i]);
        }
    }
    return error;
}

/* Banks last, and the upper ones after those below: their limits are in force from then on. */
static int link_all(bool banks)
{
    for (u32 i = loaded_count; i-- > 0;) {
        struct loaded *one = &loaded[i];
        int error = 0;

        if (!one->object || (one->head.stored == STORED_BANK) != banks)
            continue;
        failed = one;
        if (one->class->link && !one->object->dead)
            one->class->link(one->object, &one->record);
        if (one->record.bad || (!one->object->dead && one->record.at != one->record.length))
            error = makes_no_sense(one);
        if (error)
            return error;
    }
    return 0;
}

/* From here on an object lives by who refers to it. */
static void let_go(void)
{
    for (u32 i = 0; i < loaded_count; i++) {
        record_finish(&loaded[i].record);
        object_release(loaded[i].object);
    }
    free(loaded);
    loaded = NULL;
    failed = NULL;
    loaded_count = loaded_room = 0;
}

static int load_all(struct source *source)
{
    int error = source->records(source, read_record, source);

    if (!error)
        error = make_all();
    if (!error)
        error = link_all(false);
    return error ? error : link_all(true);
}

int objects_load(struct source *source, char why[128])
{
    int error = load_all(source);

    if (error == -EPROTO)
        name_failed(why);
    else if (error)
        snprintf(why, 128, "%s", strerror(-error));
    let_go();
    return error;
}

static void check_bank(const struct loaded *one)
{
    struct record record = one->record;
    char why[128], text[128];

    record.at = sizeof(one->head);
    if (bank_check(one->object, &record, why))
        return;
    snprintf(text, sizeof(text), "object %lu, a bank: %.90s", record.number, why);
    listener.tell(listener.context, text);
}

/* What no object is: pages and records of others must be somebody's. */
static int check_owner(void *argument, u64 key, u32 part, const void *bytes, size_t length)
{
    u64 *last = argument, number = key_number(key);
    char text[128];

    (void)bytes;
    (void)length;
    (void)part;
    if (key >= KEY_LIBOS || number == *last || number == STORED_WORLD || objects_find(number))
        return 0;
    snprintf(text, sizeof(text), "object %lu is not there, but something is kept of it", number);
    listener.tell(listener.context, text);
    *last = number;
    return 0;
}

int objects_check(struct source *source, objects_fault *tell, void *context)
{
    u64 last = 0;
    int error;

    listener.tell = tell;
    listener.context = context;
    error = load_all(source);
    for (u32 i = 0; i < loaded_count && !error; i++) {
        if (loaded[i].object && loaded[i].head.stored == STORED_BANK)
            check_bank(&loaded[i]);
    }
    if (!error)
        error = source->records(source, check_owner, &last);
    let_go();
    listener.tell = NULL;
    return error;
}
