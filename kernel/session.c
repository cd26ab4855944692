/* SPDX-License-Identifier: Apache-2.0 */
/* A client that does not take its answers is dropped: the kernel never waits for one. */
#include "kernel/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/session.h"
#include "kernel/cell.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/common.h"
#include "kernel/object/meter.h"
#include "kernel/report.h"
#include "kernel/world.h"

#define MESSAGES_LENGTH   (RF_MSG_BUFFERS * RF_MSG_STRIDE)
#define CALLS_AT_ONCE     16
#define SESSIONS_MOST     256
#define WAITING_AT_SOCKET 64
#define REST_NS           100000000u

struct session {
    struct domain domain;
    struct event socket;
    bool broken; /* the socket was shut: it goes when the loop comes by */
};

static struct event listener = {.fd = -1};
static u32 sessions;

static struct session *session_of(const struct domain *domain)
{
    return (struct session *)(uintptr_t)container_of(domain, const struct session, domain);
}

/* Sends with a descriptor, or none (-1). */
static bool send_with(struct session *session, const void *bytes, size_t length, int fd)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, length};
    union {
        struct cmsghdr header;
        u8 space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    if (session->broken)
        return false;
    if (sendmsg(session->socket.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length)
        return true;
    session->broken = true;
    shutdown(session->socket.fd, SHUT_RDWR);
    return false;
}

static bool session_valid(const struct domain *domain, u64 id)
{
    (void)id;
    return !session_of(domain)->broken;
}

static bool session_answer(struct domain *domain, u64 id, s64 result)
{
    struct rf_answer answer = {id, result};

    return send_with(session_of(domain), &answer, sizeof(answer), -1);
}

static int session_grant(struct domain *domain, u64 id, int fd)
{
    struct rf_answer answer = {id, 0};

    return send_with(session_of(domain), &answer, sizeof(answer), fd) ? 0 : -ENOENT;
}

static const struct transport session_transport = {session_valid, session_answer, session_grant};

static void session_end(struct session *session)
{
    event_watch(&session->socket, 0);
    session->broken = true;
    close(session->socket.fd);
    munmap(session->domain.messages, MESSAGES_LENGTH);
    session->domain.messages = NULL;
    domain_finish(&session->domain);
    free(session);
    sessions--;
    if (!sessions && world.until_left)
        world_stop();
}

static void cancel(struct session *session, u64 id)
{
    list_for_each_safe(node, &session->domain.pending) {
        struct pending *pending = list_entry(node, struct pending, all);

        if (pending->id == id) {
            pending_answer(pending, -EINTR);
            return;
        }
    }
}

static void serve(struct session *session, const struct rf_call *wire, int fd)
{
    struct call call = {
        .domain = &session->domain,
        .slot = wire->slot,
        .op = wire->op,
        .msg_index = wire->msg,
        .id = wire->id,
        .fd = fd,
    };
    s64 result;

    memcpy(call.w, wire->w, sizeof(call.w));
    world.invocations++;
    session->domain.invocations++;
    result = call_dispatch(&call);
    if (result != CALL_WAITS && result != CALL_GRANTED)
        session_answer(&session->domain, wire->id, result);
}

/* One packet: false when there is none, or the client is gone. */
static bool receive(struct session *session)
{
    struct rf_call wire;
    struct iovec piece = {&wire, sizeof(wire)};
    union {
        struct cmsghdr header;
        u8 space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(session->socket.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    int fd = -1;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n > 0 && message.msg_controllen >= CMSG_LEN(sizeof(int)) &&
        control.header.cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    if (n != sizeof(wire))
        session->broken = true;
    else if (wire.op == RF_SESSION_CANCEL)
        cancel(session, wire.id);
    else
        serve(session, &wire, fd);
    if (fd >= 0)
        close(fd); /* what was imported is a duplicate */
    return !session->broken;
}

static void session_ready(struct event *event, u32 events)
{
    struct session *session = container_of(event, struct session, socket);

    for (u32 i = 0; i < CALLS_AT_ONCE && receive(session); i++)
        ;
    if (session->broken || (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN)))
        session_end(session);
}

static void put(struct session *session, u32 slot, struct object *object, u32 kind)
{
    struct cap cap = {.object = object, .kind = (u8)kind, .rights = RF_RIGHT_ALL};

    object_hold(object);
    table_put(&session->domain.caps, slot, cap);
}

/* The world's owner has all of it. */
static void fill_slots(struct session *session)
{
    put(session, RF_SLOT_BANK, &world.bank->object, RF_KIND_BANK);
    put(session, RF_SLOT_METER, &world.meter->object, RF_KIND_METER);
    put(session, RF_SLOT_PLACE, &world.first->object, RF_KIND_CELL);
    put(session, RF_SLOT_CLOCK, clock_object(), RF_KIND_CLOCK);
    put(session, RF_SLOT_DISCRIM, discrim_object(), RF_KIND_DISCRIM);
    put(session, RF_SLOT_WORLD, &world.object, RF_KIND_WORLD);
}

/* The memory that is shared with the client: its descriptor, or a negative errno. */
static int make_messages(struct session *session)
{
    int fd = memfd_create("messages", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;
    void *at = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)MESSAGES_LENGTH) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        at = mmap(NULL, MESSAGES_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    error = -errno;
    if (at == MAP_FAILED) {
        if (fd >= 0)
            close(fd);
        return error;
    }
    session->domain.messages = at;
    return fd;
}

static bool is_owner(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == world.owner;
}

static struct session *session_make(int fd)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session && domain_init(&session->domain, &session_transport, world.bank, world.meter,
                               RF_SLOT_FIRST_DIR)) {
        free(session);
        session = NULL;
    }
    if (!session) {
        close(fd);
        return NULL;
    }
    session->socket = (struct event){.fd = fd, .ready = session_ready};
    session->domain.uid = world.owner;
    session->domain.gid = world.owner_group;
    sessions++;
    return session;
}

static void greet(int fd)
{
    struct rf_hello hello = {RF_SESSION_MAGIC, RF_SESSION_VERSION};
    struct session *session = session_make(fd);
    int messages;

    if (!session)
        return;
    messages = make_messages(session);
    fill_slots(session);
    if (messages < 0 || !send_with(session, &hello, sizeof(hello), messages) ||
        event_watch(&session->socket, EPOLLIN))
        session_end(session);
    if (messages >= 0)
        close(messages);
}

static void listen_again(struct timer *timer)
{
    (void)timer;
    event_watch(&listener, EPOLLIN);
}

/* Without descriptors the client waits, and so do we: the socket stays ready meanwhile. */
static void rest(void)
{
    static struct timer timer = {.expired = listen_again};

    if (timer_set(&timer, now_ns() + REST_NS) == 0)
        event_watch(&listener, 0);
}

static void listener_ready(struct event *event, u32 events)
{
    int fd = accept4(event->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            rest();
        return;
    }
    if (sessions >= SESSIONS_MOST || !is_owner(fd))
        close(fd);
    else
        greet(fd);
}

u32 session_count(void)
{
    return sessions;
}

/* By way of /proc, since a socket's path is short and a world's may not be. */
int session_listen(int dir_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    u32 before;

    listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener.fd < 0)
        return -errno;
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd,
             RF_WORLD_SOCKET);
    unlinkat(dir_fd, RF_WORLD_SOCKET, 0); /* left by one that was killed; the lock says so */
    before = umask(0177);
    if (bind(listener.fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener.fd, WAITING_AT_SOCKET) < 0) {
        umask(before);
        return -errno;
    }
    umask(before);
    listener.ready = listener_ready;
    return event_watch(&listener, EPOLLIN);
}
