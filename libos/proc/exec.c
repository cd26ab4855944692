/* SPDX-License-Identifier: Apache-2.0 */
/* execve. Everything that can fail is done first, in the caller; then the old program goes and
 * cannot come back. A process that has its own memory loads the new program in place; a vfork child
 * leaves its parent's memory and gets a fresh host process from the prepared process. */
#include <linux/fcntl.h>

#include "base/string.h"
#include "libos/entry/entry.h"
#include "libos/entry/patch_hints.h"
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/exec.h"
#include "libos/proc/exec_image.h"
#include "libos/proc/exit.h"
#include "libos/proc/fork.h"
#include "libos/proc/tree.h"
#include "libos/time/clock.h"

#define SIGKILL_ 9

/* Ends the other threads of the calling process. The caller takes over the process's number. 0, or
 * -EAGAIN when the process is to end, or another thread was first. */
static long become_only_thread(struct thread *t)
{
    struct process *p = t->process;

    lock_take(&the_cell->lock);
    if (p->exiting || p->exec_thread) {
        lock_release(&the_cell->lock);
        return -EAGAIN;
    }
    p->exec_thread = t;
    list_for_each(l, &p->threads) {
        struct thread *other = list_entry(l, struct thread, siblings);

        if (other != t) {
            other->ending = true;
            thread_poke(other);
        }
    }
    while (p->thread_count > 1 && !p->exiting) {
        if (wait_on(&p->child_events, &the_cell->lock, FOREVER) == -EINTR) {
            lock_release(&the_cell->lock);
            host_yield(); /* a signal waits, but the others will end soon */
            lock_take(&the_cell->lock);
        }
    }
    p->exec_thread = NULL;
    if (!p->exiting && t->tid != p->pid) {
        thread_unlink(t);
        t->tid = p->pid;
        thread_link(t);
    }
    lock_release(&the_cell->lock);
    return p->exiting ? -EAGAIN : 0;
}

static void reset_thread(struct thread *t)
{
    t->clear_tid = NULL;
    t->robust_list = NULL;
    t->fs_base = 0;
    t->image = NULL;
}

_Noreturn void exec_image_run(struct exec_image *image)
{
    struct thread *t = current();
    struct process *p = t->process;
    u64 rip, rsp;
    long r;

    reset_thread(t);
    patch_hints_leave(p);
    fdtable_close_on_exec(p->files);
    signals_reset_for_exec(p, t);
    timers_exec(p);
    p->executed = true;
    p->parent_death_signal = 0;
    p->dumpable = true;
    if (p->euid != 0)
        p->capabilities_effective = p->capabilities_permitted = 0;
    r = exec_image_load(image, p, &rip, &rsp);
    exec_image_free(image);
    if (r < 0)
        exit_process(SIGKILL_);
    host_set_fs(0);
    enter_program(rip, rsp);
}

/* The vfork child goes on in a host process of its own, its parent here. */
static _Noreturn void move_to_fresh_process(struct thread *t, struct exec_image *image)
{
    struct process *p = t->process;
    struct thread *caller = t->vfork_caller;
    int pid = p->pid;

    t->image = image;
    t->vfork_caller = NULL;
    t->stack_slot = t->spare_slot = 0;
    __atomic_store_n(&t->host_tid, 0, __ATOMIC_SEQ_CST);
    p->host_pid = 0;
    p->memory = 0;
    p->vfork_parent = NULL;
    if (p->stop_later)
        __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    host_set_gs((u64)caller); /* t may run elsewhere from now on */
    spawn_from_prepared(t);
    vfork_resume(caller, pid);
}

static long run_image(struct exec_image *image)
{
    struct thread *t = current();
    long r;

    if (t->vfork_caller)
        move_to_fresh_process(t, image);
    r = become_only_thread(t);
    if (r)
        return r;
    robust_list_exit(t);
    patch_forget();
    mm_destroy();
    exec_image_run(image);
}

static long fill_strings(struct exec_image *image, const char *const *argv, const char *const *envp)
{
    struct exec_strings *s = &image->strings;
    long r = exec_strings_init(s, current_process);

    if (r == 0)
        r = exec_strings_add_user(s, argv, &s->argument_count);
    if (r == 0 && s->argument_count == 0) /* as Linux does, so that no program is surprised */
        r = exec_strings_add(s, "", &s->argument_count);
    s->arguments_length = s->length;
    if (r == 0)
        r = exec_strings_add_user(s, envp, &s->environment_count);
    return r;
}

/* Reads all that execve needs: the image in *out, or -E…. */
static long prepare(int dirfd, const char *path, u32 open_flags, const char *const *argv,
                    const char *const *envp, struct exec_image **out)
{
    struct exec_image *image = heap_alloc(sizeof(*image));
    enum elf_kind kind;
    long r;

    if (!image)
        return -ENOMEM;
    r = fill_strings(image, argv, envp);
    if (r == 0)
        r = exec_image_open(image, dirfd, path, open_flags, &kind);
    if (r)
        exec_image_free(image);
    *out = image;
    return r;
}

/* Returns only if it fails. Frees the path. */
static long do_execve(int dirfd, char *path, u32 open_flags, const char *const *argv,
                      const char *const *envp)
{
    struct exec_image *image;
    long r = prepare(dirfd, path, open_flags, argv, envp, &image);

    heap_free(path);
    if (r == 0) {
        r = run_image(image);
        exec_image_free(image);
    }
    return r;
}

/* Copies the path to the heap. */
static long copy_path(const char *user, char **out)
{
    long r;

    *out = heap_alloc(PATH_MAX_BYTES);
    if (!*out)
        return -ENOMEM;
    r = copy_string_from_user(*out, user, PATH_MAX_BYTES);
    if (r < 0)
        heap_free(*out);
    return r < 0 ? r : 0;
}

SYSCALL3(execve, const char *, path, const char *const *, argv, const char *const *, envp)
{
    char *name;
    long r = copy_path(path, &name);

    if (r)
        return r;
    if (name[0])
        return do_execve(AT_FDCWD, name, 0, argv, envp);
    heap_free(name);
    return -ENOENT;
}

SYSCALL5(execveat, int, dirfd, const char *, path, const char *const *, argv, const char *const *,
         envp, u32, flags)
{
    char *name;
    long r;

    if (flags & ~(u32)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    r = copy_path(path, &name);
    if (r)
        return r;
    if (!name[0]) {
        if (!(flags & AT_EMPTY_PATH)) {
            heap_free(name);
            return -ENOENT;
        }
        format_text(name, PATH_MAX_BYTES, "/dev/fd/%d", dirfd);
    }
    return do_execve(dirfd, name, flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0, argv, envp);
}
