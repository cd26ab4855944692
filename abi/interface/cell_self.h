/* SPDX-License-Identifier: Apache-2.0 */
/* What only a cell's own library OS asks of the kernel: starting processes, interrupting threads,
 * timers, the cell's end. */
#ifndef ABI_INTERFACE_CELL_SELF_H
#define ABI_INTERFACE_CELL_SELF_H

#define RF_OPS_CELL_SELF(OP)                                                                       \
    OP(cell_self, PREPARED, 32, 0, "", "a spawn token, or RF_PREPARED_SIGNAL | signal number",     \
       "waits until SPAWN, or until ringfence was sent a signal that the cell's foreground job "   \
       "(no terminal: its main program) is to get, SIGWINCH among them; only the prepared "        \
       "process calls it. EINTR: the thread was kicked",                                           \
       "")                                                                                         \
    OP(cell_self, SPAWN, 33, 0, "w0: token", "0",                                                  \
       "lets the prepared process return from PREPARED with result w0 (it forks then). EINVAL: "   \
       "w0 is RF_PREPARED_SIGNAL or more. EAGAIN: 64 tokens wait already",                         \
       "")                                                                                         \
    OP(cell_self, KICK, 34, 0, "w0: host process id, w1: host thread id", "0",                     \
       "sends RF_KICK_SIGNAL to a thread of this cell. ESRCH: not a thread of this cell", "")      \
    OP(cell_self, EXIT, 35, 0, "w0: wait status as of waitpid(2)", "never returns",                \
       "ends the cell: its main program ended", "")                                                \
    OP(cell_self, TIMER, 36, 0,                                                                    \
       "w0: thread index, w1: ns of the host's CLOCK_MONOTONIC or 0 to cancel, w2: host process "  \
       "id, w3: host "                                                                             \
       "thread id",                                                                                \
       "0",                                                                                        \
       "at that time increments and wakes wake[w0] and kicks the thread; one timer per thread "    \
       "index, a new one replaces it",                                                             \
       "")                                                                                         \
    OP(cell_self, PANIC, 37, 0, "data: text", "never returns",                                     \
       "the library OS met a state that must not be; ends the cell and shows the text", "")        \
    OP(cell_self, RANDOM, 38, 0, "w0: bytes, at most 256", "bytes; data out", "host getrandom(2)", \
       "")                                                                                         \
    OP(cell_self, TIMES, 39, 0, "w0: host process id",                                             \
       "0; w0: user ns, w1: system ns, w2: peak resident bytes, w3: missing ns",                   \
       "figures of one host process of this cell. ESRCH: not a process of this cell", "")          \
    OP(cell_self, AFFINITY, 40, 0, "", "number of processors; data out: cpu mask", "", "")         \
    OP(cell_self, START_FAILED, 41, 0,                                                             \
       "w0: wait status as of waitpid(2): exit status 126 (cannot be executed), 127 (not found), " \
       "125 (else); data: text for the user",                                                      \
       "never returns",                                                                            \
       "ends the cell: its main program could not be started. The text is shown in one line "      \
       "after ringfence and a colon",                                                              \
       "")                                                                                         \
    OP(cell_self, CPU_INFO, 42, 0, "w0: offset", "bytes; data out",                                \
       "a piece of the host's /proc/cpuinfo; 0: its end", "")                                      \
    OP(cell_self, STOPPED, 43, 0, "", "0",                                                         \
       "the main program stopped itself: the kernel process stops likewise, and when it is "       \
       "continued, PREPARED returns SIGCONT. EPERM: nobody could continue it",                     \
       "")                                                                                         \
    OP(cell_self, EXEC_TAKE, 44, 0, "", "bytes; w0: token; data out: what EXEC was given",         \
       "the request that PREPARED announced as RF_PREPARED_EXEC. ENOENT: it was withdrawn", "")    \
    OP(cell_self, EXEC_DONE, 45, 0, "w0: token, w1: wait status as of waitpid(2)", "0",            \
       "the program that the request started has ended", "")                                       \
    OP(cell_self, REQUEST_TAKE, 46, 0, "a message",                                                \
       "token; w0: process number, w1, w2: the request's w0, w1; op, data out: its own",           \
       "the next of what PREPARED announced as RF_PREPARED_REQUEST: an operation on a process. "   \
       "Token 0: nobody waits for an answer; the process's space has changed. ENOENT: no more",    \
       "")                                                                                         \
    OP(cell_self, REQUEST_DONE, 47, 0, "w0: token, w1: result; data for the caller", "0",          \
       "answers it. ENOENT: it was withdrawn. EINVAL: no such result", "")                         \
    OP(cell_self, SHOWN_LIST, 48, 0, "w0: process number, w1: address; a message",                 \
       "bytes; data out: struct rf_space_mapping", "as SPACE_LIST of the space that it shows", "") \
    OP(cell_self, SHOWN_OPEN, 49, 0, "w0: process number, w1: address",                            \
       "a descriptor of the calling process", "as SPACE_OPEN of the space that it shows", "")      \
    OP(cell_self, FAULT, 50, 0, "w0: process number, w1: address",                                 \
       "1 if a keeper of the process was told, and will have it go on",                            \
       "asked only if rf_cell_page.keepers is not 0", "")                                          \
    OP(cell_self, PROCESS_OVER, 51, 0, "w0: process number", "0",                                  \
       "it has ended, and its number may be used again. ENOENT: nobody has a capability to it",    \
       "")                                                                                         \
    OP(cell_self, ATTACH, 52, 0,                                                                   \
       "w0: what is left of the result without RF_DETACHED; w1: until when, in ns of the host's "  \
       "CLOCK_MONOTONIC, or 0",                                                                    \
       "that of the call; RF_DETACHED alone: there is none of that number",                        \
       "waits for a call of which the cell was let go. EINTR: it was interrupted, and nothing "    \
       "happened that had to be told; or its time is over, and the reply that may come is lost",   \
       "")                                                                                         \
    OP(cell_self, RESTORE_BEGIN, 53, 0, "w0: which of the processes to restore",                   \
       "0; the script of abi/restore.h is at RF_RESTORE_BASE",                                     \
       "EINVAL: none is to be restored, or not that one", "")                                      \
    OP(cell_self, RESTORE_MAP, 54, 0, "w0: index of a mapping of the script",                      \
       "a descriptor of the calling process", "to map it. EINVAL, ENOENT: the file is gone", "")   \
    OP(cell_self, RESTORE_FILL, 55, 0, "", "0",                                                    \
       "fills the memory, and puts its descriptors where they were. EINVAL", "")

/* Results of PREPARED from here on carry a signal number in the low bits, or RF_PREPARED_CONSOLE:
 * one of the events that CONSOLE_ARM was asked for on behalf of thread 0, the prepared process's,
 * holds. */
#define RF_PREPARED_SIGNAL  0x40000000u
#define RF_PREPARED_CONSOLE 64
/* In place of a signal number too: a key was typed at the terminal. */
#define RF_PREPARED_INTERRUPT 61
#define RF_PREPARED_QUIT      62
#define RF_PREPARED_SUSPEND   63
#define RF_PREPARED_EXEC      60
#define RF_PREPARED_REQUEST   59

/* The host signal by which the kernel interrupts a thread of a cell (SIGUSR2's number). The library
 * OS gives it no meaning of its own: it looks at the thread's pending events. */
#define RF_KICK_SIGNAL 12

#endif
