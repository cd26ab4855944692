/* SPDX-License-Identifier: Apache-2.0 */
/* A node: a small fixed array of capabilities. One that is stale counts as none.
 *
 * Through a capability with RF_RIGHT_WEAK, nodes and segments are fetched read-only and weak again,
 * banks, meters and cells as observers (read-only), clocks and discrims as they are, and what could
 * change anything else not at all (EACCES): who holds it can look at the whole tree and change
 * nothing.
 *
 * Nodes that hold each other in a circle live until one is destroyed or their bank is: references
 * are counted, and it is the bank that reclaims. */
#ifndef ABI_INTERFACE_NODE_H
#define ABI_INTERFACE_NODE_H

#define RF_NODE_MOST 4096

#define RF_OPS_NODE(OP)                                                                            \
    OP(node, NODE_GET, 224, RF_RIGHT_READ, "w0: index", "slot of a copy",                          \
       "ENOENT: empty. ERANGE: no such index. EACCES: not through a weak capability", "")          \
    OP(node, NODE_SWAP, 225, RF_RIGHT_WRITE, "w0: index; caps: what to put there, or none",        \
       "slot of what was there; 0: nothing was, or no right to read it, and it is dropped",        \
       "ERANGE. EBADF: caps. ENFILE. ELOOP: a node cannot hold itself directly", "")               \
    OP(node, NODE_CLEAR, 226, RF_RIGHT_WRITE, "w0: index", "0", "ERANGE", "")                      \
    OP(node, NODE_COPY, 227, RF_RIGHT_WRITE, "w0: index from, w1: index to", "0", "ERANGE", "")    \
    OP(node, NODE_SIZE, 228, RF_RIGHT_READ, "", "number of slots", "", "")                         \
    OP(node, NODE_WEAKEN, 229, RF_RIGHT_READ, "", "slot of a weak, read-only copy", "", "")

#endif
