/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of rf_serve_tree: what a served tree has given out, and the call that is being served. */
#ifndef SDK_SERVE_SERVER_H
#define SDK_SERVE_SERVER_H

#include <limits.h>

#include "sdk/serve/names.h"
#include "sdk/serve/tree.h"

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

/* Answers the call: its result, as of rf_handler. */
typedef s64 serve_operation(struct server *s);

/* NULL: the interface has no such operation, or this is not served. */
serve_operation *dir_operation(u32 op);
serve_operation *file_operation(u32 op);

static inline bool is_writable(const struct server *s)
{
    return s->m->rights & RF_RIGHT_WRITE;
}

/* ---- objects.c ---- */

/* A new one and its badge. NULL: there are too many. */
struct object *object_make(struct server *s, enum kind kind, u32 *badge);
void object_free(struct server *s, struct object *object);
/* A slot of an entry for it, with those rights; -errno: then the object is freed. */
s64 object_entry(struct server *s, struct object *object, u32 badge, u32 rights);
/* Gives the entry (or -errno) with the reply. */
s64 reply_with(struct server *s, s64 entry);
void put_attr(struct server *s, const struct rf_attr *attr);

/* ---- paths.c ---- */

/* `length` bytes at `from` of the data, below the object's own path, checked. 0, -EINVAL or
 * -ENAMETOOLONG. */
int path_at(const struct server *s, const struct object *base, u32 from, u64 length,
            char path[PATH_MAX]);
/* All of the data. */
int whole_path(const struct server *s, char path[PATH_MAX]);
/* Both paths of RENAME and LINK; the target dir is one of ours, or it is another file system:
 * -EXDEV. */
int two_paths(struct server *s, char from[PATH_MAX], char to[PATH_MAX]);
/* The attributes of what the path leads to, or of the first link on it, which path is cut to. */
int path_walk(struct server *s, char *path, size_t prefix, struct rf_attr *attr);
/* How many bytes of what the caller sent were walked: it may have written more slashes and dots. */
s64 path_walked(const struct server *s, size_t components);

#endif
