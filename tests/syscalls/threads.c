/* SPDX-License-Identifier: Apache-2.0 */
/* Threads as the C library uses them. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>

static volatile int total;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    ZERO(pthread_create(&thread, NULL, run, argument));
    return thread;
}

static void *end(pthread_t thread)
{
    void *result;
    ZERO(pthread_join(thread, &result));
    return result;
}

static void *twice(void *argument)
{
    return (void *)((intptr_t)argument * 2);
}

CASE(create_and_join)
{
    EQ((intptr_t)end(start(twice, (void *)21)), 42);
    pthread_t threads[50];
    for (intptr_t i = 0; i < 50; i++)
        threads[i] = start(twice, (void *)i);
    for (intptr_t i = 49; i >= 0; i--)
        EQ((intptr_t)end(threads[i]), 2 * i);
}

CASE(thousand_in_turn)
{
    for (intptr_t i = 0; i < 1000; i++)
        EQ((intptr_t)end(start(twice, (void *)i)), 2 * i);
}

static void *count_up(void *argument)
{
    (void)argument;
    for (int i = 0; i < 20000; i++) {
        ZERO(pthread_mutex_lock(&mutex));
        total++;
        ZERO(pthread_mutex_unlock(&mutex));
    }
    return NULL;
}

CASE(mutex)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = start(count_up, NULL);
    for (int i = 0; i < 4; i++)
        end(threads[i]);
    EQ(total, 80000);
}

static void *taker(void *argument)
{
    int taken = 0;
    for (;;) {
        ZERO(pthread_mutex_lock(&mutex));
        while (total == 0)
            ZERO(pthread_cond_wait(&condition, &mutex));
        int value = total;
        if (value > 0) {
            total--;
            taken++;
        }
        ZERO(pthread_mutex_unlock(&mutex));
        if (value < 0) {
            *(int *)argument = taken;
            return NULL;
        }
    }
}

CASE(condition)
{
    int taken[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = start(taker, &taken[i]);
    for (int i = 0; i < 1000; i++) {
        ZERO(pthread_mutex_lock(&mutex));
        total++;
        ZERO(pthread_cond_signal(&condition));
        ZERO(pthread_mutex_unlock(&mutex));
    }
    UNTIL(total == 0);
    ZERO(pthread_mutex_lock(&mutex));
    total = -1;
    ZERO(pthread_cond_broadcast(&condition));
    ZERO(pthread_mutex_unlock(&mutex));
    for (int i = 0; i < 3; i++)
        end(threads[i]);
    EQ(taken[0] + taken[1] + taken[2], 1000);
}

CASE(timeouts)
{
    struct timespec t;
    ZERO(pthread_mutex_lock(&mutex));
    OK(clock_gettime(CLOCK_REALTIME, &t));
    t.tv_nsec += 30000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    long begun = now_ms();
    EQ(pthread_cond_timedwait(&condition, &mutex, &t), ETIMEDOUT);
    CHECK(now_ms() - begun >= 28);
    EQ(pthread_mutex_timedlock(&mutex, &t), ETIMEDOUT);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile int readers;

static void *reader(void *argument)
{
    (void)argument;
    ZERO(pthread_rwlock_rdlock(&rwlock));
    __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
    UNTIL(readers == 3); /* all at once */
    EQ(total, 1);
    ZERO(pthread_rwlock_unlock(&rwlock));
    return NULL;
}

CASE(rwlock)
{
    pthread_t threads[3];
    ZERO(pthread_rwlock_wrlock(&rwlock));
    for (int i = 0; i < 3; i++)
        threads[i] = start(reader, NULL);
    EQ(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
    sleep_ms(10);
    EQ(readers, 0);
    total = 1;
    ZERO(pthread_rwlock_unlock(&rwlock));
    for (int i = 0; i < 3; i++)
        end(threads[i]);
}

static pthread_barrier_t barrier;

static void *meet(void *argument)
{
    (void)argument;
    for (int i = 1; i <= 100; i++) {
        __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
        pthread_barrier_wait(&barrier);
        EQ(total, 4 * i);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

CASE(barrier)
{
    pthread_t threads[4];
    ZERO(pthread_barrier_init(&barrier, NULL, 4));
    for (int i = 0; i < 4; i++)
        threads[i] = start(meet, NULL);
    for (int i = 0; i < 4; i++)
        end(threads[i]);
}

static __thread int local = 7;
static pthread_key_t key;
static volatile int destroyed;

static void destroy(void *value)
{
    destroyed += (int)(intptr_t)value;
}

static void *use_local(void *argument)
{
    EQ(local, 7);
    local = (int)(intptr_t)argument;
    EQ((intptr_t)pthread_getspecific(key), 0);
    ZERO(pthread_setspecific(key, argument));
    sleep_ms(5);
    EQ(local, (intptr_t)argument);
    return NULL;
}

CASE(local_storage)
{
    ZERO(pthread_key_create(&key, destroy));
    local = 1;
    pthread_t a = start(use_local, (void *)10), b = start(use_local, (void *)20);
    end(a);
    end(b);
    EQ(local, 1);
    EQ(destroyed, 30);
}

static void *read_forever(void *argument)
{
    char c;
    pthread_cleanup_push(destroy, (void *)1);
    EQ(read(*(int *)argument, &c, 1), 1);
    pthread_cleanup_pop(0);
    return NULL;
}

CASE(cancel)
{
    int fds[2];
    OK(pipe(fds));
    pthread_t thread = start(read_forever, &fds[0]);
    sleep_ms(10);
    ZERO(pthread_cancel(thread));
    CHECK(end(thread) == PTHREAD_CANCELED);
    EQ(destroyed, 1);
}

static void *spin(void *argument)
{
    (void)argument;
    int old;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    total = 1;
    while (total)
        ;
    return NULL;
}

CASE(cancel_asynchronous)
{
    pthread_t thread = start(spin, NULL);
    UNTIL(total == 1);
    ZERO(pthread_cancel(thread));
    CHECK(end(thread) == PTHREAD_CANCELED);
}

static pthread_mutex_t robust;

static void *die_holding(void *argument)
{
    (void)argument;
    ZERO(pthread_mutex_lock(&robust));
    return NULL;
}

CASE(robust_mutex)
{
    pthread_mutexattr_t a;
    ZERO(pthread_mutexattr_init(&a));
    ZERO(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
    ZERO(pthread_mutex_init(&robust, &a));
    end(start(die_holding, NULL));
    EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
    ZERO(pthread_mutex_consistent(&robust));
    ZERO(pthread_mutex_unlock(&robust));
    ZERO(pthread_mutex_lock(&robust));
}

CASE(robust_across_processes)
{
    pthread_mutexattr_t a;
    pthread_mutex_t *m = shared_memory(4096);
    ZERO(pthread_mutexattr_init(&a));
    ZERO(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
    ZERO(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
    ZERO(pthread_mutex_init(m, &a));
    JOIN(CHILD(ZERO(pthread_mutex_lock(m))));
    EQ(pthread_mutex_lock(m), EOWNERDEAD);
    ZERO(pthread_mutex_consistent(m));
    ZERO(pthread_mutex_unlock(m));
    pid_t child = CHILD(ZERO(pthread_mutex_lock(m)); raise(SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
    EQ(pthread_mutex_lock(m), EOWNERDEAD);
}

CASE(shared_between_processes)
{
    struct {
        pthread_mutex_t mutex;
        pthread_cond_t condition;
        int value;
    } *s = shared_memory(4096);
    pthread_mutexattr_t m;
    pthread_condattr_t c;
    ZERO(pthread_mutexattr_init(&m));
    ZERO(pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED));
    ZERO(pthread_mutex_init(&s->mutex, &m));
    ZERO(pthread_condattr_init(&c));
    ZERO(pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED));
    ZERO(pthread_cond_init(&s->condition, &c));
    pid_t child = CHILD({
        ZERO(pthread_mutex_lock(&s->mutex));
        while (s->value != 1)
            ZERO(pthread_cond_wait(&s->condition, &s->mutex));
        s->value = 2;
        ZERO(pthread_cond_signal(&s->condition));
        ZERO(pthread_mutex_unlock(&s->mutex));
    });
    UNTIL(is_sleeping(child));
    ZERO(pthread_mutex_lock(&s->mutex));
    s->value = 1;
    ZERO(pthread_cond_signal(&s->condition));
    while (s->value != 2)
        ZERO(pthread_cond_wait(&s->condition, &s->mutex));
    ZERO(pthread_mutex_unlock(&s->mutex));
    JOIN(child);
}

static void *fork_in_thread(void *argument)
{
    (void)argument;
    JOIN_STATUS(CHILD(_exit(gettid() == getpid() ? 3 : 4)), 3);
    return NULL;
}

CASE(fork_from_thread)
{
    end(start(fork_in_thread, NULL));
}

static void *exec_in_thread(void *argument)
{
    (void)argument;
    execl("/bin/sh", "sh", "-c", "exit 9", NULL);
    return NULL;
}

CASE(exec_from_thread)
{
    pid_t child = CHILD({
        start(exec_in_thread, NULL);
        for (;;)
            pause();
    });
    JOIN_STATUS(child, 9);
}

static void *exit_in_thread(void *argument)
{
    exit((int)(intptr_t)argument);
}

CASE(exit_ends_all)
{
    JOIN_STATUS(CHILD(start(exit_in_thread, (void *)6); for (;;) pause()), 6);
    JOIN_STATUS(CHILD(start(exit_in_thread, (void *)7); for (;;);), 7);
}

static void *outlive(void *argument)
{
    (void)argument;
    sleep_ms(30);
    _exit(8);
}

CASE(first_thread_may_end)
{
    JOIN_STATUS(CHILD(start(outlive, NULL); pthread_exit(NULL)), 8);
}

static volatile pid_t handler_tid;

static void who(int signal)
{
    (void)signal;
    handler_tid = gettid();
}

static void *wait_for_signal(void *argument)
{
    *(volatile pid_t *)argument = gettid();
    UNTIL(handler_tid != 0);
    EQ(handler_tid, gettid());
    return NULL;
}

CASE(directed_signal)
{
    volatile pid_t tid = 0;
    handle(SIGUSR1, who, 0);
    pthread_t thread = start(wait_for_signal, (void *)&tid);
    UNTIL(tid != 0);
    CHECK(tid != getpid());
    ZERO(pthread_kill(thread, SIGUSR1));
    end(thread);
}

CASE(process_signal_finds_open_thread)
{
    volatile pid_t tid = 0;
    sigset_t set;
    handle(SIGUSR1, who, 0);
    pthread_t thread = start(wait_for_signal, (void *)&tid);
    UNTIL(tid != 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    ZERO(pthread_sigmask(SIG_BLOCK, &set, NULL));
    OK(kill(getpid(), SIGUSR1));
    end(thread);
}

static void *inherits(void *argument)
{
    (void)argument;
    sigset_t set;
    ZERO(pthread_sigmask(SIG_BLOCK, NULL, &set));
    EQ(sigismember(&set, SIGUSR2), 1);
    EQ(getpid() != gettid(), 1);
    return NULL;
}

CASE(mask_is_inherited)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    ZERO(pthread_sigmask(SIG_BLOCK, &set, NULL));
    end(start(inherits, NULL));
}

static sem_t semaphore;

static void *post(void *argument)
{
    (void)argument;
    sleep_ms(10);
    for (int i = 0; i < 100; i++)
        OK(sem_post(&semaphore));
    return NULL;
}

CASE(semaphore)
{
    OK(sem_init(&semaphore, 0, 0));
    pthread_t thread = start(post, NULL);
    for (int i = 0; i < 100; i++)
        OK(sem_wait(&semaphore));
    end(thread);
    ERR(sem_trywait(&semaphore), EAGAIN);
}

static void *shared_things(void *argument)
{
    (void)argument;
    OK(chdir("/"));
    umask(0123);
    OK(close(100));
    return NULL;
}

CASE(shared_with_process)
{
    char path[100];
    EQ(dup2(0, 100), 100);
    end(start(shared_things, NULL));
    CHECK(getcwd(path, sizeof(path)));
    STR(path, "/");
    EQ(umask(0), 0123);
    ERR(close(100), EBADF);
}

CASE(stack_attributes)
{
    pthread_attr_t a;
    size_t size;
    void *address;
    ZERO(pthread_attr_init(&a));
    ZERO(pthread_attr_setstacksize(&a, 1 << 20));
    ZERO(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
    pthread_t thread;
    ZERO(pthread_create(&thread, &a, twice, NULL));
    ZERO(pthread_getattr_np(pthread_self(), &a));
    ZERO(pthread_attr_getstack(&a, &address, &size));
    char here;
    CHECK(&here >= (char *)address && &here < (char *)address + size);
}

static void *fault(void *argument)
{
    (void)argument;
    *(volatile int *)16 = 1;
    return NULL;
}

CASE(fault_in_thread_kills_all)
{
    JOIN_SIGNAL(CHILD(start(fault, NULL); for (;;) pause()), SIGSEGV);
}

static void *yield_much(void *argument)
{
    (void)argument;
    for (int i = 0; i < 2000; i++)
        sched_yield();
    return NULL;
}

CASE(forking_while_others_run)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = start(count_up, NULL);
    for (int i = 0; i < 20; i++)
        JOIN(CHILD(_exit(0)));
    for (int i = 0; i < 3; i++)
        end(threads[i]);
    EQ(total, 60000);
    end(start(yield_much, NULL));
}
