/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the dir interface on a tree. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "sdk/serve/server.h"

static s64 answer_attr(struct server *s, const char *path)
{
    struct rf_attr attr = {0};
    int r = s->ops->attr(s->tree, path, &attr);

    if (r == 0)
        put_attr(s, &attr);
    return r;
}

static size_t count_components(const char *path)
{
    size_t n = *path != '\0';

    for (; *path; path++)
        n += *path == '/';
    return n;
}

static s64 dir_lookup(struct server *s)
{
    char path[PATH_MAX], whole[PATH_MAX];
    struct rf_attr attr = {0};
    ssize_t n;
    int r = whole_path(s, path);

    if (r)
        return r;
    snprintf(whole, sizeof(whole), "%s", path);
    r = path_walk(s, path, strlen(s->at->path), &attr);
    if (r < 0)
        return r;
    put_attr(s, &attr);
    if (S_ISLNK(attr.mode) && s->ops->readlink) {
        n = s->ops->readlink(s->tree, path, (char *)s->reply->room + sizeof(attr), PATH_MAX);
        if (n < 0)
            return n;
        s->reply->data_length += (u32)n;
    }
    if (strlen(path) == strlen(whole))
        return s->m->received;
    return path_walked(s, count_components(path) - count_components(s->at->path));
}

static u32 rights_of_flags(int flags)
{
    int access = flags & O_ACCMODE;

    return (access != O_WRONLY ? RF_RIGHT_READ : 0) | (access != O_RDONLY ? RF_RIGHT_WRITE : 0);
}

/* The whole content behind the attributes, if it fits. */
static u64 inline_content(struct server *s, void *file, u64 size)
{
    u64 room = RF_MSG_DATA - sizeof(struct rf_attr);
    ssize_t n;

    if (size == 0 || size > room || !s->ops->read)
        return 0;
    n = s->ops->read(file, (char *)s->reply->room + sizeof(struct rf_attr), size, 0);
    if (n != (ssize_t)size)
        return 0;
    s->reply->data_length += (u32)n;
    return (u64)n;
}

static s64 open_directory(struct server *s, const char *path, const struct rf_attr *attr)
{
    u32 badge;
    struct object *object;

    put_attr(s, attr);
    object = object_make(s, OPEN_DIR, &badge);
    if (!object)
        return -ENFILE;
    object->path = strdup(path);
    return reply_with(s, object_entry(s, object, badge, RF_RIGHT_READ));
}

static s64 open_file(struct server *s, const char *path, int flags, u32 mode, bool there)
{
    struct rf_attr attr = {0};
    struct object *object;
    void *file = NULL;
    u32 badge;
    int r;

    if (!s->ops->open)
        return -EOPNOTSUPP;
    r = s->ops->open(s->tree, path, flags, mode, &file);
    if (r == 0)
        r = s->ops->file_attr(file, &attr);
    if (r < 0) {
        if (file && s->ops->close)
            s->ops->close(file);
        return r;
    }
    put_attr(s, &attr);
    s->reply->words[0] = !there;
    if (s->m->words[2] && rights_of_flags(flags) & RF_RIGHT_READ)
        s->reply->words[1] = inline_content(s, file, attr.size);
    if (s->m->words[2] == 2 && s->reply->words[1]) {
        s->ops->close(file);
        return 0;
    }
    object = object_make(s, FILE_OBJECT, &badge);
    if (!object) {
        s->ops->close(file);
        return -ENFILE;
    }
    object->file = file;
    return reply_with(s, object_entry(s, object, badge, rights_of_flags(flags) | RF_RIGHT_EXEC));
}

static s64 dir_open(struct server *s)
{
    const int known = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_APPEND;
    int flags = (int)s->m->words[0];
    char path[PATH_MAX];
    struct rf_attr attr = {0};
    int r = whole_path(s, path);

    if (r)
        return r;
    if ((flags & (O_CREAT | O_TRUNC) || (flags & O_ACCMODE) != O_RDONLY) && !is_writable(s))
        return -EROFS;
    r = s->ops->attr(s->tree, path, &attr);
    if (r < 0 && (r != -ENOENT || !(flags & O_CREAT)))
        return r;
    if (r == 0 && S_ISLNK(attr.mode))
        return flags & O_CREAT && flags & O_EXCL ? -EEXIST : -ELOOP;
    if (r == 0 && S_ISDIR(attr.mode)) {
        if (flags & O_CREAT && flags & O_EXCL)
            return -EEXIST;
        if ((flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT)
            return -EISDIR;
        return open_directory(s, path, &attr);
    }
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    return open_file(s, path, flags & known, (u32)s->m->words[1], r == 0);
}

static s64 dir_mkdir(struct server *s)
{
    char path[PATH_MAX];
    int r = whole_path(s, path);

    if (r)
        return r;
    if (!is_writable(s) || !s->ops->mkdir)
        return -EROFS;
    r = s->ops->mkdir(s->tree, path, (u32)s->m->words[0]);
    return r < 0 ? r : answer_attr(s, path);
}

static s64 dir_unlink(struct server *s)
{
    char path[PATH_MAX];
    int r = whole_path(s, path);

    if (r)
        return r;
    if (!is_writable(s) || !s->ops->unlink)
        return -EROFS;
    return s->ops->unlink(s->tree, path, s->m->words[0]);
}

static s64 dir_rename(struct server *s)
{
    char from[PATH_MAX], to[PATH_MAX];
    int r = two_paths(s, from, to);

    if (r)
        return r;
    if (!is_writable(s) || !s->ops->rename)
        return -EROFS;
    return s->ops->rename(s->tree, from, to, (u32)s->m->words[0]);
}

static s64 dir_link(struct server *s)
{
    char from[PATH_MAX], to[PATH_MAX];
    int r = two_paths(s, from, to);

    if (r)
        return r;
    if (!is_writable(s) || !s->ops->link)
        return -EROFS;
    return s->ops->link(s->tree, from, to);
}

static s64 dir_symlink(struct server *s)
{
    char path[PATH_MAX], target[PATH_MAX];
    u64 first = s->m->words[2], rest = s->m->received - first;
    int r;

    if (first > s->m->received || rest >= PATH_MAX)
        return -EINVAL;
    r = path_at(s, s->at, 0, first, path);
    if (r)
        return r;
    if (!is_writable(s) || !s->ops->symlink)
        return -EROFS;
    memcpy(target, (const char *)s->m->data + first, rest);
    target[rest] = '\0';
    return s->ops->symlink(s->tree, path, target);
}

static s64 dir_mknod(struct server *s)
{
    char path[PATH_MAX];
    int r = whole_path(s, path);

    if (r)
        return r;
    if (!is_writable(s) || !s->ops->mknod)
        return -EROFS;
    return s->ops->mknod(s->tree, path, (u32)s->m->words[0]);
}

static s64 dir_setattr(struct server *s)
{
    struct rf_setattr set;
    char path[PATH_MAX];
    int r;

    if (s->m->received < sizeof(set))
        return -EINVAL;
    memcpy(&set, s->m->data, sizeof(set));
    r = path_at(s, s->at, sizeof(set), s->m->received - sizeof(set), path);
    if (r)
        return r;
    if (!is_writable(s) || !s->ops->setattr)
        return -EROFS;
    r = s->ops->setattr(s->tree, path, &set);
    return r < 0 ? r : answer_attr(s, path);
}

static s64 dir_statfs(struct server *s)
{
    struct statfs out = {.f_bsize = 4096, .f_namelen = NAME_MAX};
    int r = s->ops->statfs ? s->ops->statfs(s->tree, &out) : 0;

    if (r < 0)
        return r;
    memcpy(s->reply->room, &out, sizeof(out));
    s->reply->data_length = sizeof(out);
    return 0;
}

static s64 dir_list(struct server *s)
{
    struct names names = {0};
    char path[PATH_MAX];
    u64 next;
    int r = whole_path(s, path);

    if (r == 0)
        r = names_read(&names, s->ops, s->tree, path);
    if (r < 0)
        return r;
    s->reply->data_length = names_put(&names, 0, s->reply->room, RF_MSG_DATA, &next);
    s->reply->words[0] = next == names.count;
    names_free(&names);
    return s->reply->data_length;
}

static s64 dir_descend(struct server *s)
{
    char path[PATH_MAX];
    struct rf_attr attr = {0};
    struct object *object;
    u32 badge;
    int r = whole_path(s, path);

    if (r == 0)
        r = s->ops->attr(s->tree, path, &attr);
    if (r < 0)
        return r;
    if (!S_ISDIR(attr.mode))
        return -ENOTDIR;
    object = object_make(s, DIR_OBJECT, &badge);
    if (!object)
        return -ENFILE;
    object->path = strdup(path);
    return reply_with(s, object_entry(s, object, badge, s->m->rights & (u32)s->m->words[0]));
}

serve_operation *dir_operation(u32 op)
{
    switch (op) {
    case RF_OP_DIR_LOOKUP: return dir_lookup;
    case RF_OP_DIR_OPEN: return dir_open;
    case RF_OP_DIR_MKDIR: return dir_mkdir;
    case RF_OP_DIR_UNLINK: return dir_unlink;
    case RF_OP_DIR_RENAME: return dir_rename;
    case RF_OP_DIR_LINK: return dir_link;
    case RF_OP_DIR_SYMLINK: return dir_symlink;
    case RF_OP_DIR_MKNOD: return dir_mknod;
    case RF_OP_DIR_SETATTR: return dir_setattr;
    case RF_OP_DIR_STATFS: return dir_statfs;
    case RF_OP_DIR_LIST: return dir_list;
    case RF_OP_DIR_DESCEND: return dir_descend;
    default: return NULL;
    }
}
