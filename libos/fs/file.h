/* SPDX-License-Identifier: Apache-2.0 */
/* Open files ("open file descriptions" of POSIX). They lie in the heap segment and are shared by
 * descriptors of any process. */
#ifndef LIBOS_FS_FILE_H
#define LIBOS_FS_FILE_H

#include "abi/objects.h"
#include "libos/fs/io.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"
#include "libos/entry/errno.h"

struct file;
struct inode;
struct dentry;
struct poll_table;

/* How a part of a file is to be mapped (mm asks, the file answers). */
enum map_source_kind {
    MAP_SOURCE_HEAP,       /* pages of the heap segment at `heap` */
    MAP_SOURCE_DESCRIPTOR, /* host descriptor `fd` at `fd_offset`; mm closes it after mapping unless
                              `keep` */
    MAP_SOURCE_ZERO,       /* fresh zero pages (/dev/zero) */
    MAP_SOURCE_BEYOND,     /* past the end: touching it is SIGBUS */
};

struct map_source {
    enum map_source_kind kind;
    void *heap;
    int fd;
    bool keep; /* fd stays the file system's: mm uses it before it calls `map` again, and does not
                  close it */
    u64 fd_offset;
    size_t
        length; /* bytes that this answer covers, from the offset asked for; mm asks for the rest */
};

/* Any operation may be NULL. What then happens is said behind each. Operations return 0 or more, or
 * -E…; they are called without locks held and do their own locking. */
struct file_ops {
    bool sends_sigio; /* O_ASYNC works; poll is not NULL */
    const char *name; /* for /proc/self/fd and traces: "pipe", "socket", … */
    /* `position` is where to read or write; the operation advances it by what it moved. Streams
     * ignore it. O_APPEND is the operation's business. NULL: EINVAL. */
    long (*read)(struct file *f, struct io *io, u64 *position);
    long (*write)(struct file *f, struct io *io, u64 *position);
    long (*seek)(struct file *f, s64 offset, int whence);     /* NULL: ESPIPE */
    long (*ioctl)(struct file *f, u32 command, u64 argument); /* NULL: ENOTTY */
    /* Registers with the table if pt is not NULL; returns the POLL* events that hold. NULL: always
     * readable and writable. See fs/poll.h. */
    u32 (*poll)(struct file *f, struct poll_table *pt);
    /* Describes [offset, offset+length) for mapping; `out` comes zeroed. The caller holds the
     * process's mapping lock from before the call until it has used the answer. NULL: ENODEV. */
    long (*map)(struct file *f, u64 offset, size_t length, int prot, bool shared,
                struct map_source *out);
    /* Fills linux_dirent64 records from f->position on. NULL: ENOTDIR. Bytes filled, 0 at the end.
     */
    long (*readdir)(struct file *f, void *buffer, size_t size);
    long (*sync)(struct file *f, bool data_only); /* NULL: EINVAL */
    long (*flush)(struct file *f);                /* at each close of a descriptor. NULL: 0 */
    void (*release)(struct file *f);              /* the last reference is gone */
    long (*getattr)(struct file *f, struct rf_attr *out); /* NULL: the inode's */
    long (*truncate)(struct file *f, u64 size);           /* NULL: the inode's setattr */
    long (*allocate)(struct file *f, int mode, u64 offset, u64 length); /* NULL: EOPNOTSUPP */
    /* A new slot with the capability behind the file, with at most those RF_RIGHT_*. NULL:
     * EOPNOTSUPP: there is none. */
    long (*capability)(struct file *f, u32 rights);
};

/* Whom a file's signals go to. */
struct file_owner {
    int id;    /* a process's or thread's number, or minus a group's; 0: nobody */
    int signo; /* F_SETSIG; 0: SIGIO without details */
    bool thread;
    u32 uid, euid; /* of who said so: he must be allowed to send signals */
};

struct async_notice;

struct file {
    const struct file_ops *ops;
    u32 references;
    u32 flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, O_DIRECT, O_PATH … as F_GETFL shows them */
    struct lock position_lock; /* held over read/write that use f->position, for seekable files */
    u64 position;
    struct dentry *dentry; /* where it was opened, or NULL; a reference */
    struct inode *inode;   /* or NULL; a reference */
    void *data;            /* the operations' own */
    u32 slot;              /* capability slot, for host files */
    struct file_owner owner;
    struct async_notice *async; /* fs/async.c; not NULL while O_ASYNC is on */
    bool counted_writer;        /* in inode->writers */
    struct list epoll_items;    /* fs/epoll.c: who watches this file */
};

/* A new file with one reference; NULL: no memory. Takes its own references to dentry and inode. */
struct file *file_new(const struct file_ops *ops, u32 flags, struct dentry *d, struct inode *i);
static inline void file_get(struct file *f)
{
    __atomic_add_fetch(&f->references, 1, __ATOMIC_RELAXED);
}
void file_put(struct file *f); /* f may be NULL */

/* lseek(2) for a file of `size` bytes without holes: sets f->position. */
long seek_within(struct file *f, s64 offset, int whence, u64 size);
/* The same for a file whose size nobody knows: from the start, or from where it is. */
long seek_without_size(struct file *f, s64 offset, int whence);

static inline bool file_readable(const struct file *f)
{
    return (f->flags & 3) != 1 && !(f->flags & 010000000 /* O_PATH */);
}
static inline bool file_writable(const struct file *f)
{
    return (f->flags & 3) != 0 && !(f->flags & 010000000);
}

#endif
