/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/discreet.h"

bool cap_is_discreet(const struct cap *cap)
{
    switch (cap->kind) {
    case RF_KIND_CLOCK:
    case RF_KIND_DISCRIM: return true;
    case RF_KIND_NODE:
    case RF_KIND_SEGMENT: return !(cap->rights & RF_RIGHT_WRITE) && cap->rights & RF_RIGHT_WEAK;
    default: return false;
    }
}
