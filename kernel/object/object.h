/* SPDX-License-Identifier: Apache-2.0 */
/* What all objects have in common: who pays, who refers to them, how they end.
 *
 * An object lives until nobody refers to it or until it is destroyed, whichever comes first. When
 * it is destroyed it gives back all it holds and is charged for at once; what is left is an empty
 * record that stays until the last reference is gone, so that every capability to it is found to be
 * stale.
 *
 * References are counted, so objects that refer to each other in a circle live until one of them is
 * destroyed, or their bank: it is the bank that reclaims.
 *
 * While an object is being destroyed, none ends because it lost its last reference: that waits
 * until the outermost object_destroy or object_release is about to return. So a chain of objects is
 * as long as it likes without being as deep on the stack, and no destroy function meets another
 * half-way. */
#ifndef KERNEL_OBJECT_OBJECT_H
#define KERNEL_OBJECT_OBJECT_H

#include "abi/objects.h"
#include "base/list.h"

struct bank;
struct object;
struct record;

struct object_class {
    u32 kind;    /* the interface of capabilities to it as it is made: enum rf_kind */
    u32 records; /* what it is charged for */
    size_t size; /* of the structure that begins with struct object */
    /* Gives back all that the object holds and was charged for beyond its records. Called once; may
     * release and destroy other objects. NULL: nothing. */
    void (*destroy)(struct object *object);
    /* The last reference is gone and the object was destroyed. NULL: free its memory. */
    void (*forget)(struct object *object);
    /* Another bank pays from now on. NULL: nothing to do. */
    void (*recharged)(struct object *object, struct bank *bank);
    /* How it survives the kernel (checkpoint/objects.h). 0: it does not, and the rest is NULL. */
    u32 stored; /* enum stored_class */
    /* Nothing of what save writes changes but by invocations of it that need more than
     * RF_RIGHT_READ, or where object_rouse is said.
     */
    bool rests;
    /* There is one, which is always there: it has no record. */
    struct object *(*only)(void);
    /* Whether this one is kept. NULL: as long as it lives. */
    bool (*kept)(const struct object *object);
    void (*save)(const struct object *object, struct record *to);
    /* Makes it again, with one reference, charged to the bank, from what save wrote first. NULL: no
     * memory, or a record that makes no sense. */
    struct object *(*load)(struct record *from, struct bank *bank);
    /* All objects are there: reads what save wrote of them. NULL: nothing more was written. */
    void (*link)(struct object *object, struct record *from);
};

struct object {
    const struct object_class *class;
    struct bank *bank;          /* pays; NULL: the kernel itself, and when destroyed */
    struct list charged;        /* on bank->objects */
    struct list all;            /* of all objects whose memory is there */
    struct object *next_ending; /* of those that lost their last reference and wait for their end */
    u64 number;                 /* never used again: names it in CELL_CAPS */
    bool resting;               /* object_rest */
    bool left;                  /* checkpoint_leave was said of it, and it was not saved since */
    u32 references; /* capabilities in slots, nodes and messages, and the kernel's own */
    bool dead;
};

/* A zeroed object of that class with one reference, the caller's. NULL: no memory, or a limit of
 * the bank (NULL: not charged). */
struct object *object_new(const struct object_class *class, struct bank *bank);

/* The same for one that is charged for n of something else as well, which its destroy gives back to
 * object->bank, if there is one. */
struct object *object_new_with(const struct object_class *class, struct bank *bank,
                               enum rf_resource resource, u64 n);

/* Prepares an object that is not on the heap, with one reference and no bank. */
void object_init(struct object *object, const struct object_class *class);

void object_hold(struct object *object);

/* Gives up a reference; NULL: nothing. The last one destroys the object. */
void object_release(struct object *object);

/* Ends the object whoever refers to it. Harmless when it has ended. */
void object_destroy(struct object *object);

/* Moves the charge for a living object: used when a bank dissolves. */
void object_recharge(struct object *object, struct bank *bank);

/* The object that ended before all others: what takes the place of one that is gone. */
struct object *object_ended(void);

/* Whether a restart finds it again, and the number by which: below OBJECT_NUMBERS it is a class
 * that has only one. */
#define OBJECT_NUMBERS 64u
bool object_is_kept(const struct object *object);
u64 object_stored_number(const struct object *object);

/* What is kept of the object is as it is: it is left out of objects_each until it is roused:
 * by an invocation, by being charged elsewhere, by its end. Harmless for one of a class that does
 * not rest. */
void object_rest(struct object *object);
void object_rouse_resting(struct object *object);
static inline void object_rouse(struct object *object)
{
    if (object->resting)
        object_rouse_resting(object);
}

void objects_each_resting(void (*visit)(struct object *object, void *argument), void *argument);

/* All objects that do not rest, in no order; the visitor may not make or end any. */
void objects_each(void (*visit)(struct object *object, void *argument), void *argument);

u32 objects_count(void); /* those that rest too */

/* The last number that was given; and no number up to this one is given any more. */
u64 objects_last_number(void);
void objects_number_from(u64 number);

#endif
