/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ramfs/fakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libos/entry/user.h"
#include "libos/fs/async.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include "libos/fs/pipe.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/process.h"
#include "libos/sync/patience.h"
#include "libos/time/clock.h"

#define ARCH_SET_GS_ 0x1001 /* arch_prctl(2) */
#define LOWEST       4096   /* user addresses below do not exist */

static struct process process;
static struct thread thread;
static size_t pages;

static void map_at(unsigned long address, size_t size)
{
    void *p = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        panic("cannot map %#lx", address);
}

void fakes_start(void)
{
    map_at(RF_HEAP_BASE, PAGE_ALIGN(sizeof(struct cell)));
    map_at(RF_WINDOW_BASE, PAGE_ALIGN(sizeof(struct rf_window)));
    thread.self = &thread;
    thread.process = &process;
    process.thread_count = 1;
    process.pid = 100;
    for (int i = 0; i < RLIMIT_COUNT; i++)
        process.limits[i].soft = process.limits[i].hard = UINT64_MAX;
    syscall(SYS_arch_prctl, ARCH_SET_GS_, &thread);
    filesystems_init();
    process.paths = fs_context_new();
    process.files = fdtable_new();
}

void fakes_identity(unsigned uid, unsigned gid)
{
    process.uid = process.fsuid = uid;
    process.gid = process.fsgid = gid;
}

size_t fakes_pages(void)
{
    return pages;
}

/* ---- memory ---- */

void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void *heap_alloc_first(size_t size)
{
    return heap_alloc(size);
}

void heap_free(void *p)
{
    free(p);
}

char *heap_copy_bytes(const char *s, size_t n)
{
    char *copy = calloc(1, n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *heap_copy_string(const char *s)
{
    return heap_copy_bytes(s, strlen(s));
}

/* Parts of a run may be freed, which the C library's heap cannot; so pages come from the host. */
void *heap_pages_alloc(size_t count)
{
    void *p =
        mmap(NULL, count * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pages += count;
    return p == MAP_FAILED ? NULL : p;
}

void heap_pages_free(void *start, size_t count)
{
    munmap(start, count * PAGE_SIZE);
    pages -= count;
}

u64 heap_used(void)
{
    return pages * PAGE_SIZE;
}

static bool exists(const void *user)
{
    return (unsigned long)user >= LOWEST;
}

size_t copy_to_user_partly(void *user, const void *from, size_t n)
{
    if (!exists(user))
        return n;
    memcpy(user, from, n);
    return 0;
}

size_t copy_from_user_partly(void *to, const void *user, size_t n)
{
    if (!exists(user))
        return n;
    memcpy(to, user, n);
    return 0;
}

long copy_to_user(void *user, const void *from, size_t n)
{
    return copy_to_user_partly(user, from, n) ? -EFAULT : 0;
}

long copy_from_user(void *to, const void *user, size_t n)
{
    return copy_from_user_partly(to, user, n) ? -EFAULT : 0;
}

long clear_user(void *user, size_t n)
{
    if (!exists(user))
        return -EFAULT;
    memset(user, 0, n);
    return 0;
}

long copy_string_from_user(char *to, const char *user, size_t size)
{
    if (!exists(user))
        return -EFAULT;
    size_t n = strnlen(user, size);
    if (n == size)
        return -ENAMETOOLONG;
    memcpy(to, user, n + 1);
    return (long)n;
}

void mm_file_shrunk(const struct inode *i)
{
    (void)i;
}

/* ---- time, locks, waiting ---- */

struct rf_time time_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct rf_time){t.tv_sec, (u64)t.tv_nsec};
}

u64 host_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

u64 clock_span_of_host(u64 ns)
{
    return ns;
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* With one thread, who waits for a lock waits for ever. */
void lock_wait(struct lock *l)
{
    panic("deadlock on %p", (void *)l);
}

void lock_wake(struct lock *l)
{
    (void)l;
}

long lock_take_patiently(struct lock *l)
{
    lock_take(l);
    return 0;
}

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

void waitq_wake_some(struct waitq *q, u32 events, int most)
{
    (void)q, (void)events, (void)most;
}

long wait_on(struct waitq *q, struct lock *held, u64 deadline)
{
    (void)q, (void)held, (void)deadline;
    return -EINTR;
}

int send_signal_to_thread(struct thread *t, int signo, const struct siginfo *info)
{
    (void)t, (void)signo, (void)info;
    return 0;
}

/* ---- the other kinds of files ---- */

void notify_inode(struct inode *i, u32 mask, const char *name, u32 cookie)
{
    (void)i, (void)mask, (void)name, (void)cookie;
}

void epoll_forget_file(struct file *f)
{
    (void)f;
}

struct pipe *file_pipe(struct file *f)
{
    (void)f;
    return NULL;
}

long pipe_get_size(struct file *f)
{
    (void)f;
    return -EBADF;
}

long pipe_set_size(struct file *f, u64 size)
{
    (void)f, (void)size;
    return -EBADF;
}

long pipe_read_ours(struct file *f, void *to, size_t n, bool nonblocking)
{
    (void)f, (void)to, (void)n, (void)nonblocking;
    return -EBADF;
}

long pipe_peek_ours(struct file *f, void *to, size_t n, bool nonblocking)
{
    return pipe_read_ours(f, to, n, nonblocking);
}

long pipe_write_ours(struct file *f, void *from, size_t n, bool nonblocking)
{
    return pipe_read_ours(f, from, n, nonblocking);
}

long async_set(struct file *f, int fd, bool on)
{
    (void)f, (void)fd, (void)on;
    return -ENOTTY;
}

void async_set_owner(struct file *f, int id, bool is_thread)
{
    (void)f, (void)id, (void)is_thread;
}

void async_forget(struct file *f)
{
    (void)f;
}

long device_open(struct inode *i, struct dentry *d, struct file *f)
{
    (void)i, (void)d, (void)f;
    return -ENXIO;
}

long fifo_open(struct inode *i, struct dentry *d, struct file *f)
{
    return device_open(i, d, f);
}

struct filesystem *hostfs_new(u32 slot, u32 rights, const char *name, const struct rf_attr *attr)
{
    (void)slot, (void)rights, (void)name, (void)attr;
    return NULL;
}

struct filesystem *procfs_new(void)
{
    return ramfs_new("proc", 0555);
}

struct filesystem *sysfs_new(void)
{
    return ramfs_new("sysfs", 0555);
}

struct filesystem *devfs_new(void)
{
    return ramfs_new("udev", 0755);
}
