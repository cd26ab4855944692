/* SPDX-License-Identifier: Apache-2.0 */
/* What the three kinds of System V objects have in common: keys, identifiers, permissions. Each
 * kind has a table; the table's lock guards the table and all objects in it. */
#ifndef LIBOS_IPC_IDS_H
#define LIBOS_IPC_IDS_H

#include <asm/ipcbuf.h>
#include <linux/ipc.h>
#include "base/types.h"
#include "libos/entry/errno.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"

#define IPC_SLOTS_MOST 32000u

/* At the start of each object. An object that was removed lives on while somebody refers to it. */
struct ipc_object {
    int id, key;
    u32 uid, gid, cuid, cgid, mode;
    u16 sequence;
    bool removed;
    u32 references; /* the table's, and sleepers'; the table's lock */
    s64 changed;    /* seconds */
};

struct ipc_table {
    struct lock lock;
    struct ipc_object **slots;
    u32 size, used;
    u16 sequence;
    void (*destroy)(struct ipc_object *o); /* the last reference is gone; table lock held */
};

struct ipc {
    struct ipc_table shm, sem, msg;
    struct lock queues_lock;
    struct list queues; /* mqueue.c: those with a name */
};
/* NULL: no memory. */
struct ipc *ipc_tables(void);
bool ipc_in_use(void); /* false: no object was ever made */

/* These want the table's lock held. */
struct ipc_object *ipc_find(const struct ipc_table *t, int id); /* NULL: EINVAL */
/* By index, for IPC's *_STAT commands. */
struct ipc_object *ipc_at(const struct ipc_table *t, int index);
int ipc_highest_index(const struct ipc_table *t);
/* What *get(2) finds for a key: NULL and *error 0: make one. */
struct ipc_object *ipc_find_key(const struct ipc_table *t, int key, int flags, long *error);
/* Enters a new object, with the caller as owner: its identifier, or -ENOSPC, -ENOMEM. */
long ipc_add(struct ipc_table *t, struct ipc_object *o, int key, int flags);
void ipc_remove(struct ipc_table *t, struct ipc_object *o);
void ipc_put(struct ipc_table *t, struct ipc_object *o);

long ipc_may(const struct ipc_object *o, u32 access); /* of 0444, 0222: 0 or -EACCES */
long ipc_may_change(const struct ipc_object *o);      /* owner or superuser: 0 or -EPERM */
void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *perm);
void ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *perm);
s64 ipc_now(void); /* seconds */

#endif
