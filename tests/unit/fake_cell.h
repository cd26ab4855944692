/* SPDX-License-Identifier: Apache-2.0 */
/* A cell without host processes, to call the kernel's operations directly. It is granted the
 * directory `top`/ro read-only (slot FAKE_RO), `top`/rw writable (FAKE_RW), and the single file
 * `top`/ro/file (FAKE_ONE). */
#ifndef TESTS_UNIT_FAKE_CELL_H
#define TESTS_UNIT_FAKE_CELL_H

#include "kernel/cell.h"
#include "kernel/object/call.h"

enum { FAKE_RO = RF_SLOT_FIRST_DIR, FAKE_RW, FAKE_ONE };

/* Makes the directories below `top` if they are not there, and the cell. */
struct cell *fake_cell(const char *top);

/* One invocation; data (may be NULL) goes into message buffer 0. */
s64 fake_call(struct cell *cell, u32 slot, u32 op, const void *data, u32 length, u64 w0, u64 w1,
              u64 w2, u64 w3);

struct rf_msg *fake_message(struct cell *cell);

#endif
