/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts of model and kernel at one instant, and crashes, after which both go on from the last one.
 */
#ifndef TESTS_MODEL_RESTART_H
#define TESTS_MODEL_RESTART_H

#include "tests/model/model.h"
#include "tests/unit/fake_domain.h"

#define KEPT                                                                                       \
    (DOMAINS + 2) /* objects that the test itself holds; the first are the domains' banks */

/* Keeps the model, and the kernel's objects and the domains' tables as a checkpoint of the world
 * does. Nobody may wait in an invocation. */
void restart_cut(struct fake_domain *const kernel[DOMAINS], struct object *const kept[KEPT]);

/* Ends all that the kernel has, and makes it again from the last cut; the model is what it was
 * then. Both arrays are filled anew, the second with references. */
void restart_crash(struct fake_domain *kernel[DOMAINS], struct object *kept[KEPT]);

void restart_finish(void);

#endif
