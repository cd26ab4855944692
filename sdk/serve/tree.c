/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serve/tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/serve/server.h"

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
