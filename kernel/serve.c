/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/session.h"
#include "kernel/account/groups.h"
#include "kernel/account/pressure.h"
#include "kernel/confine.h"
#include "kernel/jail/image.h"
#include "kernel/jail/start.h"
#include "kernel/object/bank.h"
#include "kernel/report.h"
#include "kernel/run.h"
#include "kernel/session.h"
#include "kernel/signals.h"
#include "kernel/world.h"

#define LOCK "lock" /* held while the world runs; holds the kernel's process number */

static int open_directory(const char *path)
{
    struct stat st;
    int fd;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        fail_errno(errno, "cannot make the world's directory %s", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        fail_errno(errno, "cannot use %s as a world's directory", path);
    if (st.st_uid != geteuid())
        fail("%s belongs to somebody else", path);
    return fd;
}

/* The lock's number is only for people: what holds is the lock. */
static void take_lock(int dir_fd, const char *path)
{
    int fd = openat(dir_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600), n;
    char text[32] = "";

    if (fd < 0)
        fail_errno(errno, "cannot use %s as a world's directory", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (read(fd, text, sizeof(text) - 1) < 0)
            text[0] = 0;
        fail("the world %s is running already (process %d)", path, atoi(text));
    }
    n = snprintf(text, sizeof(text), "%d\n", getpid());
    /* In this order, since on a full disk what was given up does not come back. */
    if (pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n) < 0)
        fail_errno(errno, "cannot write in %s", path);
}

static void choose_groups(enum limit_by by)
{
    u32 version = by == LIMIT_BY_CGROUP1 ? 1 : 2;

    if ((by == LIMIT_BY_CGROUP1 || by == LIMIT_BY_CGROUP2) &&
        !(cgroup_possible(CGROUP_CPU, version) && cgroup_possible(CGROUP_MEMORY, version)))
        fail("--limit-by: the host offers no such control groups of version %u", version);
    groups_choose(by);
}

/* A world that goes on needs what its cells found when they began; new ones may rely on what is
 * here, or what was asked for. */
static void rely_on_processor(u32 level)
{
    struct cpu_features host = cpu_host(), wanted = level ? cpu_level(level) : host;
    char names[96];

    if (cpu_lacks(wanted, host, names))
        fail("--cpu-baseline: this processor is no x86-64-v%u: it has no %s", level, names);
    world.cpu.bits |= wanted.bits;
    world.cpu_level = level;
}

int kernel_serve(const struct world_config *config)
{
    int dir_fd = open_directory(config->path), error;

    take_lock(dir_fd, config->path);
    kernel_prepare();
    world.dir_fd = dir_fd;
    world.until_left = config->until_left;
    choose_groups(config->limit_by);
    pressure_set_bound(config->memory);
    image_open(config->libos_path);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail_errno(errno, "cannot set no_new_privs");
    starter_start();
    checkpoint_open(&config->checkpoint);
    checkpoint_restart();
    rely_on_processor(config->cpu_level);
    if (config->replicas)
        world.bank->replicas = config->replicas;
    error = session_listen(dir_fd);
    if (!error)
        error = signals_start();
    if (error)
        fail_errno(-error, "cannot listen in %s", config->path);
    if (config->ready)
        config->ready();
    confine_calls();
    event_loop();
    checkpoint_close();
    unlinkat(dir_fd, RF_WORLD_SOCKET, 0);
    starter_end();
    while (waitpid(-1, NULL, 0) > 0) /* cells that go on in the world's next kernel process */
        ;
    groups_finish();
    return 0;
}
