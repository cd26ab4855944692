/* SPDX-License-Identifier: Apache-2.0 */
/* The API of Ringfence for programs: the same inside a cell and on the host, connected to a world.
 * All functions may be called from any thread. Results below zero are -errno; rf_error_text says
 * what an error means for an invocation. What each operation takes and gives is in abi/interface/
 * and docs/reference/. */
#ifndef SDK_RINGFENCE_H
#define SDK_RINGFENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/invoke.h"
#include "abi/local.h"
#include "abi/objects.h"

/* One message. What is not set is zero: start from RF_MESSAGE. */
struct rf_message {
    u64 words[4];
    const void *data; /* to send; borrowed during the call */
    u32 data_length;
    void *room; /* where data that comes is put; may be the same memory */
    u32 room_size;
    u32 received;          /* out: bytes that came */
    u32 caps[RF_MSG_CAPS]; /* slots: in, those to send; out, those that came, now ours */
    u32 cap_count;
    bool give;      /* in a reply: caps are dropped here once they were sent */
    u32 op, rights; /* out, of a received message: what is asked, and the rights of the entry */
    u64 badge;      /* out, of a received message */
    int descriptor; /* in: one to send, or -1; out: one that came, ours to close, or -1 */
};
#define RF_MESSAGE ((struct rf_message){.descriptor = -1})

/* Makes the way to the kernel. In a cell there is nothing to do, and `world` is not looked at. On
 * the host it connects to the world in that directory (NULL: rf_default_world). 0;
 * -ENOENT, -ECONNREFUSED: no such world runs; -EACCES: it is not yours; -EPROTO: another version. A
 * second call does nothing. */
int rf_open(const char *world);
void rf_close(void);
bool rf_in_cell(void);

/* The directory of the world when none is named: $RINGFENCE_WORLD, else the user's own,
 * $XDG_STATE_HOME/ringfence/world, else below ~/.local/state. */
const char *rf_default_world(char path[4096]);

/* Invokes; `message` may be NULL when nothing but a result comes back. EINTR: a signal came. */
s64 rf_invoke(u32 slot, u32 op, struct rf_message *message);

/* The same with up to four words and no data. A descriptor that comes is the result. */
s64 rf_call(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3);

/* How the cell that this program runs in came to be where it is. `generation` changes whenever the
 * others do: who holds something that must not be used twice, such as random numbers drawn earlier,
 * compares it before. On the host all is 0. */
struct rf_arrival {
    u64 generation;
    u32 came;   /* enum rf_came */
    u32 branch; /* number among the branches of one image; 0: it is none */
};
struct rf_arrival rf_arrival(void);

/* Has the world make a checkpoint, and returns when it is durable: its number; or, in what goes on
 * from it or was branched off meanwhile, 0. EBADF: the cell was not granted that. EOPNOTSUPP: the
 * world is not durable; ENOSPC, EIO and the like: it was not written. */
s64 rf_checkpoint(void);

/* Makes the page of a segment that begins at `offset` durable at once: it does not roll back, and
 * is after a restart as it was journalled last, if no cut is newer. 0; ENODATA: no checkpoint has
 * the segment yet; other errors: docs/reference/segment.md. */
s64 rf_journal(u32 segment, u64 offset);

void rf_drop(u32 slot);
s64 rf_copy(u32 slot, u32 rights);

/* The slot that the program was told of under this name, in $RINGFENCE_CAPS ("name=slot,..."), or
 * -ENOENT. */
s64 rf_named(const char *name);

/* A slot of a capability to what the descriptor names, with at most those rights: in a cell the one
 * that is behind it (EOPNOTSUPP: none is, see abi/local.h), on the host a new object of the world
 * (a directory, or else a console). */
s64 rf_slot_of(int descriptor, u32 rights);

/* In a cell: the dir appears at that directory. Whose the slot is then, and errors: abi/local.h.
 * EOPNOTSUPP: on the host. */
s64 rf_mount(u32 slot, u32 rights, const char *path);

/* The name of an operation or kind, "?" for others. */
const char *rf_op_name(u32 op);
const char *rf_kind_name(u32 kind);
const char *rf_error_text(s64 error);

/* ---- serving ---- */

/* What the server says to the message that came: fills `reply` (it starts empty, with
 * data and room at RF_MSG_DATA bytes that may be filled) and returns the
 * result that the caller gets; or RF_ANSWERED when it has replied, forwarded or kept message->caps'
 * resume slot itself. Capabilities that came belong to the handler. */
#define RF_ANSWERED ((s64)1 << 40)
typedef s64 rf_handler(void *context, struct rf_message *message, u32 resume,
                       struct rf_message *reply);

/* A new endpoint of one's own bank: its slot. */
s64 rf_endpoint(void);
s64 rf_mint(u32 endpoint, u64 badge);

/* The same; when nobody has the entry any more, the handler is called with op RF_OP_DROP, its badge
 * and no resume slot (0). Badges of such entries should be used once only. */
s64 rf_mint_told(u32 endpoint, u64 badge);

/* 1 and the badge if the slot holds an entry of this endpoint, else 0. */
s64 rf_identify(u32 endpoint, u32 slot, u64 *badge);

/* Receives and answers until the endpoint is gone (0) or cannot be received from (ENFILE: no slots
 * are left for what comes). Several threads may serve one endpoint. The handler's message has its
 * data and length set, so that it can be forwarded as it is. */
int rf_serve(u32 endpoint, rf_handler *handler, void *context);

/* For wrappers, programs that offer something in place of what they are given: started with
 * capabilities named "target" (not all want one) and "offer", they say by this once what they
 * offer. 0, or -ENOENT: nobody asked. */
s64 rf_offer(u32 slot);

/* In a cell: starts the wrapper `argv` as a process, with `target` (0: none), and waits for its
 * offer: the slot. *pid (may be NULL) is the process, which the caller waits for. ECHILD: it ended
 * without an offer. */
s64 rf_wrap(char *const argv[], u32 target, int *pid);

/* Destroys an endpoint of one's own bank: whoever serves it returns, whoever calls gets ESTALE. */
void rf_stop_serving(u32 endpoint);

/* Answers a caller: the resume slot is empty then. */
s64 rf_reply(u32 resume, s64 result, const struct rf_message *reply);

/* Lets the kernel invoke `target` for the caller, with this operation and message; its answer goes
 * to the caller straight. E2BIG: a message with four capabilities, which has no room for the
 * target. */
s64 rf_forward(u32 resume, u32 target, u32 op, const struct rf_message *message);

#endif
