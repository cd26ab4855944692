/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/union/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Where a copy is made before it gets its name: a mark, so it does not show. */
#define COPY ".wh..wh.copy"

static int copy_bytes(const struct rf_tree *next, void *from, void *to)
{
    static char piece[65536];
    u64 at = 0;

    for (;;) {
        ssize_t n = next->read(from, piece, sizeof(piece), at);

        for (ssize_t done = 0; done < n;) {
            ssize_t r = next->write(to, piece + done, (size_t)(n - done), at + (u64)done, false);

            if (r <= 0)
                return r < 0 ? (int)r : -EIO;
            done += r;
        }
        if (n <= 0)
            return (int)n;
        at += (u64)n;
    }
}

static int copy_file(const struct layers *layers, const struct found *found, const char *path,
                     bool contents)
{
    const struct rf_tree *next = layers->next;
    void *from, *to;
    int r = next->open(layers->trees[found->layers[0]], path, O_RDONLY, 0, &from);

    if (r < 0)
        return r;
    r = next->open(layers->trees[0], COPY, O_WRONLY | O_CREAT | O_EXCL, 0600, &to);
    if (r == 0) {
        r = contents ? copy_bytes(next, from, to) : 0;
        next->close(to);
    }
    next->close(from);
    return r;
}

static int copy_link(const struct layers *layers, const struct found *found, const char *path)
{
    char target[PATH_MAX];
    ssize_t n =
        layers->next->readlink(layers->trees[found->layers[0]], path, target, sizeof(target) - 1);

    if (n < 0)
        return (int)n;
    target[n] = '\0';
    return layers->next->symlink(layers->trees[0], COPY, target);
}

/* Owner, permissions, and times, in this order: a change of owner takes set-id bits away. Where the
 * owner cannot be kept it is who makes the copy. */
static int copy_attributes(const struct layers *layers, const char *name,
                           const struct rf_attr *attr)
{
    struct rf_setattr owner = {
        RF_SETATTR_UID | RF_SETATTR_GID, 0, attr->uid, attr->gid, 0, {0}, {0}};
    struct rf_setattr rest = {.which = RF_SETATTR_ACCESSED | RF_SETATTR_MODIFIED |
                                       (S_ISLNK(attr->mode) ? 0 : RF_SETATTR_MODE),
                              .mode = attr->mode & 07777,
                              .accessed = attr->accessed,
                              .modified = attr->modified};
    int r = layers->next->setattr(layers->trees[0], name, &owner);

    if (r < 0 && r != -EPERM && r != -EINVAL)
        return r;
    return layers->next->setattr(layers->trees[0], name, &rest);
}

static int make_copy(const struct layers *layers, const struct found *found, const char *path,
                     bool contents)
{
    u32 mode = found->attr.mode;
    int r = layers->next->unlink(layers->trees[0], COPY, false); /* of somebody who was killed */

    if (r < 0 && r != -ENOENT)
        return r;
    r = S_ISREG(mode)   ? copy_file(layers, found, path, contents)
        : S_ISLNK(mode) ? copy_link(layers, found, path)
                        : layers->next->mknod(layers->trees[0], COPY, mode);
    if (r == 0)
        r = copy_attributes(layers, COPY, &found->attr);
    return r ? r : layers->next->rename(layers->trees[0], COPY, path, 0);
}

int copy_up(const struct layers *layers, const char *path, bool contents)
{
    struct found found;
    int r = layers_find(layers, path, &found);

    if (r < 0 || found.layers[0] == 0)
        return r;
    r = copy_up_parent(layers, path);
    if (r < 0)
        return r;
    if (!S_ISDIR(found.attr.mode))
        return make_copy(layers, &found, path, contents);
    r = layers->next->mkdir(layers->trees[0], path, 0700);
    return r ? r : copy_attributes(layers, path, &found.attr);
}

int copy_up_parent(const struct layers *layers, const char *path)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX];

    snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
    return copy_up(layers, parent, true);
}
