/* SPDX-License-Identifier: Apache-2.0 */
/* Every interface and its operations, declared once. Each line is
 *
 *   OP(interface, NAME, number, "words and data in", "result, words and data out", "errors and
 * meaning")
 *
 * Dispatch, trace decoding and the reference pages are made from these lines. Operation numbers are
 * unique over all interfaces (interface * 32 + n), so a message for the wrong kind of object is
 * refused by number alone. `w0`..`w3` are the argument words (registers on the way in,
 * message.words on the way out).  Paths in data are not NUL-terminated (data_length counts), are
 * relative to the dir, hold no "..", no leading "/" and no NUL; "" or "." names the dir itself.
 */
#ifndef ABI_OBJECTS_H
#define ABI_OBJECTS_H

#include "base/types.h"

#define RF_OPERATIONS(OP)                                                                          \
    /* any capability */                                                                           \
    OP(any, DROP, 1, "", "0", "empties the slot of the caller's table")                            \
    OP(any, KIND, 2, "", "RF_KIND_*", "what interface the capability has")                         \
    /* the cell itself */                                                                          \
    OP(cell_self, PREPARED, 32, "", "a spawn token, or RF_PREPARED_SIGNAL | signal number",        \
       "waits until SPAWN, or until ringfence was sent a signal that the cell's foreground job "   \
       "(no terminal: its main program) is to get, SIGWINCH among them; only the prepared "        \
       "process calls it. EINTR: the thread was kicked")                                           \
    OP(cell_self, SPAWN, 33, "w0: token", "0",                                                     \
       "lets the prepared process return from PREPARED with result w0 (it forks then). "           \
       "EINVAL: w0 is RF_PREPARED_SIGNAL or more. EAGAIN: 64 tokens wait already")                 \
    OP(cell_self, KICK, 34, "w0: host process id, w1: host thread id", "0",                        \
       "sends RF_KICK_SIGNAL to a thread of this cell. ESRCH: not a thread of this cell")          \
    OP(cell_self, EXIT, 35, "w0: wait status as of waitpid(2)", "never returns",                   \
       "ends the cell: its main program ended")                                                    \
    OP(cell_self, TIMER, 36,                                                                       \
       "w0: thread index, w1: CLOCK_MONOTONIC ns or 0 to cancel, "                                 \
       "w2: host process id, w3: host thread id",                                                  \
       "0",                                                                                        \
       "at that time increments and wakes wake[w0] and kicks the thread; one timer per thread "    \
       "index, a new one replaces it")                                                             \
    OP(cell_self, PANIC, 37, "data: text", "never returns",                                        \
       "the library OS met a state that must not be; ends the cell and shows the text")            \
    OP(cell_self, RANDOM, 38, "w0: bytes, at most 256", "bytes; data out", "host getrandom(2)")    \
    OP(cell_self, TIMES, 39, "w0: host process id",                                                \
       "0; w0: user ns, w1: system ns, "                                                           \
       "w2: peak resident bytes, w3: missing ns",                                                  \
       "figures of one host process of this cell. "                                                \
       "ESRCH: not a process of this cell")                                                        \
    OP(cell_self, AFFINITY, 40, "", "number of processors; data out: cpu mask", "")                \
    OP(cell_self, START_FAILED, 41,                                                                \
       "w0: wait status as of waitpid(2): exit status 126 (cannot "                                \
       "be executed), 127 (not found), 125 (else); data: text for the user",                       \
       "never returns",                                                                            \
       "ends the cell: its main program could not be started. The text is shown in one line "      \
       "after \"ringfence: \"")                                                                    \
    OP(cell_self, CPU_INFO, 42, "w0: offset", "bytes; data out",                                   \
       "a piece of the host's /proc/cpuinfo; 0: its end")                                          \
    OP(cell_self, STOPPED, 43, "", "0",                                                            \
       "the main program stopped itself: the kernel process stops likewise, and when it is "       \
       "continued, PREPARED returns SIGCONT. EPERM: nobody could continue it")                     \
    /* console: a stream of the host, perhaps a terminal */                                        \
    OP(console, CONSOLE_READ, 64, "w0: most bytes, w1: 1 to not wait", "bytes; data out",          \
       "0: end of input. EAGAIN: nothing there and w1 was 1. EIO: host error")                     \
    OP(console, CONSOLE_WRITE, 65, "data, w1: 1 to not wait", "bytes taken",                       \
       "EPIPE: nobody reads. EAGAIN. ENOSPC, EIO as of write(2)")                                  \
    OP(console, CONSOLE_INFO, 66, "",                                                              \
       "0; w0: mode bits of fstat(2) st_mode, "                                                    \
       "w1: 1 if a terminal, w2: columns | rows << 32, w3: rights; data out: struct rf_attr",      \
       "")                                                                                         \
    OP(console, CONSOLE_ARM, 67, "w0: thread index, w1: poll(2) events",                           \
       "events that hold now, "                                                                    \
       "or 0: armed",                                                                              \
       "when one of the events holds, increments cell.console_events and "                         \
       "wake[w0] once, and wakes it; events armed for one thread add up. For thread 0, PREPARED "  \
       "returns RF_PREPARED_CONSOLE")                                                              \
    OP(console, CONSOLE_SUSPEND, 68, "w0: cell.console_events, read before the wish arose", "0",   \
       "stops the cell and ringfence, as the terminal's suspend key stops a job, until the user "  \
       "lets it go on; nothing if console_events has changed. EPERM: no terminal, or no shell "    \
       "that could let it go on")                                                                  \
    OP(console, CONSOLE_MODE, 69,                                                                  \
       "w0: RF_CONSOLE_*, w1: the interrupt, quit, suspend, start and stop "                       \
       "characters, 8 bits each from the lowest",                                                  \
       "0",                                                                                        \
       "what the host does by itself with what is "                                                \
       "typed at the cell's terminal, so that nobody need read it for that. The three keys come "  \
       "as "                                                                                       \
       "results of PREPARED. EPERM: no terminal")                                                  \
    /* clock */                                                                                    \
    OP(clock, CLOCK_NOW, 96, "w0: clockid_t", "0; w0: seconds, w1: ns", "EINVAL: no such clock")   \
    OP(clock, CLOCK_SLEEP, 97, "w0: CLOCK_MONOTONIC ns", "0", "EINTR")                             \
    /* dir */                                                                                      \
    OP(dir, DIR_LOOKUP, 128, "data: path",                                                         \
       "bytes of the path that were walked; data out: "                                            \
       "struct rf_attr, then the target if it is a symbolic link",                                 \
       "Stops at the first symbolic link, wherever it is in the path, without following it. "      \
       "ENOENT, ENOTDIR, EACCES")                                                                  \
    OP(dir, DIR_OPEN, 129,                                                                         \
       "w0: open(2) flags (access mode, O_CREAT, O_EXCL, O_TRUNC, "                                \
       "O_DIRECTORY, O_APPEND), w1: mode, w2: 1 to get small content inline, 2 to get no slot "    \
       "(result 0) if it is, w3: a slot to empty if this succeeds, or 0; data: path",              \
       "slot of a new file (or dir) capability; w0: 1 if created, w1: bytes of content that "      \
       "follow the struct rf_attr in data out",                                                    \
       "never follows a symbolic link (ELOOP). Content is inlined only if the whole file fits. "   \
       "EROFS: no write right. ENOENT EEXIST EISDIR ENOTDIR ENFILE ENOSPC … as of open(2)")        \
    OP(dir, DIR_MKDIR, 130, "w0: mode; data: path", "0; data out: struct rf_attr", "mkdir(2)")     \
    OP(dir, DIR_UNLINK, 131, "w0: 1 for a directory; data: path", "0", "unlink(2), rmdir(2)")      \
    OP(dir, DIR_RENAME, 132,                                                                       \
       "w0: renameat2(2) flags, w1: slot of the target dir, "                                      \
       "w2: length of the first path; data: both paths",                                           \
       "0", "EXDEV: another grant")                                                                \
    OP(dir, DIR_LINK, 133,                                                                         \
       "w1: slot of the target dir, w2: length of the first path; "                                \
       "data: both paths",                                                                         \
       "0", "link(2)")                                                                             \
    OP(dir, DIR_SYMLINK, 134, "w2: length of the link's path; data: path, then target", "0", "")   \
    OP(dir, DIR_MKNOD, 135, "w0: mode (S_IFREG, S_IFIFO, S_IFSOCK only); data: path", "0",         \
       "EPERM: another type")                                                                      \
    OP(dir, DIR_SETATTR, 136, "data: struct rf_setattr, then path", "0; data out: struct rf_attr", \
       "does not follow a symbolic link. chmod(2) chown(2) truncate(2) utimensat(2)")              \
    OP(dir, DIR_STATFS, 137, "", "0; data out: struct statfs of the host", "")                     \
    OP(dir, DIR_XATTR, 138,                                                                        \
       "w0: 0 get 1 set 2 list 3 remove, w1: flags of setxattr(2), "                               \
       "w2: length of the path, w3: length of the name; data: path, name, value",                  \
       "bytes of data out", "getxattr(2) …; not following links")                                  \
    OP(dir, DIR_LIST, 140, "data: path",                                                           \
       "bytes; data out: linux_dirent64 records as of "                                            \
       "getdents64(2); w0: 1 if they are all",                                                     \
       "what opening the directory, FILE_READDIR from 0 and dropping it would give")               \
    OP(dir, DIR_ATTRS, 141, "w0: cookie, 0 to start; data: path",                                  \
       "bytes; w0: next cookie, w1: 1 if that was the end; data out: struct rf_entry records",     \
       "names in a directory with their attributes, as many as fit. Some may be left out")         \
    OP(dir, DIR_WATCH, 139, "w0: 1", "0", "reserved for change notices")                           \
    /* file (and an opened dir, for FILE_READDIR, FILE_GETATTR and FILE_SYNC) */                   \
    OP(file, FILE_READ, 160, "w0: offset, w1: bytes", "bytes; data out", "pread(2)")               \
    OP(file, FILE_WRITE, 161, "w0: offset, w1: 1 to append; data", "bytes; w0: new size",          \
       "pwrite(2); written whole or an error, but for ENOSPC where it says what fitted")           \
    OP(file, FILE_GETATTR, 162, "", "0; data out: struct rf_attr", "")                             \
    OP(file, FILE_SETATTR, 163, "data: struct rf_setattr", "0; data out: struct rf_attr", "")      \
    OP(file, FILE_SYNC, 164, "w0: 1 for data only", "0", "fsync(2)")                               \
    OP(file, FILE_MAP, 165, "w0: RF_RIGHT_* wanted", "a descriptor of the calling process",        \
       "grants a host descriptor of the file, read-only unless the file was opened for writing "   \
       "and RF_RIGHT_WRITE is wanted. The caller closes it. ENODEV: cannot be mapped")             \
    OP(file, FILE_READDIR, 166, "w0: cookie, 0 to start",                                          \
       "bytes of records; w0: next cookie; "                                                       \
       "data out: linux_dirent64 records as of getdents64(2)",                                     \
       "0: the end")                                                                               \
    OP(file, FILE_LOCK, 167, "w0: struct flock l_type, w1: l_start, w2: l_len, w3: 1 to wait",     \
       "0", "open file description locks, see fcntl(2). EAGAIN")                                   \
    OP(file, FILE_SEEK, 171, "w0: offset, w1: SEEK_DATA or SEEK_HOLE", "offset", "lseek(2)")       \
    OP(file, FILE_ALLOCATE, 168, "w0: mode, w1: offset, w2: length", "0", "fallocate(2)")          \
    OP(file, FILE_TO_HEAP, 169, "w0: offset, w1: bytes, w2: offset in the heap segment", "bytes",  \
       "pread(2) straight into the heap segment. EFAULT: outside of it")                           \
    OP(file, FILE_FROM_HEAP, 170,                                                                  \
       "w0: offset, w1: bytes, w2: offset in the heap segment, "                                   \
       "w3: 1 to append",                                                                          \
       "bytes; result as FILE_WRITE", "pwrite(2) straight from the heap segment")

enum rf_op {
#define OP(interface, name, number, in, out, meaning) RF_OP_##name = (number),
    RF_OPERATIONS(OP)
#undef OP
        RF_OP_LIMIT = 256
};

enum rf_kind {
    RF_KIND_NONE = 0,
    RF_KIND_CELL_SELF,
    RF_KIND_CONSOLE,
    RF_KIND_CLOCK,
    RF_KIND_DIR,
    RF_KIND_FILE,
};

/* Results of PREPARED from here on carry a signal number in the low bits, or RF_PREPARED_CONSOLE:
 * one of the events that CONSOLE_ARM was asked for on behalf of thread 0, the prepared process's,
 * holds. */
#define RF_PREPARED_SIGNAL  0x40000000u
#define RF_PREPARED_CONSOLE 64
/* In place of a signal number too: a key was typed at the terminal. */
#define RF_PREPARED_INTERRUPT 61
#define RF_PREPARED_QUIT      62
#define RF_PREPARED_SUSPEND   63

/* Modes of CONSOLE_MODE; without any, all that is typed is only data. */
#define RF_CONSOLE_SIGNALS  1u  /* interrupt, quit and suspend are keys, and not data */
#define RF_CONSOLE_NO_FLUSH 2u  /* these keys leave what was typed before */
#define RF_CONSOLE_FLOW     4u  /* start and stop are keys */
#define RF_CONSOLE_FLOW_ANY 8u  /* any key starts */
#define RF_CONSOLE_RETURN   16u /* carriage return comes as line feed */

/* The host signal by which the kernel interrupts a thread of a cell (SIGUSR2's number). The library
 * OS gives it no meaning of its own: it looks at the thread's pending events. */
#define RF_KICK_SIGNAL 12

struct rf_time {
    s64 seconds;
    u64 nanoseconds;
};

/* Attributes of a file system object; fields as of statx(2). */
struct rf_attr {
    u64 device, inode, size, blocks, rdev;
    u32 mode, links, uid, gid;
    u32 block_size, reserved;
    struct rf_time accessed, modified, changed, born;
};
_Static_assert(sizeof(struct rf_attr) == 128, "shared layout");

/* A record of DIR_ATTRS; the next one follows at a multiple of 8 bytes. */
struct rf_entry {
    struct rf_attr attr;
    u32 name_length;
    char name[];
};

#define RF_SETATTR_MODE     1u
#define RF_SETATTR_UID      2u
#define RF_SETATTR_GID      4u
#define RF_SETATTR_SIZE     8u
#define RF_SETATTR_ACCESSED 16u
#define RF_SETATTR_MODIFIED 32u

/* Times use UTIME_NOW and UTIME_OMIT in nanoseconds as utimensat(2) does. */
struct rf_setattr {
    u32 which; /* RF_SETATTR_* */
    u32 mode, uid, gid;
    u64 size;
    struct rf_time accessed, modified;
};
_Static_assert(sizeof(struct rf_setattr) == 56, "shared layout");

#endif
