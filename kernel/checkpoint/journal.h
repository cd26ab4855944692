/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that must not roll back: made durable at once, by a thread of their own. After a restart
 * such a page is as it was journalled last, or as the cut has it if that is newer; all else is the
 * cut's. */
#ifndef KERNEL_CHECKPOINT_JOURNAL_H
#define KERNEL_CHECKPOINT_JOURNAL_H

#include "base/types.h"

struct call;
struct store;

/* Starts the thread, before the kernel confines itself. 0 or a negative errno. */
int journal_start(struct store *store);

/* Has the call wait until the page of the object of that number is durable: CALL_WAITS, and then 0;
 * -ENODATA: no cut has the object yet; or what became of the write. -EOPNOTSUPP: the world is not
 * durable; -ENOMEM; as call_wait. */
s64 journal_page(struct call *call, u64 number, u64 index, const void *page);

/* Waits for what was begun, and answers no more. */
void journal_end(void);

#endif
