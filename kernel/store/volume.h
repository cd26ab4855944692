/* SPDX-License-Identifier: Apache-2.0 */
/* A volume: a file of pages, and which of its places are free. A place is used when the last
 * committed generation or the one being made has something there; only others are given out. */
#ifndef KERNEL_STORE_VOLUME_H
#define KERNEL_STORE_VOLUME_H

#include <sys/uio.h>

#include "kernel/store/layout.h"

enum volume_room {
    ROOM_GROW,   /* the file may grow */
    ROOM_WITHIN, /* no room on its disk: places within the file may still do */
    ROOM_NONE,
};

struct volume {
    int fd;                           /* -1: missing, or none */
    u64 id;                           /* 0: none has this number */
    u64 away_generation, away_commit; /* missing: as it was stamped last */
    bool leaving;                     /* nothing new is put there */
    char path[STORE_PATH_MAX];        /* of its directory; empty: the world's own */
    bool recorded;                    /* the index has it, with this path */
    enum volume_room room;            /* in this cut */
    u64 size;                         /* places given out are below it, */
    u64 end;                          /* and the file has so many */
    u64 taken;                        /* places that are not free */
    u64 cursor;                       /* where to look for a free one first */
    u32 groups;                       /* in the maps */
    u64 *now, *next;                  /* used in the committed generation, in the one being made */
    u8 *changed;                      /* of each group: the two differ */
};

static inline bool volume_is_there(const struct volume *volume)
{
    return volume->fd >= 0;
}

/* Takes over `fd`. 0 or a negative errno. */
int volume_init(struct volume *volume, int fd);
void volume_finish(struct volume *volume);

/* Loads a group of the committed generation. -EUCLEAN, -ENOMEM. */
int volume_load(struct volume *volume, u64 group, const u64 bits[GROUP_WORDS]);
/* To be called when all groups are loaded. */
void volume_loaded(struct volume *volume);
/* The committed generation needs the file to have so many places. */
u64 volume_extent(const struct volume *volume);

/* A free place, now of the generation being made; 0: no room, or no memory. */
u64 volume_take(struct volume *volume);
/* The generation being made does not use it. */
void volume_drop(struct volume *volume, u64 place);
bool volume_uses(const struct volume *volume, u64 place); /* the committed generation does */

/* The generation being made is committed, or given up. Freed space goes back to the host. */
void volume_settle(struct volume *volume);
void volume_undo(struct volume *volume);

/* Pages of consecutive places, whole. 0 or a negative errno; reading behind the end is -EIO. */
int volume_write(struct volume *volume, u64 place, struct iovec *pages, int count);
int volume_read(const struct volume *volume, u64 place, void *pages, u32 count);

/* Stamps, complete but for the sum. Reading: 0, -ENOENT when neither is ours and sound; `stamps`
 * without a generation are none. */
int volume_stamp(const struct volume *volume, struct disk_stamp *stamp);
int volume_read_stamps(int fd, struct disk_stamp stamps[2]);

#endif
