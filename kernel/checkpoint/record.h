/* SPDX-License-Identifier: Apache-2.0 */
/* The record of an object: bytes, numbers and references, written while the world stands still and
 * read in the same order at restart.
 *
 * Who reads need not look at each step: what is read beyond the end, or cannot be, marks the record
 * as bad and gives zeros from then on. */
#ifndef KERNEL_CHECKPOINT_RECORD_H
#define KERNEL_CHECKPOINT_RECORD_H

#include "kernel/cap/table.h"

struct sink;
struct source;

struct record {
    u8 *bytes;
    size_t length, room, at; /* at: where it is read */
    bool bad;                /* no memory, or read what is not there */
    u64 number;              /* of the object */
    u64 missing;             /* reading: what it refers to, and is not there; 0: nothing */
    struct sink *sink;       /* writing: where its pages go */
    struct source *source;   /* reading: where they come from */
};

/* The record's memory is its own; free it with record_finish. */
void record_finish(struct record *record);

void record_put(struct record *record, const void *bytes, size_t length);
void record_put_number(struct record *record, u64 number);

/* What is written as none is read as none. An object that is not kept is written as one that has
 * ended. */
void record_put_object(struct record *record, const struct object *object);
void record_put_cap(struct record *record, const struct cap *cap);

/* A page of the object's content. */
void record_put_page(struct record *record, u64 index, const void *page);

void record_get(struct record *record, void *bytes, size_t length);
u64 record_get_number(struct record *record);

/* Bytes of the record themselves; NULL: bad. */
const void *record_take(struct record *record, size_t length);

/* A reference to the object is not taken. NULL: none was written, or it had ended. With a class:
 * one of another class is bad. */
struct object *record_get_object(struct record *record, u32 stored);

/* With a reference; empty: none was written. */
struct cap record_get_cap(struct record *record);

#endif
