/* SPDX-License-Identifier: Apache-2.0 */
/* What the client and the service of the confinement example say to each other: the service asks
 * the entry in its slot "work" for the next number to check, and says what it found. */
#ifndef SDK_EXAMPLES_CONFINED_WORK_H
#define SDK_EXAMPLES_CONFINED_WORK_H

enum {
    WORK_NEXT = 1000, /* bytes; data out: the number, digits. 0: there are no more */
    WORK_ANSWER,      /* w0: 1 if it is valid; 0 */
};

/* Slots of the instances. */
enum { SLOT_WORK = 30, SLOT_INSTALLED = 40 };

#endif
