/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/union/layers.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool is_mark(const char *name)
{
    return strncmp(name, MARK, strlen(MARK)) == 0;
}

int mark_of(const char *path, char mark[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t parent = slash ? (size_t)(slash + 1 - path) : 0;

    if (strlen(path) + sizeof(MARK) > PATH_MAX || strlen(path + parent) > NAME_MAX - strlen(MARK))
        return -ENAMETOOLONG;
    snprintf(mark, PATH_MAX, "%.*s%s%s", (int)parent, path, MARK, path + parent);
    return 0;
}

static bool has(const struct layers *layers, u32 layer, const char *path)
{
    struct rf_attr attr;

    return layers->next->attr(layers->trees[layer], path, &attr) == 0;
}

static bool is_opaque(const struct layers *layers, u32 layer, const char *directory)
{
    char mark[PATH_MAX];

    if (snprintf(mark, sizeof(mark), "%s%s" OPAQUE, directory, *directory ? "/" : "") >= PATH_MAX)
        return false;
    return has(layers, layer, mark);
}

static bool is_marked(const struct layers *layers, u32 layer, const char *path)
{
    char mark[PATH_MAX];

    return mark_of(path, mark) == 0 && has(layers, layer, mark);
}

static void take_identity(struct found *found, const struct rf_attr *attr)
{
    found->attr.device = attr->device;
    found->attr.inode = attr->inode;
    found->attr.born = attr->born;
}

/* Of the layers that unite in the directory above, those that have the path. */
static int find_in(const struct layers *layers, const struct found *above, const char *path,
                   struct found *found)
{
    *found = (struct found){0};
    for (u32 i = 0; i < above->count; i++) {
        u32 layer = above->layers[i];
        struct rf_attr attr;
        int r = layers->next->attr(layers->trees[layer], path, &attr);

        if (r < 0 && r != -ENOENT)
            return r;
        if (r == 0 && (!found->count || S_ISDIR(attr.mode))) {
            if (!found->count)
                found->attr = attr;
            found->layers[found->count++] = layer;
            take_identity(found, &attr);
        }
        if (r == 0 && !S_ISDIR(attr.mode))
            break;
        if (*path && is_marked(layers, layer, path))
            break;
        if (r == 0 && is_opaque(layers, layer, path))
            break;
    }
    return found->count ? 0 : -ENOENT;
}

/* Whether a layer below the upper one has it, were it not hidden at this very place. */
static bool any_below(const struct layers *layers, const struct found *above, const char *path)
{
    for (u32 i = 0; i < above->count; i++) {
        if (above->layers[i] > 0 && has(layers, above->layers[i], path))
            return true;
    }
    return false;
}

int layers_find(const struct layers *layers, const char *path, struct found *found)
{
    struct found above = {.count = layers->count};
    char prefix[PATH_MAX];
    size_t at = 0;
    int r;

    *found = above;
    for (u32 i = 0; i < layers->count; i++)
        above.layers[i] = i;
    r = find_in(layers, &above, "", found);
    while (r == 0 && path[at]) {
        size_t end = at + strcspn(path + at, "/");

        if (S_ISLNK(found->attr.mode) || !S_ISDIR(found->attr.mode))
            return S_ISLNK(found->attr.mode) ? -ELOOP : -ENOTDIR;
        above = *found;
        snprintf(prefix, sizeof(prefix), "%.*s", (int)end, path);
        if (is_mark(prefix + at))
            return -ENOENT;
        r = find_in(layers, &above, prefix, found);
        if (!path[end])
            found->below = any_below(layers, &above, prefix);
        at = end + (path[end] == '/');
    }
    return r;
}

/* ---- names ---- */

struct listing {
    void *seen;   /* tsearch(3): names of the layers so far, and those that they hide */
    void *hidden; /* names that the layer that is read hides in those below */
    bool out_of_memory, whole; /* whole: the layer hides all below */
    void (*each)(void *list, const char *name, u64 inode, u8 type);
    void *list;
};

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whether it is new there. */
static bool remember(struct listing *listing, void **set, const char *name)
{
    char *copy = strdup(name), **found = copy ? tsearch(copy, set, compare) : NULL;

    if (!found) {
        listing->out_of_memory = true;
        free(copy);
        return false;
    }
    if (*found != copy)
        free(copy);
    return *found == copy;
}

static void list_name(void *context, const char *name, u64 inode, u8 type)
{
    struct listing *listing = context;

    if (strcmp(name, OPAQUE) == 0)
        listing->whole = true;
    else if (is_mark(name))
        remember(listing, &listing->hidden, name + strlen(MARK));
    else if (remember(listing, &listing->seen, name))
        listing->each(listing->list, name, inode, type);
}

static void hide(const void *node, VISIT which, void *listing)
{
    struct listing *l = listing;

    if (which == preorder || which == leaf)
        remember(l, &l->seen, *(char *const *)node);
}

int layers_names(const struct layers *layers, const char *path,
                 void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    struct listing listing = {.each = each, .list = list};
    struct found found;
    int r = layers_find(layers, path, &found);

    if (r == 0 && !S_ISDIR(found.attr.mode))
        return -ENOTDIR;
    for (u32 i = 0; r == 0 && i < found.count && !listing.whole; i++) {
        r = layers->next->names(layers->trees[found.layers[i]], path, list_name, &listing);
        twalk_r(listing.hidden, hide, &listing);
        tdestroy(listing.hidden, free);
        listing.hidden = NULL;
    }
    tdestroy(listing.seen, free);
    return r < 0 ? r : listing.out_of_memory ? -ENOMEM : 0;
}
