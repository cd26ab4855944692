/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/account/groups.h"
#include "kernel/account/limits.h"
#include "kernel/report.h"

/* Later than the headers of Debian 12. */
#define ACCESS_TRUNCATE  (1ul << 14) /* version 3 */
#define ACCESS_IOCTL_DEV (1ul << 15) /* version 5 */
#define NET_BIND_CONNECT 3ul         /* version 4 */
#define SCOPE_ALL        3ul         /* version 6: abstract sockets, signals */

struct ruleset {
    u64 files, net, scoped;
};

#define READS  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define NAMES                                                                                      \
    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |    \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define OTHERS                                                                                     \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static int ruleset_fd = -1;
static u64 handled;

u32 confine_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (u32)version;
}

/* A path that has gone, or a descriptor that is none, adds nothing. */
static void allow_fd(int fd, u64 access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access & handled, .parent_fd = fd};

    if (fd >= 0 &&
        syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        fail_errno(errno, "cannot confine the kernel process (Landlock rule)");
}

static void allow_path(int at, const char *path, u64 access)
{
    int fd = openat(at, path, O_PATH | O_CLOEXEC);

    allow_fd(fd, access);
    if (fd >= 0)
        close(fd);
}

static void allow_grant(const struct grant_config *grant)
{
    bool writable = grant->rights & RF_RIGHT_WRITE;

    if (!grant->only) {
        allow_fd(grant->fd, READS | (writable ? WRITES | NAMES : 0));
        return;
    }
    for (size_t at = 0; at < grant->only_length; at += strlen(grant->only + at) + 1)
        allow_path(grant->fd, grant->only + at,
                   LANDLOCK_ACCESS_FS_READ_FILE | (writable ? WRITES : 0));
}

void confine_files(const struct cell *cell, const struct run_config *config)
{
    u32 version = confine_landlock_version();
    struct ruleset ruleset;
    const char *group;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail_errno(errno, "cannot set no_new_privs");
    if (version < CONFINE_LANDLOCK_LEAST)
        return;
    handled = READS | LANDLOCK_ACCESS_FS_WRITE_FILE | NAMES | OTHERS;
    handled |= version >= 3 ? ACCESS_TRUNCATE : 0;
    handled |= version >= 5 ? ACCESS_IOCTL_DEV : 0;
    ruleset = (struct ruleset){handled, version >= 4 ? NET_BIND_CONNECT : 0,
                               version >= 6 ? SCOPE_ALL : 0};
    ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset,
                              version >= 6   ? 24
                              : version >= 4 ? 16
                                             : 8,
                              0);
    if (ruleset_fd < 0)
        fail_errno(errno, "cannot confine the kernel process (Landlock)");
    for (u32 i = 0; i < config->grant_count; i++)
        allow_grant(&config->grants[i]);
    allow_path(AT_FDCWD, "/proc", READS);
    for (u32 i = 0; (group = limits_group_parent(cell, i)); i++)
        allow_path(AT_FDCWD, group, READS | LANDLOCK_ACCESS_FS_REMOVE_DIR);
    if (groups_base())
        allow_path(AT_FDCWD, groups_base(),
                   READS | WRITES | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR);
    if (syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0)
        fail_errno(errno, "cannot confine the kernel process (Landlock)");
    close(ruleset_fd);
}
