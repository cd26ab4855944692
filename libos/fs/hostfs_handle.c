/* SPDX-License-Identifier: Apache-2.0 */
/* The file capabilities of host inodes. Files that are open share one slot for reading and one for
 * writing. A slot for reading is kept after the last close, so that opening the file again costs
 * nothing; of those the longest unused go when there are too many. A slot for writing goes at once:
 * the host refuses to execute a file that somebody has open for writing. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"

#define IDLE_MOST     1024u
#define IDLE_MANY     256u /* from here on small files are opened without keeping a slot */
#define PROGRAM_START 8192u
#define INLINE_MOST   (RF_MSG_DATA - sizeof(struct rf_attr))

/* The lock is a leaf. It guards users, idle links, and the taking away of idle slots. */
struct handles {
    struct lock lock;
    struct list idle; /* of struct host_handle, longest unused first */
    u32 idle_count;
    u32 late; /* a slot to be emptied with the next opening, or before this process sleeps; 0: none
               */
};

static struct handles *handles;

void hostfs_handles_init(void)
{
    handles = heap_alloc(sizeof(*handles));
    if (!handles)
        panic("no memory for host directories");
    list_init(&handles->idle);
}

void hostfs_drop_slot(u32 slot)
{
    if (slot)
        invoke_surely(slot, RF_OP_DROP, 0, 0, 0, 0);
}

static void leave_idle(struct host_handle *handle)
{
    if (!list_empty(&handle->idle)) {
        list_del(&handle->idle);
        handles->idle_count--;
    }
}

/* Takes the slot of the longest idle handle away if there are more than `most`: the slot, or 0. */
static u32 take_idle(u32 most)
{
    u32 slot = 0;
    lock_take(&handles->lock);
    if (handles->idle_count > most) {
        struct host_handle *oldest = list_first(&handles->idle, struct host_handle, idle);
        leave_idle(oldest);
        slot = oldest->slot;
        oldest->slot = 0;
    }
    lock_release(&handles->lock);
    return slot;
}

static void limit_idle(u32 most)
{
    u32 slot;
    while ((slot = take_idle(most)))
        hostfs_drop_slot(slot);
}

static u32 exchange_late(u32 slot)
{
    return __atomic_exchange_n(&handles->late, slot, __ATOMIC_ACQ_REL);
}

bool hostfs_late_drop(void)
{
    return handles && __atomic_load_n(&handles->late, __ATOMIC_RELAXED);
}

void hostfs_drop_late(void)
{
    if (hostfs_late_drop())
        hostfs_drop_slot(exchange_late(0));
}

long hostfs_invoke_open(struct dentry *d, struct rf_msg *m, int flags, u32 mode, u64 content)
{
    m->data_length = 0;
    /* A program cannot drop for us. */
    u32 late = hostfs_late_drop() && !hostfs_by_program(d->fs) ? exchange_late(0) : 0;
    long r = hostfs_invoke_name(d, RF_OP_DIR_OPEN, m, (u64)flags, mode, content, late);
    if (r < 0)
        hostfs_drop_slot(late);
    return r;
}

/* The contents are gone on the host, and so is what we have of them. */
static void truncated(struct inode *i, u32 *flags)
{
    struct host_inode *h = host_inode(i);
    *flags &= ~(u32)O_TRUNC;
    cache_file_drop(&h->cache);
    h->own_change = true;
    h->last_write = hostfs_now();
    hostfs_sent(i);
}

/* What will be mapped, and read only in small pieces. */
static bool is_program(const struct inode *i)
{
    return (i->mode & 0111) && i->size > PAGE_SIZE;
}

/* How much of the content that came along is kept: of what execve maps, the start. */
static u64 worth_keeping(const struct inode *i, const u8 *content, u64 size)
{
    return is_program(i) && memcmp(content, "\177ELF", 4) == 0 ? MIN(size, PROGRAM_START) : size;
}

/* Opens i by name. The slot, or -E…; -ESTALE: the name is something else's now. `truncate`: O_TRUNC
 * or 0. */
static long open_slot(struct inode *i, struct dentry *d, enum handle_kind kind, u32 *truncate,
                      struct rf_msg *m, bool *readable)
{
    struct host_inode *h = host_inode(i);
    *readable = true;
    if (!d || d->unlinked)
        return -ESTALE;
    bool content = kind == HANDLE_READ && i->size <= INLINE_MOST && !is_program(i) &&
                   !cache_dirty(&h->cache) && !h->written_through &&
                   !cache_holds_whole(&h->cache, i->size);
    int flags = kind == HANDLE_READ ? O_RDONLY : O_RDWR | (int)(*truncate & O_TRUNC);
    long slot = hostfs_invoke_open(d, m, flags, 0, content);
    if (slot == -ENFILE || slot == -EMFILE) {
        limit_idle(0);
        slot = hostfs_invoke_open(d, m, flags, 0, content);
    }
    if (slot == -EACCES && kind == HANDLE_WRITE) {
        slot = hostfs_invoke_open(d, m, O_WRONLY | (flags & O_TRUNC), 0, 0);
        *readable = false;
    }
    if (slot < 0)
        return slot == -ENOENT ? -ESTALE : slot;
    if (!hostfs_same(i, hostfs_attr(m))) {
        hostfs_drop_slot((u32)slot);
        return -ESTALE;
    }
    if (flags & O_TRUNC)
        truncated(i, truncate);
    hostfs_update(i, hostfs_attr(m));
    if (content && m->words[1] && m->words[1] == i->size)
        cache_insert_start(&h->cache, m->data + sizeof(struct rf_attr), m->words[1]);
    return slot;
}

/* Gives the handle a slot; whoever was faster has the other one's dropped. */
static void set_slot(struct host_handle *handle, u32 slot, bool readable)
{
    lock_take(&handles->lock);
    u32 old = handle->slot;
    handle->slot = slot;
    handle->readable = readable;
    lock_release(&handles->lock);
    hostfs_drop_slot(old);
}

static long open_handle(struct inode *i, struct dentry *d, enum handle_kind kind, u32 *truncate)
{
    struct host_handle *handle = &host_inode(i)->handles[kind];
    struct rf_msg *m = message_get();
    bool readable;
    long slot = open_slot(i, d, kind, truncate, m, &readable);
    message_put(m);
    if (slot > 0)
        set_slot(handle, (u32)slot, readable);
    return slot;
}

static void use(struct host_handle *handle)
{
    lock_take(&handles->lock);
    leave_idle(handle);
    handle->users++;
    lock_release(&handles->lock);
}

/* Can h be read though it has no slot for that? */
static bool readable_without(struct host_inode *h)
{
    const struct host_handle *writer = &h->handles[HANDLE_WRITE];
    u64 size = h->inode->size;
    return (writer->slot && writer->readable) ||
           (size && size <= INLINE_MOST && !h->written_through &&
            cache_holds_whole(&h->cache, size));
}

long hostfs_handle_get(struct inode *i, struct dentry *d, enum handle_kind kind, u32 *flags)
{
    struct host_inode *h = host_inode(i);
    struct host_handle *handle = &h->handles[kind];
    use(handle);
    if (handle->slot)
        return 0;
    if (kind == HANDLE_READ && readable_without(h))
        return 0;
    long r = open_handle(i, d, kind, flags);
    if (r < 0)
        hostfs_handle_put(i, kind);
    return r < 0 ? r : 0;
}

/* The last writer has closed: its slot goes, or, where the file is still open for reading by it
 * alone, becomes the one for reading. */
static u32 end_writing(struct host_inode *h)
{
    struct host_handle *writer = &h->handles[HANDLE_WRITE], *reader = &h->handles[HANDLE_READ];
    u32 slot = writer->slot;
    writer->slot = 0;
    if (slot && reader->users && !reader->slot && writer->readable) {
        reader->slot = slot;
        reader->readable = true;
        return 0;
    }
    return slot;
}

void hostfs_handle_put(struct inode *i, enum handle_kind kind)
{
    struct host_inode *h = host_inode(i);
    struct host_handle *handle = &h->handles[kind];
    u32 drop = 0;
    lock_take(&handles->lock);
    handle->users--;
    if (!h->handles[HANDLE_WRITE].users && (kind == HANDLE_WRITE || !handle->users))
        drop = end_writing(h);
    if (kind == HANDLE_READ && !handle->users && handle->slot) {
        list_add_tail(&handles->idle, &handle->idle);
        handles->idle_count++;
    }
    lock_release(&handles->lock);
    if (drop && !(i->mode & 0111))
        drop = exchange_late(drop);
    hostfs_drop_slot(drop);
    limit_idle(IDLE_MOST);
}

long hostfs_slot(struct inode *i, struct dentry *d, enum handle_kind kind)
{
    struct host_inode *h = host_inode(i);
    struct host_handle *writer = &h->handles[HANDLE_WRITE];
    if (writer->slot && (kind == HANDLE_WRITE || writer->readable))
        return writer->slot;
    if (h->handles[kind].slot)
        return h->handles[kind].slot;
    u32 nothing = 0;
    return open_handle(i, d, kind, &nothing);
}

void hostfs_handle_give(struct inode *i, enum handle_kind kind, u32 slot)
{
    struct host_handle *handle = &host_inode(i)->handles[kind];
    set_slot(handle, slot, true);
    if (kind == HANDLE_READ) {
        use(handle);
        hostfs_handle_put(i, kind);
    }
}

long hostfs_open_name(struct dentry *d, struct rf_msg *m, u64 *content)
{
    bool many = handles->idle_count > IDLE_MANY;
    long slot = hostfs_invoke_open(d, m, O_RDONLY, 0, many ? 2 : 1);
    if (slot < 0)
        return slot;
    *content = m->words[1];
    if (S_ISREG(hostfs_attr(m)->mode))
        return slot;
    hostfs_drop_slot((u32)slot);
    return -EISDIR;
}

void hostfs_take_opened(struct inode *i, const struct rf_msg *m, u32 slot, u64 content, u64 asked)
{
    struct host_inode *h = host_inode(i);
    const u8 *bytes = m->data + sizeof(struct rf_attr);
    u64 kept = worth_keeping(i, bytes, content);
    lock_take(&i->lock);
    if (content && content == i->size && h->sent <= asked && !cache_dirty(&h->cache) &&
        !h->written_through && !cache_holds_whole(&h->cache, kept))
        cache_insert_start(&h->cache, bytes, kept);
    lock_release(&i->lock);
    if (slot)
        hostfs_handle_give(i, HANDLE_READ, slot);
}

void hostfs_handles_drop(struct inode *i)
{
    for (int kind = 0; kind < HANDLE_COUNT; kind++) {
        struct host_handle *handle = &host_inode(i)->handles[kind];
        lock_take(&handles->lock);
        leave_idle(handle);
        u32 slot = handle->slot;
        handle->slot = 0;
        lock_release(&handles->lock);
        hostfs_drop_slot(slot);
    }
}
