/* SPDX-License-Identifier: Apache-2.0 */
/* Discrim tells capabilities apart, also where the object would rather not say. */
#ifndef ABI_INTERFACE_DISCRIM_H
#define ABI_INTERFACE_DISCRIM_H

#define RF_OPS_DISCRIM(OP)                                                                         \
    OP(discrim, DISCRIM_CLASSIFY, 544, 0, "caps: one capability or none", "RF_KIND_*",             \
       "as the kernel knows it: RF_KIND_ENTRY for what a program serves, RF_KIND_NONE for a "      \
       "stale one or none",                                                                        \
       "")                                                                                         \
    OP(discrim, DISCRIM_COMPARE, 545, 0, "caps: two capabilities",                                 \
       "1 if they are the same object with the same rights, else 0", "", "")                       \
    OP(discrim, DISCRIM_DISCREET, 546, 0, "caps: one capability",                                  \
       "1 if it is no way out of confinement, else 0", "by the rule of CONSTRUCTOR_DISCREET", "")

#endif
