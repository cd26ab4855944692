/* SPDX-License-Identifier: Apache-2.0 */
/* Which capabilities are no way out of confinement: nothing that their holder does through them can
 * be seen by anybody else. The rule is told in abi/interface/constructor.h. */
#ifndef KERNEL_CAP_DISCREET_H
#define KERNEL_CAP_DISCREET_H

#include "kernel/cap/table.h"

bool cap_is_discreet(const struct cap *cap);

#endif
