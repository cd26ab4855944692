/* SPDX-License-Identifier: Apache-2.0 */
/* The far end of a console that the kernel itself keeps: what a cell writes is held in a ring, so
 * that it can be shown later, and what is typed here the cell reads. Writing never waits, and what
 * nobody read in time is written over, unless VIEWER_PACE says otherwise.
 *
 * The console keeps the viewer. It is a terminal once VIEWER_SIZE gave it a size, and then the keys
 * of CONSOLE_MODE are the kernel's business here as they are the host's at a real one. */
#ifndef ABI_INTERFACE_VIEWER_H
#define ABI_INTERFACE_VIEWER_H

#define RF_VIEWER_RING 65536u

/* What VIEWER_AWAIT tells. */
#define RF_VIEWER_WANTED 1u /* somebody wants input, and none is left */
#define RF_VIEWER_GONE   2u /* nobody has the console any more */
#define RF_VIEWER_SUSPEND                                                                          \
    4u /* CONSOLE_SUSPEND: the cell is to be paused until the user goes on                         \
        */

#define RF_OPS_VIEWER(OP)                                                                          \
    OP(viewer, VIEWER_CONSOLE, 576, RF_RIGHT_MANAGE, "w0: RF_RIGHT_*", "slot of the console",      \
       "the same each time, while somebody has it. ENOSPC", "1 record of the viewer's bank")       \
    OP(viewer, VIEWER_READ, 577, RF_RIGHT_READ, "w0: position, w1: 1 to not wait; a message",      \
       "bytes; w0: position behind them, w1: position of the oldest byte that is kept; data out",  \
       "what was written from that position on, or from the oldest byte kept. 0: no console is "   \
       "left to write more, or its output was hung up. EAGAIN",                                    \
       "")                                                                                         \
    OP(viewer, VIEWER_WRITE, 578, RF_RIGHT_WRITE, "data", "bytes taken",                           \
       "input for who reads the console. EAGAIN: it has not been read for long. EPIPE: hung up",   \
       "")                                                                                         \
    OP(viewer, VIEWER_SIZE, 579, RF_RIGHT_WRITE, "w0: columns, w1: rows; 0, 0: no terminal", "0",  \
       "the cell that uses the console is told. EINVAL: more than 65535", "")                      \
    OP(viewer, VIEWER_HANG_UP, 580, RF_RIGHT_WRITE, "w0: 0: input, 1: output", "0",                \
       "input ends behind what was typed already; or nobody looks at output any more, and who "    \
       "writes gets EPIPE",                                                                        \
       "")                                                                                         \
    OP(viewer, VIEWER_PACE, 581, RF_RIGHT_WRITE, "w0: 1: yes, 0: no", "0",                         \
       "from now on nothing is written over: who writes waits, or gets EAGAIN, until "             \
       "VIEWER_READ asked for what is behind it",                                                  \
       "")                                                                                         \
    OP(viewer, VIEWER_AWAIT, 582, RF_RIGHT_READ, "w0: RF_VIEWER_*, w1: 1 to not wait; a message",  \
       "those of them that hold; w0: bytes of input that are wanted",                              \
       "CONSOLE_SUSPEND is EPERM while nobody waits for RF_VIEWER_SUSPEND. EAGAIN", "")

#endif
