/* SPDX-License-Identifier: Apache-2.0 */
/* A segment is a file in memory. Cells that map it have no call to change its size; this process
 * never maps it, so nothing that happens to it is more than an error number here. */
#include "kernel/object/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/checkpoint/journal.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/memory_file.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"

#define COPY_PIECE   65536u
#define COPY_AT_ONCE 16u /* pieces, before others have their turn */
#define SAMPLE_MOST  1024u
#define SAMPLE_NS    10000000u

struct segment {
    struct object object;
    int fd;
    u64 size;
    u64 pages;          /* charged */
    struct list mapped; /* on the list of those that somebody may have mapped */
};

static struct list all_mapped = {&all_mapped, &all_mapped};

static void segment_destroy(struct object *object);
static void segment_save(const struct object *object, struct record *to);
static struct object *segment_load(struct record *from, struct bank *bank);

const struct object_class segment_class = {.kind = RF_KIND_SEGMENT,
                                           .records = 1,
                                           .size = sizeof(struct segment),
                                           .destroy = segment_destroy,
                                           .stored = STORED_SEGMENT,
                                           .save = segment_save,
                                           .load = segment_load};

static struct segment *segment_of(const struct cap *cap)
{
    return container_of(cap->object, struct segment, object);
}

static int make_file(u64 size)
{
    int fd = memfd_create("segment", MFD_CLOEXEC);

    if (fd >= 0 && size && ftruncate(fd, (off_t)size) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct object *segment_make(struct bank *bank, u64 size)
{
    struct object *object = object_new_with(&segment_class, bank, RF_RESOURCE_FILES, 1);
    struct segment *segment;

    if (!object)
        return NULL;
    segment = container_of(object, struct segment, object);
    list_init(&segment->mapped);
    segment->size = size;
    segment->fd = make_file(size);
    if (segment->fd >= 0)
        return object;
    object_release(object);
    return NULL;
}

/* Whoever has it mapped finds nothing any more, and its memory is free. */
static void segment_destroy(struct object *object)
{
    struct segment *segment = container_of(object, struct segment, object);

    list_del(&segment->mapped);
    if (segment->fd >= 0) {
        (void)!ftruncate(segment->fd, 0); /* does not fail for what is only made smaller */
        close(segment->fd);
    }
    if (!object->bank)
        return;
    bank_uncharge(object->bank, RF_RESOURCE_PAGES, segment->pages);
    bank_uncharge(object->bank, RF_RESOURCE_FILES, 1);
}

/* Charges for what it holds now. */
static void sample(struct segment *segment)
{
    struct bank *bank = segment->object.bank;
    struct stat st;
    u64 pages;

    if (fstat(segment->fd, &st) < 0)
        return;
    pages = (u64)st.st_blocks / (PAGE_SIZE / 512);
    if (pages > segment->pages)
        bank_charge_used(bank, RF_RESOURCE_PAGES, pages - segment->pages);
    else
        bank_uncharge(bank, RF_RESOURCE_PAGES, segment->pages - pages);
    segment->pages = pages;
}

void segments_sample(void)
{
    static u64 next_ns;
    u64 now = now_ns();

    if (now < next_ns)
        return;
    next_ns = now + SAMPLE_NS;
    for (u32 i = 0; i < SAMPLE_MOST && !list_empty(&all_mapped); i++) {
        struct segment *segment = list_first(&all_mapped, struct segment, mapped);

        sample(segment);
        list_del(&segment->mapped);
        list_add_tail(&all_mapped, &segment->mapped);
    }
}

u64 segment_length(const struct cap *cap)
{
    u64 size = segment_of(cap)->size;

    if (!cap->b) /* not a slice */
        return size;
    return cap->a < size ? MIN(cap->b, size - cap->a) : 0;
}

s64 segment_read(const struct cap *cap, u64 offset, void *to, u64 length)
{
    u64 held = segment_length(cap);
    ssize_t n;

    if (offset >= held)
        return 0;
    n = pread(segment_of(cap)->fd, to, MIN(length, held - offset), (off_t)(cap->a + offset));
    return n < 0 ? -errno : n;
}

s64 op_SEGMENT_READ(struct call *call)
{
    s64 n;

    if (call_needs_message(call) || call->w[1] > RF_MSG_DATA)
        return -EINVAL;
    n = segment_read(call->cap, call->w[0], call->msg->data, call->w[1]);
    if (n >= 0)
        call->msg->data_length = (u32)n;
    return n;
}

/* Pages of the range that hold nothing yet. */
static u64 missing_pages(const struct segment *segment, u64 offset, u64 length)
{
    u64 start = offset & PAGE_MASK, end = PAGE_ALIGN(offset + length), at = start, held = 0;

    while (at < end) {
        off_t data = lseek(segment->fd, (off_t)at, SEEK_DATA), hole;

        if (data < 0 || (u64)data >= end)
            break;
        hole = lseek(segment->fd, data, SEEK_HOLE);
        if (hole <= data)
            break;
        at = PAGE_ALIGN((u64)hole);
        held += MIN(at, end) - (u64)data;
    }
    return (end - start - held) / PAGE_SIZE;
}

static bool may_hold(const struct segment *segment, u64 offset, u64 length)
{
    const struct bank *bank = segment->object.bank;
    u64 most = (PAGE_ALIGN(offset + length) - (offset & PAGE_MASK)) / PAGE_SIZE;

    return bank_has_room(bank, RF_RESOURCE_PAGES, most) ||
           bank_allows(bank, RF_RESOURCE_PAGES, missing_pages(segment, offset, length));
}

/* Writes all or nothing, and charges: 0 or a negative errno. Within the segment. */
static int store(struct segment *segment, u64 offset, const void *bytes, u64 length)
{
    ssize_t n;

    if (!length)
        return 0;
    sample(segment);
    if (!may_hold(segment, offset, length) ||
        fallocate(segment->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) < 0)
        return -ENOSPC;
    n = pwrite(segment->fd, bytes, length, (off_t)offset);
    sample(segment);
    return n == (ssize_t)length ? 0 : -EIO; /* its pages are there */
}

s64 op_SEGMENT_WRITE(struct call *call)
{
    u64 held = segment_length(call->cap);
    s64 length = call_data_length(call);
    int error;

    if (length < 0)
        return length;
    if (call->w[0] > held || (u64)length > held - call->w[0])
        return -EFBIG;
    error = store(segment_of(call->cap), call->cap->a + call->w[0], call->in->data, (u64)length);
    return call_done(call, error ? error : length);
}

s64 op_SEGMENT_SIZE(struct call *call)
{
    sample(segment_of(call->cap));
    return (s64)segment_length(call->cap);
}

s64 op_SEGMENT_RESIZE(struct call *call)
{
    struct segment *segment = segment_of(call->cap);

    if (call->cap->b)
        return -EINVAL;
    if (call->w[0] > RF_SEGMENT_MOST)
        return -EFBIG;
    if (ftruncate(segment->fd, (off_t)call->w[0]) < 0)
        return -ENOSPC;
    call_commit(call);
    segment->size = call->w[0];
    sample(segment);
    return 0;
}

s64 op_SEGMENT_SLICE(struct call *call)
{
    u64 offset = call->w[0], length = call->w[1], held = segment_length(call->cap);
    struct cap slice;

    if (!length)
        return -EINVAL;
    if (offset > held || length > held - offset)
        return -EFBIG;
    slice = cap_copy(call->cap, (u32)call->w[2]);
    slice.a += offset;
    slice.b = length;
    return call_new_cap(call, slice);
}

/* Copies some of what holds data from *at on: 1: there may be more; 0: that was all; or a negative
 * errno. */
static int copy_some(const struct cap *from, struct segment *to, u64 *at)
{
    static u8 piece[COPY_PIECE];
    u64 end = from->a + MIN(segment_length(from), to->size);
    int fd = segment_of(from)->fd, error;

    for (u32 i = 0; i < COPY_AT_ONCE; i++) {
        off_t data = lseek(fd, (off_t)(from->a + *at), SEEK_DATA), hole;
        ssize_t n;

        if (data < 0 || (u64)data >= end)
            return 0;
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole <= data)
            return 0;
        n = pread(fd, piece, MIN(MIN((u64)hole, end) - (u64)data, COPY_PIECE), data);
        if (n <= 0)
            return n < 0 ? -EIO : 0;
        *at = (u64)data - from->a;
        error = store(to, *at, piece, (u64)n);
        if (error)
            return error;
        *at += (u64)n;
    }
    return 1;
}

static void copied(struct pending *pending)
{
    struct domain *domain = pending->domain;
    s64 slot = table_add(&domain->caps, pending->caps[0]);

    if (slot >= 0)
        pending->cap_count = 0;
    if (!pending_answer(pending, slot) && slot >= 0)
        table_drop(&domain->caps, (u32)slot);
}

/* The pending record holds the source, and the copy in caps[0]; w[0] is how far it is. */
static void copy_on(struct timer *timer)
{
    struct pending *pending = container_of(timer, struct pending, timer);
    struct call call = call_of_pending(pending);
    int more;

    if (!pending_valid(pending))
        more = -EINTR;
    else if (!call.cap)
        more = -ESTALE;
    else if (pending->caps[0].object->dead)
        more = -ENOSPC;
    else
        more = copy_some(call.cap, segment_of(&pending->caps[0]), &pending->w[0]);
    if (more > 0 && timer_set(timer, now_ns() + 1) == 0)
        return;
    if (more)
        pending_answer(pending, more > 0 ? -EAGAIN : more);
    else
        copied(pending);
}

static s64 copy_later(struct call *call, struct object *copy, u64 at)
{
    struct pending *pending;
    s64 result = call_wait(call, &call->domain->timed, &pending);

    if (result != CALL_WAITS) {
        object_release(copy);
        return result;
    }
    pending->caps[0] =
        (struct cap){.object = copy, .kind = RF_KIND_SEGMENT, .rights = RF_RIGHT_ALL};
    pending->cap_count = 1;
    pending->w[0] = at;
    pending->timer.expired = copy_on;
    if (timer_set(&pending->timer, now_ns()) < 0)
        pending_answer(pending, -EAGAIN);
    return CALL_WAITS;
}

s64 op_SEGMENT_COPY(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);
    struct object *copy;
    u64 at = 0;
    int more;

    if (!cap || cap->kind != RF_KIND_BANK)
        return -EBADF;
    if (!(cap->rights & RF_RIGHT_WRITE))
        return -EACCES;
    copy = segment_make(container_of(cap->object, struct bank, object), segment_length(call->cap));
    if (!copy)
        return -ENOSPC;
    more = copy_some(call->cap, container_of(copy, struct segment, object), &at);
    if (more > 0)
        return copy_later(call, copy, at);
    if (!more)
        return call_new_slot(call, copy, RF_RIGHT_ALL);
    object_release(copy);
    return more;
}

/* A description that cannot write, and from which none can be had that does: cells have no call to
 * open one. */
static int read_only(const struct segment *segment)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", segment->fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

s64 segment_grant(const struct call *call, struct object *object, bool writes)
{
    struct segment *segment = container_of(object, struct segment, object);
    int fd = writes ? segment->fd : read_only(segment), result;

    if (fd < 0)
        return -ENFILE;
    if (list_empty(&segment->mapped))
        list_add_tail(&all_mapped, &segment->mapped);
    result = call->domain->transport->grant(call->domain, call->id, fd);
    if (!writes)
        close(fd);
    return result ? result : CALL_GRANTED;
}

s64 op_SEGMENT_MAP(struct call *call)
{
    if (call->cap->rights & RF_RIGHT_WEAK)
        return -EACCES;
    if (call->cap->b)
        return -ENODEV;
    return segment_grant(call, call->cap->object, call->w[0] & call->cap->rights & RF_RIGHT_WRITE);
}

s64 op_SEGMENT_HOLDERS(struct call *call)
{
    return call->cap->object->references;
}

s64 op_SEGMENT_JOURNAL(struct call *call)
{
    u64 held = segment_length(call->cap), at = call->cap->a + call->w[0];
    struct segment *segment = segment_of(call->cap);
    u8 page[PAGE_SIZE] = {0};

    if (call->w[0] >= held)
        return -EFBIG;
    if (at % PAGE_SIZE)
        return -EINVAL;
    if (pread(segment->fd, page, sizeof(page), (off_t)at) < 0)
        return -errno;
    return journal_page(call, segment->object.number, at / PAGE_SIZE, page);
}

static void segment_save(const struct object *object, struct record *to)
{
    const struct segment *segment = container_of(object, const struct segment, object);

    record_put_number(to, segment->size);
    if (memory_file_save(segment->fd, to->sink, key_of(to->number, MEMORY_OBJECT)))
        to->bad = true;
}

/* Whoever had it mapped maps it again; what it holds is looked at as if it were mapped. */
static struct object *segment_load(struct record *from, struct bank *bank)
{
    u64 size = record_get_number(from);
    struct object *object = size <= RF_SEGMENT_MOST ? segment_make(bank, size) : NULL;
    struct segment *segment;

    if (!object)
        return NULL;
    segment = container_of(object, struct segment, object);
    if (memory_file_load(segment->fd, size, from->source, key_of(from->number, MEMORY_OBJECT)))
        from->bad = true;
    sample(segment);
    list_add_tail(&all_mapped, &segment->mapped);
    return object;
}

struct wanted {
    u64 device, inode;
    struct object *found;
};

static void compare_file(struct object *object, void *argument)
{
    struct wanted *wanted = argument;
    struct stat st;

    if (object->class == &segment_class && !object->dead &&
        fstat(container_of(object, struct segment, object)->fd, &st) == 0 &&
        st.st_ino == wanted->inode && st.st_dev == wanted->device)
        wanted->found = object;
}

struct object *segment_of_file(u64 device, u64 inode)
{
    struct wanted wanted = {device, inode, NULL};

    objects_each(compare_file, &wanted);
    return wanted.found;
}

int segment_descriptor(const struct object *object, bool writes)
{
    const struct segment *segment = container_of(object, const struct segment, object);

    return writes ? fcntl(segment->fd, F_DUPFD_CLOEXEC, 3) : read_only(segment);
}
