/* SPDX-License-Identifier: Apache-2.0 */
/* inotify on the RAM file system. */
#include "check.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

static const struct {
    uint32_t bit;
    const char *name;
} names[] = {
    {IN_ACCESS, "ACCESS"},           {IN_MODIFY, "MODIFY"},
    {IN_ATTRIB, "ATTRIB"},           {IN_CLOSE_WRITE, "CLOSE_WRITE"},
    {IN_CLOSE_NOWRITE, "CLOSE"},     {IN_OPEN, "OPEN"},
    {IN_MOVED_FROM, "MOVED_FROM"},   {IN_MOVED_TO, "MOVED_TO"},
    {IN_CREATE, "CREATE"},           {IN_DELETE, "DELETE"},
    {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"},
    {IN_IGNORED, "IGNORED"},         {IN_ISDIR, "ISDIR"},
    {IN_Q_OVERFLOW, "OVERFLOW"},
};

/* Prints and counts what has happened since the last time. */
static int drain(int fd)
{
    _Alignas(struct inotify_event) char buffer[4096];
    int events = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        for (char *p = buffer; p < buffer + n;) {
            struct inotify_event *event = (struct inotify_event *)p;
            char line[256] = "";
            for (size_t i = 0; i < COUNT(names); i++)
                if (event->mask & names[i].bit)
                    strcat(strcat(line, " "), names[i].name);
            say("watch %d%s %s%s", event->wd, line, event->len ? event->name : "-",
                event->cookie ? " (cookie)" : "");
            p += sizeof(*event) + event->len;
            events++;
        }
    }
    EQ(errno, EAGAIN);
    return events;
}

CASE(directory)
{
    OK(mkdir("d", 0700));
    int fd = OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    EQ(inotify_add_watch(fd, "d", IN_ALL_EVENTS), 1);
    put_file("d/f", "hello");
    drain(fd);
    say("-- read");
    get_file("d/f");
    drain(fd);
    say("-- rename");
    OK(rename("d/f", "d/g"));
    drain(fd);
    say("-- chmod");
    OK(chmod("d/g", 0600));
    drain(fd);
    say("-- unlink");
    OK(unlink("d/g"));
    drain(fd);
    say("-- mkdir");
    OK(mkdir("d/sub", 0700));
    OK(rmdir("d/sub"));
    drain(fd);
    say("-- moved out and in");
    put_file("x", "");
    OK(rename("x", "d/x"));
    OK(rename("d/x", "x"));
    drain(fd);
    say("-- removed");
    OK(rmdir("d"));
    drain(fd);
}

CASE(file)
{
    put_file("f", "x");
    int fd = OK(inotify_init1(IN_NONBLOCK));
    OK(inotify_add_watch(fd, "f", IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF));
    int file = OK(open("f", O_WRONLY));
    EQ(write(file, "ab", 2), 2);
    OK(ftruncate(file, 0));
    OK(rename("f", "g"));
    OK(close(file));
    OK(unlink("g"));
    drain(fd);
}

CASE(watches)
{
    put_file("f", "x");
    OK(mkdir("d", 0700));
    int fd = OK(inotify_init1(IN_NONBLOCK));
    int a = OK(inotify_add_watch(fd, "f", IN_MODIFY)),
        b = OK(inotify_add_watch(fd, "d", IN_CREATE));
    CHECK(a != b);
    EQ(inotify_add_watch(fd, "f", IN_OPEN), a); /* replaces the mask */
    put_file("f", "y");
    drain(fd);
    EQ(inotify_add_watch(fd, "f", IN_MODIFY | IN_MASK_ADD), a);
    put_file("f", "z");
    drain(fd);
    OK(inotify_rm_watch(fd, a));
    ERR(inotify_rm_watch(fd, a), EINVAL);
    drain(fd);
    OK(inotify_add_watch(fd, "d", IN_CREATE | IN_ONESHOT));
    put_file("d/1", "");
    put_file("d/2", "");
    drain(fd);
    ERR(inotify_add_watch(fd, "none", IN_OPEN), ENOENT);
    ERR(inotify_add_watch(fd, "f", 0), EINVAL);
    ERR(inotify_add_watch(fd, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
    ERR(inotify_add_watch(0, "f", IN_OPEN), EINVAL);
    ERR(inotify_add_watch(999, "f", IN_OPEN), EBADF);
    ERR(inotify_init1(1), EINVAL);
}

CASE(waiting)
{
    OK(mkdir("d", 0700));
    int fd = OK(inotify_init());
    OK(inotify_add_watch(fd, "d", IN_CREATE));
    pid_t child = CHILD({
        struct pollfd p = {fd, POLLIN, 0};
        EQ(poll(&p, 1, 5000), 1);
        int n;
        OK(ioctl(fd, FIONREAD, &n));
        EQ(n, 32);
    });
    UNTIL(is_sleeping(child));
    put_file("d/new", "");
    JOIN(child);
    char small[10];
    ERR(read(fd, small, sizeof(small)), EINVAL);
}

CASE(repeats_merge)
{
    put_file("f", "x");
    int fd = OK(inotify_init1(IN_NONBLOCK));
    OK(inotify_add_watch(fd, "f", IN_MODIFY));
    int file = OK(open("f", O_WRONLY));
    for (int i = 0; i < 10; i++)
        EQ(write(file, "x", 1), 1);
    EQ(drain(fd), 1);
}
