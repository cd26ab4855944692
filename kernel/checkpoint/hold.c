/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/hold.h"

#include "kernel/cell.h"
#include "kernel/object/console.h"
#include "kernel/object/viewer.h"

static bool on;

void hold_begin(void)
{
    on = true;
}

bool hold_is_on(void)
{
    return on;
}

static struct cell *cell_of_object(struct object *object)
{
    return container_of(object, struct cell, object);
}

static void cut_one(struct object *object, void *unused)
{
    (void)unused;
    if (object->class == &viewer_class)
        viewer_cut(object);
    else if (object->class == &console_class)
        console_cut(object);
    else if (object->class == &cell_class)
        cell_of_object(object)->end_at_cut = cell_of_object(object)->over;
}

void hold_cut(void)
{
    if (on)
        objects_each(cut_one, NULL);
}

/* What is released may end objects, so they are not gone through meanwhile. Streams come first: who
 * hears of an end may have seen all output. */
struct found {
    struct object *objects[64];
    u32 count;
    bool ends;
};

static bool is_held(struct object *object, bool ends)
{
    if (object->class == &cell_class)
        return ends && cell_of_object(object)->end_at_cut && !cell_of_object(object)->end_released;
    return !ends && ((object->class == &viewer_class && viewer_holds(object)) ||
                     (object->class == &console_class && console_holds(object)));
}

static void find(struct object *object, void *argument)
{
    struct found *found = argument;

    if (object->dead || found->count == ARRAY_SIZE(found->objects) || !is_held(object, found->ends))
        return;
    object_hold(object);
    found->objects[found->count++] = object;
}

static void release_one(struct object *object)
{
    if (object->class == &viewer_class) {
        viewer_release(object);
    } else if (object->class == &console_class) {
        console_release(object);
    } else {
        cell_of_object(object)->end_released = true;
        cell_answer_waiters(cell_of_object(object));
    }
    object_release(object);
}

static void release_all(bool ends)
{
    struct found found = {.ends = ends};

    do {
        found.count = 0;
        objects_each(find, &found);
        for (u32 i = 0; i < found.count; i++)
            release_one(found.objects[i]);
    } while (found.count == ARRAY_SIZE(found.objects));
}

void hold_release(void)
{
    if (!on)
        return;
    release_all(false);
    release_all(true);
}

void hold_end(void)
{
    hold_cut();
    hold_release();
}
