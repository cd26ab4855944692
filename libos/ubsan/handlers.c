/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler calls when it finds undefined behaviour in the library OS, in the test build
 * with the sanitizer (make LIBOS_SKIP= LIBOS_EXTRA=-fsanitize=undefined): the cell ends and says
 * where. Every handler's first argument begins with the place in the source; the rest does not
 * matter here. */
#include "base/types.h"
#include "libos/host/host.h"

struct place {
    const char *file;
    u32 line, column;
};

#define HANDLER(name)                                                                              \
    void __ubsan_handle_##name(const struct place *at);                                            \
    __attribute__((visibility("default"))) void __ubsan_handle_##name(const struct place *at)      \
    {                                                                                              \
        panic("undefined behaviour (%s) at %s:%u", #name, at->file, at->line);                     \
    }

HANDLER(add_overflow)
HANDLER(sub_overflow)
HANDLER(mul_overflow)
HANDLER(negate_overflow)
HANDLER(divrem_overflow)
HANDLER(pointer_overflow)
HANDLER(shift_out_of_bounds)
HANDLER(out_of_bounds)
HANDLER(type_mismatch_v1)
HANDLER(builtin_unreachable)
HANDLER(missing_return)
HANDLER(vla_bound_not_positive)
HANDLER(load_invalid_value)
HANDLER(invalid_builtin)
HANDLER(nonnull_arg)
HANDLER(nonnull_return_v1)
