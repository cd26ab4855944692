/* SPDX-License-Identifier: Apache-2.0 */
/* Offers what is in an archive (tar, zip, cpio, 7z and whatever else libarchive reads) as a
 * read-only dir: dir-archive FILE. A wrapper that wraps a file; see rf_offer in sdk/ringfence.h. It
 * holds the contents in memory, and needs the file no more once it serves. */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/serve/tree.h"

/* A name; `data` is a file's contents, or a link's target. */
struct node {
    const char *path, *name;
    struct node *children, *sibling;
    struct rf_attr attr;
    char *data;
};

static void *nodes; /* tsearch(3) by path */
static u64 last_inode;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

static struct node *find(const char *path)
{
    struct node key = {.path = path}, **found = tfind(&key, &nodes, compare);

    return found ? *found : NULL;
}

static struct node *make(const char *path, u32 mode);

/* The directory above, made if the archive has not named it. */
static struct node *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
    struct node *parent = find(above);

    if (!parent)
        parent = make(above, S_IFDIR | 0755);
    free(above);
    return parent && S_ISDIR(parent->attr.mode) ? parent : NULL;
}

static struct node *make(const char *path, u32 mode)
{
    struct node *parent = *path ? parent_of(path) : NULL, *node;
    const char *slash;

    if (*path && !parent)
        return NULL; /* below something that is no directory */
    node = calloc(1, sizeof(*node));
    if (!node || !(node->path = strdup(path))) {
        fprintf(stderr, "dir-archive: no memory\n");
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

/* Without what leads out of the tree: false if nothing is left. */
static bool clean(const char *from, char to[4096])
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

static void read_contents(struct archive *archive, struct node *node)
{
    const void *piece;
    size_t n;
    la_int64_t offset;

    while (archive_read_data_block(archive, &piece, &n, &offset) == ARCHIVE_OK) {
        u64 end = (u64)offset + n;

        if (!n)
            continue;
        if (end > node->attr.size || !node->data) {
            char *grown = realloc(node->data, end);

            if (!grown)
                return;
            memset(grown + node->attr.size, 0, end - node->attr.size);
            node->data = grown;
            node->attr.size = end;
        }
        memcpy(node->data + offset, piece, n);
    }
    node->attr.blocks = (node->attr.size + 511) / 512;
}

/* Another name of a file that came before: the entry has nothing else. */
static void take_link(const char *path, const char *target)
{
    char other[4096];
    struct node *same = clean(target, other) ? find(other) : NULL;
    struct node *node =
        same && S_ISREG(same->attr.mode) && !find(path) ? make(path, same->attr.mode) : NULL;

    if (!node)
        return;
    node->data = same->data;
    node->attr = same->attr;
}

/* To others than the superuser everything is their own, as when they unpack it: the archive's users
 * may be none here, and most formats name none. */
static void take_attributes(struct node *node, struct archive_entry *entry)
{
    bool keeps_owners = geteuid() == 0;

    node->attr.mode = archive_entry_mode(entry);
    node->attr.uid = keeps_owners ? (u32)archive_entry_uid(entry) : geteuid();
    node->attr.gid = keeps_owners ? (u32)archive_entry_gid(entry) : getegid();
    node->attr.modified.seconds = archive_entry_mtime(entry);
    node->attr.changed = node->attr.accessed = node->attr.modified;
}

static void take(struct archive *archive, struct archive_entry *entry)
{
    u32 mode = archive_entry_mode(entry);
    struct node *node;
    char path[4096];

    if (!clean(archive_entry_pathname(entry) ?: "", path))
        return;
    if (archive_entry_hardlink(entry)) {
        take_link(path, archive_entry_hardlink(entry));
        return;
    }
    if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
        return;
    node = find(path) ?: make(path, mode);
    if (!node || ((node->attr.mode ^ mode) & S_IFMT))
        return;
    take_attributes(node, entry);
    if (S_ISLNK(mode)) {
        node->data = strdup(archive_entry_symlink(entry) ?: "");
        node->attr.size = strlen(node->data);
    } else if (S_ISREG(mode) && !node->data) {
        read_contents(archive, node);
    }
}

static bool load(const char *file)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    int r;

    archive_read_support_filter_all(archive);
    archive_read_support_format_all(archive);
    r = archive_read_open_filename(archive, file, 65536);
    while (r == ARCHIVE_OK && (r = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
        if (r == ARCHIVE_WARN)
            r = ARCHIVE_OK;
        if (r == ARCHIVE_OK)
            take(archive, entry);
    }
    if (r != ARCHIVE_EOF)
        fprintf(stderr, "dir-archive: %s: %s\n", file, archive_error_string(archive));
    archive_read_free(archive);
    return r == ARCHIVE_EOF;
}

/* ---- the tree ---- */

/* -ELOOP for what lies behind a link. */
static int look(const char *path, struct node **found)
{
    const char *slash = path;
    char above[4096];

    *found = find(path);
    if (*found)
        return 0;
    while ((slash = strchr(slash, '/'))) {
        struct node *node;

        snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
        node = find(above);
        if (!node || !S_ISDIR(node->attr.mode))
            return !node ? -ENOENT : S_ISLNK(node->attr.mode) ? -ELOOP : -ENOTDIR;
        slash++;
    }
    return -ENOENT;
}

static int archive_attr(void *tree, const char *path, struct rf_attr *out)
{
    struct node *node;
    int r = look(path, &node);

    (void)tree;
    if (r == 0)
        *out = node->attr;
    return r;
}

static ssize_t archive_readlink(void *tree, const char *path, char *to, size_t size)
{
    struct node *node;
    int r = look(path, &node);

    (void)tree;
    if (r < 0)
        return r;
    memcpy(to, node->data, MIN(size, node->attr.size));
    return (ssize_t)MIN(size, node->attr.size);
}

static int archive_names(void *tree, const char *path,
                         void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    struct node *node;
    int r = look(path, &node);

    (void)tree;
    for (node = r < 0 ? NULL : node->children; node; node = node->sibling)
        each(list, node->name, node->attr.inode, (u8)IFTODT(node->attr.mode));
    return r;
}

static int archive_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    struct node *node;
    int r = look(path, &node);

    (void)tree;
    (void)mode;
    if (r == 0 && (flags & O_ACCMODE) != O_RDONLY)
        r = -EROFS;
    *file = r < 0 ? NULL : node;
    return r;
}

static ssize_t archive_read(void *file, void *to, size_t n, u64 offset)
{
    const struct node *node = file;

    if (offset >= node->attr.size)
        return 0;
    n = MIN(n, node->attr.size - offset);
    memcpy(to, node->data + offset, n);
    return (ssize_t)n;
}

static int archive_file_attr(void *file, struct rf_attr *out)
{
    *out = ((const struct node *)file)->attr;
    return 0;
}

static void archive_close(void *file)
{
    (void)file;
}

static const struct rf_tree tree = {
    .attr = archive_attr,
    .readlink = archive_readlink,
    .names = archive_names,
    .open = archive_open,
    .read = archive_read,
    .file_attr = archive_file_attr,
    .close = archive_close,
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: dir-archive FILE\n");
        return 1;
    }
    make("", S_IFDIR | 0755);
    if (!load(argv[1]))
        return 1;
    return rf_serve_offered(
        rf_open(NULL) ?: rf_serve_tree(&tree, NULL, RF_RIGHT_READ | RF_RIGHT_EXEC), "dir-archive");
}
