/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serve/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sdk/serve/names.h"

#define OBJECTS 65536u

enum kind { FREE, DIR_OBJECT, FILE_OBJECT, OPEN_DIR };

/* What an entry stands for; its badge is the number here. */
struct object {
    enum kind kind;
    char *path;         /* DIR_OBJECT, OPEN_DIR */
    void *file;         /* FILE_OBJECT */
    struct names names; /* OPEN_DIR: as they were when it was read from the start */
};

struct server {
    const struct rf_tree *ops;
    void *tree;
    u32 endpoint;
    struct object objects[OBJECTS];
    u32 next, count;              /* count: of objects; without any, nobody can ask any more */
    struct rf_message *m, *reply; /* of the call that is being served */
    u32 resume;
    struct object *at;
};

typedef s64 serve_operation(struct server *s);

static bool is_writable(const struct server *s)
{
    return s->m->rights & RF_RIGHT_WRITE;
}

/* ---- objects ---- */

static struct object *object_make(struct server *s, enum kind kind, u32 *badge)
{
    for (u32 tries = 0; tries < OBJECTS; tries++) {
        u32 n = s->next++ % OBJECTS;

        if (n == 0 || s->objects[n].kind != FREE)
            continue;
        s->objects[n] = (struct object){.kind = kind};
        s->count++;
        *badge = n;
        return &s->objects[n];
    }
    return NULL;
}

static void object_free(struct server *s, struct object *object)
{
    if (object->file && s->ops->close)
        s->ops->close(object->file);
    free(object->path);
    names_free(&object->names);
    *object = (struct object){.kind = FREE};
    s->count--;
}

/* An entry for it, with those rights. */
static s64 object_entry(struct server *s, struct object *object, u32 badge, u32 rights)
{
    s64 entry = rf_mint_told(s->endpoint, badge), reduced;

    if (entry < 0) {
        object_free(s, object);
        return entry;
    }
    reduced = rf_copy((u32)entry, rights);
    rf_drop((u32)entry);
    return reduced;
}

static s64 reply_with(struct server *s, s64 entry)
{
    if (entry < 0)
        return entry;
    s->reply->caps[0] = (u32)entry;
    s->reply->cap_count = 1;
    s->reply->give = true;
    return entry;
}

/* ---- paths ---- */

/* `length` bytes at `from` of the data, below the object's own path, checked. */
static int path_at(const struct server *s, const struct object *base, u32 from, u64 length,
                   char path[PATH_MAX])
{
    const char *text = (const char *)s->m->data + from;
    size_t prefix = strlen(base->path), n = 0;

    if (from > s->m->received || length > s->m->received - from || length + prefix + 2 > PATH_MAX)
        return length + prefix + 2 > PATH_MAX ? -ENAMETOOLONG : -EINVAL;
    memcpy(path, base->path, prefix);
    n = prefix;
    for (u64 i = 0; i < length;) {
        u64 end = i;

        while (end < length && text[end] != '/')
            end++;
        if (memchr(text + i, '\0', end - i) || (end == i && i == 0) ||
            (end - i == 2 && text[i] == '.' && text[i + 1] == '.'))
            return -EINVAL;
        if (end - i > NAME_MAX)
            return -ENAMETOOLONG;
        if (end > i && !(end - i == 1 && text[i] == '.')) {
            if (n)
                path[n++] = '/';
            memcpy(path + n, text + i, end - i);
            n += end - i;
        }
        i = end + 1;
    }
    path[n] = '\0';
    return 0;
}

static int whole_path(const struct server *s, char path[PATH_MAX])
{
    return path_at(s, s->at, 0, s->m->received, path);
}

static void put_attr(struct server *s, const struct rf_attr *attr)
{
    memcpy(s->reply->room, attr, sizeof(*attr));
    s->reply->data_length = sizeof(*attr);
}

static s64 answer_attr(struct server *s, const char *path)
{
    struct rf_attr attr = {0};
    int r = s->ops->attr(s->tree, path, &attr);

    if (r == 0)
        put_attr(s, &attr);
    return r;
}

/* ---- dir ---- */

/* The attributes of what the path leads to, or of the first link on it, which path is cut to. */
static int walk(struct server *s, char *path, size_t prefix, struct rf_attr *attr)
{
    int r = s->ops->attr(s->tree, path, attr);
    size_t at = prefix;

    if (r != -ELOOP)
        return r;
    for (;;) {
        char *slash = strchr(path + at + (path[at] == '/'), '/');

        if (slash)
            *slash = '\0';
        r = s->ops->attr(s->tree, path, attr);
        if (r < 0 || S_ISLNK(attr->mode) || !slash)
            return r;
        *slash = '/';
        at = (size_t)(slash - path);
    }
}

/* How many bytes of what the caller sent were walked: it may have written more slashes and dots. */
static s64 walked(const struct server *s, size_t components)
{
    const char *text = s->m->data;
    u32 at = 0;

    while (components && at < s->m->received) {
        u32 end = at;

        while (end < s->m->received && text[end] != '/')
            end++;
        if (end > at && !(end - at == 1 && text[at] == '.'))
            components--;
        at = end + (components && end < s->m->received);
    }
    return at;
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
    r = walk(s, path, strlen(s->at->path), &attr);
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
    return walked(s, count_components(path) - count_components(s->at->path));
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

/* Both paths of RENAME and LINK; the target dir is one of ours, or it is another file system. */
static int two_paths(struct server *s, char from[PATH_MAX], char to[PATH_MAX])
{
    u64 badge = 0, first = s->m->words[2];
    int r;

    if (s->m->cap_count != 1 || rf_identify(s->endpoint, s->m->caps[0], &badge) != 1)
        return -EXDEV;
    if (s->objects[badge % OBJECTS].kind != DIR_OBJECT)
        return -ENOTDIR;
    if (first > s->m->received)
        return -EINVAL;
    r = path_at(s, s->at, 0, first, from);
    return r ? r : path_at(s, &s->objects[badge], (u32)first, s->m->received - first, to);
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

/* ---- file ---- */

static s64 file_read(struct server *s)
{
    ssize_t n;

    if (s->at->kind == OPEN_DIR)
        return -EISDIR;
    if (!(s->m->rights & RF_RIGHT_READ))
        return -EBADF;
    if (s->m->words[1] > RF_MSG_DATA)
        return -EINVAL;
    n = s->ops->read(s->at->file, s->reply->room, s->m->words[1], s->m->words[0]);
    s->reply->data_length = n > 0 ? (u32)n : 0;
    return n;
}

static s64 file_attr(struct server *s)
{
    struct rf_attr attr = {0};
    int r = s->at->kind == OPEN_DIR ? s->ops->attr(s->tree, s->at->path, &attr)
                                    : s->ops->file_attr(s->at->file, &attr);

    if (r == 0)
        put_attr(s, &attr);
    return r;
}

static s64 file_write(struct server *s)
{
    struct rf_attr attr = {0};
    ssize_t n;

    if (s->at->kind == OPEN_DIR)
        return -EISDIR;
    if (!is_writable(s) || !s->ops->write)
        return -EBADF;
    n = s->ops->write(s->at->file, s->m->data, s->m->received, s->m->words[0], s->m->words[1]);
    if (n >= 0 && s->ops->file_attr(s->at->file, &attr) == 0)
        s->reply->words[0] = attr.size;
    return n;
}

static s64 file_setattr(struct server *s)
{
    struct rf_setattr set;
    int r;

    if (s->m->received != sizeof(set))
        return -EINVAL;
    memcpy(&set, s->m->data, sizeof(set));
    if (s->at->kind == OPEN_DIR)
        r = s->ops->setattr ? s->ops->setattr(s->tree, s->at->path, &set) : -EROFS;
    else if (set.which & RF_SETATTR_SIZE && !is_writable(s))
        r = -EINVAL;
    else
        r = s->ops->file_setattr ? s->ops->file_setattr(s->at->file, &set) : -EROFS;
    return r < 0 ? r : file_attr(s);
}

static s64 file_sync(struct server *s)
{
    return s->at->kind == FILE_OBJECT && s->ops->sync ? s->ops->sync(s->at->file, s->m->words[0])
                                                      : 0;
}

/* Where there is a capability of the kernel behind it, it grants the descriptor. */
static s64 file_map(struct server *s)
{
    struct rf_message none = RF_MESSAGE;
    s64 slot = -ENODEV, r;

    if (s->at->kind == FILE_OBJECT && s->ops->capability)
        slot = s->ops->capability(s->at->file, s->m->rights);
    if (slot < 0)
        return -ENODEV;
    none.words[0] = s->m->words[0];
    r = rf_forward(s->resume, (u32)slot, RF_OP_FILE_MAP, &none);
    rf_drop((u32)slot);
    return r < 0 ? -ENODEV : RF_ANSWERED;
}

static s64 file_readdir(struct server *s)
{
    u64 next;
    int r;

    if (s->at->kind != OPEN_DIR)
        return -ENOTDIR;
    if (s->m->words[0] == 0) {
        names_free(&s->at->names);
        r = names_read(&s->at->names, s->ops, s->tree, s->at->path);
        if (r < 0)
            return r;
    }
    s->reply->data_length =
        names_put(&s->at->names, s->m->words[0], s->reply->room, RF_MSG_DATA, &next);
    s->reply->words[0] = next;
    return s->reply->data_length;
}

static s64 file_seek(struct server *s)
{
    if (s->at->kind != FILE_OBJECT || !s->ops->seek)
        return -EOPNOTSUPP;
    return s->ops->seek(s->at->file, s->m->words[0], (int)s->m->words[1]);
}

static s64 file_allocate(struct server *s)
{
    if (s->at->kind != FILE_OBJECT || !s->ops->allocate)
        return -EOPNOTSUPP;
    if (!is_writable(s))
        return -EBADF;
    return s->ops->allocate(s->at->file, (int)s->m->words[0], s->m->words[1], s->m->words[2]);
}

/* ---- serving ---- */

static serve_operation *dir_operation(u32 op)
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

static serve_operation *file_operation(u32 op)
{
    switch (op) {
    case RF_OP_FILE_READ: return file_read;
    case RF_OP_FILE_WRITE: return file_write;
    case RF_OP_FILE_GETATTR: return file_attr;
    case RF_OP_FILE_SETATTR: return file_setattr;
    case RF_OP_FILE_SYNC: return file_sync;
    case RF_OP_FILE_MAP: return file_map;
    case RF_OP_FILE_READDIR: return file_readdir;
    case RF_OP_FILE_SEEK: return file_seek;
    case RF_OP_FILE_ALLOCATE: return file_allocate;
    default: return NULL;
    }
}

static bool is_of(u32 op, u32 first)
{
    return op >= first && op < first + 32;
}

static s64 serve(void *context, struct rf_message *m, u32 resume, struct rf_message *reply)
{
    struct server *s = context;
    struct object *at = &s->objects[m->badge % OBJECTS];
    bool is_dir = at->kind == DIR_OBJECT;
    serve_operation *run = is_dir ? dir_operation(m->op) : file_operation(m->op);
    s64 r = is_of(m->op, is_dir ? RF_OP_DIR_LOOKUP : RF_OP_FILE_READ) ? -EOPNOTSUPP : -EINVAL;

    s->m = m;
    s->reply = reply;
    s->resume = resume;
    s->at = at;
    if (resume == 0) {
        object_free(s, at);
        if (s->count == 0)
            rf_stop_serving(s->endpoint);
    } else if (m->op == RF_OP_KIND)
        r = is_dir ? RF_KIND_DIR : RF_KIND_FILE;
    else if (run)
        r = run(s);
    for (u32 i = 0; i < m->cap_count; i++)
        rf_drop(m->caps[i]);
    return r;
}

static pthread_t last_server;

static void *serve_until_gone(void *context)
{
    struct server *s = context;

    rf_serve(s->endpoint, serve, s);
    for (u32 i = 0; i < OBJECTS; i++) {
        if (s->objects[i].kind != FREE)
            object_free(s, &s->objects[i]);
    }
    free(s);
    return NULL;
}

s64 rf_serve_tree(const struct rf_tree *ops, void *tree, u32 rights)
{
    struct server *s = calloc(1, sizeof(*s));
    struct object *top;
    s64 endpoint = s ? rf_endpoint() : -ENOMEM, entry;
    u32 badge;

    if (endpoint < 0) {
        free(s);
        return endpoint;
    }
    s->ops = ops;
    s->tree = tree;
    s->endpoint = (u32)endpoint;
    s->next = 1;
    top = object_make(s, DIR_OBJECT, &badge);
    top->path = strdup("");
    entry = object_entry(s, top, badge, rights);
    if (entry < 0 || pthread_create(&last_server, NULL, serve_until_gone, s) != 0) {
        rf_stop_serving(s->endpoint);
        free(s);
        return entry < 0 ? entry : -EAGAIN;
    }
    return entry;
}

int rf_serve_offered(s64 dir, const char *program)
{
    s64 r = dir < 0 ? dir : rf_offer((u32)dir);

    if (r < 0) {
        fprintf(stderr, "%s: %s\n", program,
                r == -ENOENT ? "there is nobody to offer it to" : rf_error_text(r));
        return 1;
    }
    rf_drop((u32)dir);
    pthread_join(last_server, NULL);
    return 0;
}
