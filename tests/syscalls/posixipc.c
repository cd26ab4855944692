/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX shared memory and named semaphores. */
#include "check.h"

#include <semaphore.h>
#include <sys/mman.h>

/* Names of this run alone. */
static const char *name(const char *what)
{
    static char text[64];
    snprintf(text, sizeof(text), "/ringfence-%d-%s", getppid(), what);
    return text;
}

CASE(shared_memory)
{
    int fd = OK(shm_open(name("shm"), O_CREAT | O_EXCL | O_RDWR, 0600));
    OK(ftruncate(fd, 8192));
    int *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    int again = OK(shm_open(name("shm"), O_RDWR, 0));
    int *q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
    CHECK(q != MAP_FAILED && q != p);
    p[0] = 77;
    EQ(q[0], 77);
    JOIN(CHILD(q[1000] = 5));
    EQ(p[1000], 5);
    ERR(shm_open(name("shm"), O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    OK(shm_unlink(name("shm")));
    ERR(shm_unlink(name("shm")), ENOENT);
    ERR(shm_open(name("shm"), O_RDWR, 0), ENOENT);
    q[2] = 3; /* lives on while it is mapped */
    EQ(p[2], 3);
}

CASE(named_semaphore)
{
    sem_t *s = sem_open(name("sem"), O_CREAT | O_EXCL, 0600, 1);
    CHECK(s != SEM_FAILED);
    sem_t *t = sem_open(name("sem"), 0);
    CHECK(t != SEM_FAILED);
    int value;
    OK(sem_wait(s));
    ERR(sem_trywait(t), EAGAIN);
    pid_t child = CHILD(OK(sem_wait(t)));
    UNTIL(is_sleeping(child));
    OK(sem_post(s));
    JOIN(child);
    OK(sem_getvalue(s, &value));
    EQ(value, 0);
    CHECK(sem_open(name("sem"), O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED);
    EQ(errno, EEXIST);
    OK(sem_unlink(name("sem")));
    CHECK(sem_open(name("sem"), 0) == SEM_FAILED);
    EQ(errno, ENOENT);
}

CASE(unnamed_between_processes)
{
    sem_t *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(s != MAP_FAILED);
    OK(sem_init(s, 1, 0));
    pid_t child = CHILD(for (int i = 0; i < 100; i++) OK(sem_wait(s)));
    for (int i = 0; i < 100; i++)
        OK(sem_post(s));
    JOIN(child);
    struct timespec t;
    OK(clock_gettime(CLOCK_REALTIME, &t));
    ERR(sem_timedwait(s, &t), ETIMEDOUT);
}
