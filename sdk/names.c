/* SPDX-License-Identifier: Apache-2.0 */
/* Words for numbers, from the declarations in abi/. */
#include <errno.h>
#include <string.h>

#include "sdk/ringfence.h"

const char *rf_op_name(u32 op)
{
    static const struct {
        u32 op;
        const char *name;
    } names[] = {
#define OP(interface, name, number, ...) {number, #name},
        RF_OPERATIONS(OP)
#undef OP
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].op == op)
            return names[i].name;
    }
    return "?";
}

const char *rf_kind_name(u32 kind)
{
    static const char *const names[] = {
#define KIND(interface, name, meaning) [RF_KIND_##name] = #interface,
        RF_KINDS(KIND)
#undef KIND
    };

    return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "?";
}

const char *rf_error_text(s64 error)
{
    switch (-error) {
    case EBADF: return "no capability is in that slot";
    case ESTALE: return "the object is gone, or the capability was revoked";
    case ECONNRESET: return "the program that serves the object ended or gave the message up";
    case EINVAL: return "not an operation of this kind of object, or malformed";
    case EACCES: return "the capability lacks the right";
    case EINTR: return "interrupted by a signal";
    case ENOSYS: return "the kernel of the world is gone";
    case ENFILE: return "no free slots for capabilities";
    case ENOSPC: return "a limit of the bank is reached";
    case EMSGSIZE: return "the message is too long";
    default: return error < 0 ? strerror((int)-error) : "no error";
    }
}
