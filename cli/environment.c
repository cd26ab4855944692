/* SPDX-License-Identifier: Apache-2.0 */
/* Only variables that describe the terminal, the language and the search path pass by themselves:
 * others hold secrets as often as not (tokens, agent sockets, passwords). */
#include "cli/environment.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/report.h"

static const char *const passed[] = {
    "PATH=*", "TERM=*",     "COLORTERM=*", "LANG=*",  "LANGUAGE=*", "LC_*=*",
    "TZ=*",   "NO_COLOR=*", "COLUMNS=*",   "LINES=*", "EDITOR=*",   "PAGER=*",
};

static size_t name_length(const char *variable)
{
    return strcspn(variable, "=");
}

static bool has(const struct environment *env, const char *variable)
{
    size_t n = name_length(variable);

    for (u32 i = 0; i < env->count; i++) {
        if (name_length(env->variables[i]) == n && !memcmp(env->variables[i], variable, n))
            return true;
    }
    return false;
}

static void add(struct environment *env, char *variable)
{
    char **grown = realloc(env->variables, (env->count + 1) * sizeof(*grown));

    if (!grown || !variable)
        fail("no memory");
    env->variables = grown;
    grown[env->count++] = variable;
}

void environment_set(struct environment *env, const char *variable)
{
    size_t n = name_length(variable);

    for (u32 i = 0; i < env->count; i++) {
        if (name_length(env->variables[i]) == n && !memcmp(env->variables[i], variable, n)) {
            env->variables[i] = strdup(variable);
            return;
        }
    }
    add(env, strdup(variable));
}

static void set_default(struct environment *env, const char *name, const char *before,
                        const char *value)
{
    char *variable;

    if (asprintf(&variable, "%s=%s%s", name, before, value) < 0)
        fail("no memory");
    if (has(env, variable))
        free(variable);
    else
        add(env, variable);
}

static bool is_user_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && (name[i] != '-' || i == 0))
            return false;
    }
    return n >= 1 && n <= 32 && strcmp(name, "root") != 0 && strcmp(name, "nobody") != 0;
}

const char *environment_user(u32 uid)
{
    const char *name = getenv("USER");

    if (uid == 0)
        return "root";
    return is_user_name(name) ? name : "user";
}

void environment_finish(struct environment *env, struct launch *config, bool clear)
{
    bool root = config->uid == 0;

    for (char **v = environ; !clear && *v; v++) {
        for (u32 i = 0; i < ARRAY_SIZE(passed); i++) {
            if (fnmatch(passed[i], *v, 0) == 0 && !has(env, *v))
                add(env, *v);
        }
    }
    if (!clear) {
        set_default(env, "PATH", "",
                    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        set_default(env, "HOME", root ? "/root" : "/home/", root ? "" : config->user_name);
        set_default(env, "USER", "", config->user_name);
        set_default(env, "LOGNAME", "", config->user_name);
        set_default(env, "SHELL", "", "/bin/sh");
    }
    config->env = env->variables;
    config->envc = env->count;
}
