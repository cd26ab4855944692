/* SPDX-License-Identifier: Apache-2.0 */
/* User and group identities of an ordinary user. */
#include "check.h"

#include <grp.h>
#include <pwd.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

CASE(get)
{
    uid_t r, e, s;
    gid_t gr, ge, gs;
    CHECK(getuid() != 0);
    OK(getresuid(&r, &e, &s));
    EQ(r, getuid());
    EQ(e, geteuid());
    EQ(s, e);
    OK(getresgid(&gr, &ge, &gs));
    EQ(gr, getgid());
    EQ(ge, getegid());
    EQ(gs, ge);
    ERR(syscall(SYS_getresuid, BAD_POINTER, &e, &s), EFAULT);
}

CASE(set)
{
    OK(setuid(getuid()));
    OK(setgid(getgid()));
    OK(setreuid((uid_t)-1, getuid()));
    OK(setresuid(getuid(), (uid_t)-1, (uid_t)-1));
    OK(setresgid((gid_t)-1, getgid(), (gid_t)-1));
    ERR(setuid(0), EPERM);
    ERR(setgid(0), EPERM);
    ERR(setreuid(0, 0), EPERM);
    ERR(setresuid(0, 0, 0), EPERM);
    ERR(setregid(0, 0), EPERM);
    EQ(setfsuid((uid_t)-1), getuid());
    EQ(setfsgid((gid_t)-1), getgid());
    gid_t none = 0;
    ERR(setgroups(1, &none), EPERM);
    ERR(setuid((uid_t)-1), EINVAL);
}

CASE(groups)
{
    gid_t list[200];
    int n = OK(getgroups(0, NULL));
    CHECK(n <= 200);
    EQ(getgroups(200, list), n);
    ERR(getgroups(-1, list), EINVAL);
}

CASE(names)
{
    struct passwd *root = getpwuid(0);
    CHECK(root);
    STR(root->pw_name, "root");
    struct group *group = getgrgid(0);
    CHECK(group);
    STR(group->gr_name, "root");
}

CASE(capabilities)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    OK(syscall(SYS_capget, &header, data));
    EQ(data[0].effective, 0);
    EQ(data[0].permitted, 0);
    OK(syscall(SYS_capset, &header, data));
    data[0].effective = data[0].permitted = 1;
    ERR(syscall(SYS_capset, &header, data), EPERM);
    header.version = 5;
    ERR(syscall(SYS_capget, &header, data), EINVAL);
    EQ(header.version, _LINUX_CAPABILITY_VERSION_3);
}
