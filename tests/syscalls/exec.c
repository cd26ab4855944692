/* SPDX-License-Identifier: Apache-2.0 */
/* execve and friends, posix_spawn. */
#include "check.h"

#include <spawn.h>

/* This program again, as another case. */
#define SELF "/proc/self/exe"

static void script(const char *text)
{
    put_file("script", text);
    OK(chmod("script", 0700));
}

/* Runs it in a child and prints what it says. */
static void show(char *const argv[], char *const envp[])
{
    int fds[2];
    char text[4096];
    OK(pipe(fds));
    pid_t child = CHILD({
        OK(dup2(fds[1], 1));
        OK(close(fds[0]));
        OK(close(fds[1]));
        execve(argv[0], argv + 1, envp);
        FAIL("%s: %s", argv[0], strerror(errno));
    });
    OK(close(fds[1]));
    size_t length = 0;
    ssize_t n;
    while ((n = OK(read(fds[0], text + length, sizeof(text) - 1 - length))) > 0)
        length += (size_t)n;
    text[length] = 0;
    OK(close(fds[0]));
    say("%s(status %x)", text, wait_status(child));
}

CASE(arguments)
{
    char *argv[] = {"/bin/sh", "sh", "-c", "printf '<%s>' \"$@\"", "0", "a b", "", "*", "\n", NULL};
    char *envp[] = {NULL};
    show(argv, envp);
}

CASE(environment)
{
    char *argv[] = {"/usr/bin/env", "env", NULL};
    char *envp[] = {"A=1", "EMPTY=", "WITH SPACE=x y", NULL};
    show(argv, envp);
}

CASE(shebang)
{
    char *envp[] = {"PATH=/usr/bin:/bin", NULL};
    script("#!/bin/sh\necho \"$0\" \"$@\"\n");
    char *argv[] = {"./script", "renamed", "x", "y", NULL};
    show(argv, envp);
    script("#! /usr/bin/env  printf %s-%s: \nignored");
    char *two[] = {"./script", "script", "z", NULL};
    show(two, envp);
    script("#!/bin/sh -e\nfalse\necho not reached\n");
    show(two, envp);
    put_file("inner", "#!/bin/sh\necho inner \"$@\"\n");
    OK(chmod("inner", 0700));
    script("#!./inner\n");
    show(two, envp);
}

CASE(not_executable)
{
    char *argv[] = {"x", NULL};
    script("");
    ERR(execv("./script", argv), ENOEXEC);
    script("no interpreter here\n");
    ERR(execv("./script", argv), ENOEXEC);
    script("#!\n");
    ERR(execv("./script", argv), ENOEXEC);
    script("#!/no/such/interpreter\n");
    ERR(execv("./script", argv), ENOENT);
    script("\177ELF");
    ERR(execv("./script", argv), ENOEXEC);
    script("#!./script\n");
    ERR(execv("./script", argv), ELOOP);
    ERR(execv("", argv), ENOENT);
    ERR(execv(BAD_POINTER, argv), EFAULT);
    ERR(execve("/bin/sh", BAD_POINTER, NULL), EFAULT);
    OK(chmod("script", 0600));
    ERR(execv("./script", argv), EACCES);
    ERR(execv("/tmp", argv), EACCES);
}

CASE(foreign_elf)
{
    /* The header of this program with another machine, and as a 32-bit one. */
    unsigned char header[4096];
    int fd = OK(open(SELF, O_RDONLY));
    EQ(read(fd, header, sizeof(header)), sizeof(header));
    char *argv[] = {"x", NULL};
    header[18] = 183; /* EM_AARCH64 */
    int out = OK(open("foreign", O_CREAT | O_WRONLY, 0700));
    EQ(write(out, header, sizeof(header)), sizeof(header));
    OK(close(out));
    ERR(execv("./foreign", argv), ENOEXEC);
}

CASE(argument_limits)
{
    /* One argument of more than 32 pages, and too much altogether. */
    size_t size = 140000;
    char *big = malloc(size);
    memset(big, 'x', size);
    big[size - 1] = 0;
    char *argv[] = {"sh", big, NULL};
    ERR(execv("/bin/sh", argv), E2BIG);
    big[100000] = 0;
    static char *many[200];
    for (int i = 0; i < 199; i++)
        many[i] = big;
    ERR(execv("/bin/sh", many), E2BIG);
    /* A megabyte is fine. */
    many[0] = "sh";
    many[1] = "-c";
    many[2] = "exit $#";
    many[13] = NULL;
    JOIN_STATUS(CHILD(execv("/bin/sh", many)), 9);
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(signals_over_exec)
{
    /* Handlers go, ignored stays, the mask and pending signals stay. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    handle(SIGUSR1, count, 0);
    signal(SIGUSR2, SIG_IGN);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(raise(SIGTERM));
    char *argv[] = {"/bin/grep",         "grep", "-E", "Sig(Blk|Ign|Cgt)|ShdPnd",
                    "/proc/self/status", NULL};
    char *envp[] = {NULL};
    show(argv, envp);
    JOIN_SIGNAL(CHILD(execl("/bin/sh", "sh", "-c", "kill -USR1 $$", NULL)), SIGUSR1);
    JOIN(CHILD(execl("/bin/sh", "sh", "-c", "kill -USR2 $$; exit 0", NULL)));
}

CASE(identity_over_exec)
{
    pid_t child = CHILD({
        char script_text[64];
        snprintf(script_text, sizeof(script_text), "[ $$ = %d ] && [ $PPID = %d ]", getpid(),
                 getppid());
        execl("/bin/sh", "sh", "-c", script_text, NULL);
    });
    JOIN(child);
    OK(mkdir("d", 0700));
    put_file("d/here", "");
    JOIN(CHILD(OK(chdir("d")); execl("/bin/sh", "sh", "-c", "[ -e here ]", NULL)));
    JOIN(CHILD(umask(077); execl("/bin/sh", "sh", "-c", "[ `umask` = 0077 ]", NULL)));
}

CASE(execveat)
{
    char *argv[] = {"sh", "-c", "exit 4", NULL}, *envp[] = {NULL};
    int dir = OK(open("/bin", O_PATH)), fd = OK(open("/bin/sh", O_PATH | O_CLOEXEC));
    JOIN_STATUS(CHILD(syscall(SYS_execveat, dir, "sh", argv, envp, 0)), 4);
    JOIN_STATUS(CHILD(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH)), 4);
    JOIN_STATUS(CHILD(fexecve(fd, argv, envp)), 4);
    ERR(syscall(SYS_execveat, fd, "", argv, envp, 0), ENOENT);
    ERR(syscall(SYS_execveat, 999, "sh", argv, envp, 0), EBADF);
    OK(symlink("/bin/sh", "link"));
    ERR(syscall(SYS_execveat, AT_FDCWD, "link", argv, envp, AT_SYMLINK_NOFOLLOW), ELOOP);
}

CASE(spawn)
{
    pid_t child;
    char *argv[] = {"sh", "-c", "cat <&5; echo $X; exit 6", NULL};
    char *envp[] = {"X=spawned", "PATH=/bin:/usr/bin", NULL};
    put_file("in", "from file\n");
    posix_spawn_file_actions_t actions;
    ZERO(posix_spawn_file_actions_init(&actions));
    ZERO(posix_spawn_file_actions_addopen(&actions, 5, "in", O_RDONLY, 0));
    ZERO(posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT, 0600));
    ZERO(posix_spawn(&child, "/bin/sh", &actions, NULL, argv, envp));
    JOIN_STATUS(child, 6);
    const char *out = get_file("out");
    CHECK(strncmp(out, "from file\n", 10) == 0);
    CHECK(strstr(out, "\nspawned\n"));
    EQ(posix_spawn(&child, "/no/such/program", NULL, NULL, argv, envp), ENOENT);
    ZERO(posix_spawnp(&child, "sh", NULL, NULL, argv, envp));
    JOIN_STATUS(child, 6);
}

CASE(spawn_attributes)
{
    pid_t child;
    char *argv[] = {"sh", "-c", "kill -TERM $$; exit 1", NULL}, *envp[] = {NULL};
    posix_spawnattr_t attributes;
    sigset_t set;
    signal(SIGTERM, SIG_IGN);
    ZERO(posix_spawnattr_init(&attributes));
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    ZERO(posix_spawnattr_setsigdefault(&attributes, &set));
    ZERO(posix_spawnattr_setpgroup(&attributes, 0));
    ZERO(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    ZERO(posix_spawn(&child, "/bin/sh", NULL, &attributes, argv, envp));
    JOIN_SIGNAL(child, SIGTERM);
}

CASE(text_busy)
{
    /* A program that is open for writing cannot be run. */
    char *argv[] = {"x", NULL};
    int fd = OK(open("copy", O_CREAT | O_RDWR, 0700));
    char header[4096];
    int self = OK(open(SELF, O_RDONLY));
    EQ(read(self, header, sizeof(header)), sizeof(header));
    EQ(write(fd, header, sizeof(header)), sizeof(header));
    ERR(execv("./copy", argv), ETXTBSY);
}

CASE(shared_after_failed_exec)
{
    /* A failed exec changes nothing. */
    char *argv[] = {"x", NULL};
    int fd = OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    handle(SIGUSR1, count, 0);
    ERR(execv("/no/such", argv), ENOENT);
    EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    OK(raise(SIGUSR1));
    EQ(signals, 1);
}

CASE(many_in_turn)
{
    for (int i = 0; i < 30; i++)
        JOIN(CHILD(execl("/bin/true", "true", NULL)));
}
