/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a program serves: there is no descriptor of the host to map, and no way into the heap
 * segment but by messages. */
#include "libos/fs/hostfs.h"

#include "base/string.h"
#include "libos/mm/heap.h"

long hostfs_read_messages(u32 slot, u64 offset, void *memory, size_t n)
{
    struct rf_msg *m = message_get();
    size_t done = 0;
    long r = 0;
    while (done < n) {
        m->data_length = 0;
        r = invoke_message_retry(slot, RF_OP_FILE_READ, m, offset + done,
                                 MIN(n - done, RF_MSG_DATA), 0, 0);
        if (r <= 0)
            break;
        r = MIN(r, (long)MIN((size_t)m->data_length, n - done));
        memcpy((u8 *)memory + done, m->data, (size_t)r);
        done += (size_t)r;
    }
    message_put(m);
    return done && r != -ERESTARTSYS ? (long)done : r;
}

long hostfs_write_messages(u32 slot, u64 offset, const void *memory, size_t n, bool append,
                           u64 *end)
{
    struct rf_msg *m = message_get();
    size_t done = 0;
    long r = 0;
    while (done < n) {
        m->data_length = (u32)MIN(n - done, RF_MSG_DATA);
        memcpy(m->data, (const u8 *)memory + done, m->data_length);
        r = invoke_message_retry(slot, RF_OP_FILE_WRITE, m, offset + done, append, 0, 0);
        if (r <= 0)
            break;
        done += MIN((size_t)r, n - done);
        if (end)
            *end = m->words[0];
    }
    message_put(m);
    return done && r != -ERESTARTSYS ? (long)done : r;
}

void hostfs_copy_free(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    if (h->copy)
        heap_pages_free(h->copy, PAGE_ALIGN(h->copy_size) / PAGE_SIZE);
    h->copy = NULL;
}

static bool copy_is_old(const struct inode *i)
{
    const struct host_inode *h = host_inode(i);
    return h->copy_size != i->size || h->copy_modified.seconds != i->modified.seconds ||
           h->copy_modified.nanoseconds != i->modified.nanoseconds;
}

static long make_copy(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    u8 *copy = heap_pages_alloc(PAGE_ALIGN(i->size) / PAGE_SIZE);
    if (!copy)
        return -ENOMEM;
    long slot = hostfs_slot(i, NULL, HANDLE_READ);
    long r = slot < 0 ? slot : hostfs_read_messages((u32)slot, 0, copy, i->size);
    if (r < 0) {
        heap_pages_free(copy, PAGE_ALIGN(i->size) / PAGE_SIZE);
        return r;
    }
    h->copy = copy;
    h->copy_size = i->size;
    h->copy_modified = i->modified;
    return 0;
}

long hostfs_map_copy(struct inode *i, u64 offset, size_t length, struct map_source *out)
{
    struct host_inode *h = host_inode(i);
    if (h->copy && copy_is_old(i) && __atomic_load_n(&i->map_count, __ATOMIC_ACQUIRE) == 0)
        hostfs_copy_free(i);
    long r = h->copy || i->size == 0 ? 0 : make_copy(i);
    if (r < 0)
        return r;
    u64 end = h->copy ? PAGE_ALIGN(h->copy_size) : 0;
    out->kind = offset < end ? MAP_SOURCE_HEAP : MAP_SOURCE_BEYOND;
    out->heap = h->copy + offset;
    out->length = offset < end ? MIN(length, end - offset) : length;
    return 0;
}
