/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of programs that can be mapped, from capabilities that grant descriptors of the host.
 * A host descriptor belongs to one host process and ends at exec, so the open file keeps a copy of
 * the capability instead, and asks for a descriptor again whenever it is mapped: then revoking the
 * capability also ends what can be mapped anew. */
#include "libos/caps/caps.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"

#include <linux/fcntl.h>

struct granted {
    u32 slot, op;
    u64 rights;
};

static long granted_map(struct file *f, u64 offset, size_t length, int prot, bool shared,
                        struct map_source *out)
{
    const struct granted *g = f->data;
    (void)prot;
    (void)shared;
    long fd = invoke_retry(g->slot, g->op, g->rights, 0, 0, 0);
    if (fd < 0)
        return fd;
    out->kind = MAP_SOURCE_DESCRIPTOR;
    out->fd = (int)fd;
    out->fd_offset = offset;
    out->length = length;
    return 0;
}

static long granted_getattr(struct file *f, struct rf_attr *out)
{
    const struct granted *g = f->data;
    long r = 0;
    anonymous_getattr(f, out);
    if (g->op == RF_OP_SEGMENT_MAP) {
        r = invoke_retry(g->slot, RF_OP_SEGMENT_SIZE, 0, 0, 0, 0);
        out->size = r > 0 ? (u64)r : 0;
    } else if (g->op == RF_OP_FILE_MAP) {
        struct rf_msg *m = message_get();
        r = invoke_message_retry(g->slot, RF_OP_FILE_GETATTR, m, 0, 0, 0, 0);
        if (r >= 0)
            *out = *(const struct rf_attr *)m->data;
        message_put(m);
    }
    return MIN(r, 0);
}

static long granted_capability(struct file *f, u32 rights)
{
    return invoke_surely(((const struct granted *)f->data)->slot, RF_OP_COPY, rights, 0, 0, 0);
}

static void granted_release(struct file *f)
{
    struct granted *g = f->data;
    invoke_surely(g->slot, RF_OP_DROP, 0, 0, 0, 0);
    heap_free(g);
}

static const struct file_ops granted_ops = {
    .name = "granted",
    .map = granted_map,
    .getattr = granted_getattr,
    .capability = granted_capability,
    .release = granted_release,
};

long granted_install(u32 slot, u32 op, u64 w0, int fd)
{
    host_close(fd);
    long copy = invoke_surely(slot, RF_OP_COPY, ~0u, 0, 0, 0);
    if (copy < 0)
        return copy;
    struct granted *g = heap_alloc(sizeof(*g));
    if (!g) {
        invoke_surely((u32)copy, RF_OP_DROP, 0, 0, 0, 0);
        return -ENOMEM;
    }
    *g = (struct granted){.slot = (u32)copy, .op = op, .rights = w0};
    /* What a space allows is known to the host's descriptor alone. */
    bool writable = op == RF_OP_SPACE_OPEN || w0 & RF_RIGHT_WRITE;
    return anonymous_install(&granted_ops, g, writable ? O_RDWR : O_RDONLY);
}
