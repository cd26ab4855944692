/* SPDX-License-Identifier: Apache-2.0 */
/* The name space: inodes, dentries, mounts and path walks. All in the heap segment.
 *
 * A dentry is a name in a directory, or a cached "no such name" (inode NULL). Every dentry has one
 * place: a file system is mounted at most once, on a directory dentry (`mounted` points to its
 * root; the root's `covers` points back), so a dentry alone says where something is.
 *
 * One lock, the_namespace->lock, guards the dentry tree: path walks and all operations that change
 * names run under it. It may be held over invocations that do not wait, never over anything that
 * may sleep for long (opening a FIFO, reading a terminal). inode->lock guards an inode's attributes
 * and contents, and ranks below it.
 *
 * Lifetimes: a dentry lives while it has references; each child holds one to its parent, each file
 * and each working directory one to its dentry. RAM directories hold one to each of their children,
 * so the dentry tree is the RAM directory. File systems that cache (host directories) keep
 * unreferenced dentries on a bounded list. A dentry holds a reference to its inode.
 */
#ifndef LIBOS_FS_VFS_H
#define LIBOS_FS_VFS_H

#include "abi/objects.h"
#include "base/list.h"
#include "libos/entry/errno.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"

#define NAME_MAX_BYTES 255
#define PATH_MAX_BYTES 4096

/* Nanoseconds with a meaning, in times that are to be set. */
#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

struct inode;
struct dentry;
struct file;
struct filesystem;

/* ASK_APART: the walk has not asked about d yet. ASK_NO_MORE: it has. */
enum asking { ASK_AT_ONCE, ASK_APART, ASK_NO_MORE };

/* Operations on inodes. NULL: the error behind it. All directory operations are called with the
 * namespace lock held, on directories, with names that are valid single components, not "." or
 * ".."; permission to do it has been checked. */
struct inode_ops {
    /* Fills d->inode (a reference), or leaves it NULL if there is no such name. -E… for other
     * failures. d is new: parent and name are set. NULL: the dentry tree is the directory: what is
     * not there does not exist. */
    long (*lookup)(struct inode *dir, struct dentry *d);
    /* Is a cached d still right? False: it is dropped and looked up again. NULL: yes. */
    bool (*revalidate)(struct dentry *d);
    /* Whether lookup (of a new d) or revalidate may take long: then a walk calls it without the
     * namespace lock, and begins again. *since is the walk's; 0 at its beginning. NULL: no. */
    enum asking (*asking)(const struct dentry *d, u64 *since);
    /* Make a new object at the negative dentry d: fills d->inode. mode has type and permissions.
     * rdev for devices. NULL: EROFS. */
    long (*create)(struct inode *dir, struct dentry *d, u32 mode, u64 rdev);
    long (*mkdir)(struct inode *dir, struct dentry *d, u32 mode);
    long (*symlink)(struct inode *dir, struct dentry *d, const char *target);
    long (*link)(struct inode *dir, struct dentry *d, struct inode *target,
                 struct dentry *target_d);
    /* The name is gone after it (the caller unhashes d). NULL: EROFS. */
    long (*unlink)(struct inode *dir, struct dentry *d);
    long (*rmdir)(struct inode *dir, struct dentry *d);
    /* Same file system. `to` may have an inode: it is replaced (types and emptiness were checked as
     * far as the cache knows). flags: RENAME_NOREPLACE, RENAME_EXCHANGE. */
    long (*rename)(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
                   struct dentry *to, u32 flags);
    /* Called after rename has succeeded and the tree has followed. May be NULL. */
    void (*renamed)(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
                    struct dentry *to, u32 flags);
    /* Bytes of the target, not NUL-terminated. NULL: EINVAL. `d` is where the link was found. */
    long (*readlink)(struct inode *i, struct dentry *d, char *buffer, size_t size);
    /* A link that leads to a file without a name (/proc/self/fd/N): the target dentry with a
     * reference, or NULL. NULL op: an ordinary link. */
    struct dentry *(*follow)(struct inode *i);
    long (*getattr)(struct inode *i, struct dentry *d,
                    struct rf_attr *out); /* NULL: from the inode */
    long (*setattr)(struct inode *i, struct dentry *d,
                    const struct rf_setattr *s); /* NULL: EPERM */
    /* An object without a name (O_TMPFILE), with a reference and no links. NULL: EOPNOTSUPP. */
    long (*tmpfile)(struct inode *dir, u32 mode, struct inode **out);
    /* Makes an open file: called without the namespace lock. Sets f->ops, f->data, f->slot. May
     * sleep (FIFO, terminal). f->flags still has O_CREAT, O_EXCL, O_TRUNC as the program gave them;
     * an operation that truncates clears O_TRUNC, else the caller does it by setattr. NULL: ENXIO.
     */
    long (*open)(struct inode *i, struct dentry *d, struct file *f);
    long (*get_xattr)(struct inode *i, struct dentry *d, const char *name, void *value,
                      size_t size);
    long (*set_xattr)(struct inode *i, struct dentry *d, const char *name, const void *value,
                      size_t size, int flags);
    long (*list_xattr)(struct inode *i, struct dentry *d, char *list, size_t size);
    long (*remove_xattr)(struct inode *i, struct dentry *d,
                         const char *name); /* NULL: EOPNOTSUPP */
    /* Record locks (fcntl) of this cell as others than the cell see them: [start, end] is to be
     * locked or unlocked as type says (F_RDLCK, F_WRLCK, F_UNLCK); within the cell nothing stands
     * against it. 0 or -EAGAIN. `unlocked`: no record lock is left. NULL: nobody else sees i. */
    long (*lock)(struct inode *i, struct dentry *d, int type, u64 start, u64 end);
    void (*unlocked)(struct inode *i);
    /* The last reference is gone. */
    void (*evict)(struct inode *i);
};

struct inode {
    const struct inode_ops *ops;
    struct filesystem *fs;
    u32 references;
    struct lock lock;
    u64 number, size, blocks, rdev;
    u32 mode, links, uid, gid;
    struct rf_time accessed, modified, changed, born;
    void *data;                    /* the file system's own */
    void *pipe;                    /* FIFOs: fs/pipe.c */
    void *socket;                  /* bound AF_UNIX sockets: net/ */
    void *locks;                   /* fs/lock.c: record locks and flock */
    struct list watches;           /* fs/inotify.c */
    u32 map_count;                 /* mappings of it that exist in any process */
    u32 map_writers;               /* of these, shared ones that are or may become writable */
    u32 writers;                   /* open for writing: ETXTBSY */
    void *xattrs;                  /* fs/xattr.c: of inodes that keep them in memory */
    struct text_sites *text_sites; /* entry/text_sites.h */
};

struct dentry {
    struct list hash;     /* name cache */
    struct list siblings; /* parent->children */
    struct list children;
    struct list unused;     /* the file system's list of unreferenced ones */
    struct dentry *parent;  /* itself for a file system's root */
    struct inode *inode;    /* NULL: known not to exist */
    struct dentry *mounted; /* root of what is mounted here */
    struct dentry *covers;  /* of a root: the dentry that it is mounted on; NULL: the root of all */
    struct filesystem *fs;
    u32 references;
    u32 name_hash;
    u64 cookie;    /* place in the directory: rises with the order of arrival */
    u64 expires;   /* host_now() until which revalidate says yes (caching file systems) */
    bool opening;  /* WALK_OPEN, for lookup and revalidate */
    bool unlinked; /* no longer in the tree */
    u16 name_length;
    char *name; /* heap string */
};

struct filesystem {
    struct list all;  /* in the order of mounting */
    const char *type; /* "tmpfs", "ringfence", "proc" … for /proc/mounts */
    char *source;
    u64 device; /* st_dev */
    struct dentry *root;
    bool read_only;
    u32 magic; /* statfs f_type */
    u32 slot;  /* host directories: the dir capability */
    struct lock names_lock;
    u64 next_inode;
    void *data;
    long (*statfs)(struct filesystem *fs,
                   void *host_statfs);   /* NULL: figures of the cell's memory */
    void (*sync)(struct filesystem *fs); /* sync(2): write back what is held here. NULL: nothing is.
                                          * Namespace lock held or not */
    void (*shrink)(struct filesystem *fs); /* give cached memory back */
};

struct fs_context {
    u32 references;
    struct lock lock;
    struct dentry *root, *working; /* references */
    u32 umask;
};

void namespace_lock(void);
/* The same, unless the thread is wanted while somebody holds it who waits for a program:
 * -ERESTARTSYS (sync/patience.h). */
long namespace_lock_patiently(void);
void namespace_unlock(void);
/* fs->names_lock is held while a name is moved that others use by its path without the namespace
 * lock, and while they do: the rename on the host, and the change of the tree after it, are one
 * step for whoever builds a path and has the host open it. Ranks below the inodes' locks; nothing
 * is locked under it but the heap. */

struct inode *inode_new(struct filesystem *fs, const struct inode_ops *ops, u32 mode);
static inline void inode_get(struct inode *i)
{
    __atomic_add_fetch(&i->references, 1, __ATOMIC_RELAXED);
}
void inode_put(struct inode *i);
void inode_attr(const struct inode *i, struct rf_attr *out); /* what getattr's NULL gives */

static inline void dentry_get(struct dentry *d)
{
    __atomic_add_fetch(&d->references, 1, __ATOMIC_RELAXED);
}
void dentry_put(struct dentry *d);
/* A new file system with a root directory. NULL: no memory. */
struct filesystem *filesystem_new(const char *type, const char *source, u32 magic);
/* Makes fs->root from an inode (takes over the reference). */
struct dentry *dentry_new_root(struct filesystem *fs, struct inode *i);
/* A child that is certain to exist: for file systems that build themselves (proc, dev). Takes over
 * the inode reference. Namespace lock held. */
struct dentry *dentry_add_child(struct dentry *parent, const char *name, struct inode *i);
/* Writes the path of d, from the calling process's root. Length, or -ENAMETOOLONG; " (deleted)" is
 * appended for unlinked ones. */
long dentry_path(struct dentry *d, char *buffer, size_t size);
/* The namespace lock held: calls `each` for every file system that is mounted, in order. */
void filesystems_each(void (*each)(void *data, struct filesystem *fs), void *data);
/* The path of d below its file system's root, without a leading slash. Length or -ENAMETOOLONG. */
long dentry_path_in_fs(struct dentry *d, char *buffer, size_t size);

#define WALK_FOLLOW    1u /* follow a symbolic link at the end */
#define WALK_DIRECTORY 2u /* the result must be a directory */
#define WALK_CREATE    4u /* the last component need not exist: the result may be negative */
#define WALK_NAME                                                                                  \
    8u /* the name itself is meant: a link or mount at the end is never crossed, even if           \
          slashes follow */
#define WALK_EMPTY 16u /* path_walk_at: an empty path is the descriptor's (AT_EMPTY_PATH) */
#define WALK_FILE                                                                                  \
    4096u /* with WALK_CREATE: a file is wanted; slashes behind its name are EISDIR                \
           */
/* openat2(2)'s RESOLVE_*: no other mount, no links like /proc/self/fd/N, no links, stay below
 * `start`, take `start` for the root. */
#define WALK_NO_XDEV     32u
#define WALK_NO_MAGIC    64u
#define WALK_NO_SYMLINKS 128u
#define WALK_BENEATH     256u
#define WALK_IN_ROOT     512u
/* What the path leads to will be opened for reading: a file system that asks elsewhere may open it
 * at once. */
#define WALK_OPEN 1024u

/* How a walked path ended. */
struct walk_end {
    enum walk_last { LAST_ROOT, LAST_NAME, LAST_DOT, LAST_DOTDOT } last;
    bool slash; /* slashes followed the last component */
    bool empty; /* the path was empty (WALK_EMPTY) */
};

/* Walks a path (library OS memory) from `start` (NULL: the working directory; ignored for absolute
 * paths). Namespace lock held. 0 and *out with a reference, or -E…. */
long path_walk(struct dentry *start, const char *path, u32 flags, struct dentry **out);
/* The same, and tells how the path ended. `end` may be NULL. */
long path_walk_end(struct dentry *start, const char *path, u32 flags, struct dentry **out,
                   struct walk_end *end);
/* As the *at calls: dirfd may be AT_FDCWD. Copies the path from the program. On success the
 * namespace lock is HELD and the caller releases it; on failure it is not. */
long path_walk_at(int dirfd, const char *user_path, u32 flags, struct dentry **out);
long path_walk_at_end(int dirfd, const char *user_path, u32 flags, struct dentry **out,
                      struct walk_end *end);

/* Readdir of directories whose dentries are all in the tree (RAM, devices): file_ops of an opened
 * one. */
extern const struct file_ops tree_directory_ops;

/* Permission of the calling process: mask of 4 read, 2 write, 1 execute/search. 0 or
 * -EACCES/-EROFS. */
long may_access(struct inode *i, u32 mask);

/* Opens as openat(2) does, by a path in library OS memory. A file with one reference in *out. */
long file_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out);

/* Notices for inotify: mask IN_*; name NULL for the object itself. Cheap when nobody watches. */
void notify_inode(struct inode *i, u32 mask, const char *name, u32 cookie);

/* Mounting, at start and for mount(2)-like needs. Namespace lock held. `path` absolute; missing
 * parents are made in RAM. */
long mount_filesystem(struct filesystem *fs, const char *path);

/* The whole view of a new cell, from the boot record: RAM root, grants, /proc, /dev, /sys, /tmp.
 * Once, in the prepared process. */
void filesystems_init(void);
struct fs_context *fs_context_new(void);                   /* at the root */
struct fs_context *fs_context_copy(struct fs_context *c);  /* fork */
struct fs_context *fs_context_share(struct fs_context *c); /* CLONE_FS */
void fs_context_put(struct fs_context *c);

/* File systems (each in its file). */
struct filesystem *ramfs_new(const char *source, u32 root_mode); /* fs/ramfs.c */
long ramfs_add_text(struct dentry *dir, const char *name, u32 mode, const char *text,
                    size_t length);
/* fs/hostfs.c: a granted directory, or (name not NULL) one file of it as the root of a file system
 * of its own. attr: what the boot record says about it, or NULL. */
struct filesystem *hostfs_new(u32 slot, u32 rights, const char *name, const struct rf_attr *attr);
struct filesystem *procfs_new(void); /* fs/procfs*.c */
struct filesystem *sysfs_new(void);  /* fs/sysfs.c */
struct filesystem *devfs_new(void);  /* fs/devfs.c; includes pts/ and shm/ as directories */

/* Character devices: who opens which number. f->inode, f->flags are set. */
struct device {
    u32 major, first_minor, last_minor;
    long (*open)(struct inode *i, struct file *f);
};
extern const struct device memory_devices[],
    terminal_devices[]; /* fs/devmem.c, tty/; ended by major 0 */
long device_open(struct inode *i, struct dentry *d,
                 struct file *f); /* inode_ops.open of device inodes */

/* FIFOs and sockets: inode_ops.open of such inodes in any file system. */
long fifo_open(struct inode *i, struct dentry *d, struct file *f); /* fs/pipe.c */

#endif
