/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a capability that is fetched through a weak one (RF_RIGHT_WEAK). */
#ifndef KERNEL_CAP_WEAK_H
#define KERNEL_CAP_WEAK_H

#include "kernel/cap/table.h"

/* The rights that a fetched copy has: those that can change nothing. False: it cannot be fetched.
 */
bool cap_weak_rights(const struct cap *cap, u32 *rights);

#endif
