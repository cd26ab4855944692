/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/object/call.h"

int domain_init(struct domain *domain, const struct transport *transport, struct bank *bank,
                struct meter *meter, u32 reserved)
{
    domain->transport = transport;
    domain->bank = bank;
    domain->meter = meter;
    domain->heap_fd = -1;
    list_init(&domain->pending);
    list_init(&domain->free_pending);
    list_init(&domain->timed);
    domain->pending_memory = calloc(MAX_PENDING, sizeof(*domain->pending_memory));
    if (!domain->pending_memory || table_init(&domain->caps, bank, reserved)) {
        free(domain->pending_memory);
        return -ENOMEM;
    }
    return 0;
}

static void remember_kick(struct domain *domain, u32 tid)
{
    u32 *place = &domain->kicked[domain->kicked_next++ % MAX_KICKED];

    domain_was_kicked(domain, tid); /* once is enough */
    domain->kicked_count += *place == 0;
    *place = tid;
}

/* What an answer is made of: RF_DETACHED | serial number << 12 | index. */
#define INDEX_BITS 12
_Static_assert(MAX_PENDING == 1u << INDEX_BITS, "an index fits");

void pending_detach(struct pending *pending)
{
    struct domain *domain = pending->domain;
    u64 index = (u64)(pending - domain->pending_memory), serial = ++domain->last_detached;

    if (!domain->transport->answer(domain, pending->id,
                                   (s64)(RF_DETACHED | serial << INDEX_BITS | index))) {
        pending_answer(pending, -EINTR);
        return;
    }
    pending->detached = (u32)serial;
    pending->id = 0;
    pending->tid = 0;
}

void domain_interrupt(struct domain *domain, u32 tid)
{
    list_for_each(node, &domain->pending) {
        struct pending *pending = list_entry(node, struct pending, all);

        if (pending->tid != tid)
            continue;
        if (!pending->patient)
            pending_answer(pending, -EINTR);
        else if (pending->cap.kind == RF_KIND_ENTRY)
            pending_detach(pending);
        return;
    }
    if (tid)
        remember_kick(domain, tid);
}

/* Each call of pending_detach changes the list, and may change more of it. */
void domain_detach(struct domain *domain)
{
    struct list *node = domain->pending.next;

    while (node != &domain->pending) {
        struct pending *pending = list_entry(node, struct pending, all);

        node = node->next;
        if (pending->detached)
            continue;
        pending_detach(pending);
        node = domain->pending.next;
    }
}

struct pending *domain_detached(const struct domain *domain, u64 number)
{
    struct pending *pending = &domain->pending_memory[number & ((1u << INDEX_BITS) - 1)];

    return (u64)(pending - domain->pending_memory) < domain->pending_fresh && pending->detached &&
                   pending->detached == number >> INDEX_BITS
               ? pending
               : NULL;
}

bool domain_was_kicked(struct domain *domain, u32 tid)
{
    for (u32 i = 0; tid && domain->kicked_count && i < MAX_KICKED; i++) {
        if (domain->kicked[i] != tid)
            continue;
        domain->kicked[i] = 0;
        domain->kicked_count--;
        return true;
    }
    return false;
}

void domain_drop_heap(struct domain *domain)
{
    if (domain->heap)
        munmap(domain->heap, RF_HEAP_SIZE);
    domain->heap = NULL;
}

void domain_finish(struct domain *domain)
{
    if (domain->ended)
        return;
    domain->ended = true;
    while (!list_empty(&domain->pending)) {
        struct pending *pending = list_first(&domain->pending, struct pending, all);

        pending->detached = 0; /* nobody comes back */
        pending_answer(pending, -EINTR);
    }
    table_finish(&domain->caps);
    domain_drop_heap(domain);
    free(domain->pending_memory);
    domain->pending_memory = NULL;
}

/* Of a cell that is about to end: what is written there is lost. */
static u8 *nowhere(void)
{
    static u8 message[RF_MSG_STRIDE];

    return message;
}

struct rf_msg *domain_message(struct domain *domain, u32 index)
{
    struct cell *cell;

    if (index >= RF_MSG_BUFFERS)
        return NULL;
    if (!domain->messages && (cell = cell_of_domain(domain)))
        hibernate_wake(cell);
    return (struct rf_msg *)(domain->messages ? domain->messages + index * RF_MSG_STRIDE
                                              : nowhere());
}
