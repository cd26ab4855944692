#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A program linked statically, and one linked dynamically, with musl.
. tests/programs/lib.sh
need musl-gcc

input main.c <<'EOF'
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int total, turns;
static __thread int own;
static volatile sig_atomic_t caught;
static void *run(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        total += ++own > 0;
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    turns++;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&lock);
    return arg;
}
static void *wait_long(void *arg)
{
    sleep(20);
    return arg;
}
static void on_signal(int n)
{
    caught = n;
}
int main(void)
{
    pthread_t threads[10], cancelled;
    for (int i = 0; i < 10; i++)
        pthread_create(&threads[i], 0, run, 0);
    pthread_mutex_lock(&lock);
    while (turns < 10)
        pthread_cond_wait(&condition, &lock);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 10; i++)
        pthread_join(threads[i], 0);
    void *result;
    pthread_create(&cancelled, 0, wait_long, 0);
    pthread_cancel(cancelled);
    pthread_join(cancelled, &result);
    printf("%d %d %d\n", total, own, result == PTHREAD_CANCELED);
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    printf("%d %s\n", caught, strsignal(SIGSEGV));
    int pair[2], status;
    pipe(pair);
    if (fork() == 0) {
        write(pair[1], "forked", 6);
        _exit(5);
    }
    char text[20] = "";
    read(pair[0], text, 6);
    wait(&status);
    printf("%s %d\n", text, WEXITSTATUS(status));
    fflush(stdout);
    pid_t pid;
    printf("%d ", posix_spawn(&pid, "/bin/echo", 0, 0, (char *[]){"echo", "spawned", 0}, environ));
    waitpid(pid, &status, 0);
    printf("%d\n", status);
    FILE *p = popen("echo popen; exit 2", "r");
    fgets(text, sizeof text, p);
    printf("%s%d\n", text, WEXITSTATUS(pclose(p)));
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    bind(server, (void *)&address, length);
    listen(server, 1);
    getsockname(server, (void *)&address, &length);
    printf("%d ", connect(client, (void *)&address, length));
    printf("%d\n", accept(server, 0, 0) > 0);
    char *map = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(map, "mapped");
    void *big = malloc(50 << 20);
    memset(big, 1, 50 << 20);
    printf("%s %d %s\n", map, big != 0, setlocale(LC_ALL, ""));
    struct timespec nap = {0, 20000000}, left;
    printf("%d %.6f %d\n", nanosleep(&nap, &left), pow(2, 0.5), getpwuid(getuid()) != 0);
    regex_t regex;
    regcomp(&regex, "m[a-z]+d", REG_EXTENDED);
    printf("%d %d\n", regexec(&regex, map, 0, 0, 0), fopen("/none", "r") == 0 && errno == ENOENT);
    return 3;
}
EOF
(cd "$input" && musl-gcc -O1 -static -o static main.c && musl-gcc -O1 -o dynamic main.c && musl-gcc -static-pie -fPIE -O1 -o pie main.c) || exit 1
for linked in static dynamic pie; do
    compare ./$linked
    passes spawned
done
