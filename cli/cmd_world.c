/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence world */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/numbers.h"
#include "cli/volumes.h"
#include "kernel/report.h"
#include "kernel/serve.h"
#include "sdk/ringfence.h"

#define CHECKPOINT_EVERY_NS 10000000000u
#define MEMORY_LEAST        (16ul << 20)
#define LOG                 "log" /* in the world's directory: what a world in the background says */

struct request {
    struct world_config config;
    struct volume_list volumes;
    bool background;
};

static int ready_fd = -1;

static void take_background(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->background = true;
}

static void take_libos(void *target, const char *value)
{
    ((struct request *)target)->config.libos_path = value;
}

static void take_every(void *target, const char *value)
{
    ((struct request *)target)->config.checkpoint.every_ns =
        strcmp(value, "0") ? seconds_parse("--checkpoint-every", value) : 0;
}

static void take_memory(void *target, const char *value)
{
    ((struct request *)target)->config.memory = size_parse("--mem", value, MEMORY_LEAST);
}

static void take_limit_by(void *target, const char *value)
{
    ((struct request *)target)->config.limit_by = limit_by_parse(value);
}

static void take_volume(void *target, const char *value)
{
    volumes_add(&((struct request *)target)->volumes, value);
}

static void take_replicas(void *target, const char *value)
{
    ((struct request *)target)->config.replicas =
        (u32)number_parse("--replicas", value, 1, RF_REPLICAS_MOST);
}

static void take_hold(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->config.checkpoint.hold = true;
}

static void take_baseline(void *target, const char *value)
{
    const char *number = strncmp(value, "x86-64-v", 8) ? value : value + 8;

    ((struct request *)target)->config.cpu_level =
        (u32)number_parse("--cpu-baseline", number, 1, 4);
}

const struct option_row world_options[] = {
    {"detach", VALUE_NONE, NULL, "run in the background", take_background, 'd'},
    {"limit-by", VALUE_NEEDED, "WAY", "any, cgroup2, cgroup1 or poll: how limits are kept",
     take_limit_by, 0},
    {"mem", VALUE_NEEDED, "SIZE",
     "most memory that its cells hold together; idle ones are hibernated for it", take_memory, 0},
    {"checkpoint-every", VALUE_NEEDED, "SECONDS",
     "how often all is made durable (10); 0: only when asked for", take_every, 0},
    {"hold-output", VALUE_NONE, NULL, "show what cells write only when it is durable", take_hold,
     0},
    {"cpu-baseline", VALUE_NEEDED, "x86-64-vN",
     "so that it can go on on any processor of that level, 1 to 4", take_baseline, 0},
    {"volume", VALUE_NEEDED, "DIR", "a further directory, on another disk, for what is kept",
     take_volume, 0},
    {"replicas", VALUE_NEEDED, "N", "keep that many copies, 1 to 3, of what its cells hold",
     take_replicas, 0},
    {"libos", VALUE_NEEDED, "FILE", NULL, take_libos, 0},
    {0},
};

static void say_ready(void)
{
    if (ready_fd >= 0 && write(ready_fd, "", 1) == 1)
        close(ready_fd);
}

/* What it says from now on goes into its log. */
static void leave_terminal(const char *path)
{
    char log[PATH_MAX];
    int fd, nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(log, sizeof(log), "%s/%s", path, LOG);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_errno(errno, "cannot write %s", log);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
}

/* The parent waits until clients can connect; what fails before that it shows itself, since the
 * child still has the terminal. */
static int in_background(struct request *request)
{
    int ends[2], status;
    pid_t pid;
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail_errno(errno, "cannot make a pipe");
    pid = fork();
    if (pid < 0)
        fail_errno(errno, "cannot make a process");
    if (pid == 0) {
        close(ends[0]);
        ready_fd = ends[1];
        setsid();
        exit(kernel_serve(&request->config));
    }
    close(ends[1]);
    if (read(ends[0], &byte, 1) == 1)
        return 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                : STATUS_OWN_FAILURE;
}

static const char *world_path;

static void ready_in_background(void)
{
    leave_terminal(world_path);
    say_ready();
}

/* The world when none is named: its parents are made. */
static const char *default_world(void)
{
    static char path[PATH_MAX];

    rf_default_world(path);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            fail_errno(errno, "cannot make %s", path);
        *slash = '/';
    }
    return path;
}

int world_start(const char *path)
{
    static struct request request;

    world_path = path;
    request.config.path = path;
    request.config.until_left = true;
    request.config.ready = ready_in_background;
    return in_background(&request);
}

int cmd_world(int argc, char **argv)
{
    static struct request request = {.config.checkpoint.every_ns = CHECKPOINT_EVERY_NS};
    const char *path = NULL;

    arguments_parse(command_find("world"), argc, argv, &request, &path, 1, 0);
    if (request.config.checkpoint.hold && !request.config.checkpoint.every_ns)
        fail("--hold-output shows what checkpoints have; --checkpoint-every must not be 0");
    world_path = path ? path : default_world();
    request.config.path = request.config.checkpoint.path = world_path;
    request.config.checkpoint.volumes = request.volumes.paths;
    request.config.checkpoint.volume_count = request.volumes.count;
    if (!request.background)
        return kernel_serve(&request.config);
    request.config.ready = ready_in_background;
    return in_background(&request);
}
