/* SPDX-License-Identifier: Apache-2.0 */
/* The starter has a session of its own, so that whoever kills the kernel's process group does not
 * hit it. It serves requests until the other end of its socket is closed. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/account/groups.h"
#include "kernel/jail/first_process.h"
#include "kernel/jail/image.h"
#include "kernel/jail/start.h"
#include "kernel/object/console.h"
#include "kernel/object/meter.h"
#include "kernel/report.h"

#define CELLS_STEP 64

/* To the starter: start a cell (with its descriptors), or forget one. */
struct request {
    pid_t forget;   /* 0: start */
    u64 processors; /* that it may use */
    struct image image;
    char group_paths[CGROUP_CONTROLLERS][560];
};

struct started {
    pid_t leader;
    struct request request;
};

static int socket_fd = -1;
static pid_t starter;
static struct started *cells;
static u32 cell_count, cell_room;

static void pack_fds(struct msghdr *message, void *space, size_t room, const int fds[], u32 count)
{
    struct cmsghdr *header;

    memset(space, 0, room);
    message->msg_control = space;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

/* The descriptors that came with a message: how many. */
static u32 unpack_fds(struct msghdr *message, int fds[], u32 most)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    u32 count;

    if (!header || header->cmsg_type != SCM_RIGHTS)
        return 0;
    count = (u32)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    count = MIN(count, most);
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    return count;
}

/* Receives into `bytes`: the length, 0 when the other end is closed, or a negative errno. */
static ssize_t receive(int fd, void *bytes, size_t length, int fds[], u32 most, u32 *count)
{
    struct iovec piece = {bytes, length};
    union {
        struct cmsghdr header;
        u8 space[CMSG_SPACE(START_MOST * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n;

    do
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *count = n > 0 ? unpack_fds(&message, fds, most) : 0;
    return n < 0 ? -errno : n;
}

static void remember(pid_t leader, const struct request *request)
{
    if (cell_count == cell_room) {
        struct started *more = realloc(cells, (cell_room + CELLS_STEP) * sizeof(*cells));

        if (!more) {
            kill(leader, SIGKILL);
            return;
        }
        cells = more;
        cell_room += CELLS_STEP;
    }
    cells[cell_count++] = (struct started){leader, *request};
}

static void forget(pid_t leader)
{
    for (u32 i = 0; i < cell_count; i++) {
        if (cells[i].leader == leader) {
            cells[i] = cells[--cell_count];
            return;
        }
    }
}

/* The new process is the kernel's child, as this one is. */
static void start_one(const struct request *request, const int fds[], u32 count)
{
    struct image image = request->image;
    long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0L);

    image.fd = fds[START_IMAGE];
    if (pid == 0)
        first_process(&image, request->processors, fds, count);
    for (u32 i = 0; i < count; i++)
        close(fds[i]);
    if (pid > 0)
        remember((pid_t)pid, request);
}

static void clean_up(void)
{
    for (u32 i = 0; i < cell_count; i++)
        kill(-cells[i].leader, SIGKILL);
    if (cell_count)
        consoles_restore_after_death();
    for (u32 i = 0; i < cell_count; i++) {
        for (u32 k = 0; k < CGROUP_CONTROLLERS; k++)
            if (*cells[i].request.group_paths[k])
                cgroup_remove_tree(cells[i].request.group_paths[k]);
    }
}

/* Closes all but these (a negative one: none). */
static void keep_only(const int keep[2])
{
    int from = 0;

    for (;;) {
        int next = -1;

        for (u32 i = 0; i < 2; i++) {
            if (keep[i] >= from && (next < 0 || keep[i] < next))
                next = keep[i];
        }
        if (next < 0)
            break;
        if (next > from)
            close_range((unsigned)from, (unsigned)next - 1, 0);
        from = next + 1;
    }
    close_range((unsigned)from, ~0u, 0);
}

/* Blocked here; cells begin with no signal blocked and none handled. */
static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 1; i <= SIGRTMAX; i++)
        sigaction(i, &action, NULL);
}

_Noreturn static void serve(int fd)
{
    struct request request;
    int fds[START_MOST];
    u32 count;

    reset_signals();
    setsid();
    keep_only((const int[]){fd, consoles_terminal()});
    while (receive(fd, &request, sizeof(request), fds, START_MOST, &count) > 0) {
        if (request.forget)
            forget(request.forget);
        else if (count >= START_GROUPS)
            start_one(&request, fds, count);
    }
    clean_up();
    _exit(0);
}

void starter_start(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        fail_errno(errno, "cannot make a socket pair");
    starter = fork();
    if (starter < 0)
        fail_errno(errno, "cannot make a process");
    if (starter == 0) {
        close(ends[1]);
        serve(ends[0]);
    }
    close(ends[0]);
    socket_fd = ends[1];
}

void starter_end(void)
{
    if (starter <= 0)
        return;
    close(socket_fd);
    waitpid(starter, NULL, 0);
    starter = 0;
}

static int send_request(const struct request *request, const int fds[], u32 count)
{
    struct iovec piece = {(void *)(uintptr_t)request, sizeof(*request)};
    union {
        struct cmsghdr header;
        u8 space[CMSG_SPACE(START_MOST * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (count)
        pack_fds(&message, &control, sizeof(control), fds, count);
    return sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void name_groups(const struct cell *cell, struct request *request)
{
    const struct cgroup_part *memory = &cell->limits.group.part[CGROUP_MEMORY];
    const char *base = groups_base();

    if (memory->dir_fd >= 0)
        snprintf(request->group_paths[CGROUP_MEMORY], sizeof(request->group_paths[0]), "%s/%s",
                 memory->parent, memory->name);
    if (base)
        snprintf(request->group_paths[CGROUP_CPU], sizeof(request->group_paths[0]), "%s", base);
}

int start_cell(struct cell *cell)
{
    const struct image *image = cell->image ? cell->image : image_own();
    struct request request = {.processors = meter_processors(cell->meter), .image = *image};
    int ends[2], fds[START_MOST], error;
    u32 count = START_GROUPS;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return -errno;
    fds[START_HEAP] = cell->heap_fd;
    fds[START_WINDOW] = cell->window_fd;
    fds[START_SOCKET] = ends[1];
    fds[START_IMAGE] = image->fd;
    count += limits_group_fds(cell, fds + START_GROUPS);
    name_groups(cell, &request);
    error = send_request(&request, fds, count);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return error;
    }
    cell->start.fd = ends[0];
    return 0;
}

/* Whether it has not been reaped. */
static bool is_child(pid_t pid)
{
    siginfo_t info;

    return pid && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int start_take_listener(struct cell *cell, pid_t *leader, char step[40])
{
    struct notice notice = {0};
    u32 count = 0;
    int fd = -1;
    ssize_t n = receive(cell->start.fd, &notice, sizeof(notice), &fd, 1, &count);

    if (n < 0)
        return (int)n;
    memcpy(step, notice.step, sizeof(notice.step));
    step[sizeof(notice.step) - 1] = 0;
    *leader = notice.leader;
    cell->helper = is_child(notice.helper) ? notice.helper : 0;
    if (n != sizeof(notice) || (!notice.error && !count))
        return -ECHILD;
    return notice.error ? -notice.error : fd;
}

void start_forget(struct cell *cell)
{
    struct request request = {.forget = cell->leader};

    if (cell->leader)
        send_request(&request, NULL, 0);
}
