/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting the argument and environment strings of execve. */
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/mm/heap.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/process.h"

#define RLIMIT_STACK_INDEX 3
#define MOST_STRING        (32 * PAGE_SIZE) /* one string, with its NUL */
#define LEAST_LIMIT        (32 * PAGE_SIZE)
#define MOST_LIMIT         (6ul << 20)
#define FIRST_ROOM         2048

long exec_strings_init(struct exec_strings *s, struct process *p)
{
    *s = (struct exec_strings){.room = FIRST_ROOM};
    s->limit = MAX(MIN(p->limits[RLIMIT_STACK_INDEX].soft / 4, MOST_LIMIT), LEAST_LIMIT);
    s->bytes = heap_alloc(s->room);
    return s->bytes ? 0 : -ENOMEM;
}

static long make_room(struct exec_strings *s, size_t more)
{
    size_t room = s->room;
    char *bytes;

    if (s->length + more <= room)
        return 0;
    while (room < s->length + more)
        room *= 2;
    bytes = heap_alloc(room);
    if (!bytes)
        return -ENOMEM;
    memcpy(bytes, s->bytes, s->length);
    heap_free(s->bytes);
    s->bytes = bytes;
    s->room = room;
    return 0;
}

/* Each string also costs its pointer. */
static long check_limit(struct exec_strings *s)
{
    u64 pointers = ((u64)s->argument_count + s->environment_count) * sizeof(u64);

    return s->length + pointers > s->limit ? -E2BIG : 0;
}

static long add_one_user(struct exec_strings *s, const char *user)
{
    for (;;) {
        size_t room = MIN(s->room - s->length, MOST_STRING);
        long n = room ? copy_string_from_user(s->bytes + s->length, user, room) : -ENAMETOOLONG;

        if (n >= 0) {
            s->length += (size_t)n + 1;
            return 0;
        }
        if (n != -ENAMETOOLONG)
            return n;
        if (room == MOST_STRING || s->length > s->limit)
            return -E2BIG;
        n = make_room(s, s->room - s->length + 1);
        if (n)
            return n;
    }
}

long exec_strings_add_user(struct exec_strings *s, const char *const *user, u32 *count)
{
    for (; user; user++) {
        const char *string;
        long r;

        if (get_user(string, user))
            return -EFAULT;
        if (!string)
            break;
        r = add_one_user(s, string);
        if (r)
            return r;
        (*count)++;
        r = check_limit(s);
        if (r)
            return r;
    }
    return 0;
}

long exec_strings_add(struct exec_strings *s, const char *text, u32 *count)
{
    size_t n = strlen(text) + 1;
    long r = make_room(s, n);

    if (r)
        return r;
    memcpy(s->bytes + s->length, text, n);
    s->length += n;
    (*count)++;
    return check_limit(s);
}

long exec_strings_replace_first(struct exec_strings *s, const char *const *texts, u32 count)
{
    size_t old = s->argument_count ? strlen(s->bytes) + 1 : 0;
    size_t added = 0;
    char *at;
    long r;

    for (u32 i = 0; i < count; i++)
        added += strlen(texts[i]) + 1;
    r = make_room(s, added);
    if (r)
        return r;
    memmove(s->bytes + added, s->bytes + old, s->length - old);
    at = s->bytes;
    for (u32 i = 0; i < count; i++) {
        size_t n = strlen(texts[i]) + 1;

        memcpy(at, texts[i], n);
        at += n;
    }
    s->length = s->length - old + added;
    s->arguments_length = s->arguments_length - old + added;
    s->argument_count = s->argument_count - (s->argument_count ? 1 : 0) + count;
    return check_limit(s);
}
