/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the Linux socket ABI that have no freestanding header. */
#ifndef LIBOS_NET_ABI_H
#define LIBOS_NET_ABI_H

#include <asm/socket.h>
#include <linux/in.h>
#include "base/types.h"

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_MOST = 45 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK  04000
#define SOCK_CLOEXEC   02000000

enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_EOR          0x80u
#define MSG_WAITALL      0x100u
#define MSG_ERRQUEUE     0x2000u
#define MSG_NOSIGNAL     0x4000u
#define MSG_WAITFORONE   0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u

enum { SOL_IP = 0, SOL_TCP = 6, SOL_UDP = 17, SOL_IPV6 = 41, SOL_NETLINK = 270 };
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

struct sockaddr_unix {
    u16 family;
    char path[108];
};

struct sockaddr_inet4 {
    u16 family;
    u16 port; /* big-endian */
    u8 address[4];
    u8 zero[8];
};

struct sockaddr_inet6 {
    u16 family;
    u16 port; /* big-endian */
    u32 flow;
    u8 address[16];
    u32 scope;
};
#define SOCKADDR_INET6_LEAST 24 /* without the scope: RFC 2133 */

struct sockaddr_netlink {
    u16 family, pad;
    u32 port, groups;
};

struct ucred {
    s32 pid;
    u32 uid, gid;
};

struct msghdr_abi {
    void *name;
    u32 name_length, pad0;
    void *pieces; /* struct iovec[] */
    u64 piece_count;
    void *control;
    u64 control_length;
    u32 flags, pad1;
};
_Static_assert(sizeof(struct msghdr_abi) == 56, "Linux ABI");

struct mmsghdr_abi {
    struct msghdr_abi header;
    u32 length, pad;
};

struct cmsghdr_abi {
    u64 length; /* with this header */
    s32 level, type;
};
#define CMSG_ALIGN(n) (((n) + 7) & ~7ull)

struct linger_abi {
    s32 on, seconds;
};

#endif
