/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serve/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct record {
    u64 inode;
    s64 next;
    u16 length;
    u8 type;
    char name[];
} __attribute__((packed));

static void add(void *list, const char *name, u64 inode, u8 type)
{
    struct names *names = list;

    if (names->count == names->room) {
        u64 room = names->room * 2 + 16;
        struct name *grown = realloc(names->all, room * sizeof(*grown));

        if (!grown)
            return;
        names->all = grown;
        names->room = room;
    }
    names->all[names->count++] = (struct name){strdup(name), inode ? inode : 1, type};
}

int names_read(struct names *names, const struct rf_tree *ops, void *tree, const char *path)
{
    struct rf_attr attr;
    int r = ops->attr(tree, path, &attr);

    *names = (struct names){0};
    if (r < 0)
        return r;
    if (!S_ISDIR(attr.mode))
        return -ENOTDIR;
    add(names, ".", attr.inode, DT_DIR);
    add(names, "..", attr.inode, DT_DIR);
    r = ops->names(tree, path, add, names);
    if (r < 0)
        names_free(names);
    return r;
}

void names_free(struct names *names)
{
    for (u64 i = 0; i < names->count; i++)
        free(names->all[i].text);
    free(names->all);
    *names = (struct names){0};
}

u32 names_put(const struct names *names, u64 from, void *to, u32 room, u64 *next)
{
    u32 used = 0;
    u64 i = from;

    for (; i < names->count; i++) {
        const struct name *name = &names->all[i];
        size_t text = strlen(name->text) + 1, length = ALIGN_UP(sizeof(struct record) + text, 8);
        struct record *record = (struct record *)((char *)to + used);

        if (length > room - used)
            break;
        memset(record, 0, length);
        record->inode = name->inode;
        record->next = (s64)i + 1;
        record->length = (u16)length;
        record->type = name->type;
        memcpy(record->name, name->text, text);
        used += (u32)length;
    }
    *next = i;
    return used;
}
