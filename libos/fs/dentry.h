/* SPDX-License-Identifier: Apache-2.0 */
/* The dentry tree and the name cache, for the files that walk and change it. Rules in fs/vfs.h.
 *
 * A dentry's count falls from 1 to 0 only under `unused_lock`; there it is decided what becomes of
 * it: it is freed if it is unhashed, else kept on `unused`. It rises from 0 only under the
 * namespace lock. Kept ones are freed by the namespace lock's holder when it releases the lock,
 * never during a walk: so a walk needs no references. */
#ifndef LIBOS_FS_DENTRY_H
#define LIBOS_FS_DENTRY_H

#include "libos/fs/vfs.h"
#include "libos/proc/process.h"

/* Longest text of a walk: what follows a link's target, and the target. */
#define WALK_TEXT (2 * PATH_MAX_BYTES)

struct namespace
{
    struct lock lock;
    struct list *hash; /* hash_size chains of struct dentry */
    u32 hash_size;     /* a power of two */
    u32 hashed;
    struct thread *holder; /* of the lock; NULL: nobody */
    struct lock unused_lock;
    struct list unused; /* struct dentry, longest unused first */
    u32 unused_count;
    struct dentry *root;
    struct filesystem *spare; /* RAM: its inodes stand in where a place for a mount is missing */
    struct list filesystems;
    u64 next_device;
    u64 next_cookie;
    struct lock locks_lock; /* filelock.c */
    struct list lock_waits;
    struct lock async_lock; /* async.c */
    struct list async_due;
    struct lock files_lock;
    struct file *free_files; /* file.c: linked by data */
    char *walk_text[2];      /* WALK_TEXT bytes each, for links: under the lock */
};
#define the_namespace ((struct namespace *)the_cell->filesystems)

static inline u32 name_hash_step(u32 hash, u8 c)
{
    return (hash ^ c) * 0x01000193u;
}
#define NAME_HASH_START 0x811c9dc5u
u32 name_hash(const char *name, size_t length);

/* Looks in the tree only. No reference is taken. */
struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length, u32 hash);
/* A negative dentry with one reference, not in the tree. NULL: no memory. */
struct dentry *dentry_new(struct dentry *parent, const char *name, size_t length, u32 hash);
/* Puts d below its parent, at the end of the directory. */
void dentry_hash(struct dentry *d);
/* Takes d out of the tree. Its parent is kept for messages and "..". */
void dentry_unhash(struct dentry *d);
static inline bool dentry_hashed(const struct dentry *d)
{
    return !list_empty(&d->hash);
}
/* d has just been given an inode: puts it into the tree, or to the end of its directory. */
void dentry_made(struct dentry *d);
/* Gives d another place: below `parent`, with the name of `name_of`, of which `name` is a heap copy
 * that d takes over. */
void dentry_move(struct dentry *d, struct dentry *parent, const struct dentry *name_of, char *name);
/* Exchanges the places of two. name_a and name_b: heap copies of their names, taken over. */
void dentry_swap(struct dentry *a, struct dentry *b, char *name_a, char *name_b);
/* True if d is `ancestor` or lies below it, across mounts. */
bool dentry_below(const struct dentry *d, const struct dentry *ancestor);
/* True if nothing but negative dentries lies below d. */
bool dentry_childless(const struct dentry *d);
/* Frees what has been unused for long. Namespace lock held. */
void dentries_shrink(u32 keep);

/* Whether the calling thread holds the namespace lock. */
bool namespace_is_mine(void);

/* What a walk leaves the namespace lock for. */
struct question {
    u64 since;        /* when the walk asked first: what was since then need not be asked again */
    struct dentry *d; /* with a reference; NULL: nothing */
    bool fresh;       /* it is not in the tree yet */
};

/* dentry_lookup's and a walk's result: the question is to be answered first. */
#define ASK_FIRST 1

/* Child `name` of `dir` from the tree or the file system, perhaps negative, with mounts not
 * crossed. A negative one may be NULL unless `want` has WALK_CREATE. *out has no reference but when
 * it is not in the tree: then *fresh is true and the caller gives it back. q may be NULL: whatever
 * has to be asked is asked at once. */
long dentry_lookup(struct dentry *dir, const char *name, size_t length, u32 hash, u32 want,
                   struct dentry **out, bool *fresh, struct question *q);

/* As path_walk_at_end, with a path in library OS memory; the second is called with the namespace
 * lock held and keeps it. */
long path_walk_from(int dirfd, const char *path, u32 flags, struct dentry **out,
                    struct walk_end *end);
long path_walk_from_locked(int dirfd, const char *path, u32 flags, struct dentry **out,
                           struct walk_end *end);

/* Links the file system at `at` of an existing directory or file. */
void mount_at(struct filesystem *fs, struct dentry *at);

/* ".." of d, as the calling process sees it: never above `root`. */
struct dentry *dentry_up(struct dentry *d, const struct dentry *root);

#endif
