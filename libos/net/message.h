/* SPDX-License-Identifier: Apache-2.0 */
/* What a send or receive carries besides its bytes. */
#ifndef LIBOS_NET_MESSAGE_H
#define LIBOS_NET_MESSAGE_H

#include "libos/net/socket.h"

#define RIGHTS_MOST 253

/* Files on their way (SCM_RIGHTS). Each is a reference. */
struct rights {
    struct list link;      /* net->rights, under rights_lock */
    struct socket *holder; /* in whose queue they lie; NULL: a sender or receiver has them */
    struct rights *next;   /* rights.c: to be freed after it */
    u32 count;
    struct file *files[];
};

/* Ancillary data. */
struct ancillary {
    struct rights *rights; /* or NULL */
    bool has_credentials;
    struct ucred credentials;
};

struct message {
    struct io *io;
    u32 flags; /* MSG_* as the call gave them */
    bool nonblocking;
    struct address *address;     /* send: destination, or NULL. receive: to be filled in, or NULL */
    struct ancillary *ancillary; /* send: or NULL. receive: to be filled in, or NULL */
    u32 out_flags;               /* receive: MSG_TRUNC, MSG_CTRUNC, MSG_EOR */
};

/* rights.c. Reads control messages of a send from the program into *a: 0, or -E… and nothing is
 * held. */
long ancillary_from_user(struct ancillary *a, const void *control, u64 length);
/* Writes what was received to the program's buffer and installs the files; gives back all
 * references. The bytes written; sets MSG_CTRUNC in *flags if something did not fit. */
u64 ancillary_to_user(struct ancillary *a, void *control, u64 length, bool close_on_exec,
                      u32 *flags);
/* A second set of references, for MSG_PEEK; NULL: no memory, or rights is NULL. */
struct rights *rights_copy(const struct rights *rights);
/* They were put into the queue of `holder`, or taken out of one (NULL). rights may be NULL. */
void rights_lie_in(struct rights *rights, struct socket *holder);
/* Puts the files. May be NULL. */
void rights_free(struct rights *rights);
/* Gives back what a holds. */
void ancillary_drop(struct ancillary *a);

#endif
