/* SPDX-License-Identifier: Apache-2.0 */
/* Waking futex waiters from within the library OS. */
#ifndef LIBOS_PROC_FUTEX_H
#define LIBOS_PROC_FUTEX_H

#include "base/types.h"

/* Wakes up to `most` threads that wait on the user word, private or shared. The number woken. */
long futex_wake_user(u32 *word, int most);

#endif
