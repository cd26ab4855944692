/* SPDX-License-Identifier: Apache-2.0 */
/* A segment: bytes that can be read, written and mapped. A slice names a part of a segment; a slice
 * of a slice names the part of the segment, so depth costs nothing.
 *
 * What is mapped lasts as long as the segment: whoever maps it keeps a capability. When it ends, or
 * its bank is destroyed, its memory is gone at once and touching it is SIGBUS.
 *
 * Pages that are touched in a mapping are charged when the segment is used or its bank's usage is
 * asked for; they may be beyond the limit, and then nothing more is given. */
#ifndef ABI_INTERFACE_SEGMENT_H
#define ABI_INTERFACE_SEGMENT_H

#define RF_SEGMENT_MOST (1ul << 40) /* bytes */

#define RF_OPS_SEGMENT(OP)                                                                         \
    OP(segment, SEGMENT_READ, 256, RF_RIGHT_READ, "w0: offset, w1: bytes", "bytes; data out",      \
       "fewer at the end. EINVAL: more than a message holds", "")                                  \
    OP(segment, SEGMENT_WRITE, 257, RF_RIGHT_WRITE, "w0: offset; data", "bytes",                   \
       "all or nothing. EFBIG: beyond the end. ENOSPC: the bank's limit", "its pages")             \
    OP(segment, SEGMENT_SIZE, 258, 0, "", "bytes", "of the slice", "")                             \
    OP(segment, SEGMENT_RESIZE, 259, RF_RIGHT_MANAGE, "w0: bytes", "0",                            \
       "EINVAL: a slice. EFBIG: too large. Pages beyond a smaller size are given back", "")        \
    OP(segment, SEGMENT_SLICE, 260, 0, "w0: offset, w1: bytes, w2: RF_RIGHT_* to keep",            \
       "slot of the slice", "EFBIG: beyond the end. EINVAL: of no bytes", "")                      \
    OP(segment, SEGMENT_COPY, 261, RF_RIGHT_READ, "caps: a bank",                                  \
       "slot of a new segment with the same bytes",                                                \
       "in pieces: what is written to it meanwhile may be copied or not. ENOSPC: the bank's "      \
       "limit. EBADF: no bank. EACCES: no right to allocate from it. EAGAIN",                      \
       "1 record, 1 file and the pages of that bank")                                              \
    OP(segment, SEGMENT_MAP, 262, RF_RIGHT_READ, "w0: RF_RIGHT_* wanted",                          \
       "a descriptor of the calling process",                                                      \
       "to map it; read-only without RF_RIGHT_WRITE. The caller closes it. ENODEV: a slice. "      \
       "EACCES: a weak capability, since others could see which pages were touched: SEGMENT_READ " \
       "it, or map a copy",                                                                        \
       "pages that are touched")                                                                   \
    OP(segment, SEGMENT_HOLDERS, 263, 0, "", "how many capabilities to it there are",              \
       "so that who was lent one can tell that the lender is gone", "")                            \
    OP(segment, SEGMENT_JOURNAL, 264, RF_RIGHT_WRITE, "w0: offset, of a page of the segment", "0", \
       "the page as it is now is durable, and does not roll back: after a restart it is as it "    \
       "was journalled last, whatever the cut has of all else, until a later cut has it anew. "    \
       "EINVAL: not at the beginning of a page. EFBIG: beyond the end. ENODATA: no cut has the "   \
       "segment yet. EOPNOTSUPP: the world is not durable. EINTR: it may have been made durable. " \
       "ENOSPC, EIO and the like: it was not",                                                     \
       "")

#endif
