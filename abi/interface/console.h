/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of bytes with a user at its far end, perhaps a terminal.
 *
 * Only the kernel can do what CONSOLE_ARM says. A program that offers a console of its own makes a
 * viewer, offers the console of that (VIEWER_CONSOLE), and carries the bytes between the viewer and
 * wherever they belong (rf_serve_console of the SDK); one that wraps a console forwards CONSOLE_ARM
 * to it (RESUME_FORWARD), which then arms its caller. One that serves consoles itself may refuse
 * it: who waits then looks again after a while, at most every 50 ms. */
#ifndef ABI_INTERFACE_CONSOLE_H
#define ABI_INTERFACE_CONSOLE_H

#define RF_OPS_CONSOLE(OP)                                                                         \
    OP(console, CONSOLE_READ, 64, 0, "w0: most bytes, w1: 1 to not wait", "bytes; data out",       \
       "0: end of input. EAGAIN: nothing there and w1 was 1. EIO: host error", "")                 \
    OP(console, CONSOLE_WRITE, 65, 0, "data, w1: 1 to not wait", "bytes taken",                    \
       "EPIPE: nobody reads. EAGAIN. ENOSPC, EIO as of write(2)", "")                              \
    OP(console, CONSOLE_INFO, 66, 0, "",                                                           \
       "0; w0: mode bits of fstat(2) st_mode, w1: 1 if a terminal, w2: columns | rows << 32, w3: " \
       "rights; data out: struct rf_attr",                                                         \
       "", "")                                                                                     \
    OP(console, CONSOLE_ARM, 67, 0, "w0: thread index, w1: poll(2) events",                        \
       "events that hold now, or 0: armed",                                                        \
       "when one of the events holds, increments cell.console_events and wake[w0] once, and "      \
       "wakes it; events armed for one thread add up. For thread 0, PREPARED returns "             \
       "RF_PREPARED_CONSOLE",                                                                      \
       "")                                                                                         \
    OP(console, CONSOLE_SUSPEND, 68, 0, "w0: cell.console_events, read before the wish arose",     \
       "0",                                                                                        \
       "stops the cell and ringfence, as the terminal's suspend key stops a job, until the user "  \
       "lets it go on; nothing if console_events has changed. EPERM: no terminal, or no shell "    \
       "that could let it go on",                                                                  \
       "")                                                                                         \
    OP(console, CONSOLE_MODE, 69, 0,                                                               \
       "w0: RF_CONSOLE_*, w1: the interrupt, quit, suspend, start and stop characters, 8 bits "    \
       "each from the lowest",                                                                     \
       "0",                                                                                        \
       "what the host does by itself with what is typed at the cell's terminal, so that nobody "   \
       "need read it for that. The three keys come as results of PREPARED. EPERM: no terminal",    \
       "")

/* Modes of CONSOLE_MODE; without any, all that is typed is only data. */
#define RF_CONSOLE_SIGNALS  1u  /* interrupt, quit and suspend are keys, and not data */
#define RF_CONSOLE_NO_FLUSH 2u  /* these keys leave what was typed before */
#define RF_CONSOLE_FLOW     4u  /* start and stop are keys */
#define RF_CONSOLE_FLOW_ANY 8u  /* any key starts */
#define RF_CONSOLE_RETURN   16u /* carriage return comes as line feed */

#endif
