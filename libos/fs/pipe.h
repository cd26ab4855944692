/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and FIFOs. */
#ifndef LIBOS_FS_PIPE_H
#define LIBOS_FS_PIPE_H

#include "libos/fs/file.h"
#include "libos/fs/stream.h"

#define PIPE_BUF_BYTES 4096ul
#define PIPE_DEFAULT   65536ul
#define PIPE_MOST      1048576ul /* what F_SETPIPE_SZ allows */

struct packets;

struct pipe {
    struct stream stream;           /* its lock guards the rest too */
    u32 references;                 /* open files, and opens that wait */
    u32 readers, writers;           /* open files that can */
    u32 readers_ever, writers_ever; /* how often it was opened so */
    struct waitq read_pollers, write_pollers;
    struct waitq opens;      /* FIFO: opens that wait for the other end */
    struct inode *inode;     /* FIFO; NULL: a pipe. Not a reference: every open file has one */
    struct packets *packets; /* boundaries (O_DIRECT); NULL: never any */
    struct rf_time made;
};

/* The pipe of an open file, or NULL if it is none. */
struct pipe *file_pipe(struct file *f);

/* Opens the pipe of `of` once more, as f (/proc/self/fd/N). -ENXIO: it is none. */
long pipe_reopen(struct file *of, struct file *f);

/* fcntl(2) F_GETPIPE_SZ and F_SETPIPE_SZ: the size, or -EBADF (not a pipe), -EBUSY, -EINVAL,
 * -EPERM, -ENOMEM. */
long pipe_get_size(struct file *f);
long pipe_set_size(struct file *f, u64 size);

/* For splice, tee and vmsplice: library OS memory to or from the pipe at one end of which f is. As
 * read(2) and write(2), but that `nonblocking` counts and not O_NONBLOCK. */
long pipe_read_ours(struct file *f, void *to, size_t n, bool nonblocking);
long pipe_peek_ours(struct file *f, void *to, size_t n, bool nonblocking);
long pipe_write_ours(struct file *f, void *from, size_t n, bool nonblocking);

/* fs/pipe_packet.c: reading from a pipe that has packet boundaries, and something to read, and
 * writing to one; stream lock held. */
long packets_take(struct pipe *p, struct io *io, bool peek, u32 *wakes);
long packets_write(struct pipe *p, struct io *io, struct stream_call *call, bool packet,
                   u32 *wakes);
/* Begins to keep boundaries; what the pipe holds already has none. False: no memory. */
bool packets_start(struct pipe *p);
bool packets_full(const struct pipe *p);
void packets_free(struct pipe *p);

#endif
