/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/object.h"

#include <assert.h>
#include <stdlib.h>

#include "kernel/object/bank.h"

static u64 last_number;

void object_init(struct object *object, const struct object_class *class)
{
    object->class = class;
    object->references = 1;
    object->number = ++last_number;
    list_init(&object->charged);
}

struct object *object_new(const struct object_class *class, struct bank *bank)
{
    struct object *object;

    if (bank && !bank_charge(bank, RF_RESOURCE_RECORDS, class->records))
        return NULL;
    object = calloc(1, class->size);
    if (!object) {
        if (bank)
            bank_uncharge(bank, RF_RESOURCE_RECORDS, class->records);
        return NULL;
    }
    object_init(object, class);
    object->bank = bank;
    if (bank)
        list_add_tail(&bank->objects, &object->charged);
    return object;
}

void object_hold(struct object *object)
{
    assert(object->references && object->references < UINT32_MAX);
    object->references++;
}

/* Whoever ends it holds a reference meanwhile. */
static void end(struct object *object)
{
    object->dead = true;
    if (object->class->destroy)
        object->class->destroy(object);
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_RECORDS, object->class->records);
    object->bank = NULL;
    list_del(&object->charged);
}

void object_destroy(struct object *object)
{
    if (object->dead)
        return;
    object_hold(object);
    end(object);
    object_release(object);
}

void object_release(struct object *object)
{
    if (!object)
        return;
    assert(object->references);
    if (object->references == 1 && !object->dead)
        end(object);
    if (--object->references)
        return;
    if (object->class->forget)
        object->class->forget(object);
    else
        free(object);
}

void object_recharge(struct object *object, struct bank *bank)
{
    assert(!object->dead && object->bank && bank);
    list_del(&object->charged);
    object->bank = bank;
    list_add_tail(&bank->objects, &object->charged);
}
