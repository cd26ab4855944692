/* SPDX-License-Identifier: Apache-2.0 */
/* A constructor makes instances of a program, and can say whether they are confined: whether
 * anything that the builder put in could carry information out. After Shapiro, Smith, Farber: EROS
 * (1999), section 5, and Hardy's KeyKOS factory.
 *
 * The builder installs the boot record, and capabilities for slots of the instances, then seals it.
 * The client, who holds the sealed constructor, asks DISCREET before it yields; what the client
 * itself hands to the instance is its own affair. */
#ifndef ABI_INTERFACE_CONSTRUCTOR_H
#define ABI_INTERFACE_CONSTRUCTOR_H

#define RF_OPS_CONSTRUCTOR(OP)                                                                     \
    OP(constructor, CONSTRUCTOR_INSTALL, 512, RF_RIGHT_MANAGE,                                     \
       "w0: slot of the instances; caps: one capability", "0",                                     \
       "EBUSY: the slot is taken, or the constructor is sealed. ERANGE", "")                       \
    OP(constructor, CONSTRUCTOR_LOAD, 513, RF_RIGHT_MANAGE,                                        \
       "caps: a segment that holds the boot record", "0", "its bytes are copied. EBUSY: sealed",   \
       "its pages")                                                                                \
    OP(constructor, CONSTRUCTOR_SEAL, 514, RF_RIGHT_MANAGE, "", "slot of the sealed constructor",  \
       "nothing can be installed any more", "")                                                    \
    OP(constructor, CONSTRUCTOR_DISCREET, 515, 0, "",                                              \
       "1 if no instance can hold a way out, else 0",                                              \
       "EAGAIN: not sealed. Read-only weak memory, clocks, discrim, and discreet constructors "    \
       "are no ways out; all else is",                                                             \
       "")                                                                                         \
    OP(constructor, CONSTRUCTOR_HOLES, 516, 0, "",                                                 \
       "bytes; data out: struct rf_cap_info of each way out", "EAGAIN: not sealed", "")            \
    OP(constructor, CONSTRUCTOR_YIELD, 517, 0,                                                     \
       "caps: a cell below which it shall be, bank, meter; data: name",                            \
       "slot of the new cell, not yet started: what the client gives it, it gives with CELL_GIVE", \
       "EAGAIN: not sealed. As CELL_CREATE", "as CELL_CREATE")                                     \
    OP(constructor, CONSTRUCTOR_VERIFY, 518, 0, "caps: a cell",                                    \
       "1 if this constructor made it, else 0", "", "")

#endif
