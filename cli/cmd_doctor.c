/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence doctor: what the host offers, and what the lack of it costs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/command.h"
#include "kernel/account/cgroup.h"
#include "kernel/checkpoint/tracker.h"
#include "kernel/confine.h"

enum need { NEEDED, BETTER };

static struct {
    bool colours, missing;
    u32 major, minor;
} doctor;

static bool version_at_least(u32 major, u32 minor)
{
    return doctor.major > major || (doctor.major == major && doctor.minor >= minor);
}

static bool has_notification(void)
{
    u32 action = SECCOMP_RET_USER_NOTIF;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* A host that knows the flag looks for the filter, of which there is none. */
static bool has_killable_wait(void)
{
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static bool has_sync_wakeup(void)
{
    return version_at_least(6, 6);
}

static bool has_atomic_grant(void)
{
    return version_at_least(5, 14);
}

static bool has_openat2(void)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    long fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

    if (fd >= 0)
        close((int)fd);
    return fd >= 0;
}

static bool has_close_range(void)
{
    return syscall(SYS_close_range, ~0u, ~0u, 0) == 0;
}

static bool has_sealed_memory(void)
{
    int fd = memfd_create("doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

static bool has_landlock(void)
{
    return confine_landlock_version() >= CONFINE_LANDLOCK_LEAST;
}

static bool has_proc(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
    return access(path, R_OK) == 0;
}

static bool has_schedstat(void)
{
    return access("/proc/self/schedstat", R_OK) == 0;
}

static bool has_memory_group(void)
{
    return cgroup_possible(CGROUP_MEMORY, 2) || cgroup_possible(CGROUP_MEMORY, 1);
}

static bool has_cpu_group(void)
{
    return cgroup_possible(CGROUP_CPU, 2) || cgroup_possible(CGROUP_CPU, 1);
}

static const struct {
    const char *name;
    enum need need;
    bool (*present)(void);
    const char *without; /* what its absence costs */
} features[] = {
    {"seccomp filters with user notification", NEEDED, has_notification,
     "Linux 5.0 and a container runtime that permits it are needed"},
    {"openat2 with RESOLVE_BENEATH", NEEDED, has_openat2, "Linux 5.6 is needed"},
    {"close_range", NEEDED, has_close_range, "Linux 5.9 is needed"},
    {"sealed memory (memfd)", NEEDED, has_sealed_memory, "Linux 3.17 is needed"},
    {"descriptors granted in one step", BETTER, has_atomic_grant,
     "mapping a file takes two round trips (Linux 5.14)"},
    {"uninterrupted service of calls", BETTER, has_killable_wait,
     "a signal from outside the cell can interrupt a call that was served (Linux 5.19)"},
    {"wake-ups on the same processor", BETTER, has_sync_wakeup,
     "calls to the kernel take several times as long (Linux 6.6)"},
    {"Landlock", BETTER, has_landlock,
     "the kernel process is confined by its seccomp filter alone (Linux 5.19)"},
    {"write tracking for checkpoints", BETTER, tracker_host_has_it,
     "a checkpoint reads all memory while the world stands still (Linux 6.7)"},
    {"/proc with children lists", BETTER, has_proc,
     "limits by watching do not work, ended threads count against --pids"},
    {"scheduler statistics", BETTER, has_schedstat, "missing time is not known"},
    {"memory control group", BETTER, has_memory_group,
     "--mem is kept by looking ten times a second and more often when it gets tight"},
    {"processor control group", BETTER, has_cpu_group,
     "--cpu is kept by stopping and continuing the cell every hundredth of a second"},
};

static const char *colour(const char *code)
{
    return doctor.colours ? code : "";
}

static void show(const char *mark, const char *code, const char *name, const char *rest)
{
    printf("%s%-7s%s %-*s%s\n", colour(code), mark, colour("\033[0m"), *rest ? 41 : 0, name, rest);
}

static void examine(u32 i)
{
    bool present = features[i].present();

    if (present)
        show("yes", "\033[32m", features[i].name, "");
    else if (features[i].need == NEEDED)
        show("MISSING", "\033[31m", features[i].name, features[i].without);
    else
        show("no", "\033[33m", features[i].name, features[i].without);
    doctor.missing |= !present && features[i].need == NEEDED;
}

static void show_facts(const struct utsname *names)
{
    struct rlimit limit = {0};
    char text[160];

    snprintf(text, sizeof(text), "%s %s", names->sysname, names->release);
    show("", "", "host kernel", text);
    snprintf(text, sizeof(text), "%ld online", sysconf(_SC_NPROCESSORS_ONLN));
    show("", "", "processors", text);
    getrlimit(RLIMIT_NOFILE, &limit);
    snprintf(text, sizeof(text), "%lu: most files that a cell's programs can have open",
             (unsigned long)limit.rlim_max);
    show("", "", "descriptors", text);
    show("", "", "identity",
         geteuid() == 0 ? "root: cells run as an unprivileged user of their own"
                        : "an ordinary user, which is enough");
}

int cmd_doctor(int argc, char **argv)
{
    const struct command *command = command_find("doctor");
    struct utsname names;
    int first = options_parse(command, argc, argv, NULL);

    if (first < argc)
        usage_error(command, "doctor takes no arguments");
    doctor.colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    if (uname(&names) == 0 && sscanf(names.release, "%u.%u", &doctor.major, &doctor.minor) != 2)
        doctor.major = doctor.minor = 0;
    show_facts(&names);
    for (u32 i = 0; i < ARRAY_SIZE(features); i++)
        examine(i);
    if (!doctor.missing)
        printf("\nCells can run here.\n");
    else
        printf("\nCells cannot run here: something that is needed is missing.\n");
    return doctor.missing;
}
