/* SPDX-License-Identifier: Apache-2.0 */
/* usage: syscall_table [-m MILLISECONDS] [NAME...]
 *
 * Prints a line `NAME<tab>NANOSECONDS` for each row (or those named), or `NAME<tab>failed: WHY`. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/table/table.h"

#define ROW_LIMIT_SECONDS 10

static const struct row *const groups[] = {call_rows,   file_rows,    memory_rows, pipe_rows,
                                           socket_rows, process_rows, signal_rows};
static char ram_template[200];
const char *ram_dir = ram_template;

/* Set in a row's process only: where die() says why. */
static int report_fd = -1;

noreturn void die(const char *what)
{
    char text[200];
    int length = snprintf(text, sizeof text, "failed: %s: %s", what, strerror(errno));

    if (report_fd < 0) {
        fprintf(stderr, "syscall_table: %s\n", text);
        exit(1);
    }
    if (write(report_fd, text, (size_t)length) != length)
        _exit(2);
    _exit(1);
}

const char *ram_path(const char *name)
{
    static char path[300];

    snprintf(path, sizeof path, "%s/%s", ram_dir, name);
    return path;
}

void start_child(void (*body)(void))
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        _exit(0);
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_of(const struct row *row, long count)
{
    double begun = now();

    row->run(count);
    return now() - begun;
}

/* Nanoseconds of one operation. The runs that find out how many fit into the time also warm up. */
static double measure(const struct row *row, double wanted)
{
    long count = 1;
    double took = time_of(row, count);

    while (took < wanted / 8) {
        count *= 2;
        took = time_of(row, count);
    }
    count = (long)((double)count * wanted / took) + 1;
    return time_of(row, count) / (double)count;
}

/* The process of one row. */
static void run_row(const struct row *row, double wanted, int fd)
{
    report_fd = fd;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(ROW_LIMIT_SECONDS);
    if (row->setup)
        row->setup();
    dprintf(fd, "%.1f", measure(row, wanted));
    _exit(0);
}

static void report_row(const struct row *row, double wanted)
{
    char text[256];
    ssize_t length;
    int channel[2], status;
    pid_t pid;

    MUST(pipe2(channel, O_CLOEXEC));
    pid = fork();
    MUST(pid);
    if (pid == 0) {
        /* A group of its own, so that what the row started can be ended with it. */
        setpgid(0, 0);
        close(channel[0]);
        run_row(row, wanted, channel[1]);
    }
    close(channel[1]);
    MUST(waitpid(pid, &status, 0));
    kill(-pid, SIGKILL);
    length = read(channel[0], text, sizeof text - 1);
    close(channel[0]);
    text[length > 0 ? length : 0] = 0;
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "failed: %s", strsignal(WTERMSIG(status)));
    printf("%s\t%s\n", row->name, text);
    fflush(stdout);
}

static int is_wanted(const char *name, char **names)
{
    if (!*names)
        return 1;
    for (; *names; names++) {
        if (!strcmp(*names, name))
            return 1;
    }
    return 0;
}

static void clean_up(void)
{
    static const char *const made[] = {"file", "new", "socket"};

    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(ram_path(made[i]));
    rmdir(ram_dir);
}

int main(int argc, char **argv)
{
    const char *ram = getenv("BENCH_RAM");
    double wanted = 40e6;
    int option;

    while ((option = getopt(argc, argv, "m:")) >= 0) {
        if (option != 'm') {
            fprintf(stderr, "usage: syscall_table [-m MILLISECONDS] [NAME...]\n");
            return 2;
        }
        wanted = atof(optarg) * 1e6;
    }
    snprintf(ram_template, sizeof ram_template, "%s/bench.XXXXXX", ram ? ram : "/dev/shm");
    if (!mkdtemp(ram_template))
        die(ram_template);
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        for (const struct row *row = groups[g]; row->name; row++) {
            if (is_wanted(row->name, argv + optind))
                report_row(row, wanted);
        }
    }
    clean_up();
    return 0;
}
