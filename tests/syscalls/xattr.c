/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of the user's name space, as far as programs break without. */
#include "check.h"

#include <sys/xattr.h>

CASE(errors)
{
    char value[10];
    put_file("f", "x");
    ERR(getxattr("f", "user.none", value, 10), ENODATA);
    ERR(getxattr("none", "user.a", value, 10), ENOENT);
    ERR(fgetxattr(999, "user.a", value, 10), EBADF);
    ERR(removexattr("f", "user.none"), ENODATA);
    EQ(listxattr("f", NULL, 0), 0);
    ERR(getxattr("f", "security.capability", value, 10), ENODATA);
    /* ENODATA where a file system has such lists, EOPNOTSUPP where not. */
    CHECK(getxattr("f", "system.posix_acl_access", value, 10) == -1);
    CHECK(errno == ENODATA || errno == EOPNOTSUPP);
}

CASE(set_and_get)
{
    char value[20] = {0};
    put_file("f", "x");
    OK(setxattr("f", "user.color", "blue", 4, 0));
    EQ(getxattr("f", "user.color", NULL, 0), 4);
    EQ(getxattr("f", "user.color", value, 20), 4);
    STR(value, "blue");
    ERR(getxattr("f", "user.color", value, 2), ERANGE);
    ERR(setxattr("f", "user.color", "red", 3, XATTR_CREATE), EEXIST);
    ERR(setxattr("f", "user.shape", "red", 3, XATTR_REPLACE), ENODATA);
    EQ(listxattr("f", value, 20), 11);
    STR(value, "user.color");
    int fd = OK(open("f", O_RDONLY));
    OK(fsetxattr(fd, "user.color", "", 0, 0));
    EQ(fgetxattr(fd, "user.color", value, 20), 0);
    OK(removexattr("f", "user.color"));
    ERR(getxattr("f", "user.color", value, 20), ENODATA);
}
