/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2) directly. */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <limits.h>

static uint32_t *words;

static long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout,
                  uint32_t *word2, uint32_t value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

CASE(wait_and_wake)
{
    words = shared_memory(4096);
    pid_t child = CHILD({
        EQ(futex(words, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
        EQ(words[0], 1);
    });
    UNTIL(is_sleeping(child));
    words[0] = 1;
    EQ(futex(words, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    JOIN(child);
    EQ(futex(words, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
}

CASE(value_changed)
{
    uint32_t word = 5;
    ERR(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
    struct timespec t = {0, 30000000};
    long begun = now_ms();
    ERR(futex(&word, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), ETIMEDOUT);
    CHECK(now_ms() - begun >= 29);
}

CASE(absolute_timeout)
{
    uint32_t word = 5;
    struct timespec t;
    OK(clock_gettime(CLOCK_MONOTONIC, &t));
    ERR(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &t, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
    OK(clock_gettime(CLOCK_REALTIME, &t));
    ERR(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 5, &t, NULL,
              FUTEX_BITSET_MATCH_ANY),
        ETIMEDOUT);
}

CASE(errors)
{
    uint32_t word = 0;
    struct timespec bad = {0, -1};
    ERR(futex(BAD_POINTER, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    ERR(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    ERR(futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
    ERR(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
    ERR(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    ERR(futex(&word, FUTEX_WAIT, 0, BAD_POINTER, NULL, 0), EFAULT);
}

CASE(bitsets)
{
    pid_t a, b;
    words = shared_memory(4096);
    a = CHILD(EQ(futex(words, FUTEX_WAIT_BITSET, 0, NULL, NULL, 1), 0));
    b = CHILD(EQ(futex(words, FUTEX_WAIT_BITSET, 0, NULL, NULL, 2), 0));
    UNTIL(is_sleeping(a) && is_sleeping(b));
    EQ(futex(words, FUTEX_WAKE_BITSET, 10, NULL, NULL, 4), 0);
    EQ(futex(words, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
    JOIN(b);
    EQ(futex(words, FUTEX_WAKE_BITSET, 10, NULL, NULL, 3), 1);
    JOIN(a);
}

CASE(requeue)
{
    pid_t children[3];
    words = shared_memory(4096);
    for (int i = 0; i < 3; i++)
        children[i] = CHILD(EQ(futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0), 0));
    for (int i = 0; i < 3; i++)
        UNTIL(is_sleeping(children[i]));
    ERR(futex(&words[0], FUTEX_CMP_REQUEUE, 1, (void *)10, &words[1], 77), EAGAIN);
    EQ(futex(&words[0], FUTEX_CMP_REQUEUE, 1, (void *)10, &words[1], 0), 3);
    EQ(futex(&words[0], FUTEX_WAKE, 10, NULL, NULL, 0), 0);
    EQ(futex(&words[1], FUTEX_WAKE, 10, NULL, NULL, 0), 2);
    for (int i = 0; i < 3; i++)
        JOIN(children[i]);
}

CASE(wake_op)
{
    words = shared_memory(4096);
    pid_t a = CHILD(EQ(futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0), 0));
    pid_t b = CHILD(EQ(futex(&words[1], FUTEX_WAIT, 0, NULL, NULL, 0), 0));
    UNTIL(is_sleeping(a) && is_sleeping(b));
    EQ(futex(&words[0], FUTEX_WAKE_OP, 1, (void *)1, &words[1],
             FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 0)),
       2);
    EQ(words[1], 9);
    JOIN(a);
    JOIN(b);
}

static void nothing(int signal)
{
    (void)signal;
}

CASE(interrupted)
{
    words = shared_memory(4096);
    handle(SIGUSR1, nothing, 0);
    pid_t child = CHILD(ERR(futex(words, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(private_is_per_process)
{
    /* A private futex at the same address in another process is another one. */
    static uint32_t word;
    pid_t child = CHILD({
        struct timespec t = {0, 200000000};
        ERR(futex(&word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0), ETIMEDOUT);
    });
    UNTIL(is_sleeping(child));
    EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
    JOIN(child);
}

CASE(priority_inheritance)
{
    uint32_t word = 0;
    EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(word & FUTEX_TID_MASK, gettid());
    ERR(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(word, 0);
    ERR(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
}

static uint32_t locks[2];
static volatile int step;

static void *lock_second_then_first(void *argument)
{
    EQ(futex(&locks[1], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    *(volatile pid_t *)argument = gettid();
    EQ(futex(&locks[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(locks[0] & FUTEX_TID_MASK, gettid());
    EQ(futex(&locks[0], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(futex(&locks[1], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    return NULL;
}

CASE(pi_circle)
{
    volatile pid_t other = 0;
    pthread_t thread;
    EQ(futex(&locks[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(pthread_create(&thread, NULL, lock_second_then_first, (void *)&other), 0);
    UNTIL(other != 0 && (locks[0] & FUTEX_WAITERS) && is_sleeping(other));
    EQ(locks[1] & FUTEX_TID_MASK, other);
    ERR(futex(&locks[1], FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    ERR(futex(&locks[1], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    /* Those that wait for such a lock are not woken by other means. */
    ERR(futex(&locks[0], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
    EQ(futex(&locks[0], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    EQ(pthread_join(thread, NULL), 0);
    EQ(locks[0], 0);
    EQ(locks[1], 0);
}

static void *take_turns(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        if (!__sync_bool_compare_and_swap(&locks[0], 0, gettid()))
            EQ(futex(&locks[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
        EQ(locks[0] & FUTEX_TID_MASK, gettid());
        step++;
        if (!__sync_bool_compare_and_swap(&locks[0], gettid(), 0))
            EQ(futex(&locks[0], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    }
    return argument;
}

CASE(pi_owners)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        EQ(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
    for (int i = 0; i < 4; i++)
        EQ(pthread_join(threads[i], NULL), 0);
    EQ(step, 8000);
    EQ(locks[0], 0);
}

static void *end_when_woken(void *word)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

/* Woken threads end at once, while the waker is busy with the others. */
CASE(woken_threads_end)
{
    for (int round = 0; round < 100; round++) {
        pthread_t threads[4];
        static volatile uint32_t word;
        word = 0;
        for (int i = 0; i < 4; i++)
            EQ(pthread_create(&threads[i], NULL, end_when_woken, (void *)&word), 0);
        word = 1;
        OK(futex((void *)&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
        for (int i = 0; i < 4; i++)
            EQ(pthread_join(threads[i], NULL), 0);
    }
}

CASE(robust_list)
{
    void *head;
    size_t length;
    OK(syscall(SYS_get_robust_list, 0, &head, &length));
    EQ(length, 24);
    ERR(syscall(SYS_set_robust_list, NULL, 5), EINVAL);
    ERR(syscall(SYS_get_robust_list, 999999, &head, &length), ESRCH);
}
