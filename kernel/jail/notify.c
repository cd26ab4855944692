/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/jail/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "abi/invoke.h"
#include "kernel/account/tasks.h"
#include "kernel/object/call.h"
#include "kernel/world.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

static int listener_of(const struct domain *domain)
{
    return container_of(domain, const struct cell, domain)->listener.fd;
}

static bool send_response(const struct domain *domain, struct seccomp_notif_resp *response)
{
    return ioctl(listener_of(domain), SECCOMP_IOCTL_NOTIF_SEND, response) == 0;
}

static bool notify_valid(const struct domain *domain, u64 id)
{
    return ioctl(listener_of(domain), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool notify_answer(struct domain *domain, u64 id, s64 result)
{
    struct seccomp_notif_resp response = {.id = id};

    if (result < 0)
        response.error = (s32)result;
    else
        response.val = result;
    return send_response(domain, &response);
}

static int notify_grant(struct domain *domain, u64 id, int fd)
{
    struct seccomp_notif_addfd add = {.id = id, .srcfd = (u32)fd, .flags = SECCOMP_ADDFD_FLAG_SEND};
    int number = ioctl(listener_of(domain), SECCOMP_IOCTL_NOTIF_ADDFD, &add);

    if (number < 0 && errno == EINVAL) { /* before Linux 5.14: in two steps */
        add.flags = 0;
        number = ioctl(listener_of(domain), SECCOMP_IOCTL_NOTIF_ADDFD, &add);
        if (number >= 0) {
            notify_answer(domain, id, number);
            return 0;
        }
    }
    return number < 0 ? -errno : 0;
}

int notify_put(const struct domain *domain, u64 id, int fd, u32 number)
{
    struct seccomp_notif_addfd add = {
        .id = id, .srcfd = (u32)fd, .newfd = number, .flags = SECCOMP_ADDFD_FLAG_SETFD};

    return ioctl(listener_of(domain), SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -errno : 0;
}

const struct transport notify_transport = {notify_valid, notify_answer, notify_grant};

static void serve_invoke(struct cell *cell, const struct seccomp_notif *request)
{
    const __u64 *args = request->data.args;
    u64 buffer = args[1] & ~(RF_INVOKE_PATIENT | RF_INVOKE_LET_GO);
    struct call call = {
        .domain = &cell->domain,
        .slot = (u32)args[0],
        .op = (u32)(args[0] >> 32),
        .msg_index = buffer <= RF_MSG_NONE ? (u32)buffer : RF_MSG_NONE - 1,
        .patient = args[1] & RF_INVOKE_PATIENT,
        .kicked = args[1] & RF_INVOKE_LET_GO,
        .w = {args[2], args[3], args[4], args[5]},
        .id = request->id,
        .tid = request->pid,
        .fd = -1,
    };
    s64 result;

    world.invocations++;
    cell->window->cell.invocations = ++cell->domain.invocations;
    result = call_dispatch(&call);
    if (result != CALL_WAITS && result != CALL_GRANTED)
        notify_answer(&cell->domain, request->id, result);
}

/* A thread or process is charged before it exists. The flags are in registers, which the caller
 * cannot change while it waits, so what was checked by the filter is what continues. */
static void serve_clone(struct cell *cell, const struct seccomp_notif *request)
{
    bool is_thread = request->data.args[0] & 0x00010000; /* CLONE_THREAD */
    struct seccomp_notif_resp response = {.id = request->id};

    if (cell->ending || !tasks_charge(cell, is_thread))
        response.error = -EAGAIN;
    else
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (!send_response(&cell->domain, &response) && !response.error)
        tasks_uncharge(cell, is_thread);
}

static void listener_ready(struct event *event, u32 events)
{
    struct cell *cell = container_of(event, struct cell, listener);
    struct seccomp_notif request;

    if (!(events & EPOLLIN)) { /* hang-up: no process is left that uses the filter */
        event_watch(event, 0);
        return;
    }
    memset(&request, 0, sizeof(request));
    if (ioctl(event->fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
        return; /* the caller was interrupted before we came */
    if (request.data.nr == RF_NR_INVOKE)
        serve_invoke(cell, &request);
    else if (request.data.nr == SYS_clone)
        serve_clone(cell, &request);
    else
        notify_answer(&cell->domain, request.id, -ENOSYS);
}

int notify_start(struct cell *cell, int listener_fd)
{
    cell->listener = (struct event){.fd = listener_fd, .ready = listener_ready};
    /* The host wakes the kernel on the caller's processor, which is then idle: Linux 6.6. */
    ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    return event_watch(&cell->listener, EPOLLIN);
}
