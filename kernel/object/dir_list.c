/* SPDX-License-Identifier: Apache-2.0 */
/* The names in a granted directory, in one call. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/object/attr.h"
#include "kernel/object/call.h"
#include "kernel/object/path.h"

/* Opens the directory that the message names: a descriptor or a negative errno. */
static int open_named(const struct call *call)
{
    char text[PATH_MAX];
    s64 length = call_data(call, text, 0, sizeof(text) - 1);
    struct parent parent;
    struct path path;
    struct rf_attr attr;
    int error, fd;

    if (length < 0)
        return (int)length;
    error = path_set(&path, &call->cell->grants[call->cap->index], text, (u32)length);
    if (!error)
        error = parent_open(&path, &parent);
    if (error)
        return error;
    fd = openat(parent.fd, parent.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    error = fd < 0 ? -errno : attr_get(fd, "", &attr);
    parent_close(&parent);
    if (!error && !device_allowed(fd, "", attr.device))
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
    int fd = open_named(call);
    bool all = false;
    s64 result;

    if (fd < 0)
        return fd;
    result = list_entries(call, fd, &all);
    close(fd);
    call->msg->words[0] = all;
    return result;
}
