/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "tests/conformance/conform.h"

static char room[RF_MSG_DATA];
static u64 words[4]; /* of the last answer */
static u32 received;

/* Words, and data made of two texts. */
static s64 ask(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, const char *a, const char *b, u32 cap)
{
    struct rf_message m = {.words = {w0, w1, w2, 0}, .descriptor = -1};
    char data[8192];

    m.data_length = (u32)snprintf(data, sizeof(data), "%s%s", a, b);
    m.data = data;
    m.room = room;
    m.room_size = sizeof(room);
    m.cap_count = cap != 0;
    m.caps[0] = cap;
    s64 r = rf_invoke(slot, op, &m);
    memcpy(words, m.words, sizeof(words));
    received = m.received;
    return r;
}

static s64 path_op(u32 dir, u32 op, u64 w0, u64 w1, const char *path)
{
    return ask(dir, op, w0, w1, 0, path, "", 0);
}

static const struct rf_attr *attr(void)
{
    return (const struct rf_attr *)room;
}

static u32 open_at(u32 dir, const char *path, int flags, u32 mode)
{
    s64 r = path_op(dir, RF_OP_DIR_OPEN, (u64)flags, mode, path);

    if (r <= 0)
        fprintf(stderr, "%s: %s\n", path, rf_error_text(r));
    expect(r > 0);
    return (u32)r;
}

static s64 write_at(u32 file, const char *text, u64 offset, bool append)
{
    return ask(file, RF_OP_FILE_WRITE, offset, append, 0, text, "", 0);
}

static void names_are_checked(u32 dir)
{
    static const char *const bad[] = {"..", "a/..", "/a", "../x", "a/../b"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, bad[i]), -EINVAL);
        expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDWR | O_CREAT, 0644, bad[i]), -EINVAL);
        expect_result(path_op(dir, RF_OP_DIR_MKDIR, 0755, 0, bad[i]), -EINVAL);
        expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, bad[i]), -EINVAL);
    }
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "none"), -ENOENT);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "none/x"), -ENOENT);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, ""), 0);
    expect(S_ISDIR(attr()->mode));
    expect(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, ".") >= 0 && S_ISDIR(attr()->mode));
    expect_result(rf_call(dir, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_DIR);
    expect_result(rf_call(dir, RF_OP_CLOCK_NOW, 0, 0, 0, 0), -EINVAL);
}

static void files_are_opened(u32 dir)
{
    expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDONLY, 0, "f"), -ENOENT);
    u32 f = open_at(dir, "f", O_RDWR | O_CREAT | O_EXCL, 0640);
    expect(words[0] == 1 && (attr()->mode & 07777) == 0640 && S_ISREG(attr()->mode));
    expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDWR | O_CREAT | O_EXCL, 0600, "f"), -EEXIST);
    expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDONLY | O_DIRECTORY, 0, "f"), -ENOTDIR);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "f/x"), -ENOTDIR);
    expect_result(write_at(f, "hello world", 0, false), 11);
    expect(words[0] == 11);
    rf_drop(f);
    expect_result(rf_call(f, RF_OP_FILE_SYNC, 0, 0, 0, 0), -EBADF);
    /* Small contents come along, and no slot if none is wanted. */
    s64 r = ask(dir, RF_OP_DIR_OPEN, O_RDONLY, 0, 1, "f", "", 0);
    expect(r > 0 && words[0] == 0 && words[1] == 11 && received == sizeof(struct rf_attr) + 11);
    expect(memcmp(room + sizeof(struct rf_attr), "hello world", 11) == 0);
    rf_drop((u32)r);
    expect_result(ask(dir, RF_OP_DIR_OPEN, O_RDONLY, 0, 2, "f", "", 0), 0);
    f = open_at(dir, "f", O_RDONLY, 0);
    expect(write_at(f, "no", 0, false) == -EBADF);
    rf_drop(f);
    f = open_at(dir, "f", O_RDWR | O_TRUNC, 0);
    expect(attr()->size == 0 && words[0] == 0);
    rf_drop(f);
}

static void names_change(u32 dir)
{
    expect_result(path_op(dir, RF_OP_DIR_MKDIR, 0750, 0, "d"), 0);
    expect(S_ISDIR(attr()->mode) && (attr()->mode & 07777) == 0750);
    expect_result(path_op(dir, RF_OP_DIR_MKDIR, 0750, 0, "d"), -EEXIST);
    expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDWR, 0, "d"), -EISDIR);
    expect_result(ask(dir, RF_OP_DIR_RENAME, 0, 0, 1, "f", "d/g", dir), 0);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "f"), -ENOENT);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "d/g"), 3);
    u64 inode = attr()->inode;
    expect_result(ask(dir, RF_OP_DIR_LINK, 0, 0, 3, "d/g", "h", dir), 0);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "h"), 1);
    expect(attr()->inode == inode && attr()->links == 2);
    expect_result(ask(dir, RF_OP_DIR_RENAME, RENAME_NOREPLACE, 0, 3, "d/g", "h", dir), -EEXIST);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 1, 0, "d"), -ENOTEMPTY);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "d"), -EISDIR);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 1, 0, "h"), -ENOTDIR);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "h"), 0);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "h"), -ENOENT);
    expect_result(path_op(dir, RF_OP_DIR_MKNOD, S_IFIFO | 0600, 0, "p"), 0);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "p"), 1);
    expect(S_ISFIFO(attr()->mode));
    expect_result(path_op(dir, RF_OP_DIR_MKNOD, S_IFBLK | 0600, 0, "b"), -EPERM);
}

/* Nothing is followed: the walk stops there and says where. */
static void links_are_told(u32 dir)
{
    expect_result(ask(dir, RF_OP_DIR_SYMLINK, 0, 0, 1, "s", "d", 0), 0);
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "s"), 1);
    expect(S_ISLNK(attr()->mode) && received == sizeof(struct rf_attr) + 1);
    expect(room[sizeof(struct rf_attr)] == 'd');
    expect_result(path_op(dir, RF_OP_DIR_LOOKUP, 0, 0, "s/g"), 1);
    expect(S_ISLNK(attr()->mode));
    expect_result(path_op(dir, RF_OP_DIR_OPEN, O_RDONLY, 0, "s"), -ELOOP);
    expect(path_op(dir, RF_OP_DIR_OPEN, O_RDONLY, 0, "s/g") == -ELOOP);
    expect_result(ask(dir, RF_OP_DIR_SYMLINK, 0, 0, 1, "s", "x", 0), -EEXIST);
}

static bool is_listed(const char *name, u32 bytes)
{
    for (u32 at = 0; at < bytes;) {
        u16 length;

        memcpy(&length, room + at + 16, sizeof(length));
        expect(length >= 20 && length % 8 == 0 && length <= bytes - at);
        if (strcmp(room + at + 19, name) == 0)
            return true;
        at += length;
    }
    return false;
}

static void lists_are_whole(u32 dir)
{
    s64 n = path_op(dir, RF_OP_DIR_LIST, 0, 0, "");

    expect(n > 0 && n == received && words[0] == 1);
    expect(is_listed("d", received) && is_listed("s", received) && is_listed("..", received));
    expect(!is_listed("g", received));
    u32 d = open_at(dir, "d", O_RDONLY | O_DIRECTORY, 0);
    n = ask(d, RF_OP_FILE_READDIR, 0, 0, 0, "", "", 0);
    expect(n > 0 && is_listed("g", (u32)n));
    expect_result(ask(d, RF_OP_FILE_READDIR, words[0], 0, 0, "", "", 0), 0);
    expect_result(ask(d, RF_OP_FILE_GETATTR, 0, 0, 0, "", "", 0), 0);
    expect(S_ISDIR(attr()->mode));
    expect_result(ask(d, RF_OP_FILE_READ, 0, 10, 0, "", "", 0), -EISDIR);
    rf_drop(d);
}

static void below_is_no_way_up(u32 dir)
{
    s64 d = path_op(dir, RF_OP_DIR_DESCEND, RF_RIGHT_READ, 0, "d");

    expect(d > 0);
    expect_result(rf_call((u32)d, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_DIR);
    expect_result(path_op((u32)d, RF_OP_DIR_LOOKUP, 0, 0, "g"), 1);
    expect_result(path_op((u32)d, RF_OP_DIR_LOOKUP, 0, 0, "../s"), -EINVAL);
    expect_result(path_op((u32)d, RF_OP_DIR_MKDIR, 0755, 0, "new"), -EROFS);
    expect_result(path_op((u32)d, RF_OP_DIR_OPEN, O_RDWR, 0, "g"), -EROFS);
    rf_drop((u32)d);
    expect_result(path_op(dir, RF_OP_DIR_DESCEND, RF_RIGHT_READ, 0, "d/g"), -ENOTDIR);
    expect_result(path_op(dir, RF_OP_DIR_DESCEND, RF_RIGHT_READ, 0, "none"), -ENOENT);
}

static void attributes_are_set(u32 dir)
{
    struct {
        struct rf_setattr set;
        char path[3];
    } __attribute__((packed))
    data = {.set = {.which = RF_SETATTR_MODE | RF_SETATTR_SIZE | RF_SETATTR_MODIFIED,
                    .mode = 0604,
                    .size = 1000,
                    .modified = {1000000000, 0}},
            .path = {'d', '/', 'g'}};
    struct rf_message m = {.data = &data, .data_length = sizeof(data), .descriptor = -1};

    m.room = room;
    m.room_size = sizeof(room);
    expect_result(rf_invoke(dir, RF_OP_DIR_SETATTR, &m), 0);
    expect((attr()->mode & 07777) == 0604 && attr()->size == 1000);
    expect(attr()->modified.seconds == 1000000000);
    expect_result(ask(dir, RF_OP_DIR_STATFS, 0, 0, 0, "", "", 0), 0);
    expect(received == sizeof(struct statfs));
}

void conform_dir(u32 dir)
{
    names_are_checked(dir);
    files_are_opened(dir);
    names_change(dir);
    links_are_told(dir);
    lists_are_whole(dir);
    below_is_no_way_up(dir);
    attributes_are_set(dir);
    /* Nothing but what was made is there, and it can all be removed. */
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "d/g"), 0);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 1, 0, "d"), 0);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "s"), 0);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "p"), 0);
}

void conform_file(u32 dir)
{
    u32 f = open_at(dir, "file", O_RDWR | O_CREAT, 0600);
    struct rf_setattr set = {.which = RF_SETATTR_SIZE, .size = 5};
    struct rf_message m = {.data = &set, .data_length = sizeof(set), .descriptor = -1};

    expect_result(rf_call(f, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_FILE);
    expect_result(write_at(f, "0123456789", 0, false), 10);
    expect_result(write_at(f, "abc", 0, true), 3);
    expect(words[0] == 13);
    expect_result(ask(f, RF_OP_FILE_READ, 8, 100, 0, "", "", 0), 5);
    expect(received == 5 && memcmp(room, "89abc", 5) == 0);
    expect_result(ask(f, RF_OP_FILE_READ, 13, 100, 0, "", "", 0), 0);
    expect_result(ask(f, RF_OP_FILE_READ, 0, RF_MSG_DATA + 1, 0, "", "", 0), -EINVAL);
    expect_result(write_at(f, "x", 100000, false), 1);
    expect(words[0] == 100001);
    expect_result(ask(f, RF_OP_FILE_READ, 50000, 4, 0, "", "", 0), 4);
    expect(memcmp(room, "\0\0\0\0", 4) == 0);
    m.room = room;
    m.room_size = sizeof(room);
    expect_result(rf_invoke(f, RF_OP_FILE_SETATTR, &m), 0);
    expect(attr()->size == 5);
    expect_result(ask(f, RF_OP_FILE_GETATTR, 0, 0, 0, "", "", 0), 0);
    expect(attr()->size == 5 && received == sizeof(struct rf_attr));
    expect_result(rf_call(f, RF_OP_FILE_SYNC, 0, 0, 0, 0), 0);
    expect_result(rf_call(f, RF_OP_FILE_SYNC, 1, 0, 0, 0), 0);
    expect_result(ask(f, RF_OP_FILE_READDIR, 0, 0, 0, "", "", 0), -ENOTDIR);
    s64 reader = rf_copy(f, RF_RIGHT_READ);
    expect(reader > 0);
    expect_result(write_at((u32)reader, "y", 0, false), -EBADF);
    expect_result(ask((u32)reader, RF_OP_FILE_READ, 0, 1, 0, "", "", 0), 1);
    rf_drop((u32)reader);
    rf_drop(f);
    expect_result(path_op(dir, RF_OP_DIR_UNLINK, 0, 0, "file"), 0);
}
