/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/net: the cell's loopback. Sockets are not listed one by one. */
#include "libos/fs/procfs.h"

#include <linux/stat.h>

#define HEADER(name, line)                                                                         \
    static long print_##name(struct text *t, u64 key)                                              \
    {                                                                                              \
        (void)key;                                                                                 \
        text_add(t, "%s", line);                                                                   \
        return 0;                                                                                  \
    }

#define SOCKETS                                                                                    \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "  \
    "inode\n"
#define SOCKETS6                                                                                   \
    "  sl  local_address                         remote_address                        st "        \
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

HEADER(sockets, SOCKETS)
HEADER(sockets6, SOCKETS6)
HEADER(unix, "Num       RefCount Protocol Flags    Type St Inode Path\n")
HEADER(dev, "Inter-|   Receive                                                |  Transmit\n"
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets "
            "errs drop fifo colls carrier compressed\n"
            "    lo:       0       0    0    0    0     0          0         0        0       0    "
            "0    0    0     0       0          0\n")
HEADER(route,
       "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n")
HEADER(if_inet6, "00000000000000000000000000000001 01 80 10 80       lo\n")
HEADER(sockstat, "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\n"
                 "UDP: inuse 0 mem 0\n")

const struct text_entry proc_net_entries[] = {
    TEXT_FILE("tcp", print_sockets),       TEXT_FILE("udp", print_sockets),
    TEXT_FILE("tcp6", print_sockets6),     TEXT_FILE("udp6", print_sockets6),
    TEXT_FILE("unix", print_unix),         TEXT_FILE("dev", print_dev),
    TEXT_FILE("route", print_route),       TEXT_FILE("if_inet6", print_if_inet6),
    TEXT_FILE("sockstat", print_sockstat), {.name = NULL},
};
