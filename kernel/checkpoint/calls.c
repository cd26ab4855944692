/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/resume.h"

/* Followed by the arguments, if they are kept apart; the capability that was invoked; those that it
 * carries; the resume object, if it was received. */
struct stored_call {
    u32 index, detached;
    u32 op, msg;
    u64 w[4];
    s64 data_length, result;
    u32 cap_count, kept; /* bytes */
    u8 finished, patient, lends, received, reserved[4];
};
_Static_assert(sizeof(struct stored_call) == 80, "stored layout");

static bool is_kept(const struct pending *pending)
{
    return pending->detached && (pending->finished || pending->cap.kind == RF_KIND_ENTRY);
}

static size_t kept_length(const struct pending *pending)
{
    return pending->kept ? offsetof(struct rf_msg, data) + (size_t)MAX(pending->data_length, 0) : 0;
}

static void put(struct record *record, const struct pending *pending)
{
    struct stored_call stored = {
        .index = (u32)(pending - pending->domain->pending_memory),
        .detached = pending->detached,
        .op = pending->op,
        .msg = pending->msg,
        .data_length = pending->data_length,
        .result = pending->result,
        .cap_count = pending->cap_count,
        .kept = (u32)kept_length(pending),
        .finished = pending->finished,
        .patient = pending->patient,
        .lends = pending->lends,
        .received = pending->resume != NULL,
    };

    memcpy(stored.w, pending->w, sizeof(stored.w));
    record_put(record, &stored, sizeof(stored));
    record_put(record, pending->kept, stored.kept);
    record_put_cap(record, &pending->cap);
    for (u32 i = 0; i < pending->cap_count; i++)
        record_put_cap(record, &pending->caps[i]);
    if (pending->resume)
        record_put_object(record, &pending->resume->object);
}

int calls_save(struct cell *cell, struct sink *sink)
{
    struct record record = {0};
    u64 count = 0;
    int error;

    list_for_each(node, &cell->domain.pending)
        count += is_kept(list_entry(node, struct pending, all));
    record_put_number(&record, cell->domain.last_detached);
    record_put_number(&record, count);
    list_for_each(node, &cell->domain.pending) {
        const struct pending *pending = list_entry(node, struct pending, all);

        if (is_kept(pending))
            put(&record, pending);
    }
    error = record.bad ? -ENOMEM
                       : sink->record(sink, key_of(cell->object.number, MEMORY_OBJECT), PART_CALLS,
                                      record.bytes, record.length);
    record_finish(&record);
    return error;
}

/* The record at that index, which was never used. */
static struct pending *take(struct domain *domain, u32 index)
{
    struct pending *pending = &domain->pending_memory[index];

    if (index >= MAX_PENDING || pending->domain)
        return NULL;
    domain->pending_fresh = MAX(domain->pending_fresh, index + 1);
    return pending;
}

/* Those between are there to be used. */
static void free_others(struct domain *domain)
{
    for (u32 i = 0; i < domain->pending_fresh; i++) {
        if (!domain->pending_memory[i].domain)
            list_add_tail(&domain->free_pending, &domain->pending_memory[i].all);
    }
}

static void take_kept(struct pending *pending, struct record *from, u32 length)
{
    struct holding *holding = &pending->domain->caps.holding;
    u64 pages = PAGE_ALIGN(length) / PAGE_SIZE;
    const void *bytes = record_take(from, length);

    if (!bytes || length < offsetof(struct rf_msg, data) ||
        length - offsetof(struct rf_msg, data) != (size_t)MAX(pending->data_length, 0) ||
        !(pending->kept = malloc(length))) {
        from->bad = true;
        return;
    }
    memcpy(pending->kept, bytes, length);
    bank_charge_used(holding->bank, RF_RESOURCE_PAGES, pages);
    holding->charged[RF_RESOURCE_PAGES] += pages;
    pending->kept_pages = pages;
}

/* Where it waits. One whose entry or resume object has ended finds that out now. */
static void place(struct pending *pending, struct object *resume, bool received)
{
    struct object *entry = pending->cap.object;

    list_init(&pending->link);
    if (pending->finished)
        return;
    if (received && resume)
        resume_bind(container_of(resume, struct resume, object), pending);
    else if (received || !entry || entry->dead)
        pending_answer(pending, received ? -ECONNRESET : -ESTALE);
    else
        list_add_tail(&container_of(entry, struct entry, object)->endpoint->callers,
                      &pending->link);
}

static bool is_sound(const struct stored_call *stored)
{
    return stored->detached && stored->cap_count <= RF_MSG_CAPS &&
           stored->data_length <= (s64)RF_MSG_DATA && stored->data_length >= -EINVAL;
}

static void get(struct domain *domain, struct record *from)
{
    struct stored_call stored;
    struct pending *pending;
    struct object *resume;

    record_get(from, &stored, sizeof(stored));
    pending = from->bad || !is_sound(&stored) ? NULL : take(domain, stored.index);
    if (!pending) {
        from->bad = true;
        return;
    }
    *pending = (struct pending){.domain = domain,
                                .op = stored.op,
                                .msg = stored.msg,
                                .data_length = stored.data_length,
                                .patient = stored.patient,
                                .lends = stored.lends,
                                .detached = stored.detached,
                                .finished = stored.finished,
                                .result = stored.result};
    memcpy(pending->w, stored.w, sizeof(pending->w));
    list_init(&pending->link);
    list_add_tail(&domain->pending, &pending->all);
    if (stored.kept)
        take_kept(pending, from, stored.kept);
    pending->cap = record_get_cap(from);
    while (pending->cap_count < stored.cap_count)
        pending->caps[pending->cap_count++] = record_get_cap(from);
    resume = stored.received ? record_get_object(from, STORED_RESUME) : NULL;
    if (!from->bad && !stored.finished && pending->cap.object && !pending->cap.object->dead &&
        pending->cap.object->class->stored != STORED_ENTRY)
        from->bad = true;
    if (!from->bad)
        place(pending, resume, stored.received);
}

int calls_load(struct cell *cell, struct source *source)
{
    struct record record = {.number = cell->object.number};
    void *bytes;
    u64 count;
    int error = source->record(source, key_of(cell->object.number, MEMORY_OBJECT), PART_CALLS,
                               &bytes, &record.length);

    if (error)
        return error;
    record.bytes = bytes;
    cell->domain.last_detached = (u32)record_get_number(&record);
    for (count = record_get_number(&record); count && !record.bad; count--)
        get(&cell->domain, &record);
    free_others(&cell->domain);
    error = record.bad ? -EPROTO : 0;
    record_finish(&record);
    return error;
}
