/* SPDX-License-Identifier: Apache-2.0 */
/* The way into the jail.
 *
 *   kernel K    starter S    first process C                     helper H
 *   request --> clone -----> setsid, descriptors, identity,
 *                            limits, mappings
 *                            clone (shares memory, descriptors) -> waits for the listener
 *                            stub: seccomp(NEW_LISTENER), wake --> sends it to K, closes it and
 *   takes the listener <---- waits for H's end                     the socket, ends
 *                            stub: enters the library OS
 *
 * H is needed because a filtered C could not hand out the listener, and must not hold it. S is
 * starter.c. */
#include "kernel/jail/first_process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/layout.h"
#include "abi/objects.h"
#include "kernel/account/affinity.h"
#include "kernel/jail/filter.h"

#define SOCKET_FD RF_FD_ZERO_USED /* in C, until H closes it */
#define NOBODY    65534
#define PRIVATE_UIDS                                                                               \
    0x60000000u          /* uids that no system gives to anybody: this and a process number */
#define MAX_GRANTED 1024 /* descriptors that a cell's process can hold */

extern const u8 start_stub[], start_stub_end[];
typedef void stub_fn(void *handover, u64 flags, struct sock_fprog *program, void *window,
                     u64 entry);

/* Shared by C, H and the stub. */
struct handover {
    s32 listener;
    u32 helper;
};
static struct handover handover;
static int notice_fd;
static pid_t own_pid;
static u8 helper_stack[16384] __attribute__((aligned(16)));

static void send_notice(const char *step, int error, int fd)
{
    struct notice notice = {.error = error, .leader = own_pid, .helper = fd >= 0 ? getpid() : 0};
    struct iovec piece = {&notice, sizeof(notice)};
    union {
        struct cmsghdr header;
        u8 space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    strncpy(notice.step, step, sizeof(notice.step) - 1);
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    sendmsg(notice_fd, &message, MSG_NOSIGNAL);
}

_Noreturn static void give_up(const char *step, int error)
{
    send_notice(step, error, -1);
    _exit(1);
}

static void require(bool good, const char *step)
{
    if (!good)
        give_up(step, errno);
}

static int helper(void *unused)
{
    s32 listener;

    (void)unused;
    while ((listener = __atomic_load_n(&handover.listener, __ATOMIC_ACQUIRE)) == INT_MIN)
        syscall(SYS_futex, &handover.listener, FUTEX_WAIT, INT_MIN, NULL, NULL, 0);
    if (listener < 0)
        send_notice("a seccomp filter with a listener", -listener, -1);
    else
        send_notice("", 0, listener);
    if (listener >= 0)
        close(listener);
    close(SOCKET_FD);
    return 0;
}

static void arrange_descriptors(int heap_fd, int socket_fd)
{
    int heap = fcntl(heap_fd, F_DUPFD, SOCKET_FD + 1), socket = fcntl(socket_fd, F_DUPFD, heap + 1);

    dup2(socket, SOCKET_FD);
    notice_fd = SOCKET_FD;
    require(dup2(heap, RF_FD_HEAP) == RF_FD_HEAP, "descriptors");
    close_range(0, RF_FD_HEAP - 1, 0);
    close_range(SOCKET_FD + 1, ~0u, 0);
}

/* Everything that the C library registered with the host for this thread: the memory goes away. */
static void unregister_thread(void)
{
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

    if (__rseq_size) {
        for (u32 length = 32; length <= 256; length += 32) {
            if (syscall(SYS_rseq, area, length, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0)
                break;
        }
    }
    syscall(SYS_set_robust_list, NULL, 24);
    syscall(SYS_set_tid_address, NULL);
}

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    require(syscall(SYS_capset, &header, data) == 0, "dropping capabilities");
}

static bool become(u32 id)
{
    return setgroups(0, NULL) == 0 && setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0;
}

/* Where only one uid is mapped (a user namespace without more), the capabilities are all there is.
 */
static void drop_identity(void)
{
    if (geteuid() == 0 && !become(PRIVATE_UIDS + (u32)getpid()))
        become(NOBODY);
    drop_capabilities();
    require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
}

static void set_limit(int what, rlim_t most)
{
    struct rlimit limit;

    if (getrlimit(what, &limit) < 0)
        return;
    limit.rlim_max = MIN(limit.rlim_max, most);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(what, &limit);
}

static void map_shared(u64 address, u64 length, int fd, const char *what)
{
    void *at = mmap((void *)address, length, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd, 0);

    require(at == (void *)address, what);
}

static void map_all(const struct image *image, int heap_fd, int window_fd)
{
    int error;
    void *stub;

    error = image_map(image);
    if (error)
        give_up("mapping the library OS", -error);
    map_shared(RF_HEAP_BASE, RF_HEAP_SIZE, heap_fd, "mapping the heap segment");
    map_shared(RF_WINDOW_BASE, PAGE_ALIGN(sizeof(struct rf_window)), window_fd,
               "mapping the window");
    madvise((void *)RF_HEAP_BASE, RF_HEAP_FIRST, MADV_POPULATE_WRITE); /* Linux 5.14 */
    stub = mmap((void *)RF_START_STUB, PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    require(stub == (void *)RF_START_STUB, "mapping the start code");
    memcpy(stub, start_stub, (size_t)(start_stub_end - start_stub));
    require(mprotect(stub, PAGE_SIZE, PROT_READ | PROT_EXEC) == 0, "mapping the start code");
}

/* With WAIT_KILLABLE_RECV (Linux 5.19) a signal does not end a call that the kernel has begun to
 * serve. A host that knows the flags but gets no filter says EFAULT. */
static u64 filter_flags(void)
{
    u64 flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT)
        return flags;
    return SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

_Noreturn static void enter(const struct image *image)
{
    static struct sock_filter instructions[FILTER_MAX];
    struct sock_fprog program = {.filter = instructions};
    u64 flags = filter_flags();
    stub_fn *stub = (stub_fn *)RF_START_STUB;

    program.len = (unsigned short)filter_build(instructions);
    handover.listener = INT_MIN;
    require(
        clone(helper, helper_stack + sizeof(helper_stack),
              CLONE_VM | CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
              NULL, &handover.helper, NULL, &handover.helper) > 0,
        "starting a helper");
    stub(&handover, flags, &program, (void *)RF_WINDOW_BASE, image->entry);
    __builtin_unreachable();
}

static void join_groups(const int fds[], u32 count)
{
    for (u32 i = 0; i < count; i++)
        require(write(fds[i], "0", 1) == 1, "joining a control group");
}

void first_process(const struct image *image, u64 processors, const int fds[], u32 count)
{
    sigset_t none;

    notice_fd = fds[START_SOCKET];
    own_pid = getpid();
    setsid();
    require(affinity_set_own(processors), "the processor set");
    join_groups(fds + START_GROUPS, count - START_GROUPS);
    map_all(image, fds[START_HEAP], fds[START_WINDOW]);
    arrange_descriptors(fds[START_HEAP], fds[START_SOCKET]);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, MAX_GRANTED);
    drop_identity();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of identity clears it */
    unregister_thread();
    enter(image);
}
