/* SPDX-License-Identifier: Apache-2.0 */
/* Every capability, whatever its interface. Served by the kernel from the slot alone, but for KIND,
 * which a program behind an endpoint answers itself. */
#ifndef ABI_INTERFACE_ANY_H
#define ABI_INTERFACE_ANY_H

#define RF_OPS_ANY(OP)                                                                             \
    OP(any, DROP, 1, 0, "", "0",                                                                   \
       "empties the slot of the caller's table. EACCES: one below RF_SLOT_FIRST_DIR", "")          \
    OP(any, KIND, 2, 0, "", "RF_KIND_*", "what interface the capability has", "")                  \
    OP(any, COPY, 3, 0, "w0: RF_RIGHT_* to keep", "slot of a copy with only these rights",         \
       "ENFILE: the table is full", "")                                                            \
    OP(any, BIND, 4, 0, "caps: a segment", "0",                                                    \
       "from now on calls without capabilities may be made over that memory: sdk/channel.h. "      \
       "Delivered to programs; the kernel's own objects are not called so: EOPNOTSUPP",            \
       "")

#endif
