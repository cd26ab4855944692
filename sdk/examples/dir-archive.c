/* SPDX-License-Identifier: Apache-2.0 */
/* Offers what is in an archive (tar, zip, cpio, 7z and whatever else libarchive reads) as a
 * read-only dir: dir-archive FILE. A wrapper that wraps a file; see rf_offer in sdk/ringfence.h. It
 * holds the contents in memory, and needs the file no more once it serves. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/serve/memory.h"

static void read_contents(struct archive *archive, struct memory_node *node)
{
    const void *piece;
    size_t n;
    la_int64_t offset;

    while (archive_read_data_block(archive, &piece, &n, &offset) == ARCHIVE_OK &&
           memory_put(node, (u64)offset, piece, n))
        ;
}

/* Another name of a file that came before: the entry has nothing else. */
static void take_link(const char *path, const char *target)
{
    char other[4096];
    struct memory_node *same = memory_clean_path(target, other) ? memory_find(other) : NULL;
    struct memory_node *node = same && S_ISREG(same->attr.mode) && !memory_find(path)
                                   ? memory_make(path, same->attr.mode)
                                   : NULL;

    if (!node)
        return;
    node->data = same->data;
    node->attr = same->attr;
}

/* To others than the superuser everything is their own, as when they unpack it: the archive's users
 * may be none here, and most formats name none. */
static void take_attributes(struct memory_node *node, struct archive_entry *entry)
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
    struct memory_node *node;
    char path[4096];

    if (!memory_clean_path(archive_entry_pathname(entry) ?: "", path))
        return;
    if (archive_entry_hardlink(entry)) {
        take_link(path, archive_entry_hardlink(entry));
        return;
    }
    if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
        return;
    node = memory_find(path) ?: memory_make(path, mode);
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

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: dir-archive FILE\n");
        return 1;
    }
    memory_make("", S_IFDIR | 0755);
    if (!load(argv[1]))
        return 1;
    return rf_serve_offered(rf_open(NULL)
                                ?: rf_serve_tree(&memory_ops, NULL, RF_RIGHT_READ | RF_RIGHT_EXEC),
                            "dir-archive");
}
