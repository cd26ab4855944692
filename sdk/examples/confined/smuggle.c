/* SPDX-License-Identifier: Apache-2.0 */
/* One of everything, as it is, with fewer rights, and inside of something else. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "sdk/examples/confined/builder.h"

static s64 allocate(u32 kind)
{
    return rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, kind,
                   kind == RF_KIND_NODE || kind == RF_KIND_SEGMENT, 0, 0);
}

static s64 reduced(s64 slot, u32 rights)
{
    return slot < 0 ? slot : rf_copy((u32)slot, rights);
}

static s64 node_of(s64 slot)
{
    struct rf_message message = RF_MESSAGE;
    s64 node = slot < 0 ? slot : allocate(RF_KIND_NODE), r;

    if (node < 0)
        return node;
    message.caps[0] = (u32)slot;
    message.cap_count = 1;
    r = rf_invoke((u32)node, RF_OP_NODE_SWAP, &message);
    return r < 0 ? r : node;
}

static s64 weak_node_of(s64 slot)
{
    s64 node = node_of(slot);

    return node < 0 ? node : rf_call((u32)node, RF_OP_NODE_WEAKEN, 0, 0, 0, 0);
}

/* As it comes out of a weak node. */
static s64 weakened(s64 slot)
{
    s64 node = weak_node_of(slot);

    return node < 0 ? node : rf_call((u32)node, RF_OP_NODE_GET, 0, 0, 0, 0);
}

static s64 holder_of(s64 slot)
{
    return slot < 0 ? slot : builder_holder((u32)slot);
}

static s64 opened(const char *path, int flags, u32 rights)
{
    int fd = open(path, flags | O_CLOEXEC);
    s64 slot = fd < 0 ? -errno : rf_slot_of(fd, rights);

    if (fd >= 0)
        close(fd);
    return slot;
}

/* One with a capability in it that it does not seal. */
static s64 unsealed(void)
{
    return allocate(RF_KIND_CONSTRUCTOR);
}

static s64 entry(u32 rights)
{
    s64 endpoint = rf_endpoint();

    return reduced(endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0), rights);
}

static void *call_and_wait(void *to)
{
    rf_call((u32)(uintptr_t)to, 1000, 0, 0, 0, 0);
    return NULL;
}

/* Of a caller that waits for this program. */
static s64 resume(void)
{
    s64 endpoint = rf_endpoint(), to = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0), r;
    struct rf_message message = RF_MESSAGE;
    pthread_t thread;

    if (to < 0 || pthread_create(&thread, NULL, call_and_wait, (void *)(uintptr_t)to) != 0)
        return to < 0 ? to : -EAGAIN;
    pthread_detach(thread);
    do
        r = rf_invoke((u32)endpoint, RF_OP_ENDPOINT_RECEIVE, &message);
    while (r == -EINTR);
    return r;
}

static s64 viewers_console(u32 rights)
{
    s64 viewer = allocate(RF_KIND_VIEWER);

    return viewer < 0 ? viewer : rf_call((u32)viewer, RF_OP_VIEWER_CONSOLE, rights, 0, 0, 0);
}

static s64 derived_clock(void)
{
    return rf_call(RF_SLOT_CLOCK, RF_OP_CLOCK_DERIVE, 3600000000000, RF_CLOCK_RATE_ONE, 0, 0);
}

/* Behind so many constructors that are sealed and hold nothing else. */
static s64 behind(u32 constructors, s64 slot)
{
    for (u32 i = 0; i < constructors; i++)
        slot = holder_of(slot);
    return slot;
}

#define READ  RF_RIGHT_READ
#define WRITE RF_RIGHT_WRITE
#define EXEC  RF_RIGHT_EXEC
#define ALL   (READ | WRITE | EXEC)

/* WAY(what it is, whether it is no way out, how it is had) */
#define WAYS(WAY)                                                                                  \
    WAY("the builder's line to the kernel", false, RF_SLOT_CELL)                                   \
    WAY("a console", false, rf_slot_of(STDOUT_FILENO, ALL))                                        \
    WAY("a console to read", false, rf_slot_of(STDOUT_FILENO, READ))                               \
    WAY("a kept console", false, viewers_console(WRITE))                                           \
    WAY("a kept console to read", false, viewers_console(READ))                                    \
    WAY("the clock", true, RF_SLOT_CLOCK)                                                          \
    WAY("a derived clock", true, derived_clock())                                                  \
    WAY("a writable directory", false, opened(".", O_RDONLY | O_DIRECTORY, ALL))                   \
    WAY("a read-only directory", false, opened("/usr", O_RDONLY | O_DIRECTORY, READ | EXEC))       \
    WAY("a file", false, opened("/usr/bin/env", O_RDONLY, READ))                                   \
    WAY("a bank", false, RF_SLOT_BANK)                                                             \
    WAY("a bank to allocate from", false, reduced(RF_SLOT_BANK, READ | WRITE))                     \
    WAY("a bank to look at", true, reduced(RF_SLOT_BANK, READ))                                    \
    WAY("a weakened bank", true, weakened(RF_SLOT_BANK))                                           \
    WAY("a node", false, allocate(RF_KIND_NODE))                                                   \
    WAY("a read-only node with a bank in it", false, reduced(node_of(RF_SLOT_BANK), READ))         \
    WAY("a weak node", true, weak_node_of(RF_SLOT_DISCRIM))                                        \
    WAY("a weak node with an entry in it", true, weak_node_of(entry(~0u)))                         \
    WAY("a weak node in a weak node", true, weak_node_of(node_of(entry(~0u))))                     \
    WAY("a segment", false, allocate(RF_KIND_SEGMENT))                                             \
    WAY("a read-only segment", false, reduced(allocate(RF_KIND_SEGMENT), READ))                    \
    WAY("a weak segment", true, weakened(allocate(RF_KIND_SEGMENT)))                               \
    WAY("a space", false, allocate(RF_KIND_SPACE))                                                 \
    WAY("a space to look at", false, reduced(allocate(RF_KIND_SPACE), READ))                       \
    WAY("a process", false, rf_call(RF_SLOT_PLACE, RF_OP_CELL_PROCESS, 2, 0, 0, 0))                \
    WAY("a cell", false, RF_SLOT_PLACE)                                                            \
    WAY("a cell to make others in", false, reduced(RF_SLOT_PLACE, READ | WRITE))                   \
    WAY("a cell to look at", true, reduced(RF_SLOT_PLACE, READ))                                   \
    WAY("an endpoint", false, rf_endpoint())                                                       \
    WAY("an endpoint to read", false, reduced(rf_endpoint(), READ))                                \
    WAY("an entry", false, entry(~0u))                                                             \
    WAY("an entry without rights", false, entry(0))                                                \
    WAY("a caller that waits", false, resume())                                                    \
    WAY("a notification", false, allocate(RF_KIND_NOTIFICATION))                                   \
    WAY("a notification to set", false, reduced(allocate(RF_KIND_NOTIFICATION), WRITE))            \
    WAY("a notification to wait for", false, reduced(allocate(RF_KIND_NOTIFICATION), READ))        \
    WAY("a meter", false, RF_SLOT_METER)                                                           \
    WAY("a meter to look at", true, reduced(RF_SLOT_METER, READ))                                  \
    WAY("a weakened meter", true, weakened(RF_SLOT_METER))                                         \
    WAY("a constructor that is not sealed", false, unsealed())                                     \
    WAY("a constructor of nothing", true, builder_holder(0))                                       \
    WAY("a constructor with a clock", true, builder_holder(RF_SLOT_CLOCK))                         \
    WAY("a constructor with an entry", false, holder_of(entry(~0u)))                               \
    WAY("an entry behind five constructors", false, behind(5, entry(~0u)))                         \
    WAY("a clock behind five constructors", true, behind(5, RF_SLOT_CLOCK))                        \
    WAY("more constructors than are looked at", false, behind(100, RF_SLOT_CLOCK))                 \
    WAY("a constructor with a read-only node", false,                                              \
        holder_of(reduced(node_of(RF_SLOT_BANK), READ)))                                           \
    WAY("the discrim", true, RF_SLOT_DISCRIM)                                                      \
    WAY("a viewer", false, allocate(RF_KIND_VIEWER))                                               \
    WAY("a viewer to read", false, reduced(allocate(RF_KIND_VIEWER), READ))                        \
    WAY("the world", false, RF_SLOT_WORLD)                                                         \
    WAY("the world to look at", false, reduced(RF_SLOT_WORLD, READ))

const char *smuggle(u32 n, s64 *slot, bool *discreet)
{
    u32 at = 0;

#define WAY(what, harmless, expression)                                                            \
    if (at++ == n) {                                                                               \
        *slot = (expression);                                                                      \
        *discreet = (harmless);                                                                    \
        return (what);                                                                             \
    }
    WAYS(WAY)
#undef WAY
    return NULL;
}
