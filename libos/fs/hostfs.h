/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the host file system (hostfs*.c). What it promises to programs is said in hostfs.c. */
#ifndef LIBOS_FS_HOSTFS_H
#define LIBOS_FS_HOSTFS_H

#include "libos/host/clock.h"
#include "libos/fs/file.h"
#include "libos/fs/pagecache.h"
#include "libos/fs/vfs.h"
#include "libos/host/invoke.h"

/* filesystem.data */
struct hostfs {
    u32 slot; /* the dir capability */
    u32 rights;
    u64 validity; /* ns for which a name and its attributes are taken as still right */
    char *only;   /* not NULL: the file system is this one file of the directory */
    u8 served_by; /* enum rf_kind of the capability; 0: not asked yet */
};

/* Whether a program serves it, and not the kernel: all data goes through messages. Asked when it
 * first matters, since most of what a cell sees it never opens. */
bool hostfs_by_program(struct filesystem *fs);

/* A file capability that the files open on an inode share. */
enum handle_kind { HANDLE_READ, HANDLE_WRITE, HANDLE_COUNT };
struct host_handle {
    struct list idle; /* when it has a slot and no user */
    u32 slot;         /* 0: none */
    u32 users;        /* open files */
    bool readable;    /* a HANDLE_WRITE that can be read too */
};

/* inode.data. `inode->lock` guards it, the table's lock its place in the table and its handles. */
struct host_inode {
    struct host_inode *next_in_bucket;
    struct inode *inode;
    u64 device, number;
    u64 serial;                       /* unlike the address never used again */
    u64 good_until;                   /* hostfs_now() until which the attributes need no check */
    struct rf_time modified, changed; /* of the contents in the cache; the host's times */
    bool own_change;      /* this cell has changed it since: new times do not mean new contents */
    bool written_through; /* has been mapped shared and writable: the cache is not used */
    bool appended;        /* the dirty data was all appended */
    bool misplaced;       /* it landed elsewhere: somebody on the host appended too */
    bool fresh;  /* this cell made it and has not opened it yet: O_TRUNC has nothing to do */
    bool locked; /* hostfs_lock.c: holds a use of the handle for writing */
    bool gone;   /* its last name was removed by this cell: late writes may be forgotten */
    struct list
        dirty_link; /* hostfs_write.c: on the list while dirty, with a reference to the inode */
    u64 last_write; /* hostfs_now() of the last write, or of when it was made */
    u64 sent;       /* hostfs_sends() when this cell last changed the contents on the host */
    u64 dirty_since;
    int writer;      /* process that wrote last */
    u32 set_id;      /* set-id bits that the cell gave a file: the host does not keep them */
    u32 error_count; /* failed late writes */
    int error;       /* of the last one */
    char *target;    /* of a symbolic link */
    u32 target_length;
    u32 names_length; /* of a directory: bytes of all its entries, when the cache holds them */
    u64 listed_until; /* hostfs_batch.c: a program that lists may ask about each name until then */
    u64 batch_cookie;
    u32 batch_lookups;
    bool batch_end;
    u32 map_requests; /* how often a descriptor of it was asked for */
    u8 *copy;         /* hostfs_copy.c: the contents, for mapping where there is no descriptor */
    u64 copy_size;
    struct rf_time copy_modified;
    struct host_handle handles[HANDLE_COUNT];
    struct cached_file cache;
};

static inline struct hostfs *hostfs_of(const struct inode *i)
{
    return i->fs->data;
}
static inline struct host_inode *host_inode(const struct inode *i)
{
    return i->data;
}

/* A clock of some ms resolution, cheap enough to be read for every path component. */
u64 hostfs_now(void);

/* ---- hostfs.c: inodes ---- */

/* How many changes of contents this cell has sent to the host. Whoever asks the host without
 * holding i->lock reads it before: what the answer says of contents that were changed since is out
 * of date. */
u64 hostfs_sends(void);
/* A change of i's contents has arrived at the host. i->lock held. */
void hostfs_sent(struct inode *i);
/* The inode of a host object in fs, new or known, with a reference; known ones take over the
 * attributes, which were asked for after `asked` sends. NULL: no memory. */
struct inode *hostfs_inode(struct filesystem *fs, const struct rf_attr *a, u64 asked,
                           const void *target, size_t target_length);
/* Takes over attributes that the host just gave. Drops cached contents if they show a change that
 * this cell did not make. i->lock held. */
void hostfs_update(struct inode *i, const struct rf_attr *a);
/* The same with an answer that was asked for without i->lock, after `asked` sends. i->lock not
 * held. */
void hostfs_update_late(struct inode *i, const struct rf_attr *a, u64 asked);
/* Is a the object that i stands for? */
bool hostfs_same(const struct inode *i, const struct rf_attr *a);
/* The cell gives i these permission bits. The kernel keeps set-id bits of files from the host;
 * inside the cell they last as long as the inode is cached. i->lock held or i is new. */
void hostfs_set_id(struct inode *i, u32 mode);
void hostfs_drop_set_id(struct inode *i); /* drop_set_id */
/* i no longer has the name that this cell took away, or has a new one: its times on the host have
 * changed. */
void hostfs_changed_here(struct inode *i);
/* Makes the attributes good again if their time is over: asks the host by an open handle, or by the
 * name d (may be NULL). i->lock held. 0 or -ERESTARTSYS. */
long hostfs_freshen(struct inode *i, struct dentry *d);
/* Writes the path that the host knows d by to the end of m->data, and counts it in m->data_length.
 * Its length or -ENAMETOOLONG. The namespace lock or the names' lock is held until the host has
 * used the path. */
long hostfs_add_path(struct rf_msg *m, struct dentry *d);
/* The attributes that an answer begins with. */
static inline const struct rf_attr *hostfs_attr(const struct rf_msg *m)
{
    return (const struct rf_attr *)m->data;
}
/* Asks what the host has at d's name: 0 and attributes (and a link's target) in m, or -E…. */
long hostfs_ask(struct dentry *d, struct rf_msg *m);
/* Adds d's path to m's data and sends the operation, while no rename can move d. */
long hostfs_invoke_name(struct dentry *d, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3);
/* Time until which something that the host said then, or says now, is taken as right. */
static inline u64 hostfs_after(const struct filesystem *fs, u64 time)
{
    return time + clock_span_of_host(((const struct hostfs *)fs->data)->validity);
}
static inline u64 hostfs_until(const struct filesystem *fs)
{
    return hostfs_after(fs, hostfs_now());
}

void hostfs_evict(struct inode *i); /* inode_ops.evict */

/* ---- hostfs_names.c: operations on names ---- */
extern const struct inode_ops host_dir_ops, host_file_ops, host_link_ops, host_special_ops;

/* ---- hostfs_batch.c: many names at once ---- */

/* A program has begun to list dir. */
void hostfs_listed(struct inode *dir);
/* d is to be asked about. Its directory's names may be asked about all together: true if d's inode
 * and the time until which it is right were set so. */
bool hostfs_batch(struct dentry *d);

/* ---- hostfs_handle.c: capability slots ---- */

void hostfs_handles_init(void);
void hostfs_drop_slot(u32 slot); /* 0: nothing */
/* A slot waits to be emptied; empties it. */
bool hostfs_late_drop(void);
void hostfs_drop_late(void);
/* DIR_OPEN of d's name; `content` is its w2. */
long hostfs_invoke_open(struct dentry *d, struct rf_msg *m, int flags, u32 mode, u64 content);
/* Takes a use of a handle of i, opening it by the name d if it has no slot. If *flags has O_TRUNC
 * and the opening did that, it is cleared. i->lock held. 0 or -E…. */
long hostfs_handle_get(struct inode *i, struct dentry *d, enum handle_kind kind, u32 *flags);
void hostfs_handle_put(struct inode *i, enum handle_kind kind);
/* The slot by which i can be read (or written) now, opening one by name if needed. Slot or -E…;
 * i->lock held. */
long hostfs_slot(struct inode *i, struct dentry *d, enum handle_kind kind);
/* Puts a slot that came from creating i into it as an idle handle. */
void hostfs_handle_give(struct inode *i, enum handle_kind kind, u32 slot);
void hostfs_handles_drop(struct inode *i);
/* Opens d, which may or may not be known, for reading instead of only asking for it: m as
 * hostfs_ask leaves it, with the content behind the attributes if *content is not 0. The slot (0:
 * none was needed), or -E…; -ELOOP and others that say nothing about the name: ask. */
long hostfs_open_name(struct dentry *d, struct rf_msg *m, u64 *content);
/* Gives i what came of that, begun after `asked` sends. i->lock is not held. */
void hostfs_take_opened(struct inode *i, const struct rf_msg *m, u32 slot, u64 content, u64 asked);

/* ---- hostfs_file.c, hostfs_dir.c, hostfs_map.c ---- */

long hostfs_open_file(struct inode *i, struct dentry *d, struct file *f); /* inode_ops.open */
long hostfs_open_dir(struct inode *i, struct dentry *d, struct file *f);
long hostfs_map(struct file *f, u64 offset, size_t length, int prot, bool shared,
                struct map_source *out); /* file_ops.map */

void hostfs_map_init(void);

/* ---- hostfs_copy.c: what a program serves ---- */

/* As FILE_TO_HEAP and FILE_FROM_HEAP, by messages. *end (may be NULL): where an append has ended.
 */
long hostfs_read_messages(u32 slot, u64 offset, void *memory, size_t n);
long hostfs_write_messages(u32 slot, u64 offset, const void *memory, size_t n, bool append,
                           u64 *end);
/* Answers hostfs_map by a copy of the file in the heap segment, which is made at the first need and
 * when the file has changed and nothing of it is mapped. i->lock held. */
long hostfs_map_copy(struct inode *i, u64 offset, size_t length, struct map_source *out);
void hostfs_copy_free(struct inode *i);

/* ---- hostfs_lock.c: inode_ops.lock and unlocked ---- */

long hostfs_lock(struct inode *i, struct dentry *d, int type, u64 start, u64 end);
void hostfs_unlocked(struct inode *i);

/* ---- hostfs_write.c ---- */

extern const struct cache_backing host_backing;
void hostfs_write_init(void);
long hostfs_write(struct file *f, struct io *io, u64 *position); /* file_ops.write */
/* True if the cache must not be used: mapped shared and writable by some process. i->lock held. */
bool hostfs_written_through(struct inode *i);
/* Reads from the host past the cache. i->lock held. */
long hostfs_read_direct(struct inode *i, struct dentry *d, struct io *io, u64 *position);
/* Sends i's dirty data. i->lock held, and the caller has a reference. 0 or -E…, which is also noted
 * for the next close or fsync of every open file. */
long hostfs_flush(struct inode *i);
/* The error of a late write that f has not been told yet, or 0. i->lock held. */
long hostfs_late_error(struct file *f);

#endif
