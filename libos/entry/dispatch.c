/* SPDX-License-Identifier: Apache-2.0 */
/* The table that entry.S jumps through. A handler that nobody defines is a weak symbol, hence NULL.
 */
#include "libos/entry/entry.h"

#define SYSCALL(number, name, arguments) extern syscall_handler sys_##name __attribute__((weak));
#include "libos/entry/syscalls.def"
#undef SYSCALL

syscall_handler *const system_calls[] = {
#define SYSCALL(number, name, arguments) [number] = sys_##name,
#include "libos/entry/syscalls.def"
#undef SYSCALL
};

const u64 system_call_count = ARRAY_SIZE(system_calls);
