/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/checkpoint/libos_kept.h"
#include "kernel/checkpoint/staging.h"
#include "kernel/event.h"
#include "kernel/store/store.h"

static struct {
    struct store *store;
    struct store_cut *cut;
    void (*done)(struct batch *batch, s64 result);
    struct event event; /* says that it has written */
    pthread_mutex_t lock;
    pthread_cond_t given, begun;
    bool runs;
    struct batch *batch; /* NULL: nothing to write */
    s64 result;
    bool busy;
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .given = PTHREAD_COND_INITIALIZER,
            .begun = PTHREAD_COND_INITIALIZER};

static struct batch *wait_for_batch(void)
{
    struct batch *batch;

    pthread_mutex_lock(&writer.lock);
    while (!writer.batch)
        pthread_cond_wait(&writer.given, &writer.lock);
    batch = writer.batch;
    pthread_mutex_unlock(&writer.lock);
    return batch;
}

static s64 write_batch(struct batch *batch)
{
    int error = batch_put(batch, writer.store, writer.cut);

    if (error) {
        store_abort(writer.cut);
        return error;
    }
    libos_keep(writer.store, writer.cut);
    store_journal_forget(writer.cut);
    return store_commit(writer.cut);
}

static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&writer.lock);
    writer.runs = true;
    pthread_cond_signal(&writer.begun);
    pthread_mutex_unlock(&writer.lock);
    for (;;) {
        struct batch *batch = wait_for_batch();
        u64 one = 1;
        s64 result;

        result = write_batch(batch);
        pthread_mutex_lock(&writer.lock);
        writer.result = result;
        writer.batch = NULL;
        pthread_mutex_unlock(&writer.lock);
        (void)!write(writer.event.fd, &one, sizeof(one)); /* a count of 1 always has room */
    }
    return NULL;
}

static struct batch *given; /* what it has, for the main thread */

static void written(struct event *event, u32 events)
{
    struct batch *batch = given;
    u64 count;
    s64 result;

    (void)events;
    if (read(event->fd, &count, sizeof(count)) != sizeof(count))
        return;
    pthread_mutex_lock(&writer.lock);
    result = writer.result;
    pthread_mutex_unlock(&writer.lock);
    writer.busy = false;
    given = NULL;
    writer.done(batch, result);
}

int writer_start(struct store *store, void (*done)(struct batch *batch, s64 result))
{
    pthread_t thread;
    sigset_t all, old;
    int error;

    writer.store = store;
    writer.done = done;
    writer.event = (struct event){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = written};
    if (writer.event.fd < 0)
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(
        &writer.lock); /* what the C library does first is not in the kernel's filter */
    while (!error && !writer.runs)
        pthread_cond_wait(&writer.begun, &writer.lock);
    pthread_mutex_unlock(&writer.lock);
    return error ? -error : event_watch(&writer.event, EPOLLIN);
}

int writer_begin(void)
{
    return store_begin(writer.store, &writer.cut);
}

void writer_abort(void)
{
    store_abort(writer.cut);
}

void writer_give(struct batch *batch)
{
    given = batch;
    writer.busy = true;
    pthread_mutex_lock(&writer.lock);
    writer.batch = batch;
    pthread_cond_signal(&writer.given);
    pthread_mutex_unlock(&writer.lock);
}

void writer_wait(void)
{
    struct pollfd wait = {.fd = writer.event.fd, .events = POLLIN};

    while (writer.busy) {
        if (poll(&wait, 1, -1) > 0)
            written(&writer.event, EPOLLIN);
    }
}
