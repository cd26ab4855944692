/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/tracker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/checkpoint/proc_maps.h"

/* Later than the headers of Debian 12. */
#define FEATURES ((1ul << 13) | (1ul << 15)) /* WP_UNPOPULATED, WP_ASYNC */

#define LINK "anon_inode:[userfaultfd]"

static bool used;
static int most; /* descriptors from here on are left to others */

static int begin(int tracker)
{
    struct uffdio_api api = {.api = UFFD_API, .features = FEATURES};

    return ioctl(tracker, UFFDIO_API, &api) == 0 ? 0 : -errno;
}

static int count_written(void *argument, u64 start, u64 end, bool written)
{
    *(u64 *)argument += written ? (end - start) / PAGE_SIZE : 0;
    return 0;
}

/* Two pages are written, then none, then one. */
static bool works(int tracker, int pagemap, u8 *pages)
{
    struct proc_map map = {.start = (u64)pages, .end = (u64)pages + 2 * PAGE_SIZE};
    u64 seen[3] = {0};

    for (u32 i = 0; i < 3; i++) {
        if (i == 0)
            pages[PAGE_SIZE] = 1;
        if (i != 1)
            pages[0] = 1;
        if (proc_written_pages(pagemap, tracker, &map, THERE_TOO, count_written, &seen[i]))
            return false;
    }
    return seen[0] == 2 && seen[1] == 0 && seen[2] == 1;
}

bool tracker_host_has_it(void)
{
    int tracker = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    u8 *pages =
        mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool good = tracker >= 0 && pagemap >= 0 && pages != MAP_FAILED && begin(tracker) == 0 &&
                works(tracker, pagemap, pages);

    if (pages != MAP_FAILED)
        munmap(pages, 2 * PAGE_SIZE);
    if (pagemap >= 0)
        close(pagemap);
    if (tracker >= 0)
        close(tracker);
    return good;
}

void tracker_init(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    most = (int)(MIN(limit.rlim_cur, (rlim_t)INT32_MAX) / 2);
    used = !getenv("RINGFENCE_COMPARE") && tracker_host_has_it();
}

bool tracker_is_used(void)
{
    return used;
}

/* The cell names the descriptor: it may be of anything. */
static bool is_one(int fd)
{
    char path[32], link[sizeof(LINK) + 1];
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = readlinkat(AT_FDCWD, path, link, sizeof(link));
    return n == (ssize_t)strlen(LINK) && !memcmp(link, LINK, (size_t)n);
}

int tracker_take(int pid, int number)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0), fd, error;

    if (process < 0)
        return -errno;
    fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    error = fd < 0 ? -errno : 0;
    close(process);
    if (error)
        return error;
    error = fd >= most || !is_one(fd) ? -EBADF : begin(fd);
    if (!error)
        return fd;
    close(fd);
    return error;
}

/* What was moved here may have the marks of another place still. */
int tracker_watch(int tracker, u64 start, u64 end)
{
    struct uffdio_register watched = {.range = {start, end - start},
                                      .mode = UFFDIO_REGISTER_MODE_WP};
    struct uffdio_writeprotect written = {.range = watched.range, .mode = 0};
    int error;

    if (ioctl(tracker, UFFDIO_REGISTER, &watched) < 0)
        return -errno;
    if (ioctl(tracker, UFFDIO_WRITEPROTECT, &written) == 0)
        return 0;
    error = -errno;
    ioctl(tracker, UFFDIO_UNREGISTER, &watched.range);
    return error;
}
