/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/weak.h"

bool cap_weak_rights(const struct cap *cap, u32 *rights)
{
    switch (cap->kind) {
    case RF_KIND_NODE: /* what is in them is fetched weak in its turn */
    case RF_KIND_SEGMENT: *rights = (cap->rights & RF_RIGHT_READ) | RF_RIGHT_WEAK; return true;
    case RF_KIND_BANK: /* observers: figures, and nothing below that could be changed */
    case RF_KIND_METER:
    case RF_KIND_CELL:
    case RF_KIND_CLOCK: /* cannot change anything */
    case RF_KIND_DISCRIM: *rights = cap->rights & RF_RIGHT_READ; return true;
    default: return false; /* a call could do anything; a file can be locked, a caller answered */
    }
}
