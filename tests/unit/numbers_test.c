/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/numbers.h"
#include "kernel/report.h"

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(size_parse("--mem", "1048576", 1), 1 << 20);
    assert_int_equal(size_parse("--mem", "512k", 1), 512 << 10);
    assert_int_equal(size_parse("--mem", "64M", 1), 64 << 20);
    assert_int_equal(size_parse("--mem", "64MiB", 1), 64 << 20);
    assert_int_equal(size_parse("--mem", "1.5G", 1), 3ul << 29);
    assert_int_equal(size_parse("--mem", "2tb", 1), 2ul << 40);
}

static void test_others(void **state)
{
    (void)state;
    assert_int_equal(percent_parse("--cpu", "50"), 50);
    assert_int_equal(percent_parse("--cpu", "250%"), 250);
    assert_int_equal(seconds_parse("--time", "0.5"), 500000000);
    assert_int_equal(seconds_parse("--time", "10s"), 10000000000ul);
    assert_int_equal(number_parse("--pids", "7", 1, 10), 7);
}

/* The parser ends the process with status 125. */
static void assert_refused(void (*parse)(const char *value), const char *value)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        parse(value);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), STATUS_OWN_FAILURE);
}

static void parse_size(const char *value)
{
    size_parse("--mem", value, 4096);
}

static void parse_seconds(const char *value)
{
    seconds_parse("--time", value);
}

static void parse_percent(const char *value)
{
    percent_parse("--cpu", value);
}

static void parse_number(const char *value)
{
    number_parse("--pids", value, 1, 100);
}

static void test_nonsense(void **state)
{
    static const char *const nowhere[] = {
        "",   "x",  "-1",  "1 M", "0x10", "1e3", "nan", "inf", ".", "1..2", "99999999999999999999",
        "+5", " 5", "1MM", "5 %"};

    (void)state;
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        assert_refused(parse_size, nowhere[i]);
        assert_refused(parse_seconds, nowhere[i]);
        assert_refused(parse_percent, nowhere[i]);
        assert_refused(parse_number, nowhere[i]);
    }
    assert_refused(parse_size, "1k");
    assert_refused(parse_seconds, "0");
    assert_refused(parse_percent, "0");
    assert_refused(parse_number, "101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
