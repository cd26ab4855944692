/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel/checkpoint/granted_file.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/dir.h"
#include "kernel/object/meter.h"
#include "kernel/object/viewer.h"

/* Followed by the slots, each with the file if it is one. */
struct stored_held {
    u64 signals;
    u32 last_detached, main_stopped;
    u32 token_count, tokens[SPAWN_TOKENS];
    u32 fresh, count; /* slots that were ever used; that hold something */
    u32 reserved;
};
_Static_assert(sizeof(struct stored_held) == 288, "stored layout");

enum held_kind { HELD_OTHER, HELD_FILE };

struct stored_slot {
    u32 slot, kind; /* enum held_kind */
    u32 flags;      /* of open(2) */
    u8 rights, is_dir, append, may_change;
};
_Static_assert(sizeof(struct stored_slot) == 16, "stored layout");

#define KEPT_FLAGS (O_ACCMODE | O_DIRECTORY | O_SYNC | O_DSYNC)

/* --- writing --- */

static void put_slot(struct cell *cell, u32 slot, struct record *record)
{
    const struct cap *cap = table_get(&cell->domain.caps, slot);
    struct stored_slot stored = {.slot = slot, .kind = HELD_OTHER, .rights = cap->rights};
    size_t length = record->length;
    const struct file *file;

    if (cap->object->dead || cap->object->class != &file_class) {
        record_put(record, &stored, sizeof(stored));
        return;
    }
    file = file_of(cap);
    stored.kind = HELD_FILE;
    stored.flags = (u32)fcntl(file->fd, F_GETFL) & KEPT_FLAGS;
    stored.is_dir = file->is_dir;
    stored.append = file->append;
    stored.may_change = file->may_change;
    record_put(record, &stored, sizeof(stored));
    if (granted_file_save(cell, file->fd, record))
        return;
    record->length = length;
    stored.kind = HELD_OTHER;
    record_put(record, &stored, sizeof(stored));
}

int held_save(struct cell *cell, struct sink *sink)
{
    struct cap_table *table = &cell->domain.caps;
    struct stored_held stored = {.signals = cell->signals,
                                 .last_detached = cell->domain.last_detached,
                                 .main_stopped = cell->main_stopped,
                                 .token_count = cell->token_count,
                                 .fresh = table->fresh};
    struct record record = {0};
    int error;

    memcpy(stored.tokens, cell->tokens, sizeof(stored.tokens));
    for (u32 slot = 0; slot < table->fresh; slot++)
        stored.count += table_get(table, slot) != NULL;
    record_put(&record, &stored, sizeof(stored));
    for (u32 slot = 0; slot < table->fresh; slot++) {
        if (table_get(table, slot))
            put_slot(cell, slot, &record);
    }
    error = record.bad ? -ENOMEM
                       : sink->record(sink, key_of(cell->object.number, MEMORY_OBJECT), PART_HELD,
                                      record.bytes, record.length);
    record_finish(&record);
    return error;
}

/* --- from cell to cell --- */

/* Consoles that were one are one again. */
static struct object *own_console(struct cell *from, struct cell *to, u32 slot)
{
    struct cap_table *table = &from->domain.caps;
    struct object *theirs = table_get(table, slot)->object;

    for (u32 before = 0; before < slot; before++) {
        const struct cap *cap = table_get(table, before), *made;

        if (!cap || cap->object != theirs || !(made = table_get(&to->domain.caps, before)))
            continue;
        object_hold(made->object);
        return made->object;
    }
    return viewer_console_like(theirs, to->object.bank);
}

/* What every cell has of its own. */
static bool is_own(const struct cell *cell, u32 slot, const struct object *object)
{
    return (slot == RF_SLOT_BANK && object == &cell->bank->object) ||
           (slot == RF_SLOT_METER && cell->meter && object == &cell->meter->object) ||
           ((slot == RF_SLOT_CELL || slot == RF_SLOT_PLACE) && object == &cell->object);
}

/* With a reference. */
static struct cap copy_of(const struct cell *from, const struct cap *theirs)
{
    struct cap ended = {.object = object_ended(), .kind = theirs->kind, .rights = theirs->rights};

    if (theirs->object != &from->object && theirs->kind != RF_KIND_RESUME &&
        object_is_kept(theirs->object))
        return cap_copy(theirs, ~0u);
    object_hold(ended.object);
    return ended;
}

static int copy_slot(struct cell *from, struct cell *to, u32 slot)
{
    const struct cap *theirs = table_get(&from->domain.caps, slot);
    struct cap cap = {.kind = theirs->kind, .rights = theirs->rights};

    if (is_own(from, slot, theirs->object))
        return 0;
    if (theirs->kind != RF_KIND_CONSOLE || theirs->object->dead)
        cap = copy_of(from, theirs);
    else
        cap.object = own_console(from, to, slot);
    if (!cap.object)
        return -ENOSPC;
    table_put(&to->domain.caps, slot, cap);
    return 0;
}

int held_copy(struct cell *from, struct cell *to)
{
    const struct cap_table *table = &from->domain.caps;
    int error = 0;

    if (!table_has_room(&to->domain.caps, table->fresh - to->domain.caps.fresh))
        return -ENOSPC;
    table_load(&to->domain.caps, table->fresh);
    for (u32 slot = 0; slot < table->fresh && !error; slot++) {
        if (table->slots[slot].object)
            error = copy_slot(from, to, slot);
    }
    table_loaded(&to->domain.caps);
    return error;
}

/* --- reading --- */

/* NULL: it is not there, or may not be opened; which was said. */
static struct object *find_file(struct cell *cell, const struct stored_slot *stored,
                                struct record *record)
{
    int flags = (int)(stored->flags & KEPT_FLAGS);
    int fd = granted_file_load(cell, record, flags, false);
    bool read_only = !stored->is_dir && (flags & O_ACCMODE) == O_RDONLY;
    struct file *file = fd < 0 ? NULL : file_make(cell->domain.bank, fd, read_only);

    if (!file) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    file->is_dir = stored->is_dir;
    file->append = stored->append;
    file->may_change = stored->may_change && (flags & O_ACCMODE) != O_RDONLY;
    return &file->object;
}

static u8 rights_of(int flags)
{
    int access = flags & O_ACCMODE;

    return (access != O_WRONLY ? RF_RIGHT_READ : 0) | (access != O_RDONLY ? RF_RIGHT_WRITE : 0);
}

/* What was not given, and cannot be found, has ended: nothing else ever comes to lie there. */
static void find_slot(struct cell *cell, const struct stored_slot *stored, struct record *record)
{
    struct cap cap = {.kind = RF_KIND_FILE,
                      .rights = stored->rights & rights_of((int)stored->flags)};
    bool given = table_get(&cell->domain.caps, stored->slot);

    if (stored->kind == HELD_FILE && !given)
        cap.object = find_file(cell, stored, record);
    else if (stored->kind == HELD_FILE)
        granted_file_skip(record);
    if (given)
        return;
    if (!cap.object) {
        cap.object = object_ended();
        object_hold(cap.object);
    }
    table_put(&cell->domain.caps, stored->slot, cap);
}

static int find_all(struct cell *cell, const struct stored_held *held, struct record *record)
{
    struct cap_table *table = &cell->domain.caps;

    if (held->fresh < table->reserved || held->fresh > CAP_SLOTS)
        return -EPROTO;
    if (!table_has_room(table, held->fresh - table->fresh))
        return -ENOSPC;
    table_load(table, held->fresh);
    for (u32 i = 0; i < held->count && !record->bad; i++) {
        struct stored_slot stored;

        record_get(record, &stored, sizeof(stored));
        if (stored.slot >= held->fresh || stored.kind > HELD_FILE)
            record->bad = true;
        else
            find_slot(cell, &stored, record);
    }
    table_loaded(table);
    return record->bad ? -EPROTO : 0;
}

int held_load(struct cell *cell, struct source *source, u64 number, bool find)
{
    struct record record = {0};
    struct stored_held held;
    void *bytes;
    int error =
        source->record(source, key_of(number, MEMORY_OBJECT), PART_HELD, &bytes, &record.length);

    if (error)
        return error;
    record.bytes = bytes;
    record_get(&record, &held, sizeof(held));
    error = record.bad || held.token_count > SPAWN_TOKENS ? -EPROTO : 0;
    if (!error && find)
        error = find_all(cell, &held, &record);
    if (!error) {
        cell->signals = held.signals;
        cell->domain.last_detached = held.last_detached;
        cell->main_stopped = held.main_stopped;
        cell->token_count = held.token_count;
        memcpy(cell->tokens, held.tokens, sizeof(held.tokens));
    }
    record_finish(&record);
    return error;
}
