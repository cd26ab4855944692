/* SPDX-License-Identifier: Apache-2.0 */
/* What was put last under each key: a hash of each piece of a record and of each page, and how
 * many copies are wanted. It is one
 * thread's at a time. */
#ifndef KERNEL_CHECKPOINT_KNOWN_H
#define KERNEL_CHECKPOINT_KNOWN_H

#include "base/types.h"

enum known_kind { KNOWN_RECORD, KNOWN_PAGE, KNOWN_COPIES };

struct known;

/* It knows nothing. NULL: no memory. */
struct known *known_create(void);

/* A new cut: nothing has been seen in it. */
void known_begin(struct known *known);

/* Seen with that hash. 0: as last time; 1: it is another or new, and is known so from now on;
 * -ENOMEM. known_learn: the same of what came before, so it does not count as seen; 0 if it was. */
int known_see(struct known *known, u64 key, u64 index, enum known_kind kind, u64 hash);
int known_learn(struct known *known, u64 key, u64 index, enum known_kind kind, u64 hash);

/* So many pages from there on are seen as they were. False: one of them is not known. */
bool known_keep(struct known *known, u64 key, u64 index, u64 count);

/* Forgets what was not seen in this cut: `gone` is called with each of it. */
void known_sweep(struct known *known,
                 void (*gone)(void *argument, u64 key, u64 index, enum known_kind kind),
                 void *argument);

struct numbers;

/* It knows nothing of the objects with these numbers, which are sorted. */
void known_forget(struct known *known, const struct numbers *numbers);

/* It knows nothing again. */
void known_clear(struct known *known);

#endif
