/* SPDX-License-Identifier: Apache-2.0 */
/* File systems whose files are text made when they are read: /proc and /sys. A table of entries
 * describes each directory; directories of what comes and goes (processes, descriptors) look their
 * names up. */
#ifndef LIBOS_FS_TEXTFS_H
#define LIBOS_FS_TEXTFS_H

#include "libos/fs/file.h"
#include "libos/fs/vfs.h"

/* Text that grows, in the heap. Out of memory: it stays as it was and `failed` is set. */
struct text {
    char *data;
    size_t length, room;
    bool failed;
};
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const void *bytes, size_t n);
void text_free(struct text *t);

/* A list of names that a directory's `list` fills. */
struct listing;
void listing_add(struct listing *l, const char *name, u32 type);

struct text_entry {
    const char *name; /* NULL: the end of the table, or of entries that `find` gives */
    u32 mode;         /* type and permissions */
    /* Regular files. `key` says which process, thread or descriptor; it comes from the directory.
     */
    long (*print)(struct text *t, u64 key); /* 0 or -E… */
    long (*store)(u64 key, const char *text,
                  size_t n); /* a write; text is NUL-terminated. 0 or -E… */
    /* Symbolic links. */
    long (*readlink)(u64 key, char *buffer, size_t size);
    struct dentry *(*follow)(u64 key);
    /* Directories: a table, and names that come and go. find gives the entry and key of a name or
     * NULL; list adds their names. */
    const struct text_entry *children;
    const struct text_entry *(*find)(u64 key, const char *name, size_t length, u64 *child_key);
    void (*list)(u64 key, struct listing *l);
    void (*owner)(u64 key, u32 *uid, u32 *gid); /* NULL: root */
};

/* A file system whose root is `root`, a directory. */
struct filesystem *textfs_new(const char *type, u32 magic, const struct text_entry *root);

/* A decimal number without sign or leading zeroes, or -1. */
long text_number(const char *s, size_t length);

/* Defines print_NAME for a file with constant text, and for one with a constant line. */
#define TEXT_CONSTANT(name, words)                                                                 \
    static long print_##name(struct text *t, u64 key)                                              \
    {                                                                                              \
        (void)key;                                                                                 \
        text_add(t, "%s", (words));                                                                \
        return 0;                                                                                  \
    }
#define TEXT_LINE(name, line)                                                                      \
    static long print_##name(struct text *t, u64 key)                                              \
    {                                                                                              \
        (void)key;                                                                                 \
        text_add(t, "%s\n", (line));                                                               \
        return 0;                                                                                  \
    }

#define TEXT_DIR(n, table)                                                                         \
    {                                                                                              \
        .name = (n), .mode = S_IFDIR | 0555, .children = (table)                                   \
    }
#define TEXT_FILE(n, print_)                                                                       \
    {                                                                                              \
        .name = (n), .mode = S_IFREG | 0444, .print = (print_)                                     \
    }

#endif
