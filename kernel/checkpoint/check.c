/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/checkpoint/calls.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/jail/image.h"
#include "kernel/run.h"
#include "kernel/store/store.h"
#include "kernel/world.h"

static const char *what_is_wrong(int error)
{
    switch (error) {
    case -ENOENT: return "something of it is missing";
    case -EPROTO: return "it is kept in a way that makes no sense";
    case -ENOEXEC: return "its library OS is missing, or needs another version of ringfence";
    }
    return strerror(-error);
}

static void check_cell(struct cell *cell, struct source *source, objects_fault *tell, void *context)
{
    int error = calls_load(cell, source);
    char text[128];

    if (!error)
        error = restore_verify(cell, source);
    if (!error)
        return;
    snprintf(text, sizeof(text), "object %lu, the cell %s: %s", cell->object.number, cell->name,
             what_is_wrong(error));
    tell(context, text);
}

int world_check(const struct store_config *config, objects_fault *tell, void *context,
                struct store_why *why)
{
    struct store_config only = *config;
    struct store_source source;
    struct store *store;
    u64 object = 0;
    int error;

    only.look = true;
    error = store_open(&only, &store, why);
    if (error)
        return error;
    kernel_prepare();
    image_open(NULL);
    store_source_init(&source, store);
    if (store_object_next(store, &object) == 0 && object < KEY_LIBOS)
        error = objects_check(&source.source, tell, context);
    list_for_each(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);

        if (!error && cell_goes_on(cell))
            check_cell(cell, &source.source, tell, context);
    }
    store_close(store);
    if (error)
        snprintf(why->text, sizeof(why->text), "what is stored cannot be read: %s",
                 strerror(-error));
    return error;
}
