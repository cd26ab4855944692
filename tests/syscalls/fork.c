/* SPDX-License-Identifier: Apache-2.0 */
/* fork, vfork, clone. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

CASE(memory_is_copied)
{
    int *heap = malloc(sizeof(int));
    volatile int stack = 1;
    static int data = 1;
    *heap = 1;
    JOIN(CHILD(stack = *heap = data = 2; EQ(stack + *heap + data, 6)));
    EQ(stack + *heap + data, 3);
    int *shared = shared_memory(4096);
    JOIN(CHILD(*shared = 7));
    EQ(*shared, 7);
}

CASE(identity)
{
    pid_t parent = getpid();
    int fds[2];
    pid_t told;
    OK(pipe(fds));
    pid_t child = CHILD({
        EQ(getppid(), parent);
        pid_t own = getpid();
        EQ(write(fds[1], &own, sizeof(own)), sizeof(own));
        EQ(gettid(), own);
        EQ(getpgrp(), getpgid(parent));
        EQ(getsid(0), getsid(parent));
    });
    EQ(read(fds[0], &told, sizeof(told)), sizeof(told));
    EQ(told, child);
    CHECK(child != parent);
    JOIN(child);
}

CASE(orphans)
{
    /* A child whose parent ends gets another parent. */
    int fds[2];
    pid_t middle, now = 0;
    OK(pipe(fds));
    middle = CHILD({
        pid_t own = getpid();
        CHILD({
            UNTIL(getppid() != own);
            now = getppid();
            EQ(write(fds[1], &now, sizeof(now)), sizeof(now));
        });
    });
    JOIN(middle);
    OK(close(fds[1]));
    EQ(read(fds[0], &now, sizeof(now)), sizeof(now));
    CHECK(now != middle && now > 0);
    ERR(wait(NULL), ECHILD);
}

CASE(pending_signals_stay)
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(raise(SIGUSR1));
    JOIN(CHILD({
        OK(sigpending(&pending));
        EQ(sigismember(&pending, SIGUSR1), 0);
        sigset_t mask;
        OK(sigprocmask(SIG_BLOCK, NULL, &mask));
        EQ(sigismember(&mask, SIGUSR1), 1);
    }));
    OK(sigpending(&pending));
    EQ(sigismember(&pending, SIGUSR1), 1);
}

CASE(vfork)
{
    volatile int seen = 0;
    pid_t child = vfork();
    if (child == 0) {
        seen = 1;
        _exit(3);
    }
    EQ(seen, 1); /* the memory is the parent's, and the parent waited */
    JOIN_STATUS(OK(child), 3);
}

CASE(vfork_exec)
{
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 9", NULL);
        _exit(127);
    }
    JOIN_STATUS(OK(child), 9);
}

static char state_of(pid_t pid)
{
    char path[32], text[128] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd >= 0) {
        read(fd, text, sizeof(text) - 1);
        close(fd);
    }
    const char *end = strrchr(text, ')');
    return end ? end[2] : 0;
}

/* Linux stops it before it has another program, and its parent with it; we do later. Either way
 * somebody else sees it stopped and lets it go on. */
CASE(vfork_stopped)
{
    volatile pid_t *child = shared_memory(4096);
    pid_t helper = CHILD({
        while (!*child || state_of(*child) != 'T')
            usleep(1000);
        OK(kill(*child, SIGCONT));
    });
    pid_t pid = vfork();
    if (pid == 0) {
        *child = getpid();
        setpgid(0, 0); /* not an orphaned group, which would not stop */
        kill(getpid(), SIGTSTP);
        execl("/bin/sh", "sh", "-c", "exit 9", NULL);
        _exit(127);
    }
    JOIN_STATUS(OK(pid), 9);
    JOIN(helper);
}

static int in_clone(void *argument)
{
    *(volatile int *)argument = 5;
    return 6;
}

static char clone_stack[65536] __attribute__((aligned(16)));

CASE(clone_shares_memory)
{
    volatile int value = 0;
    pid_t child = OK(clone(in_clone, clone_stack + sizeof(clone_stack),
                           CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&value));
    EQ(value, 5);
    JOIN_STATUS(child, 6);
}

CASE(clone_copies_memory)
{
    volatile int value = 0;
    pid_t child = OK(clone(in_clone, clone_stack + sizeof(clone_stack), SIGCHLD, (void *)&value));
    JOIN_STATUS(child, 6);
    EQ(value, 0);
}

CASE(clone_tids)
{
    pid_t parent_tid = 0;
    long child = OK(syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, NULL, &parent_tid, NULL, 0));
    if (child == 0)
        _exit(0);
    EQ(parent_tid, child);
    JOIN((pid_t)child);
    pid_t *child_tid = shared_memory(4096);
    child = OK(syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, child_tid, 0));
    if (child == 0)
        _exit(*child_tid == getpid() ? 0 : 1);
    JOIN((pid_t)child);
    EQ(*child_tid, child);
}

CASE(clone_errors)
{
    ERR(syscall(SYS_clone, CLONE_SIGHAND, NULL, NULL, NULL, 0), EINVAL);
    ERR(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, NULL, NULL, NULL, 0), EINVAL);
    ERR(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, 0), EINVAL);
}

CASE(clone3)
{
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
            set_tid_size, cgroup;
    } arguments = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child == -1 && errno == ENOSYS)
        skip("no clone3");
    if (child == 0)
        _exit(8);
    JOIN_STATUS((pid_t)OK(child), 8);
    ERR(syscall(SYS_clone3, &arguments, 8), EINVAL);
    ERR(syscall(SYS_clone3, BAD_POINTER, sizeof(arguments)), EFAULT);
}

CASE(many_children)
{
    pid_t children[50];
    for (int i = 0; i < 50; i++)
        children[i] = CHILD(_exit(i));
    for (int i = 49; i >= 0; i--)
        JOIN_STATUS(children[i], i);
}

CASE(tree)
{
    /* Three levels of three. */
    int *leaves = shared_memory(4096);
    for (int i = 0; i < 3; i++)
        CHILD({
            for (int j = 0; j < 3; j++)
                CHILD({
                    for (int k = 0; k < 3; k++)
                        CHILD(__atomic_add_fetch(leaves, 1, __ATOMIC_SEQ_CST));
                    while (wait(NULL) > 0)
                        ;
                });
            while (wait(NULL) > 0)
                ;
        });
    while (wait(NULL) > 0)
        ;
    EQ(*leaves, 27);
}

CASE(large_memory)
{
    size_t size = 64 << 20;
    char *memory = malloc(size);
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = (char)(i >> 12);
    for (int round = 0; round < 3; round++)
        JOIN(CHILD({
            for (size_t i = 0; i < size; i += 4096) {
                EQ(memory[i], (char)(i >> 12));
                memory[i] = 0;
            }
        }));
    EQ(memory[4096 * 77], 77);
}

CASE(exit_handlers_and_codes)
{
    JOIN_STATUS(CHILD(exit(256 + 7)), 7);
    JOIN_STATUS(CHILD(syscall(SYS_exit_group, -1)), 255);
    JOIN_STATUS(CHILD(syscall(SYS_exit, 12)), 12);
    JOIN_SIGNAL(CHILD(abort()), SIGABRT);
}

static void *sleep_on(void *fd)
{
    char c;
    EQ(read(*(int *)fd, &c, 1), 0);
    return NULL;
}

/* Many mappings that the child does not get, while another thread runs. */
CASE(much_left_out_of_a_threads_fork)
{
    enum { COUNT_OF_PAGES = 800 };
    int fds[2];
    pthread_t thread;
    OK(pipe(fds));
    EQ(pthread_create(&thread, NULL, sleep_on, &fds[0]), 0);
    char *p = mmap(NULL, COUNT_OF_PAGES * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (int i = 0; i < COUNT_OF_PAGES; i += 2)
        OK(mprotect(p + i * 4096, 4096, PROT_READ | PROT_WRITE));
    OK(madvise(p, COUNT_OF_PAGES * 4096, MADV_DONTFORK));
    JOIN(CHILD(ERR(msync(p, 4096, MS_ASYNC), ENOMEM)));
    EQ(p[4096], 0);
    OK(close(fds[1]));
    EQ(pthread_join(thread, NULL), 0);
}
