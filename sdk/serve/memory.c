/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serve/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void *nodes; /* tsearch(3) by path */
static u64 last_inode;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct memory_node *)a)->path, ((const struct memory_node *)b)->path);
}

struct memory_node *memory_find(const char *path)
{
    struct memory_node key = {.path = path}, **found = tfind(&key, &nodes, compare);

    return found ? *found : NULL;
}

/* The directory above, made if the archive has not named it. */
static struct memory_node *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
    struct memory_node *parent = memory_find(above);

    if (!parent)
        parent = memory_make(above, S_IFDIR | 0755);
    free(above);
    return parent && S_ISDIR(parent->attr.mode) ? parent : NULL;
}

struct memory_node *memory_make(const char *path, u32 mode)
{
    struct memory_node *parent = *path ? parent_of(path) : NULL, *node;
    const char *slash;

    if (*path && !parent)
        return NULL; /* below something that is no directory */
    node = calloc(1, sizeof(*node));
    if (!node || !(node->path = strdup(path))) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    slash = strrchr(node->path, '/');
    node->name = slash ? slash + 1 : node->path;
    node->attr = (struct rf_attr){
        .inode = ++last_inode, .mode = mode, .links = 1, .block_size = 4096, .device = 1};
    if (parent) {
        node->sibling = parent->children;
        parent->children = node;
    }
    tsearch(node, &nodes, compare);
    return node;
}

bool memory_clean_path(const char *from, char to[4096])
{
    size_t n = 0;

    while (*from) {
        size_t length = strcspn(from, "/");

        if (length == 2 && memcmp(from, "..", 2) == 0)
            return false;
        if (length && !(length == 1 && *from == '.')) {
            if (length > 255 || n + length + 2 > 4096)
                return false;
            if (n)
                to[n++] = '/';
            memcpy(to + n, from, length);
            n += length;
        }
        from += length + (from[length] == '/');
    }
    to[n] = '\0';
    return n > 0;
}

bool memory_put(struct memory_node *node, u64 offset, const void *data, size_t n)
{
    u64 end = offset + n;

    if (!n)
        return true;
    if (end > node->attr.size || !node->data) {
        char *grown = realloc(node->data, end);

        if (!grown)
            return false;
        memset(grown + node->attr.size, 0, end - node->attr.size);
        node->data = grown;
        node->attr.size = end;
        node->attr.blocks = (end + 511) / 512;
    }
    memcpy(node->data + offset, data, n);
    return true;
}

/* ---- the tree ---- */

/* -ELOOP for what lies behind a link. */
static int look(const char *path, struct memory_node **found)
{
    const char *slash = path;
    char above[4096];

    *found = memory_find(path);
    if (*found)
        return 0;
    while ((slash = strchr(slash, '/'))) {
        struct memory_node *node;

        snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
        node = memory_find(above);
        if (!node || !S_ISDIR(node->attr.mode))
            return !node ? -ENOENT : S_ISLNK(node->attr.mode) ? -ELOOP : -ENOTDIR;
        slash++;
    }
    return -ENOENT;
}

static int memory_attr(void *tree, const char *path, struct rf_attr *out)
{
    struct memory_node *node;
    int r = look(path, &node);

    (void)tree;
    if (r == 0)
        *out = node->attr;
    return r;
}

static ssize_t memory_readlink(void *tree, const char *path, char *to, size_t size)
{
    struct memory_node *node;
    int r = look(path, &node);

    (void)tree;
    if (r < 0)
        return r;
    memcpy(to, node->data, MIN(size, node->attr.size));
    return (ssize_t)MIN(size, node->attr.size);
}

static int memory_names(void *tree, const char *path,
                        void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    struct memory_node *node;
    int r = look(path, &node);

    (void)tree;
    for (node = r < 0 ? NULL : node->children; node; node = node->sibling)
        each(list, node->name, node->attr.inode, (u8)IFTODT(node->attr.mode));
    return r;
}

static int memory_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    struct memory_node *node;
    int r = look(path, &node);

    (void)tree;
    (void)mode;
    if (r == 0 && (flags & O_ACCMODE) != O_RDONLY)
        r = -EROFS;
    *file = r < 0 ? NULL : node;
    return r;
}

static ssize_t memory_read(void *file, void *to, size_t n, u64 offset)
{
    const struct memory_node *node = file;

    if (offset >= node->attr.size)
        return 0;
    n = MIN(n, node->attr.size - offset);
    memcpy(to, node->data + offset, n);
    return (ssize_t)n;
}

static int file_attr(void *file, struct rf_attr *out)
{
    *out = ((const struct memory_node *)file)->attr;
    return 0;
}

static void memory_close(void *file)
{
    (void)file;
}

const struct rf_tree memory_ops = {
    .attr = memory_attr,
    .readlink = memory_readlink,
    .names = memory_names,
    .open = memory_open,
    .read = memory_read,
    .file_attr = file_attr,
    .close = memory_close,
};
