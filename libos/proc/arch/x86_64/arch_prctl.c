/* SPDX-License-Identifier: Apache-2.0 */
/* arch_prctl: the segment bases. gs belongs to the library OS. */
#include <asm/prctl.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"

SYSCALL2(arch_prctl, int, code, u64, address)
{
    switch (code) {
    case ARCH_SET_FS:
        if (address >= RF_USER_TOP)
            return -EPERM;
        current()->fs_base = address;
        host_set_fs(address);
        return 0;
    case ARCH_GET_FS: return put_user((u64 *)address, current()->fs_base);
    case ARCH_GET_GS: return put_user((u64 *)address, (u64)0);
    default: return -EINVAL;
    }
}
