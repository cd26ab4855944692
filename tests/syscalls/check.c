/* SPDX-License-Identifier: Apache-2.0 */
/* The main program of each topic: `TOPIC --list` names its cases, `TOPIC CASE` runs one. */
#include "check.h"

#include <stdarg.h>
#include <sys/mman.h>

static struct {
    const char *name;
    void (*run)(void);
} cases[128];
static int case_count;

void register_case(const char *name, void (*run)(void))
{
    if (case_count == (int)COUNT(cases))
        abort();
    cases[case_count].name = name;
    cases[case_count++].run = run;
}

static void put_line(const char *prefix, const char *format, va_list arguments)
{
    char line[2048];
    int length = snprintf(line, sizeof(line), "%s", prefix);
    length += vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, arguments);
    if (length > (int)sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_line("", format, arguments);
    va_end(arguments);
}

void fail(const char *file, int line, const char *format, ...)
{
    char prefix[256];
    va_list arguments;
    snprintf(prefix, sizeof(prefix), "%s:%d: ", file, line);
    va_start(arguments, format);
    put_line(prefix, format, arguments);
    va_end(arguments);
    _exit(1);
}

void skip(const char *reason)
{
    say("%s", reason);
    _exit(77);
}

int wait_status(pid_t pid)
{
    int status;
    pid_t got;
    do
        got = waitpid(pid, &status, 0);
    while (got == -1 && errno == EINTR);
    if (got != pid)
        FAIL("waitpid: %s", strerror(errno));
    return status;
}

void join(const char *file, int line, pid_t pid, int status)
{
    int got = wait_status(pid) & ~0x80; /* whether it left a core does not matter */
    if (got != status)
        fail(file, line, "the child's wait status is %#x, not %#x", (unsigned)got,
             (unsigned)status);
}

void sleep_ms(int ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

long now_ms(void)
{
    struct timespec now;
    OK(clock_gettime(CLOCK_MONOTONIC, &now));
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void put_file(const char *path, const char *text)
{
    int fd = OK(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    EQ(write(fd, text, strlen(text)), strlen(text));
    OK(close(fd));
}

const char *get_file(const char *path)
{
    static char text[65536];
    size_t length = 0;
    ssize_t n;
    int fd = OK(open(path, O_RDONLY | O_CLOEXEC));
    while ((n = OK(read(fd, text + length, sizeof(text) - 1 - length))) > 0)
        length += (size_t)n;
    OK(close(fd));
    text[length] = 0;
    return text;
}

off_t file_size(const char *path)
{
    struct stat st;
    OK(stat(path, &st));
    return st.st_size;
}

void *shared_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

bool is_sleeping(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = 0;
    const char *state = strrchr(text, ')');
    return state && state[1] && state[2] == 'S';
}

void handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    OK(sigaction(signal, &action, NULL));
}

/* Whoever runs the tests may ignore signals, even those that the C library keeps for itself; a
 * cell's program starts without. The raw call, because sigaction(3) refuses the latter. */
static void reset_signals(void)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } action = {0};

    for (int signo = 1; signo <= 64; signo++)
        syscall(SYS_rt_sigaction, signo, &action, NULL, sizeof(action.mask));
}

int main(int argc, char **argv)
{
    reset_signals();
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (int i = 0; i < case_count; i++)
            printf("%s\n", cases[i].name);
        return 0;
    }
    for (int i = 0; argc == 2 && i < case_count; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            say("passed");
            return 0;
        }
    }
    fprintf(stderr, "usage: %s --list | CASE\n", argv[0]);
    return 2;
}
