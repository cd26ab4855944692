/* SPDX-License-Identifier: Apache-2.0 */
/* A directory, and all below it. See abi/file_system.h for the records. */
#ifndef ABI_INTERFACE_DIR_H
#define ABI_INTERFACE_DIR_H

#define RF_OPS_DIR(OP)                                                                             \
    OP(dir, DIR_LOOKUP, 128, 0, "data: path",                                                      \
       "bytes of the path that were walked; data out: struct rf_attr, then the target if it is a " \
       "symbolic link",                                                                            \
       "Stops at the first symbolic link, wherever it is in the path, without following it. "      \
       "ENOENT, ENOTDIR, EACCES",                                                                  \
       "")                                                                                         \
    OP(dir, DIR_OPEN, 129, 0,                                                                      \
       "w0: open(2) flags (access mode, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_APPEND), w1: "    \
       "mode, w2: 1 to get small content inline, 2 to get no slot (result 0) if it is, w3: a "     \
       "slot to empty if this succeeds, or 0 (nobody else is served that way: forwarded, or by a " \
       "program, it stays); data: path",                                                           \
       "slot of a new file (or dir) capability; w0: 1 if created, w1: bytes of content that "      \
       "follow the struct rf_attr in data out",                                                    \
       "never follows a symbolic link (ELOOP). Content is inlined only if the whole file fits. "   \
       "EROFS: no write right. ENOENT EEXIST EISDIR ENOTDIR ENFILE ENOSPC … as of open(2)",        \
       "")                                                                                         \
    OP(dir, DIR_MKDIR, 130, 0, "w0: mode; data: path", "0; data out: struct rf_attr", "mkdir(2)",  \
       "")                                                                                         \
    OP(dir, DIR_UNLINK, 131, 0, "w0: 1 for a directory; data: path", "0", "unlink(2), rmdir(2)",   \
       "")                                                                                         \
    OP(dir, DIR_RENAME, 132, 0,                                                                    \
       "w0: renameat2(2) flags, w2: length of the first path; data: both paths; caps: the target " \
       "dir",                                                                                      \
       "0", "EXDEV: another grant", "")                                                            \
    OP(dir, DIR_LINK, 133, 0,                                                                      \
       "w2: length of the first path; data: both paths; caps: the target dir", "0", "link(2)", "") \
    OP(dir, DIR_SYMLINK, 134, 0, "w2: length of the link's path; data: path, then target", "0",    \
       "", "")                                                                                     \
    OP(dir, DIR_MKNOD, 135, 0, "w0: mode (S_IFREG, S_IFIFO, S_IFSOCK only); data: path", "0",      \
       "EPERM: another type", "")                                                                  \
    OP(dir, DIR_SETATTR, 136, 0, "data: struct rf_setattr, then path",                             \
       "0; data out: struct rf_attr",                                                              \
       "does not follow a symbolic link. chmod(2) chown(2) truncate(2) utimensat(2)", "")          \
    OP(dir, DIR_STATFS, 137, 0, "", "0; data out: struct statfs of the host", "", "")              \
    OP(dir, DIR_XATTR, 138, 0,                                                                     \
       "w0: 0 get 1 set 2 list 3 remove, w1: flags of setxattr(2), w2: length of the path, w3: "   \
       "length of the name; data: path, name, value",                                              \
       "bytes of data out", "getxattr(2) …; not following links", "")                              \
    OP(dir, DIR_LIST, 140, 0, "data: path",                                                        \
       "bytes; data out: linux_dirent64 records as of getdents64(2); w0: 1 if they are all",       \
       "what opening the directory, FILE_READDIR from 0 and dropping it would give", "")           \
    OP(dir, DIR_ATTRS, 141, 0, "w0: cookie, 0 to start; data: path",                               \
       "bytes; w0: next cookie, w1: 1 if that was the end; data out: struct rf_entry records",     \
       "names in a directory with their attributes, as many as fit. Some may be left out", "")     \
    OP(dir, DIR_DESCEND, 142, 0, "w0: RF_RIGHT_* to keep; data: path", "slot of a dir capability", \
       "to a directory below, and to nothing above it. ENOENT, ENOTDIR, EACCES",                   \
       "1 record, 1 file")                                                                         \
    OP(dir, DIR_WATCH, 139, 0, "w0: 1", "0", "reserved for change notices", "")

#endif
