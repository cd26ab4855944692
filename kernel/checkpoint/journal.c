/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/journal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/list.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/event.h"
#include "kernel/object/call.h"
#include "kernel/store/store.h"

/* A page on its way. Its caller may be gone meanwhile, and is found by its ticket. */
struct entry {
    struct list link;
    u64 ticket, number, index;
    s64 result;
    u8 page[PAGE_SIZE];
};

static struct {
    struct store *store;
    struct list waiting; /* struct pending: w[2] is its ticket */
    u64 last_ticket;
    struct event event; /* something is in `done` */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool runs, ends;
    struct list given, done; /* struct entry */
} journal = {.waiting = {&journal.waiting, &journal.waiting},
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .changed = PTHREAD_COND_INITIALIZER,
             .given = {&journal.given, &journal.given},
             .done = {&journal.done, &journal.done}};

static s64 put(const struct entry *entry)
{
    u64 key = key_of(entry->number, MEMORY_OBJECT);
    s64 there = store_record_get(journal.store, key, PART_OBJECT << STORED_PIECE_BITS, NULL, 0);

    if (there < 0)
        return there == -ENOENT ? -ENODATA : there;
    return store_journal_put(journal.store, key, entry->index, entry->page);
}

static void *run(void *unused)
{
    u64 one = 1;

    (void)unused;
    pthread_mutex_lock(&journal.lock);
    journal.runs = true;
    pthread_cond_broadcast(&journal.changed);
    for (;;) {
        struct entry *entry;

        while (list_empty(&journal.given) && !journal.ends)
            pthread_cond_wait(&journal.changed, &journal.lock);
        if (list_empty(&journal.given))
            break;
        entry = list_first(&journal.given, struct entry, link);
        list_del(&entry->link);
        pthread_mutex_unlock(&journal.lock);
        entry->result = put(entry);
        pthread_mutex_lock(&journal.lock);
        list_add_tail(&journal.done, &entry->link);
        (void)!write(journal.event.fd, &one, sizeof(one)); /* a count of 1 always has room */
    }
    pthread_mutex_unlock(&journal.lock);
    return NULL;
}

static void answer(u64 ticket, s64 result)
{
    list_for_each_safe(node, &journal.waiting) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (pending->w[2] == ticket)
            pending_answer(pending, result);
    }
}

static void written(struct event *event, u32 events)
{
    u64 count;

    (void)events;
    if (read(event->fd, &count, sizeof(count)) != sizeof(count))
        return;
    pthread_mutex_lock(&journal.lock);
    while (!list_empty(&journal.done)) {
        struct entry *entry = list_first(&journal.done, struct entry, link);

        list_del(&entry->link);
        pthread_mutex_unlock(&journal.lock);
        answer(entry->ticket, entry->result);
        free(entry);
        pthread_mutex_lock(&journal.lock);
    }
    pthread_mutex_unlock(&journal.lock);
}

int journal_start(struct store *store)
{
    sigset_t all, old;
    int error;

    journal.store = store;
    journal.event = (struct event){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = written};
    if (journal.event.fd < 0)
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&journal.thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(&journal.lock); /* as in writer.c */
    while (!error && !journal.runs)
        pthread_cond_wait(&journal.changed, &journal.lock);
    pthread_mutex_unlock(&journal.lock);
    return error ? -error : event_watch(&journal.event, EPOLLIN);
}

s64 journal_page(struct call *call, u64 number, u64 index, const void *page)
{
    struct pending *pending;
    struct entry *entry;
    s64 result;

    if (!journal.store)
        return -EOPNOTSUPP;
    entry = malloc(sizeof(*entry));
    if (!entry)
        return -ENOMEM;
    result = call_wait(call, &journal.waiting, &pending);
    if (result != CALL_WAITS) {
        free(entry);
        return result;
    }
    entry->ticket = pending->w[2] = ++journal.last_ticket;
    entry->number = number;
    entry->index = index;
    memcpy(entry->page, page, PAGE_SIZE);
    pthread_mutex_lock(&journal.lock);
    list_add_tail(&journal.given, &entry->link);
    pthread_cond_broadcast(&journal.changed);
    pthread_mutex_unlock(&journal.lock);
    return CALL_WAITS;
}

void journal_end(void)
{
    if (!journal.store)
        return;
    pthread_mutex_lock(&journal.lock);
    journal.ends = true;
    pthread_cond_broadcast(&journal.changed);
    pthread_mutex_unlock(&journal.lock);
    pthread_join(journal.thread, NULL);
    journal.store = NULL;
}
