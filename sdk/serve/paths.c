/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sdk/serve/server.h"

int path_at(const struct server *s, const struct object *base, u32 from, u64 length,
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

int whole_path(const struct server *s, char path[PATH_MAX])
{
    return path_at(s, s->at, 0, s->m->received, path);
}

int two_paths(struct server *s, char from[PATH_MAX], char to[PATH_MAX])
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

int path_walk(struct server *s, char *path, size_t prefix, struct rf_attr *attr)
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

s64 path_walked(const struct server *s, size_t components)
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
