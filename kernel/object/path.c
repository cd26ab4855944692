/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool grant_covers(const struct dir *grant, const char *text, u32 length)
{
    if (!grant->only)
        return true;
    for (size_t at = 0; at < grant->only_length;) {
        size_t size = strlen(grant->only + at);

        if (size == length && !memcmp(grant->only + at, text, length))
            return true;
        at += size + 1;
    }
    return false;
}

int path_set(struct path *path, const struct dir *grant, const char *text, u32 length)
{
    u32 n = 0;

    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    path->grant = grant;
    if (memchr(text, 0, length) || (length && text[0] == '/'))
        return -EINVAL;
    for (u32 i = 0; i < length;) {
        const char *slash = memchr(text + i, '/', length - i);
        u32 end = slash ? (u32)(slash - text) : length, size = end - i;

        if (size == 2 && text[i] == '.' && text[i + 1] == '.')
            return -EINVAL;
        if (size > 1 || (size == 1 && text[i] != '.')) {
            if (n)
                path->text[n++] = '/';
            memcpy(path->text + n, text + i, size);
            n += size;
        }
        i = end + 1;
    }
    path->text[n] = 0;
    path->length = n;
    return grant_covers(grant, path->text, n) ? 0 : -ENOENT;
}

static int open_beneath(const struct path *path, u64 flags)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    const char *text = path->length ? path->text : ".";
    long fd = syscall(SYS_openat2, path->grant->fd, text, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

int path_open(const struct path *path)
{
    return open_beneath(path, O_PATH | O_NOFOLLOW);
}

int parent_open(struct path *path, struct parent *parent)
{
    char *slash = strrchr(path->text, '/');
    u32 length = path->length;

    if (!slash) {
        *parent = (struct parent){
            .fd = path->grant->fd, .owned = false, .name = length ? path->text : "."};
        return 0;
    }
    *slash = 0;
    path->length = (u32)(slash - path->text);
    parent->fd = open_beneath(path, O_PATH | O_DIRECTORY);
    *slash = '/';
    path->length = length;
    parent->owned = true;
    parent->name = slash + 1;
    return parent->fd < 0 ? parent->fd : 0;
}

void parent_close(struct parent *parent)
{
    if (parent->owned)
        close(parent->fd);
}

bool device_allowed(int fd, const char *name, u64 device)
{
    static u64 known_good[8];
    static u32 next;
    struct statfs fs;
    int opened = -1, error;

    for (u32 i = 0; i < ARRAY_SIZE(known_good); i++) {
        if (known_good[i] == device && device)
            return true;
    }
    if (*name) {
        opened = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (opened < 0)
            return false;
    }
    error = fstatfs(opened >= 0 ? opened : fd, &fs);
    if (opened >= 0)
        close(opened);
    if (error || fs.f_type == PROC_SUPER_MAGIC)
        return false;
    known_good[next++ % ARRAY_SIZE(known_good)] = device;
    return true;
}
