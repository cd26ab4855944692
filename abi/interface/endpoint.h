/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: objects that programs implement.
 *
 * The server holds the endpoint and mints entries, which it hands out; a badge tells it by which
 * entry a message came. An invocation of an entry, whatever its operation, waits until the server
 * receives it, and then until the server replies through the resume capability that came with it.
 * The caller sees what it would see of a kernel object. One result for each way to fail:
 *
 *   ESTALE       the entry was revoked, or the endpoint was destroyed (with its server's cell or
 *                bank), before the message was received; nothing was delivered
 *   ECONNRESET   the message had been received, and the server will not reply: it dropped the
 *                resume capability or is gone
 *   EINTR        the caller was interrupted; the server's reply, if one comes, gets ESTALE
 */
#ifndef ABI_INTERFACE_ENDPOINT_H
#define ABI_INTERFACE_ENDPOINT_H

#define RF_OPS_ENDPOINT(OP)                                                                        \
    OP(endpoint, ENDPOINT_MINT, 384, RF_RIGHT_WRITE,                                               \
       "w0: badge, w1: 1 to be told when nobody has the entry any more", "slot of an entry",       \
       "entries of one badge are one: they are revoked together. The server is told by a message " \
       "with op DROP, the badge, and 0 for the resume capability",                                 \
       "1 record per badge, 1 more with w1")                                                       \
    OP(endpoint, ENDPOINT_RECEIVE, 385, RF_RIGHT_READ, "w0: 1 to not wait",                        \
       "slot of a resume capability; words, data and caps as the caller sent them, and op and "    \
       "badge",                                                                                    \
       "EAGAIN: none waits and w0 was 1. ENFILE: no slots for the caps that came, ENOSPC: no "     \
       "record; then the message waits on",                                                        \
       "1 record of the endpoint's bank until the reply")                                          \
    OP(endpoint, ENDPOINT_REVOKE, 386, RF_RIGHT_WRITE, "w0: badge, w1: 1 for all badges", "0",     \
       "entries become stale; callers that wait get ESTALE. ENOENT: no such badge", "")            \
    OP(endpoint, ENDPOINT_REPLY_RECEIVE, 387, RF_RIGHT_READ,                                       \
       "w0: slot of a resume capability, w1: result; words, data and caps for the caller",         \
       "as ENDPOINT_RECEIVE",                                                                      \
       "RESUME_REPLY, then ENDPOINT_RECEIVE: one way for what a server does all day. Whether the " \
       "caller still waited is not told. EBADF: no resume capability",                             \
       "as ENDPOINT_RECEIVE")                                                                      \
    OP(endpoint, ENDPOINT_IDENTIFY, 388, RF_RIGHT_READ, "caps: a capability; a message",           \
       "1 if it is an entry of this endpoint, else 0; w0: its badge",                              \
       "how a server knows its own when they come back to it", "")

#define RF_OPS_RESUME(OP)                                                                          \
    OP(resume, RESUME_REPLY, 416, 0, "w0: result; words, data and caps for the caller", "0",       \
       "answers the caller; the slot is empty then, whatever the result. A result below 0 is an "  \
       "errno (not ENOSYS) and carries no caps; RF_DETACHED or more is EINVAL for the caller; "    \
       "one with caps is the slot of the first. A caller "                                         \
       "that named no message gets the result alone. ESTALE: nobody waits any more. ENFILE: the "  \
       "caller's table cannot take the caps; it gets ENFILE. EBADF, EINVAL: a cap or a length "    \
       "that is none; it gets ECONNRESET",                                                         \
       "")                                                                                         \
    OP(resume, RESUME_FORWARD, 417, 0,                                                             \
       "w0: operation; caps: the object, then caps of the message; words and data", "0",           \
       "as if the caller had invoked that object so: the answer, with descriptors, goes to it. "   \
       "The slot is empty then, but for an error. ESTALE: nobody waits any more. EBADF: no such "  \
       "object. EAGAIN: the caller stands still for a moment",                                     \
       "pages of the caller's bank for the arguments while they wait")

#endif
