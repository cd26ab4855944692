/* SPDX-License-Identifier: Apache-2.0 */
/* What cmocka wants before itself. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* kernel/report.h has a function of the name fail, which cmocka's fail_msg would call. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#endif
