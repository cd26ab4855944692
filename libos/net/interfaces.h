/* SPDX-License-Identifier: Apache-2.0 */
/* The loopback interface, as ioctls and netlink tell of it. */
#ifndef LIBOS_NET_INTERFACES_H
#define LIBOS_NET_INTERFACES_H

#define LOOPBACK_INDEX 1
#define LOOPBACK_MTU   65536
#define LOOPBACK_QUEUE 1000
#define LOOPBACK_FLAGS 0x49 /* IFF_UP | IFF_LOOPBACK | IFF_RUNNING */

#endif
