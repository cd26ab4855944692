/* SPDX-License-Identifier: Apache-2.0 */
/* O_ASYNC: a signal to a file's owner when it becomes readable or writable (fcntl(2), F_SETOWN,
 * F_SETSIG).
 *
 * A notice waits on the queues of its file, as an epoll item does. A wake-up only puts it on the
 * cell's list of those that are due, because wakers hold locks that sending a signal needs; the
 * waker sends before it sleeps, returns to its program or ends. */
#ifndef LIBOS_FS_ASYNC_H
#define LIBOS_FS_ASYNC_H

#include "libos/fs/file.h"

/* Turns O_ASYNC on, with fd as what the signal will name, or off. 0, -ENOMEM, or -ENOTTY for a file
 * that sends no signals. */
long async_set(struct file *f, int fd, bool on);
/* F_SETOWN and its like; id and thread as in struct file_owner. */
void async_set_owner(struct file *f, int id, bool thread);
/* The last reference to f is gone. */
void async_forget(struct file *f);
/* Sends what is due. Without locks. */
void async_send(void);

#endif
