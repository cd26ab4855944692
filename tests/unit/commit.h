/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation that is answered with success has passed its commit point, or is one that changes
 * nothing. Looked at wherever a test invokes. */
#ifndef TESTS_UNIT_COMMIT_H
#define TESTS_UNIT_COMMIT_H

#include "kernel/object/call.h"

/* Which operations were served with success, or made to wait, is added to the file that the
 * environment names in RF_SERVED, a number a line, when the program ends. tests/unit/operations.c
 * says what is missing. */

/* Ends the test program if the call was served without a commit point that it should have. */
void commit_check(const struct call *call, s64 result);

/* Whether the operation changes nothing. */
bool commit_is_observer(u32 op);

#endif
