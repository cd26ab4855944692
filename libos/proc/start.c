/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the first program of a cell, and saying why not. */
#include <linux/fcntl.h>

#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/process.h"
#include "libos/proc/start.h"

#define DEFAULT_PATH "/bin:/usr/bin"
#define NOT_FOUND    127
#define NOT_RUNNABLE 126

_Noreturn void start_failed(int status, const char *format, ...)
{
    struct rf_msg *m = message_get();
    va_list args;
    int n;

    va_start(args, format);
    n = format_args((char *)m->data, 1024, format, args);
    va_end(args);
    m->data_length = (u32)MIN(n, 1023);
    invoke_message_retry(RF_SLOT_CELL, RF_OP_START_FAILED, m, (u64)status << 8, 0, 0, 0);
    host_exit_process();
}

static _Noreturn void cannot_run(const char *name, long error, enum elf_kind kind, bool searched)
{
    if (error == -ENOENT && kind == ELF_PROGRAM)
        start_failed(NOT_FOUND, "%s: the interpreter that it names is not in the cell", name);
    if (error == -ENOENT && searched)
        start_failed(NOT_FOUND, "%s: no such program on the cell's PATH", name);
    if (error == -ENOENT || error == -ENOTDIR)
        start_failed(NOT_FOUND, "%s: no such file in the cell, or its #! interpreter is not there",
                     name);
    if (error == -EACCES)
        start_failed(NOT_RUNNABLE, "%s: not an executable file", name);
    if (kind == ELF_FOREIGN)
        start_failed(NOT_RUNNABLE,
                     "%s: a program for another kind of machine; "
                     "cells run 64-bit x86 programs",
                     name);
    if (kind == ELF_BROKEN || error == -ELIBBAD)
        start_failed(NOT_RUNNABLE, "%s: a damaged ELF file", name);
    if (error == -ENOEXEC)
        start_failed(NOT_RUNNABLE, "%s: neither an ELF program nor a script with a #! line", name);
    start_failed(NOT_RUNNABLE, "%s: cannot be run: error %ld", name, -error);
}

/* A string of the record's array of offsets. */
static const char *item(const struct rf_boot *boot, u32 array, u32 i)
{
    const char *base = (const char *)boot;

    return base + ((const u32 *)(base + array))[i];
}

static long fill_strings(const struct rf_boot *boot, struct exec_strings *s)
{
    long r = exec_strings_init(s, current_process);

    for (u32 i = 0; r == 0 && i < boot->argc; i++)
        r = exec_strings_add(s, item(boot, boot->argv, i), &s->argument_count);
    s->arguments_length = s->length;
    for (u32 i = 0; r == 0 && i < boot->envc; i++)
        r = exec_strings_add(s, item(boot, boot->envp, i), &s->environment_count);
    return r;
}

static long try_path(const struct rf_boot *boot, const char *path, struct exec_image **out,
                     enum elf_kind *kind)
{
    struct exec_image *image = heap_alloc(sizeof(*image));
    long r;

    if (!image)
        return -ENOMEM;
    r = fill_strings(boot, &image->strings);
    if (r == 0)
        r = exec_image_open(image, AT_FDCWD, path, 0, kind);
    if (r == 0)
        *out = image;
    else
        exec_image_free(image);
    return r;
}

static const char *search_path(const struct rf_boot *boot)
{
    for (u32 i = 0; i < boot->envc; i++) {
        const char *variable = item(boot, boot->envp, i);

        if (strncmp(variable, "PATH=", 5) == 0)
            return variable + 5;
    }
    return DEFAULT_PATH;
}

/* execvp's rule: go on past directories that do not have it, remember one that may not be run. */
static long search(const struct rf_boot *boot, const char *name, struct exec_image **out,
                   enum elf_kind *kind)
{
    const char *path = search_path(boot);
    long result = -ENOENT;

    for (;;) {
        const char *end = strchr(path, ':');
        size_t n = end ? (size_t)(end - path) : strlen(path);
        char full[PATH_MAX_BYTES];

        if (n + strlen(name) + 2 <= sizeof(full)) {
            long r;

            format_text(full, sizeof(full), "%.*s%s%s", (int)n, path, n ? "/" : "", name);
            r = try_path(boot, full, out, kind);
            if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
                return r;
            if (r == -EACCES)
                result = r;
        }
        if (!end)
            return result;
        path = end + 1;
    }
}

static void enter_directory(const char *path)
{
    struct fs_context *c = current_process->paths;
    struct dentry *d, *old;
    long r;

    namespace_lock();
    r = path_walk(NULL, path, WALK_FOLLOW | WALK_DIRECTORY, &d);
    namespace_unlock();
    if (r)
        start_failed(NOT_RUNNABLE, "%s: the working directory is not in the cell", path);
    lock_take(&c->lock);
    old = c->working;
    c->working = d;
    c->umask = the_boot->umask;
    lock_release(&c->lock);
    namespace_lock();
    dentry_put(old);
    namespace_unlock();
}

long find_image(const struct rf_boot *boot, struct exec_image **out, enum elf_kind *kind)
{
    const char *name = (const char *)boot + boot->program;

    return strchr(name, '/') ? try_path(boot, name, out, kind) : search(boot, name, out, kind);
}

struct exec_image *first_image(void)
{
    const char *name = boot_string(the_boot->program);
    enum elf_kind kind = ELF_NONE;
    struct exec_image *image = NULL;
    long r;

    enter_directory(boot_string(the_boot->cwd));
    r = find_image(the_boot, &image, &kind);
    if (r)
        cannot_run(name, r, kind, strchr(name, '/') == NULL);
    return image;
}
