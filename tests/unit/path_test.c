/* SPDX-License-Identifier: Apache-2.0 */
/* Paths from a cell: which are refused, and that none leads out of the grant. */
#include "tests/unit/unit.h"

#include <errno.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/path.h"

static struct dir grant;
static struct path path;

static int set(const char *text)
{
    return path_set(&path, &grant, text, (u32)strlen(text));
}

static void normal_forms(void **state)
{
    static const char *const forms[][2] = {
        {"", ""},       {".", ""},       {"./.", ""},        {"a", "a"},
        {"a/b", "a/b"}, {"a//b", "a/b"}, {"a/./b", "a/b"},   {"a/b/", "a/b"},
        {"./a", "a"},   {"...", "..."},  {"a/..b", "a/..b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        assert_int_equal(set(forms[i][0]), 0);
        assert_string_equal(path.text, forms[i][1]);
        assert_int_equal(path.length, strlen(forms[i][1]));
    }
}

static void refused_forms(void **state)
{
    char longest[PATH_MAX + 1];

    (void)state;
    assert_int_equal(set(".."), -EINVAL);
    assert_int_equal(set("a/.."), -EINVAL);
    assert_int_equal(set("../a"), -EINVAL);
    assert_int_equal(set("a/../b"), -EINVAL);
    assert_int_equal(set("/a"), -EINVAL);
    assert_int_equal(set("/"), -EINVAL);
    assert_int_equal(path_set(&path, &grant, "a\0b", 3), -EINVAL);
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(path_set(&path, &grant, longest, PATH_MAX), -ENAMETOOLONG);
    assert_int_equal(path_set(&path, &grant, longest, PATH_MAX - 1), 0);
}

static void named_files_only(void **state)
{
    char only[] = "one\0two";
    struct dir some = {.fd = grant.fd, .only = only, .only_length = sizeof(only)};

    (void)state;
    assert_int_equal(path_set(&path, &some, "one", 3), 0);
    assert_int_equal(path_set(&path, &some, "./two", 5), 0);
    assert_int_equal(path_set(&path, &some, "on", 2), -ENOENT);
    assert_int_equal(path_set(&path, &some, "one/x", 5), -ENOENT);
    assert_int_equal(path_set(&path, &some, "", 0), -ENOENT);
}

static void links_lead_nowhere(void **state)
{
    static const char *const out[] = {"up/file", "root/passwd", "in/file"};
    struct parent parent;
    int fd;

    (void)state;
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        assert_int_equal(set(out[i]), 0);
        fd = path_open(&path);
        assert_int_equal(fd, -ELOOP);
        assert_int_equal(parent_open(&path, &parent), -ELOOP);
    }
    /* The link itself can be had, to be looked at. */
    assert_int_equal(set("up"), 0);
    fd = path_open(&path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(set("dir/file"), 0);
    fd = path_open(&path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(set("dir/none"), 0);
    assert_int_equal(path_open(&path), -ENOENT);
}

static void parents(void **state)
{
    struct parent parent;

    (void)state;
    assert_int_equal(set("dir/file"), 0);
    assert_int_equal(parent_open(&path, &parent), 0);
    assert_string_equal(parent.name, "file");
    assert_true(parent.owned);
    assert_int_equal(faccessat(parent.fd, "file", F_OK, 0), 0);
    parent_close(&parent);
    assert_string_equal(path.text, "dir/file");
    assert_int_equal(set(""), 0);
    assert_int_equal(parent_open(&path, &parent), 0);
    assert_string_equal(parent.name, ".");
    assert_int_equal(parent.fd, grant.fd);
    parent_close(&parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_forms),     cmocka_unit_test(refused_forms),
        cmocka_unit_test(named_files_only), cmocka_unit_test(links_lead_nowhere),
        cmocka_unit_test(parents),
    };
    char top[] = "/tmp/ringfence-unit.XXXXXX", command[256];
    int failed;

    if (!mkdtemp(top) || chdir(top) || mkdir("grant", 0700) || mkdir("grant/dir", 0700) ||
        symlink("..", "grant/up") || symlink("/etc", "grant/root") || symlink("dir", "grant/in"))
        return 1;
    close(open("grant/dir/file", O_CREAT | O_WRONLY, 0600));
    close(open("file", O_CREAT | O_WRONLY, 0600));
    grant.fd = open("grant", O_PATH | O_DIRECTORY);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command) ? 1 : failed;
}
