/* SPDX-License-Identifier: Apache-2.0 */
/* From dentries back to paths. */
#include "base/string.h"
#include "libos/fs/dentry.h"

/* Writes "/name" before *at. False: no room. */
static bool prepend(char *buffer, char **at, const char *text, size_t n)
{
    if ((size_t)(*at - buffer) < n)
        return false;
    *at -= n;
    memcpy(*at, text, n);
    return true;
}

/* Writes the path of d below `root` (NULL: its file system's root), each name behind a slash, to
 * the end of buffer. Where it starts, or NULL. */
static char *write_up(struct dentry *d, const struct dentry *root, char *buffer, size_t size)
{
    char *at = buffer + size;
    while (d != root) {
        while (root && d->covers && d != root)
            d = d->covers;
        if (d == root || d->parent == d)
            break;
        if (!prepend(buffer, &at, d->name, d->name_length) || !prepend(buffer, &at, "/", 1))
            return NULL;
        d = d->parent;
    }
    return at;
}

/* Moves the text [at, end) to the start of buffer. Its length. */
static long settle(char *buffer, char *at, char *end)
{
    size_t n = (size_t)(end - at);
    memmove(buffer, at, n);
    buffer[n] = '\0';
    return (long)n;
}

long dentry_path(struct dentry *d, char *buffer, size_t size)
{
    static const char deleted[] = " (deleted)";
    size_t tail = d->unlinked ? sizeof(deleted) - 1 : 0;
    if (size < tail + 2)
        return -ENAMETOOLONG;
    char *end = buffer + size - 1 - tail;
    char *at = write_up(d, current_process->paths->root, buffer, (size_t)(end - buffer));
    if (!at)
        return -ENAMETOOLONG;
    if (at == end)
        *--at = '/';
    memcpy(end, deleted, tail);
    return settle(buffer, at, end + tail);
}

long dentry_path_in_fs(struct dentry *d, char *buffer, size_t size)
{
    char *end = buffer + size - 1;
    char *at = write_up(d, NULL, buffer, size - 1);
    if (!at)
        return -ENAMETOOLONG;
    return settle(buffer, at < end ? at + 1 : at, end);
}
