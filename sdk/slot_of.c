/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "sdk/ringfence.h"

static s64 import(int descriptor, u32 rights)
{
    struct rf_message message = RF_MESSAGE;
    struct stat st;

    if (fstat(descriptor, &st) < 0)
        return -errno;
    message.words[0] = S_ISDIR(st.st_mode) ? RF_KIND_DIR : RF_KIND_CONSOLE;
    message.words[1] = rights;
    message.descriptor = descriptor;
    return rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_IMPORT, &message);
}

s64 rf_slot_of(int descriptor, u32 rights)
{
    if (!rf_in_cell())
        return import(descriptor, rights);
    return rf_call(RF_SLOT_NONE, RF_LOCAL_SLOT_OF, (u64)descriptor, rights, 0, 0);
}
