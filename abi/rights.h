/* SPDX-License-Identifier: Apache-2.0 */
/* Rights of a capability. A copy has at most those of what it was copied from. */
#ifndef ABI_RIGHTS_H
#define ABI_RIGHTS_H

#define RF_RIGHT_READ   1u  /* observe, fetch, receive */
#define RF_RIGHT_WRITE  2u  /* change, use up, send */
#define RF_RIGHT_EXEC   4u  /* dir: programs in it may be run */
#define RF_RIGHT_WEAK   8u  /* node, segment: what is fetched through it is reduced as well */
#define RF_RIGHT_MANAGE 16u /* limits, destruction, and other things of the owner's */
#define RF_RIGHT_ALL    (RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC | RF_RIGHT_MANAGE)

#endif
