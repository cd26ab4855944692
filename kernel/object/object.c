/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/object.h"

#include <assert.h>
#include <stdlib.h>

#include "kernel/checkpoint/checkpoint.h"
#include "kernel/object/bank.h"

static u64 last_number = OBJECT_NUMBERS;
static struct list all = {&all, &all};
static struct object
    *ending; /* by next_ending: they lost their last reference, and this holds them */
static struct list resting = {&resting, &resting};
static u32 count;
static u32 destroying; /* nesting of what must be over before those may end */

void object_init(struct object *object, const struct object_class *class)
{
    object->class = class;
    object->references = 1;
    object->number = class->only ? class->stored : ++last_number;
    list_init(&object->charged);
    list_add_tail(&all, &object->all);
    count++;
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

struct object *object_new_with(const struct object_class *class, struct bank *bank,
                               enum rf_resource resource, u64 n)
{
    struct object *object;

    if (bank && !bank_charge(bank, resource, n))
        return NULL;
    object = object_new(class, bank);
    if (!object && bank)
        bank_uncharge(bank, resource, n);
    return object;
}

void object_hold(struct object *object)
{
    assert(object->references && object->references < UINT32_MAX);
    object->references++;
}

/* Off its bank's list first, so that a bank that ends never meets one that is half ended. */
static void end(struct object *object)
{
    object_rouse(object);
    if (object->left)
        checkpoint_renew(object->number);
    object->dead = true;
    list_del(&object->charged);
    if (object->class->destroy)
        object->class->destroy(object);
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_RECORDS, object->class->records);
    object->bank = NULL;
}

static void forget(struct object *object)
{
    list_del(&object->all);
    count--;
    if (object->class->forget)
        object->class->forget(object);
    else
        free(object);
}

static void end_released(void)
{
    if (destroying)
        return;
    destroying++;
    while (ending) {
        struct object *object = ending;

        ending = object->next_ending;
        if (object->references == 1 && !object->dead)
            end(object);
        if (--object->references == 0)
            forget(object);
    }
    destroying--;
}

void object_destroy(struct object *object)
{
    if (object->dead)
        return;
    object_hold(object);
    destroying++;
    end(object);
    destroying--;
    object_release(object);
    end_released();
}

void object_release(struct object *object)
{
    if (!object)
        return;
    assert(object->references);
    if (object->references > 1) {
        object->references--;
        return;
    }
    object->next_ending = ending;
    ending = object;
    end_released();
}

void object_recharge(struct object *object, struct bank *bank)
{
    assert(!object->dead && object->bank && bank);
    object_rouse(object);
    list_del(&object->charged);
    object->bank = bank;
    list_add_tail(&bank->objects, &object->charged);
    if (object->class->recharged)
        object->class->recharged(object, bank);
}

static const struct object_class void_class = {.kind = RF_KIND_NONE, .size = sizeof(struct object)};

struct object *object_ended(void)
{
    static struct object ended;

    if (!ended.references)
        object_init(&ended, &void_class);
    ended.dead = true;
    return &ended;
}

bool object_is_kept(const struct object *object)
{
    const struct object_class *class = object->class;

    return class->stored && !object->dead && (!class->kept || class->kept(object));
}

u64 object_stored_number(const struct object *object)
{
    return object->class->only ? object->class->stored : object->number;
}

void objects_each(void (*visit)(struct object *object, void *argument), void *argument)
{
    list_for_each(node, &all)
        visit(list_entry(node, struct object, all), argument);
}

void objects_each_resting(void (*visit)(struct object *object, void *argument), void *argument)
{
    list_for_each(node, &resting)
        visit(list_entry(node, struct object, all), argument);
}

void object_rest(struct object *object)
{
    if (!object->class->rests || object->resting || object->dead)
        return;
    list_del(&object->all);
    list_add_tail(&resting, &object->all);
    object->resting = true;
}

void object_rouse_resting(struct object *object)
{
    list_del(&object->all);
    list_add_tail(&all, &object->all);
    object->resting = false;
}

u32 objects_count(void)
{
    return count;
}

u64 objects_last_number(void)
{
    return last_number;
}

void objects_number_from(u64 number)
{
    last_number = MAX(last_number, number);
}
