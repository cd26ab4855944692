/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations of a test program. */
#ifndef TESTS_SDK_CHECK_H
#define TESTS_SDK_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The result of an invocation is what it should be. */
#define expect_result(call, wanted)                                                                \
    do {                                                                                           \
        long result_ = (call), wanted_ = (wanted);                                                 \
        if (result_ != wanted_) {                                                                  \
            fprintf(stderr, "%s:%d: %s: %ld instead of %ld\n", __FILE__, __LINE__, #call, result_, \
                    wanted_);                                                                      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
