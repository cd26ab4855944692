/* SPDX-License-Identifier: Apache-2.0 */
/* The far end of a console that the kernel itself keeps: what a cell writes is held in a ring, so
 * that it can be shown later, and what is typed here the cell reads. */
#ifndef ABI_INTERFACE_VIEWER_H
#define ABI_INTERFACE_VIEWER_H

#define RF_VIEWER_RING 65536u

#define RF_OPS_VIEWER(OP)                                                                          \
    OP(viewer, VIEWER_CONSOLE, 576, RF_RIGHT_MANAGE, "w0: RF_RIGHT_*", "slot of the console", "",  \
       "")                                                                                         \
    OP(viewer, VIEWER_READ, 577, RF_RIGHT_READ, "w0: position, w1: 1 to not wait; a message",      \
       "bytes; w0: position behind them, w1: position of the oldest byte that is kept; data out",  \
       "what was written from that position on, or from the oldest byte kept. 0: no console is "   \
       "left to write more. EAGAIN",                                                               \
       "")                                                                                         \
    OP(viewer, VIEWER_WRITE, 578, RF_RIGHT_WRITE, "data", "bytes taken",                           \
       "input for who reads the console. EAGAIN: it has not been read for long", "")               \
    OP(viewer, VIEWER_SIZE, 579, RF_RIGHT_WRITE, "w0: columns, w1: rows; 0, 0: no terminal", "0",  \
       "", "")                                                                                     \
    OP(viewer, VIEWER_HANG_UP, 580, RF_RIGHT_WRITE, "", "0", "end of input", "")

#endif
