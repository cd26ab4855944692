/* SPDX-License-Identifier: Apache-2.0 */
/* The stack that a program finds at its first instruction: counts, pointers and the auxiliary
 * vector below, strings above. */
#include <linux/auxvec.h>

#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/process.h"
#include "libos/proc/random.h"
#include "libos/vdso/vdso.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define CLOCK_TICKS       100
#define SIGNAL_FRAME_REST 936 /* of a signal frame, besides the extended state, with alignment */
#define AUXILIARY_PAIRS   22

/* Strings are copied from the top of the stack downwards. */
struct stack_writer {
    u64 at;
    bool failed;
};

static u64 push(struct stack_writer *w, const void *bytes, size_t n)
{
    w->at -= n;
    if (copy_to_user((void *)w->at, bytes, n))
        w->failed = true;
    return w->at;
}

struct vector {
    u64 *words;
    u32 count;
};

static void put(struct vector *v, u64 word)
{
    v->words[v->count++] = word;
}

static void put_pair(struct vector *v, u64 type, u64 value)
{
    put(v, type);
    put(v, value);
}

/* Pointers to `count` strings that lie one after the other in the program at `address`, their
 * copies at `text`. Moves both past them. */
static void put_pointers(struct vector *v, u32 count, u64 *address, const char **text)
{
    for (u32 i = 0; i < count; i++) {
        size_t n = strlen(*text) + 1;

        put(v, *address);
        *address += n;
        *text += n;
    }
    put(v, 0);
}

static void put_auxiliary(struct vector *v, struct process *p, const struct exec_addresses *at,
                          u32 table_count, u64 random, u64 path, u64 platform)
{
    const struct rf_boot *boot = the_boot;

    put_pair(v, AT_SYSINFO_EHDR, (u64)vdso_image);
    put_pair(v, AT_MINSIGSTKSZ, boot->xsave_size + SIGNAL_FRAME_REST);
    put_pair(v, AT_HWCAP, boot->hwcap);
    put_pair(v, AT_PAGESZ, PAGE_SIZE);
    put_pair(v, AT_CLKTCK, CLOCK_TICKS);
    put_pair(v, AT_PHDR, at->table);
    put_pair(v, AT_PHENT, ELF_PROGRAM_HEADER_SIZE);
    put_pair(v, AT_PHNUM, table_count);
    put_pair(v, AT_BASE, at->interpreter_base);
    put_pair(v, AT_FLAGS, 0);
    put_pair(v, AT_ENTRY, at->entry);
    put_pair(v, AT_UID, p->uid);
    put_pair(v, AT_EUID, p->euid);
    put_pair(v, AT_GID, p->gid);
    put_pair(v, AT_EGID, p->egid);
    put_pair(v, AT_SECURE, 0);
    put_pair(v, AT_RANDOM, random);
    put_pair(v, AT_HWCAP2, boot->hwcap2);
    put_pair(v, AT_EXECFN, path);
    put_pair(v, AT_PLATFORM, platform);
    put_pair(v, AT_NULL, 0);
}

long exec_stack_build(const struct exec_image *image, struct process *p,
                      const struct exec_addresses *at, u64 *rsp)
{
    const struct exec_strings *s = &image->strings;
    const char *platform = boot_string(the_boot->platform), *text = s->bytes;
    struct stack_writer w = {.at = exec_stack_top() - sizeof(u64)};
    struct vector v = {0};
    u64 path, strings, platform_at, random_at;
    u8 random[16];

    v.words = heap_alloc(
        (1 + s->argument_count + 1 + s->environment_count + 1 + 2 * AUXILIARY_PAIRS) * sizeof(u64));
    if (!v.words)
        return -ENOMEM;
    path = push(&w, image->path, strlen(image->path) + 1);
    strings = push(&w, s->bytes, s->length);
    p->arguments_start = strings;
    p->arguments_end = p->environment_start = strings + s->arguments_length;
    p->environment_end = strings + s->length;
    w.at &= ~15ul;
    platform_at = push(&w, platform, strlen(platform) + 1);
    random_bytes(random, sizeof(random));
    random_at = push(&w, random, sizeof(random));

    put(&v, s->argument_count);
    put_pointers(&v, s->argument_count, &strings, &text);
    put_pointers(&v, s->environment_count, &strings, &text);
    size_t auxiliary = v.count;
    put_auxiliary(&v, p, at, image->program.header.table_count, random_at, path, platform_at);
    w.at = ((w.at - v.count * sizeof(u64)) & ~15ul) + v.count * sizeof(u64);
    *rsp = push(&w, v.words, v.count * sizeof(u64));
    p->auxiliary_start = *rsp + auxiliary * sizeof(u64);
    heap_free(v.words);
    return w.failed ? -EFAULT : 0;
}
