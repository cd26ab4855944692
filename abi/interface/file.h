/* SPDX-License-Identifier: Apache-2.0 */
/* An opened file, or an opened directory for FILE_READDIR, FILE_GETATTR and FILE_SYNC. */
#ifndef ABI_INTERFACE_FILE_H
#define ABI_INTERFACE_FILE_H

#define RF_OPS_FILE(OP)                                                                            \
    OP(file, FILE_READ, 160, 0, "w0: offset, w1: bytes", "bytes; data out", "pread(2)", "")        \
    OP(file, FILE_WRITE, 161, 0, "w0: offset, w1: 1 to append; data", "bytes; w0: new size",       \
       "pwrite(2); written whole or an error, but for ENOSPC where it says what fitted", "")       \
    OP(file, FILE_GETATTR, 162, 0, "", "0; data out: struct rf_attr", "", "")                      \
    OP(file, FILE_SETATTR, 163, 0, "data: struct rf_setattr", "0; data out: struct rf_attr", "",   \
       "")                                                                                         \
    OP(file, FILE_SYNC, 164, 0, "w0: 1 for data only", "0", "fsync(2)", "")                        \
    OP(file, FILE_MAP, 165, 0, "w0: RF_RIGHT_* wanted", "a descriptor of the calling process",     \
       "grants a host descriptor of the file, read-only unless the file was opened for writing "   \
       "and RF_RIGHT_WRITE is wanted. The caller closes it. ENODEV: cannot be mapped",             \
       "")                                                                                         \
    OP(file, FILE_READDIR, 166, 0, "w0: cookie, 0 to start",                                       \
       "bytes of records; w0: next cookie; data out: linux_dirent64 records as of getdents64(2)",  \
       "0: the end", "")                                                                           \
    OP(file, FILE_LOCK, 167, 0, "w0: struct flock l_type, w1: l_start, w2: l_len, w3: 1 to wait",  \
       "0", "open file description locks, see fcntl(2). EAGAIN", "")                               \
    OP(file, FILE_SEEK, 171, 0, "w0: offset, w1: SEEK_DATA or SEEK_HOLE", "offset", "lseek(2)",    \
       "")                                                                                         \
    OP(file, FILE_ALLOCATE, 168, 0, "w0: mode, w1: offset, w2: length", "0", "fallocate(2)", "")   \
    OP(file, FILE_TO_HEAP, 169, 0, "w0: offset, w1: bytes, w2: offset in the heap segment",        \
       "bytes",                                                                                    \
       "pread(2) straight into the heap segment. EFAULT: outside of it. EOPNOTSUPP: forwarded, "   \
       "or the caller has none",                                                                   \
       "")                                                                                         \
    OP(file, FILE_FROM_HEAP, 170, 0,                                                               \
       "w0: offset, w1: bytes, w2: offset in the heap segment, w3: 1 to append",                   \
       "bytes; result as FILE_WRITE",                                                              \
       "pwrite(2) straight from the heap segment. EOPNOTSUPP: as FILE_TO_HEAP", "")

#endif
