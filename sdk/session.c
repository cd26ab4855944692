/* SPDX-License-Identifier: Apache-2.0 */
/* Invoking from the host, over a world's socket (abi/session.h). Any number of threads may have
 * calls in flight: one of those that wait reads the socket for all (the leader); when its own
 * answer has come, it hands that over to another. */
#include "abi/session.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/list.h"
#include "sdk/way.h"

#define MESSAGES_LENGTH (RF_MSG_BUFFERS * RF_MSG_STRIDE)

enum { WAITS, LEADS, ANSWERED };

struct waiting {
    struct list link;
    u64 id;
    s64 result;
    int descriptor;
    u32 state; /* futex word */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t buffer_free;
    int socket; /* -1: not connected */
    u8 *messages;
    bool taken[RF_MSG_BUFFERS];
    struct list waiting; /* of struct waiting, without answer */
    bool led;
    u64 next_id;
} session = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .buffer_free = PTHREAD_COND_INITIALIZER, .socket = -1};

const char *rf_default_world(char path[4096])
{
    const char *world = getenv("RINGFENCE_WORLD"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");

    if (world && *world)
        snprintf(path, 4096, "%s", world);
    else if (state && *state)
        snprintf(path, 4096, "%s/ringfence/world", state);
    else
        snprintf(path, 4096, "%s/.local/state/ringfence/world", home ? home : "");
    return path;
}

/* ---- the socket ---- */

/* One packet with at most one descriptor (*fd; -1: none came). Its length, 0 at the end, -errno. */
static ssize_t receive(int socket, void *to, size_t size, int *fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {to, size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;

    *fd = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return n < 0 ? -errno : n;
}

static int send_call(const struct rf_call *call, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS,
                            .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct iovec piece = {(void *)call, sizeof(*call)};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    while (sendmsg(session.socket, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR)
            return errno == EPIPE || errno == ECONNRESET ? -ENOSYS : -errno;
    }
    return 0;
}

/* ---- connecting ---- */

static int connect_to(const char *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int socket_fd, error;

    if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/" RF_WORLD_SOCKET,
                         world) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    socket_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return -errno;
    if (connect(socket_fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return socket_fd;
    error = -errno;
    close(socket_fd);
    return error;
}

/* The kernel hung up without a greeting: on a stranger, or because it just ends. */
static int hung_up(int socket_fd)
{
    struct ucred kernel;
    socklen_t length = sizeof(kernel);

    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &kernel, &length) < 0)
        return -errno;
    return kernel.uid == geteuid() ? -ECONNREFUSED : -EACCES;
}

/* The kernel's greeting, with the memory of messages. */
static int take_hello(int socket_fd)
{
    struct rf_hello hello = {0};
    int memory;
    ssize_t n;
    void *at;

    do {
        n = receive(socket_fd, &hello, sizeof(hello), &memory);
    } while (n == -EINTR);
    if (n <= 0)
        return n == 0 || n == -ECONNRESET ? hung_up(socket_fd) : (int)n;
    if (n != sizeof(hello) || hello.magic != RF_SESSION_MAGIC ||
        hello.version != RF_SESSION_VERSION || memory < 0) {
        if (memory >= 0)
            close(memory);
        return -EPROTO;
    }
    at = mmap(NULL, MESSAGES_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    close(memory);
    if (at == MAP_FAILED)
        return -errno;
    session.messages = at;
    return 0;
}

/* The connection is the parent's. */
static void forget_in_child(void)
{
    pthread_mutex_init(&session.lock, NULL);
    if (session.socket >= 0)
        close(session.socket);
    session.socket = -1;
}

static int connect_locked(const char *world)
{
    static bool watched;
    char path[4096];
    int fd, error;

    if (session.socket >= 0)
        return 0;
    fd = connect_to(world && *world ? world : rf_default_world(path));
    if (fd < 0)
        return fd;
    error = take_hello(fd);
    if (error) {
        close(fd);
        return error;
    }
    if (!watched)
        pthread_atfork(NULL, NULL, forget_in_child);
    watched = true;
    list_init(&session.waiting);
    memset(session.taken, 0, sizeof(session.taken));
    session.led = false;
    session.socket = fd;
    return 0;
}

int session_open(const char *world)
{
    int error;

    pthread_mutex_lock(&session.lock);
    error = connect_locked(world);
    pthread_mutex_unlock(&session.lock);
    return error;
}

/* Calls that wait are told by the end of the connection. */
void session_close(void)
{
    pthread_mutex_lock(&session.lock);
    if (session.socket >= 0 && list_empty(&session.waiting)) {
        close(session.socket);
        munmap(session.messages, MESSAGES_LENGTH);
        session.socket = -1;
    } else if (session.socket >= 0) {
        shutdown(session.socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&session.lock);
}

/* ---- message buffers ---- */

static u32 buffer_take(void)
{
    u32 i = 0;

    while (session.taken[i]) {
        if (++i == RF_MSG_BUFFERS) {
            pthread_cond_wait(&session.buffer_free, &session.lock);
            i = 0;
        }
    }
    session.taken[i] = true;
    return i;
}

static void buffer_put(u32 i)
{
    session.taken[i] = false;
    pthread_cond_signal(&session.buffer_free);
}

static struct rf_msg *buffer_at(u32 i)
{
    return (struct rf_msg *)(session.messages + i * RF_MSG_STRIDE);
}

static void buffer_fill(struct rf_msg *to, const struct rf_message *from)
{
    memcpy(to->words, from->words, sizeof(to->words));
    memcpy(to->caps, from->caps, sizeof(to->caps));
    to->cap_count = from->cap_count;
    to->data_length = from->data_length;
    to->op = from->op;
    if (from->data_length)
        memcpy(to->data, from->data, from->data_length);
}

/* ---- waiting for answers ---- */

static void wake(struct waiting *w, u32 state)
{
    __atomic_store_n(&w->state, state, __ATOMIC_RELEASE);
    syscall(SYS_futex, &w->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void answered(struct waiting *w, s64 result, int descriptor)
{
    list_del(&w->link);
    w->result = result;
    w->descriptor = descriptor;
    wake(w, ANSWERED);
}

static void deliver(const struct rf_answer *answer, int descriptor)
{
    list_for_each_safe(node, &session.waiting) {
        struct waiting *w = list_entry(node, struct waiting, link);

        if (w->id == answer->id) {
            answered(w, answer->result, descriptor);
            return;
        }
    }
    if (descriptor >= 0)
        close(descriptor);
}

static void kernel_gone(void)
{
    while (!list_empty(&session.waiting))
        answered(list_first(&session.waiting, struct waiting, link), -ENOSYS, -1);
}

/* One packet for whomever it is. -EINTR: a signal came. */
static int lead(void)
{
    struct rf_answer answer;
    int descriptor;
    ssize_t n = receive(session.socket, &answer, sizeof(answer), &descriptor);

    if (n == -EINTR)
        return -EINTR;
    pthread_mutex_lock(&session.lock);
    if (n == sizeof(answer))
        deliver(&answer, descriptor);
    else
        kernel_gone();
    pthread_mutex_unlock(&session.lock);
    return 0;
}

static int follow(struct waiting *w)
{
    long r = syscall(SYS_futex, &w->state, FUTEX_WAIT_PRIVATE, WAITS, NULL, NULL, 0);

    return r < 0 && errno == EINTR ? -EINTR : 0;
}

/* The leader's answer has come: another one of those that wait leads on. */
static void hand_over(void)
{
    if (list_empty(&session.waiting))
        session.led = false;
    else
        wake(list_first(&session.waiting, struct waiting, link), LEADS);
}

/* A signal makes the kernel answer at once; until it has, the buffer is not ours. */
static void cancel(const struct waiting *w)
{
    struct rf_call call = {.id = w->id, .op = RF_SESSION_CANCEL, .msg = RF_MSG_NONE};

    send_call(&call, -1);
}

static void await(struct waiting *w, bool leads)
{
    bool cancelled = false;
    u32 state;

    while ((state = __atomic_load_n(&w->state, __ATOMIC_ACQUIRE)) != ANSWERED) {
        leads |= state == LEADS;
        if ((leads ? lead() : follow(w)) == -EINTR && !cancelled) {
            cancelled = true;
            cancel(w);
        }
    }
    if (leads) {
        pthread_mutex_lock(&session.lock);
        hand_over();
        pthread_mutex_unlock(&session.lock);
    }
}

static s64 take_result(struct waiting *w, u32 buffer, struct rf_message *message)
{
    int error = way_take_answer(message, buffer_at(buffer));

    message->descriptor = w->descriptor;
    if (w->descriptor >= 0)
        return w->descriptor;
    return w->result < 0 || error == 0 ? w->result : error;
}

s64 way_session(u32 slot, u32 op, const u64 w[4], struct rf_message *message)
{
    struct waiting waiting = {.descriptor = -1};
    struct rf_call call = {.slot = slot, .op = op};
    int saved = errno, error;
    bool leads;
    s64 result;

    if (message->data_length > RF_MSG_DATA || message->cap_count > RF_MSG_CAPS)
        return message->cap_count > RF_MSG_CAPS ? -EINVAL : -EMSGSIZE;
    memcpy(call.w, w, sizeof(call.w));
    pthread_mutex_lock(&session.lock);
    if (session.socket < 0) {
        pthread_mutex_unlock(&session.lock);
        return -ENOTCONN;
    }
    call.msg = buffer_take();
    buffer_fill(buffer_at(call.msg), message);
    waiting.id = call.id = ++session.next_id;
    list_add_tail(&session.waiting, &waiting.link);
    leads = !session.led;
    session.led = true;
    error = send_call(&call, message->descriptor);
    if (error)
        answered(&waiting, error, -1);
    pthread_mutex_unlock(&session.lock);
    await(&waiting, leads);
    pthread_mutex_lock(&session.lock);
    result = take_result(&waiting, call.msg, message);
    buffer_put(call.msg);
    pthread_mutex_unlock(&session.lock);
    errno = saved;
    return result;
}
