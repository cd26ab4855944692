/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/discreet.h"

#include "kernel/object/constructor.h"

/* Every kind is named, so that a new one is decided on. */
bool cap_is_discreet(const struct cap *cap)
{
    u32 rights = cap->rights, budget = CONSTRUCTORS_LOOKED_AT;

    switch ((enum rf_kind)cap->kind) {
    case RF_KIND_CLOCK: /* the same for everybody, whoever asks */
    case RF_KIND_DISCRIM: /* answers, and keeps nothing */ return true;
    case RF_KIND_NODE: /* what is fetched through it is discreet as well */
    case RF_KIND_SEGMENT:
        return rights & RF_RIGHT_WEAK && !(rights & (RF_RIGHT_WRITE | RF_RIGHT_MANAGE));
    case RF_KIND_BANK: /* an observer leaves no trace; whoever allocates shows in the figures */
    case RF_KIND_METER:
    case RF_KIND_CELL: return !(rights & (u32)~RF_RIGHT_READ);
    case RF_KIND_CONSTRUCTOR: /* what it makes is the holder's, and holds no way out in its turn */
        return constructor_is_discreet(cap->object, &budget);
    case RF_KIND_ENTRY:        /* a program gets the message */
    case RF_KIND_ENDPOINT:     /* its callers get the answers, and see how long they wait */
    case RF_KIND_RESUME:       /* a caller gets the answer */
    case RF_KIND_NOTIFICATION: /* a bit is seen set; a bit is seen taken */
    case RF_KIND_CONSOLE:      /* is read by others; what one reads others do not */
    case RF_KIND_VIEWER:
    case RF_KIND_DIR: /* read-only, there still are locks */
    case RF_KIND_FILE:
    case RF_KIND_CELL_SELF: /* of another cell: ends it */
    case RF_KIND_SPACE:     /* memory that others write */
    case RF_KIND_PROCESS:   /* of another cell: whoever asks is seen to */
    case RF_KIND_WORLD:
    case RF_KIND_NONE:
    case RF_KIND_LIMIT: break;
    }
    return false;
}
