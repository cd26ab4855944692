/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that can lose power. Calls that write to the files of watched directories come here
 * (linked with --wrap, so the program under test has no part in it): they act on the real files,
 * which is what the host's cache shows, and are kept in a list until the file is flushed, which is
 * what the disk may not have yet. */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include "base/types.h"

#define DISK_DIRECTORIES 3

/* Watches the store's files in these directories; what is in them now is
 * durable. `before` is called before every write and flush takes effect: the power may fail there.
 * Directories are not copied. */
void disk_watch(char *const directories[DISK_DIRECTORIES], void (*before)(void));

/* What the disk may hold if the power failed now, into the same files of other directories, which
 * are empty. */
enum disk_loss {
    LOSE_ALL, /* that was not flushed */
    LOSE_NONE,
    LOSE_SOME,    /* each write is there or is not: any order */
    LOSE_SECTORS, /* each sector of 512 bytes is there or is not */
    LOSE_TAIL,    /* what came after some instant; the write of that instant is torn */
    LOSE_KINDS,
};
void disk_crash_image(char *const directories[DISK_DIRECTORIES], enum disk_loss loss, u64 seed);

/* Room: how many bytes the files may grow by from now on, all together. */
void disk_set_room(u64 bytes);

/* Makes the next flush but `count` fail with EIO, and lose some of what was to be flushed; ~0:
 * none. */
void disk_fail_flush(u32 count, u64 seed);

/* Calls go straight through while it is not 0. */
extern u32 disk_bypass;

/* Numbers in place of the host's random ones, so that a run can be repeated. */
extern u64 disk_random;
u64 next_random(u64 *state);

#endif
