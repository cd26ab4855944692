/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the file interface on a tree. */
#include <errno.h>
#include <string.h>

#include "sdk/serve/server.h"

static s64 file_read(struct server *s)
{
    ssize_t n;

    if (s->at->kind == OPEN_DIR)
        return -EISDIR;
    if (!(s->m->rights & RF_RIGHT_READ))
        return -EBADF;
    if (s->m->words[1] > RF_MSG_DATA)
        return -EINVAL;
    n = s->ops->read(s->at->file, s->reply->room, s->m->words[1], s->m->words[0]);
    s->reply->data_length = n > 0 ? (u32)n : 0;
    return n;
}

static s64 file_attr(struct server *s)
{
    struct rf_attr attr = {0};
    int r = s->at->kind == OPEN_DIR ? s->ops->attr(s->tree, s->at->path, &attr)
                                    : s->ops->file_attr(s->at->file, &attr);

    if (r == 0)
        put_attr(s, &attr);
    return r;
}

static s64 file_write(struct server *s)
{
    struct rf_attr attr = {0};
    ssize_t n;

    if (s->at->kind == OPEN_DIR)
        return -EISDIR;
    if (!is_writable(s) || !s->ops->write)
        return -EBADF;
    n = s->ops->write(s->at->file, s->m->data, s->m->received, s->m->words[0], s->m->words[1]);
    if (n >= 0 && s->ops->file_attr(s->at->file, &attr) == 0)
        s->reply->words[0] = attr.size;
    return n;
}

static s64 file_setattr(struct server *s)
{
    struct rf_setattr set;
    int r;

    if (s->m->received != sizeof(set))
        return -EINVAL;
    memcpy(&set, s->m->data, sizeof(set));
    if (s->at->kind == OPEN_DIR)
        r = s->ops->setattr ? s->ops->setattr(s->tree, s->at->path, &set) : -EROFS;
    else if (set.which & RF_SETATTR_SIZE && !is_writable(s))
        r = -EINVAL;
    else
        r = s->ops->file_setattr ? s->ops->file_setattr(s->at->file, &set) : -EROFS;
    return r < 0 ? r : file_attr(s);
}

static s64 file_sync(struct server *s)
{
    return s->at->kind == FILE_OBJECT && s->ops->sync ? s->ops->sync(s->at->file, s->m->words[0])
                                                      : 0;
}

/* Where there is a capability of the kernel behind it, it grants the descriptor. */
static s64 file_map(struct server *s)
{
    struct rf_message none = RF_MESSAGE;
    s64 slot = -ENODEV, r;

    if (s->at->kind == FILE_OBJECT && s->ops->capability)
        slot = s->ops->capability(s->at->file, s->m->rights);
    if (slot < 0)
        return -ENODEV;
    none.words[0] = s->m->words[0];
    r = rf_forward(s->resume, (u32)slot, RF_OP_FILE_MAP, &none);
    rf_drop((u32)slot);
    return r < 0 ? -ENODEV : RF_ANSWERED;
}

static s64 file_readdir(struct server *s)
{
    u64 next;
    int r;

    if (s->at->kind != OPEN_DIR)
        return -ENOTDIR;
    if (s->m->words[0] == 0) {
        names_free(&s->at->names);
        r = names_read(&s->at->names, s->ops, s->tree, s->at->path);
        if (r < 0)
            return r;
    }
    s->reply->data_length =
        names_put(&s->at->names, s->m->words[0], s->reply->room, RF_MSG_DATA, &next);
    s->reply->words[0] = next;
    return s->reply->data_length;
}

static s64 file_seek(struct server *s)
{
    if (s->at->kind != FILE_OBJECT || !s->ops->seek)
        return -EOPNOTSUPP;
    return s->ops->seek(s->at->file, s->m->words[0], (int)s->m->words[1]);
}

static s64 file_allocate(struct server *s)
{
    if (s->at->kind != FILE_OBJECT || !s->ops->allocate)
        return -EOPNOTSUPP;
    if (!is_writable(s))
        return -EBADF;
    return s->ops->allocate(s->at->file, (int)s->m->words[0], s->m->words[1], s->m->words[2]);
}

serve_operation *file_operation(u32 op)
{
    switch (op) {
    case RF_OP_FILE_READ: return file_read;
    case RF_OP_FILE_WRITE: return file_write;
    case RF_OP_FILE_GETATTR: return file_attr;
    case RF_OP_FILE_SETATTR: return file_setattr;
    case RF_OP_FILE_SYNC: return file_sync;
    case RF_OP_FILE_MAP: return file_map;
    case RF_OP_FILE_READDIR: return file_readdir;
    case RF_OP_FILE_SEEK: return file_seek;
    case RF_OP_FILE_ALLOCATE: return file_allocate;
    default: return NULL;
    }
}
