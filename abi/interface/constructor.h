/* SPDX-License-Identifier: Apache-2.0 */
/* A constructor makes instances of a program, and can say whether they are confined: whether
 * anything that the builder put in could carry information out. After Shapiro, Smith, Farber: EROS
 * (1999), section 5, and Hardy's KeyKOS factory.
 *
 * The builder installs the boot record, and capabilities for slots of the instances, then seals it.
 * The client, who holds the sealed constructor, asks DISCREET before it yields; what the client
 * itself hands to the instance (its bank, meter and place among it) is its own affair.
 *
 * No ways out are: weak read-only nodes and segments, banks, meters and cells that can only be
 * observed, clocks, discrims, and sealed constructors whose instances hold no way out, however they
 * refer to each other. All else is, and so is what it would take too long to find out: more than 64
 * constructors behind each other. What stays: which of the objects that an instance fetched out of
 * weak nodes it still holds can be seen by whoever pays for them, once nobody else holds them.
 *
 * An instance keeps its constructor. */
#ifndef ABI_INTERFACE_CONSTRUCTOR_H
#define ABI_INTERFACE_CONSTRUCTOR_H

#define RF_OPS_CONSTRUCTOR(OP)                                                                     \
    OP(constructor, CONSTRUCTOR_INSTALL, 512, RF_RIGHT_MANAGE,                                     \
       "w0: slot of the instances; caps: one capability", "0",                                     \
       "EBUSY: the slot is taken, or the constructor is sealed. ERANGE: not a slot from 2 to "     \
       "RF_SLOT_LIMIT - 1. EBADF: no capability",                                                  \
       "")                                                                                         \
    OP(constructor, CONSTRUCTOR_LOAD, 513, RF_RIGHT_MANAGE,                                        \
       "caps: a segment that holds the boot record", "0",                                          \
       "its bytes are copied. EBUSY: sealed. EBADF: no segment. EACCES: it cannot be read. "       \
       "EFBIG: more than RF_BOOT_SIZE. EINVAL: no boot record. ENOSPC",                            \
       "its pages")                                                                                \
    OP(constructor, CONSTRUCTOR_SEAL, 514, RF_RIGHT_MANAGE, "", "slot of the sealed constructor",  \
       "nothing can be installed any more", "")                                                    \
    OP(constructor, CONSTRUCTOR_DISCREET, 515, 0, "",                                              \
       "1 if no instance can hold a way out, else 0", "EAGAIN: not sealed", "")                    \
    OP(constructor, CONSTRUCTOR_HOLES, 516, 0, "",                                                 \
       "bytes; data out: struct rf_cap_info of each way out", "EAGAIN: not sealed", "")            \
    OP(constructor, CONSTRUCTOR_YIELD, 517, 0,                                                     \
       "caps: a cell below which it shall be, bank, meter; data: name; w0, w1 as CELL_CREATE",     \
       "slot of the new cell, not yet started: what the client gives it, it gives with CELL_GIVE", \
       "EAGAIN: not sealed. As CELL_CREATE", "as CELL_CREATE")                                     \
    OP(constructor, CONSTRUCTOR_VERIFY, 518, 0, "caps: a cell",                                    \
       "1 if this constructor made it, else 0", "", "")

#endif
