/* SPDX-License-Identifier: Apache-2.0 */
/* The names in a granted directory, with or without attributes, in one call. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/object/attr.h"
#include "kernel/object/dir.h"
#include "kernel/object/path.h"

/* Opens the directory that the message names: a descriptor or a negative errno. */
static int open_named(const struct call *call, struct rf_attr *attr)
{
    char text[PATH_MAX];
    s64 length = call_data(call, text, 0, sizeof(text) - 1);
    struct parent parent;
    struct path path;
    int error, fd;

    if (length < 0)
        return (int)length;
    error = path_set(&path, dir_of(call->cap), text, (u32)length);
    if (!error)
        error = parent_open(&path, &parent);
    if (error)
        return error;
    fd = openat(parent.fd, parent.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    error = fd < 0 ? -errno : attr_get(fd, "", attr);
    parent_close(&parent);
    if (fd >= 0 && !error && !device_allowed(fd, "", attr->device))
        error = -EACCES;
    if (error && fd >= 0)
        close(fd);
    return error ? error : fd;
}

/* Fills the message with as many entries as it takes. *all: there are no more. */
static s64 list_entries(struct call *call, int fd, bool *all)
{
    u32 length = 0;
    long n;

    do {
        n = syscall(SYS_getdents64, fd, call->msg->data + length, RF_MSG_DATA - length);
        if (n > 0)
            length += (u32)n;
    } while (n > 0);
    *all = n == 0;
    if (n < 0 && !length)
        return -errno;
    call->msg->data_length = length;
    return length;
}

s64 op_DIR_LIST(struct call *call)
{
    struct rf_attr attr = {0};
    int fd = open_named(call, &attr);
    bool all = false;
    s64 result;

    if (fd < 0)
        return fd;
    result = list_entries(call, fd, &all);
    close(fd);
    call->msg->words[0] = all;
    return result;
}

/* Puts one name and its attributes at `at` of the message. The place behind it; 0: no room. Names
 * that are gone meanwhile, and what is mounted there, are left out: those are looked up one by one.
 */
static u32 put_entry(struct call *call, int fd, u64 device, const char *name, u32 at)
{
    size_t length = strlen(name);
    struct rf_entry entry = {.name_length = (u32)length};
    u32 end = (u32)ALIGN_UP(at + offsetof(struct rf_entry, name) + length, 8);

    if (end > RF_MSG_DATA)
        return 0;
    if (!strcmp(name, ".") || !strcmp(name, "..") || attr_get(fd, name, &entry.attr) ||
        entry.attr.device != device)
        return at;
    memcpy(call->msg->data + at, &entry, offsetof(struct rf_entry, name));
    memcpy(call->msg->data + at + offsetof(struct rf_entry, name), name, length);
    return end;
}

/* Fills the message from `*cookie` on. Bytes, or a negative errno. */
static s64 fill_entries(struct call *call, int fd, u64 device, u64 *cookie, bool *end)
{
    static char buffer[32768];
    u32 at = 0;

    if (lseek(fd, (off_t)*cookie, SEEK_SET) < 0)
        return -EINVAL;
    for (;;) {
        long n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));

        if (n < 0 && !at)
            return -errno;
        *end = n == 0;
        if (n <= 0)
            return at;
        for (long i = 0; i < n;) {
            const struct dirent64 *entry = (const struct dirent64 *)(buffer + i);
            u32 next = put_entry(call, fd, device, entry->d_name, at);

            if (!next && at)
                return at;
            *cookie = (u64)entry->d_off;
            at = next;
            i += entry->d_reclen;
        }
    }
}

s64 op_DIR_ATTRS(struct call *call)
{
    u64 cookie = call->w[0];
    struct rf_attr attr = {0};
    bool end = false;
    s64 result;
    int fd;

    if (cookie > INT64_MAX)
        return -EINVAL;
    fd = open_named(call, &attr);
    if (fd < 0)
        return fd;
    result = fill_entries(call, fd, attr.device, &cookie, &end);
    close(fd);
    if (result < 0)
        return result;
    call->msg->data_length = (u32)result;
    call->msg->words[0] = cookie;
    call->msg->words[1] = end;
    return result;
}
