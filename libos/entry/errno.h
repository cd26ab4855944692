/* SPDX-License-Identifier: Apache-2.0 */
/* Error numbers of the Linux ABI (asm-generic), and the internal restart codes. */
#ifndef LIBOS_ENTRY_ERRNO_H
#define LIBOS_ENTRY_ERRNO_H

#include <asm/errno.h>

/* Results that mean "interrupted by a signal". On the way out the signal code turns them into a
 * restart of the call or -EINTR (signal(7), "Interruption of system calls"). */
#define ERESTARTSYS    512 /* restart if the handler has SA_RESTART, or if no handler ran */
#define ERESTARTNOHAND 514 /* restart only if no handler ran */

#endif
