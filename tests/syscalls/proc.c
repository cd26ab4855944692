/* SPDX-License-Identifier: Apache-2.0 */
/* /proc as programs read it. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>

static const char *field(const char *file, const char *name)
{
    static char line[512];
    const char *text = get_file(file);
    size_t length = strlen(name);
    for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (strncmp(p, name, length) == 0 && p[length] == ':') {
            p += length + 1;
            while (*p == ' ' || *p == '\t')
                p++;
            snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
            return line;
        }
    FAIL("%s has no %s", file, name);
}

CASE(self)
{
    char text[64], wanted[64];
    ssize_t n = OK(readlink("/proc/self", text, sizeof(text) - 1));
    text[n] = 0;
    snprintf(wanted, sizeof(wanted), "%d", getpid());
    STR(text, wanted);
    n = OK(readlink("/proc/thread-self", text, sizeof(text) - 1));
    text[n] = 0;
    snprintf(wanted, sizeof(wanted), "%d/task/%d", getpid(), gettid());
    STR(text, wanted);
    snprintf(wanted, sizeof(wanted), "/proc/%d/status", getpid());
    EQ(access(wanted, R_OK), 0);
    ERR(access("/proc/999999", F_OK), ENOENT);
}

CASE(status)
{
    EQ(atoi(field("/proc/self/status", "Pid")), getpid());
    EQ(atoi(field("/proc/self/status", "PPid")), getppid());
    EQ(atoi(field("/proc/self/status", "Uid")), getuid());
    EQ(atoi(field("/proc/self/status", "Threads")), 1);
    EQ(atoi(field("/proc/self/status", "Tgid")), getpid());
    CHECK(atoi(field("/proc/self/status", "VmRSS")) > 100);
    CHECK(atoi(field("/proc/self/status", "VmSize")) > 100);
    STR(field("/proc/self/status", "Name"), "proc");
    say("state %s", field("/proc/self/status", "State"));
}

CASE(stat)
{
    int pid, ppid, pgrp, session;
    char name[32], state;
    EQ(sscanf(get_file("/proc/self/stat"), "%d (%31[^)]) %c %d %d %d", &pid, name, &state, &ppid,
              &pgrp, &session),
       6);
    EQ(pid, getpid());
    STR(name, "proc");
    EQ(state, 'R');
    EQ(ppid, getppid());
    EQ(pgrp, getpgrp());
    EQ(session, getsid(0));
    int fields = 0;
    for (const char *p = get_file("/proc/self/stat"); *p; p++)
        fields += *p == ' ';
    EQ(fields, 51);
    pid_t child = CHILD(_exit(0));
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/stat", child);
    UNTIL(strstr(get_file(path), ") Z "));
    JOIN(child);
    ERR(open(path, O_RDONLY), ENOENT);
}

CASE(command_line)
{
    char text[512];
    int fd = OK(open("/proc/self/cmdline", O_RDONLY));
    ssize_t n = OK(read(fd, text, sizeof(text)));
    CHECK(n > 5);
    EQ(text[n - 1], 0);
    STR(text + n - 13, "command_line");
    fd = OK(open("/proc/self/environ", O_RDONLY));
    n = OK(read(fd, text, sizeof(text)));
    CHECK(memmem(text, (size_t)n, "PATH=/usr/bin:/bin", 19));
}

CASE(descriptors)
{
    char path[64], target[256];
    put_file("f", "x");
    int fd = OK(open("f", O_RDWR)), fds[2];
    OK(pipe(fds));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t n = OK(readlink(path, target, sizeof(target) - 1));
    target[n] = 0;
    STR(strrchr(target, '/'), "/f");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
    n = OK(readlink(path, target, sizeof(target) - 1));
    target[n] = 0;
    CHECK(strncmp(target, "pipe:[", 6) == 0);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    OK(lseek(fd, 1, SEEK_SET));
    STR(field(path, "pos"), "1");
    OK(unlink("f"));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = OK(readlink(path, target, sizeof(target) - 1));
    target[n] = 0;
    CHECK(strstr(target, "/f (deleted)"));
    DIR *dir = opendir("/proc/self/fd");
    int seen = 0;
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            CHECK(fcntl(atoi(e->d_name), F_GETFD) >= 0);
            seen++;
        }
    for (int i = 0; i < 1024; i++)
        seen -= fcntl(i, F_GETFD) >= 0;
    EQ(seen, 0);
    closedir(dir);
    EQ(access("/dev/fd/0", F_OK), 0);
    EQ(access("/dev/stdin", F_OK), 0);
}

CASE(links)
{
    char target[256];
    ssize_t n = OK(readlink("/proc/self/exe", target, sizeof(target) - 1));
    target[n] = 0;
    STR(strrchr(target, '/'), "/proc");
    char cwd[256];
    CHECK(getcwd(cwd, sizeof(cwd)));
    n = OK(readlink("/proc/self/cwd", target, sizeof(target) - 1));
    target[n] = 0;
    STR(target, cwd);
    n = OK(readlink("/proc/self/root", target, sizeof(target) - 1));
    target[n] = 0;
    STR(target, "/");
    put_file("f", "through");
    STR(get_file("/proc/self/cwd/f"), "through");
}

CASE(maps)
{
    char *p = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(mprotect(p + 4096, 4096, PROT_NONE));
    static char text[262144];
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps);
    unsigned long from, to, last = 0;
    char permissions[5], line[512];
    bool stack = false, found = false, exe = false;
    while (fgets(line, sizeof(line), maps)) {
        EQ(sscanf(line, "%lx-%lx %4s", &from, &to, permissions), 3);
        CHECK(from >= last && to > from);
        last = to;
        stack |=
            strstr(line, "[stack]") && (unsigned long)&line >= from && (unsigned long)&line < to;
        found |= from == (unsigned long)p + 4096 && to == (unsigned long)p + 8192 &&
                 strcmp(permissions, "---p") == 0;
        exe |= strstr(line, "/proc\n") && (unsigned long)text < to && strchr(permissions, 'r');
    }
    fclose(maps);
    CHECK(stack);
    CHECK(found);
    CHECK(exe);
}

static void *wait_for_end(void *argument)
{
    UNTIL(*(volatile int *)argument);
    return NULL;
}

CASE(tasks)
{
    pthread_t thread;
    volatile int end = 0;
    ZERO(pthread_create(&thread, NULL, wait_for_end, (void *)&end));
    DIR *dir = opendir("/proc/self/task");
    int seen = 0;
    for (struct dirent *e; (e = readdir(dir));)
        seen += e->d_name[0] != '.';
    closedir(dir);
    EQ(seen, 2);
    EQ(atoi(field("/proc/self/status", "Threads")), 2);
    end = 1;
    ZERO(pthread_join(thread, NULL));
}

CASE(system)
{
    CHECK(strtol(field("/proc/meminfo", "MemTotal"), NULL, 10) > 1000);
    CHECK(strtol(field("/proc/meminfo", "MemAvailable"), NULL, 10) > 100);
    CHECK(strstr(get_file("/proc/cpuinfo"), "model name"));
    CHECK(strncmp(get_file("/proc/stat"), "cpu ", 4) == 0);
    CHECK(strstr(get_file("/proc/stat"), "\nbtime "));
    CHECK(strncmp(get_file("/proc/version"), "Linux version ", 14) == 0);
    CHECK(strtod(get_file("/proc/uptime"), NULL) > 0);
    double a, b, c;
    EQ(sscanf(get_file("/proc/loadavg"), "%lf %lf %lf", &a, &b, &c), 3);
    CHECK(strstr(get_file("/proc/mounts"), " /proc proc "));
    CHECK(strstr(get_file("/proc/filesystems"), "proc"));
    CHECK(strstr(get_file("/proc/self/mountinfo"), " / "));
    CHECK(atoi(get_file("/proc/sys/kernel/pid_max")) > 100);
    CHECK(strlen(get_file("/proc/sys/kernel/hostname")) > 0);
    STR(get_file("/proc/sys/kernel/ostype"), "Linux\n");
    EQ(strlen(get_file("/proc/sys/kernel/random/uuid")), 37);
}

CASE(rest_of_self)
{
    CHECK(strstr(get_file("/proc/self/limits"), "Max open files"));
    long size, resident;
    EQ(sscanf(get_file("/proc/self/statm"), "%ld %ld", &size, &resident), 2);
    CHECK(size > 10 && resident > 10 && resident <= size);
    CHECK(strlen(get_file("/proc/self/cgroup")) > 0);
    CHECK(strlen(get_file("/proc/self/oom_score_adj")) > 0);
    CHECK(strlen(get_file("/proc/self/auxv")) > 0);
    CHECK(strstr(get_file("/proc/self/smaps"), "Size:"));
}

CASE(read_only)
{
    CHECK(open("/proc/version", O_WRONLY) == -1);
    CHECK(open("/proc/new", O_CREAT | O_WRONLY, 0600) == -1);
    CHECK(mkdir("/proc/new", 0700) == -1);
    CHECK(unlink("/proc/version") == -1);
    struct stat st;
    OK(stat("/proc/self/status", &st));
    EQ(st.st_size, 0);
    CHECK(S_ISREG(st.st_mode));
    OK(stat("/proc/self", &st));
    CHECK(S_ISDIR(st.st_mode));
}

CASE(small_reads)
{
    /* A file read a few bytes at a time is the same as at once. */
    char whole[4096], pieces[4096];
    int fd = OK(open("/proc/version", O_RDONLY));
    ssize_t n = OK(read(fd, whole, sizeof(whole)));
    OK(lseek(fd, 0, SEEK_SET));
    for (ssize_t i = 0; i < n; i++)
        EQ(read(fd, pieces + i, 1), 1);
    EQ(read(fd, pieces, 1), 0);
    EQ(memcmp(whole, pieces, (size_t)n), 0);
    char four[5] = {0};
    EQ(pread(fd, four, 4, 1), 4);
    STR(four, "inux");
}

CASE(list_of_processes)
{
    pid_t child = CHILD(for (;;) pause());
    DIR *dir = opendir("/proc");
    bool self = false, other = false;
    for (struct dirent *e; (e = readdir(dir));) {
        self |= atoi(e->d_name) == getpid();
        other |= atoi(e->d_name) == child;
    }
    closedir(dir);
    CHECK(self && other);
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
}

static const char *file_of(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return get_file(path);
}

/* What another process has in its memory, whatever it is doing. */
static void look_at_memory(pid_t pid, const char *address)
{
    const char *maps = file_of(pid, "maps");
    CHECK(strstr(maps, "[stack]") != NULL);
    CHECK(strstr(maps, address) != NULL);
    STR(file_of(pid, "environ"), "PATH=/usr/bin:/bin"); /* the first string */
    EQ(*(const uint64_t *)file_of(pid, "auxv") != 0, 1);
}

CASE(memory_of_others)
{
    volatile int *step = shared_memory(4096);
    char address[32];
    pid_t sleeper = CHILD({
        snprintf(
            (char *)(step + 1), 32, "%lx-",
            (unsigned long)OK(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
        *step = 1;
        for (;;)
            pause();
    });
    UNTIL(*step == 1);
    strcpy(address, (const char *)(step + 1));
    pid_t spinner = CHILD(for (;;)(void) 0);
    UNTIL(is_sleeping(sleeper));
    look_at_memory(sleeper, address);
    look_at_memory(spinner, "[stack]");
    OK(kill(sleeper, SIGSTOP));
    EQ(waitpid(sleeper, NULL, WUNTRACED), sleeper);
    look_at_memory(sleeper, address);
    OK(kill(sleeper, SIGKILL));
    JOIN_SIGNAL(sleeper, SIGKILL);
    OK(kill(spinner, SIGKILL));
    JOIN_SIGNAL(spinner, SIGKILL);
}

/* Two that look at each other, and threads that come and go. */
CASE(looking_at_each_other)
{
    volatile pid_t *other = shared_memory(4096);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = CHILD({
            UNTIL(other[1 - i] != 0);
            for (int n = 0; n < 100; n++)
                CHECK(strstr(file_of(other[1 - i], "maps"), "[stack]") != NULL);
            other[2 + i] = 1;
            UNTIL(other[2] && other[3]);
        });
        other[i] = children[i];
    }
    JOIN(children[0]);
    JOIN(children[1]);
}

CASE(memory_of_one_that_ends)
{
    for (int i = 0; i < 50; i++) {
        pid_t child = CHILD(sleep_ms(i % 3));
        char path[64];
        char text[4096];
        snprintf(path, sizeof(path), "/proc/%d/maps", child);
        int fd = open(path, O_RDONLY);
        while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
            ;
        if (fd >= 0)
            OK(close(fd));
        JOIN(child);
    }
}
