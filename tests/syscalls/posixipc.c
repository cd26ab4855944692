/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX shared memory, named semaphores and message queues. */
#include "check.h"

#include <mqueue.h>
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

static struct timespec soon(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 30000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

CASE(message_queue)
{
    struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 16};
    char text[16];
    unsigned priority;
    mqd_t q = OK(mq_open(name("mq"), O_CREAT | O_EXCL | O_RDWR, 0600, &attr));
    ERR(mq_open(name("mq"), O_CREAT | O_EXCL | O_RDWR, 0600, &attr), EEXIST);
    OK(mq_send(q, "low", 4, 1));
    OK(mq_send(q, "high", 5, 9));
    OK(mq_send(q, "low too", 8, 1));
    struct timespec until = soon();
    ERR(mq_timedsend(q, "more", 5, 0, &until), ETIMEDOUT);
    ERR(mq_send(q, text, 17, 0), EMSGSIZE);
    OK(mq_getattr(q, &attr));
    EQ(attr.mq_curmsgs, 3);
    ERR(mq_receive(q, text, 15, NULL), EMSGSIZE);
    for (int i = 0; i < 3; i++) {
        OK(mq_receive(q, text, 16, &priority));
        say("%s %u", text, priority);
    }
    until = soon();
    ERR(mq_timedreceive(q, text, 16, NULL, &until), ETIMEDOUT);
    mqd_t reader = OK(mq_open(name("mq"), O_RDONLY | O_NONBLOCK));
    ERR(mq_receive(reader, text, 16, NULL), EAGAIN);
    ERR(mq_send(reader, "x", 1, 0), EBADF);
    OK(mq_unlink(name("mq")));
    ERR(mq_unlink(name("mq")), ENOENT);
    pid_t child = CHILD(EQ(mq_receive(q, text, 16, NULL), 6); EQ(strcmp(text, "hello"), 0));
    OK(mq_send(q, "hello", 6, 0));
    JOIN(child);
}

static volatile sig_atomic_t told;

static void tell(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    told = info->si_code == SI_MESGQ ? info->si_value.sival_int : -1;
}

CASE(message_queue_notifies)
{
    struct sigaction action = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    mqd_t q = OK(mq_open(name("mq"), O_CREAT | O_RDWR, 0600, NULL));
    OK(mq_unlink(name("mq")));
    OK(sigaction(SIGUSR1, &action, NULL));
    event.sigev_value.sival_int = 42;
    OK(mq_notify(q, &event));
    ERR(mq_notify(q, &event), EBUSY);
    OK(mq_send(q, "a", 1, 0));
    EQ(told, 42);
    told = 0;
    OK(mq_send(q, "b", 1, 0)); /* once only */
    EQ(told, 0);
}

static void note_value(union sigval value)
{
    told = value.sival_int;
}

CASE(message_queue_starts_thread)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = note_value};
    mqd_t q = OK(mq_open(name("mq"), O_CREAT | O_RDWR, 0600, NULL));
    char text[8192];
    OK(mq_unlink(name("mq")));
    for (int i = 1; i <= 3; i++) {
        event.sigev_value.sival_int = i;
        OK(mq_notify(q, &event));
        ERR(mq_notify(q, &event), EBUSY);
        OK(mq_send(q, "a", 1, 0));
        UNTIL(told == i);
        EQ(mq_receive(q, text, sizeof(text), NULL), 1);
    }
    event.sigev_value.sival_int = 9;
    OK(mq_notify(q, &event));
    OK(mq_notify(q, NULL)); /* not any more */
    OK(mq_send(q, "a", 1, 0));
    sleep_ms(10);
    EQ(told, 3);
    event.sigev_notify = 77;
    ERR(mq_notify(q, &event), EINVAL);
}
