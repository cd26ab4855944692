/* SPDX-License-Identifier: Apache-2.0 */
/* A segment: bytes that can be read, written and mapped. A slice names a part of a segment; a slice
 * of a slice names the part of the segment, so depth costs nothing. */
#ifndef ABI_INTERFACE_SEGMENT_H
#define ABI_INTERFACE_SEGMENT_H

#define RF_OPS_SEGMENT(OP)                                                                         \
    OP(segment, SEGMENT_READ, 256, RF_RIGHT_READ, "w0: offset, w1: bytes", "bytes; data out",      \
       "fewer at the end", "")                                                                     \
    OP(segment, SEGMENT_WRITE, 257, RF_RIGHT_WRITE, "w0: offset; data", "bytes",                   \
       "all or nothing. EFBIG: beyond the end. ENOSPC: the bank's limit", "its pages")             \
    OP(segment, SEGMENT_SIZE, 258, 0, "", "bytes", "of the slice", "")                             \
    OP(segment, SEGMENT_RESIZE, 259, RF_RIGHT_MANAGE, "w0: bytes", "0",                            \
       "EINVAL: a slice. Pages beyond a smaller size are given back", "")                          \
    OP(segment, SEGMENT_SLICE, 260, 0, "w0: offset, w1: bytes, w2: RF_RIGHT_* to keep",            \
       "slot of the slice", "EFBIG: beyond the end", "")                                           \
    OP(segment, SEGMENT_COPY, 261, RF_RIGHT_READ, "caps: a bank",                                  \
       "slot of a new segment with the same bytes", "ENOSPC. EFBIG: more than 256 MiB hold data",  \
       "1 record of that bank; pages when written")                                                \
    OP(segment, SEGMENT_MAP, 262, RF_RIGHT_READ, "w0: RF_RIGHT_* wanted",                          \
       "a descriptor of the calling process",                                                      \
       "to map it; read-only without RF_RIGHT_WRITE. The caller closes it. ENODEV: a slice that "  \
       "is not the whole",                                                                         \
       "")

#endif
