/* SPDX-License-Identifier: Apache-2.0 */
/* Output that is held until it is durable: what a console got since the last cut is shown outside
 * only when the cut that has it is committed; and so is that a cell has ended. So nothing is ever
 * seen of a world that a restart would not know of. */
#ifndef KERNEL_CHECKPOINT_HOLD_H
#define KERNEL_CHECKPOINT_HOLD_H

#include "base/types.h"

/* From now on, and for the whole world. Before the first output. */
void hold_begin(void);
bool hold_is_on(void);

/* The instant of a cut: what was written until now is in it. It is committed: that may go. */
void hold_cut(void);
void hold_release(void);

/* The world ends: whatever is held goes. */
void hold_end(void);

#endif
