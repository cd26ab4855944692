/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes of the host, fetched in batches. Never fails. Bytes fetched before a fork, a restart
 * or a branch of the cell are never given out twice. */
#ifndef LIBOS_PROC_RANDOM_H
#define LIBOS_PROC_RANDOM_H

#include "base/types.h"

void random_bytes(void *to, size_t n);

#endif
