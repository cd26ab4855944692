/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the SDK within one cell: the server is a thread, the client another. calls CASE. */
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

enum { ECHO = 1000, KEEP, DROP_IT, CAPS, PASS_ON, TWICE, NEVER };

static u32 endpoint, target, kept;

static s64 answer(void *context, struct rf_message *m, u32 resume, struct rf_message *reply)
{
    (void)context;
    switch (m->op) {
    case ECHO:
        memcpy(reply->words, m->words, sizeof(reply->words));
        memcpy(reply->room, m->data, m->data_length);
        reply->data_length = m->data_length;
        return (s64)m->badge;
    case KEEP: kept = resume; return RF_ANSWERED;
    case DROP_IT: rf_drop(resume); return RF_ANSWERED;
    case CAPS:
        reply->cap_count = m->cap_count;
        memcpy(reply->caps, m->caps, sizeof(reply->caps));
        reply->give = true;
        return 0;
    case PASS_ON: return rf_forward(resume, target, (u32)m->words[3], m) ?: RF_ANSWERED;
    case TWICE:
        expect_result(rf_reply(resume, 1, NULL), 0);
        expect_result(rf_reply(resume, 2, NULL), -EBADF);
        return RF_ANSWERED;
    default: return -EINVAL;
    }
}

static void *serve(void *ignored)
{
    (void)ignored;
    rf_serve(endpoint, answer, NULL);
    return NULL;
}

static u32 start(u64 badge)
{
    pthread_t thread;
    s64 r = rf_endpoint();

    expect(r > 0);
    endpoint = (u32)r;
    pthread_create(&thread, NULL, serve, NULL);
    r = rf_mint(endpoint, badge);
    expect(r > 0);
    return (u32)r;
}

static void case_echo(void)
{
    static char data[RF_MSG_DATA], room[RF_MSG_DATA];
    struct rf_message m = {.words = {1, 2, 3, 4}, .data = data, .room = room, .descriptor = -1};
    u32 entry = start(42);

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7);
    for (u32 length = 0; length <= RF_MSG_DATA; length = length * 3 + 1) {
        m.data_length = length;
        m.room_size = length;
        expect_result(rf_invoke(entry, ECHO, &m), 42);
        expect(m.words[0] == 1 && m.words[3] == 4 && m.received == length);
        expect(memcmp(data, room, length) == 0);
    }
    m.data_length = 10;
    m.room_size = 9;
    expect_result(rf_invoke(entry, ECHO, &m), -EMSGSIZE);
    expect(m.received == 10);
    m.data_length = RF_MSG_DATA + 1;
    expect_result(rf_invoke(entry, ECHO, &m), -EMSGSIZE);
    m.data_length = 0;
    m.cap_count = 5;
    expect_result(rf_invoke(entry, ECHO, &m), -EINVAL);
}

static void case_errors(void)
{
    u32 entry = start(1);

    expect_result(rf_call(60000, ECHO, 0, 0, 0, 0), -EBADF);
    expect_result(rf_call(0, 99, 0, 0, 0, 0), rf_in_cell() ? -EINVAL : -EBADF);
    expect_result(rf_call(entry, DROP_IT, 0, 0, 0, 0), -ECONNRESET);
    expect_result(rf_call(entry, TWICE, 0, 0, 0, 0), 1);
    expect_result(rf_call(endpoint, ECHO, 0, 0, 0, 0), -EINVAL);
    expect_result(rf_call(endpoint, RF_OP_ENDPOINT_REVOKE, 5, 0, 0, 0), -ENOENT);
    expect_result(rf_call(endpoint, RF_OP_ENDPOINT_REVOKE, 1, 0, 0, 0), 0);
    expect_result(rf_call(entry, ECHO, 0, 0, 0, 0), -ESTALE);
    s64 weaker = rf_copy(endpoint, RF_RIGHT_WRITE);
    expect(weaker > 0);
    expect_result(rf_call((u32)weaker, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -EACCES);
    rf_drop((u32)weaker);
    expect_result(rf_call((u32)weaker, RF_OP_KIND, 0, 0, 0, 0), -EBADF);
}

static void *stop_soon(void *ignored)
{
    (void)ignored;
    usleep(100000);
    rf_stop_serving(endpoint);
    rf_drop(kept); /* till here it could have answered still */
    return NULL;
}

/* Whoever waits when the endpoint ends gets one defined result. */
static void case_server_gone(void)
{
    pthread_t thread;
    u32 entry = start(1);

    pthread_create(&thread, NULL, stop_soon, NULL);
    expect_result(rf_call(entry, KEEP, 0, 0, 0, 0), -ECONNRESET);
    expect_result(rf_call(entry, ECHO, 0, 0, 0, 0), -ESTALE);
    pthread_join(thread, NULL);
}

static void *never_received(void *entry)
{
    expect_result(rf_call((u32)(u64)entry, ECHO, 0, 0, 0, 0), -ESTALE);
    return NULL;
}

static void case_not_received(void)
{
    pthread_t thread;
    s64 e = rf_endpoint(), entry = rf_mint((u32)e, 3);

    pthread_create(&thread, NULL, never_received, (void *)entry);
    usleep(100000);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_REVOKE, 3, 0, 0, 0), 0);
    pthread_join(thread, NULL);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -EAGAIN);
}

static void case_caps(void)
{
    struct rf_message m = RF_MESSAGE;
    u32 entry = start(1);
    u64 badge = 0;

    m.cap_count = 2;
    m.caps[0] = entry;
    m.caps[1] = RF_SLOT_CLOCK;
    s64 first = rf_invoke(entry, CAPS, &m);
    expect(first > 0 && m.cap_count == 2 && m.caps[0] == (u32)first);
    expect_result(rf_call(m.caps[1], RF_OP_KIND, 0, 0, 0, 0), RF_KIND_CLOCK);
    expect_result(rf_identify(endpoint, m.caps[0], &badge), 1);
    expect(badge == 1);
    expect_result(rf_identify(endpoint, m.caps[1], &badge), 0);
    m.caps[0] = 61234;
    expect_result(rf_invoke(entry, CAPS, &m), -EBADF);
    /* Nothing leaks: the table is as large after as before. */
    for (int i = 0; i < 3000; i++) {
        m = RF_MESSAGE;
        m.cap_count = 1;
        m.caps[0] = RF_SLOT_CLOCK;
        expect(rf_invoke(entry, CAPS, &m) > 0);
        rf_drop(m.caps[0]);
    }
    first = rf_copy(RF_SLOT_CLOCK, ~0u);
    expect(first > 0 && first < 1100);
}

/* The server is told once, when the last capability to the entry is gone, and not when it revoked.
 */
static void case_told(void)
{
    s64 e = rf_endpoint(), first = rf_mint_told((u32)e, 5), second = rf_copy((u32)first, ~0u);
    struct rf_message m = RF_MESSAGE;

    expect(e > 0 && first > 0 && second > 0);
    rf_drop((u32)first);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -EAGAIN);
    rf_drop((u32)second);
    m.words[0] = 1;
    expect_result(rf_invoke((u32)e, RF_OP_ENDPOINT_RECEIVE, &m), 0);
    expect(m.op == RF_OP_DROP && m.badge == 5 && m.cap_count == 0);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -EAGAIN);
    rf_drop((u32)rf_mint((u32)e, 6));
    expect(rf_mint_told((u32)e, 7) > 0);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_REVOKE, 7, 0, 0, 0), 0);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -EAGAIN);
    for (u64 badge = 10; badge < 400; badge++) /* told or not, all goes with the endpoint */
        rf_drop((u32)rf_mint_told((u32)e, badge));
    rf_stop_serving((u32)e);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 1, 0, 0, 0), -ESTALE);
}

static void case_forward(void)
{
    struct rf_message m = RF_MESSAGE;
    u32 entry = start(1);

    target = RF_SLOT_CLOCK;
    m.words[0] = CLOCK_MONOTONIC;
    m.words[3] = RF_OP_CLOCK_NOW;
    expect_result(rf_invoke(entry, PASS_ON, &m), 0);
    expect(m.words[0] > 0);
    m.words[0] = 12345;
    m.words[3] = RF_OP_CLOCK_NOW;
    expect_result(rf_invoke(entry, PASS_ON, &m), -EINVAL);
}

static void nothing(int signo)
{
    (void)signo;
}

/* And again, should it come before the call. */
static void alarm_in(long microseconds)
{
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval timer = {.it_value = {0, microseconds}, .it_interval = {0, 20000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void case_interrupted(void)
{
    sigset_t alarm_only;
    s64 e, entry;

    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL); /* threads made from here do not see it */
    entry = start(1);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    alarm_in(100000);
    expect_result(rf_call((u32)entry, KEEP, 0, 0, 0, 0), -EINTR);
    expect(kept);
    expect_result(rf_reply(kept, 1, NULL), -ESTALE);
    e = rf_endpoint();
    alarm_in(100000);
    expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 0, 0, 0, 0), -EINTR);
    for (int i = 0; i < 200; i++) { /* wherever it hits */
        alarm_in(1 + i * 3);
        expect_result(rf_call((u32)e, RF_OP_ENDPOINT_RECEIVE, 0, 0, 0, 0), -EINTR);
    }
}

static void case_killed(void)
{
    u32 entry = start(1);
    pid_t child = fork();
    int status;

    if (child == 0) {
        rf_call(entry, KEEP, 0, 0, 0, 0);
        _exit(1);
    }
    while (!__atomic_load_n(&kept, __ATOMIC_ACQUIRE))
        usleep(1000);
    kill(child, SIGKILL);
    expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    expect_result(rf_reply(kept, 1, NULL), -ESTALE);
}

static void *receive_for_ever(void *e)
{
    struct rf_message m = RF_MESSAGE;
    char room[64];

    m.room = room;
    m.room_size = sizeof(room);
    rf_invoke((u32)(u64)e, RF_OP_ENDPOINT_RECEIVE, &m);
    return NULL;
}

/* More wait than there are message buffers: the cell itself goes on. */
static void case_many_wait(void)
{
    pthread_t threads[200];
    s64 e = rf_endpoint();
    struct stat st;

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        expect(pthread_create(&threads[i], NULL, receive_for_ever, (void *)e) == 0);
    usleep(300000);
    expect(stat("/usr/bin/env", &st) == 0 && stat("/usr/lib", &st) == 0);
    expect(system("exit 0") == 0);
    exit(0); /* ends all that wait */
}

static void case_slots(void)
{
    struct rf_message m = RF_MESSAGE;
    char data[RF_MSG_DATA];
    int dir = open("/usr/bin", O_RDONLY | O_DIRECTORY), file = open("/usr/bin/env", O_RDONLY);
    int pipes[2];
    s64 slot = rf_slot_of(dir, RF_RIGHT_READ), r;

    expect(slot > 0);
    expect_result(rf_call((u32)slot, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_DIR);
    m.data = "env";
    m.data_length = 3;
    m.room = data;
    m.room_size = sizeof(data);
    expect_result(rf_invoke((u32)slot, RF_OP_DIR_LOOKUP, &m), 3);
    expect(m.received == sizeof(struct rf_attr));
    r = rf_slot_of(file, RF_RIGHT_READ | RF_RIGHT_EXEC);
    expect(r > 0);
    expect_result(rf_call((u32)r, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_FILE);
    expect(pipe(pipes) == 0);
    expect_result(rf_slot_of(pipes[0], RF_RIGHT_READ), -EOPNOTSUPP);
    expect_result(rf_slot_of(99, RF_RIGHT_READ), -EBADF);
    expect((slot = rf_slot_of(1, RF_RIGHT_ALL)) > 0);
    expect_result(rf_call((u32)slot, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_CONSOLE);
}

/* A granted descriptor is an ordinary one: mapped, copied, inherited, closed. */
static void case_map(void)
{
    int file = open("/usr/bin/env", O_RDONLY), fd;
    s64 slot = rf_slot_of(file, RF_RIGHT_READ | RF_RIGHT_EXEC);
    char head[64];
    struct stat st;
    pid_t child;
    int status;

    expect(read(file, head, sizeof(head)) == sizeof(head));
    for (int i = 0; i < 2000; i++) { /* neither descriptors nor slots leak */
        fd = (int)rf_call((u32)slot, RF_OP_FILE_MAP, RF_RIGHT_READ, 0, 0, 0);
        expect(fd > 2);
        expect(close(fd) == 0);
    }
    fd = (int)rf_call((u32)slot, RF_OP_FILE_MAP, RF_RIGHT_READ, 0, 0, 0);
    expect(fstat(fd, &st) == 0 && st.st_size > 64);
    child = fork();
    void *at = mmap(NULL, 64, PROT_READ, MAP_PRIVATE, fd, 0);
    expect(at != MAP_FAILED && memcmp(at, head, sizeof(head)) == 0);
    if (child == 0)
        _exit(0);
    expect(waitpid(child, &status, 0) == child && status == 0);
    expect(close(fd) == 0 && memcmp(at, head, sizeof(head)) == 0);
    /* It was opened for reading: whatever is wanted, this is all there is. */
    fd = (int)rf_call((u32)slot, RF_OP_FILE_MAP, RF_RIGHT_READ | RF_RIGHT_WRITE, 0, 0, 0);
    expect(fd < 0 || mmap(NULL, 64, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
}

/* Memory of the kernel's: shared by whoever maps it, read-only where that was asked for, and gone
 * for all of them when its bank wants it back. */
static void case_segment(void)
{
    struct rf_message message = RF_MESSAGE;
    s64 slot = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, 8192, 0, 0);
    int writes =
            (int)rf_call((u32)slot, RF_OP_SEGMENT_MAP, RF_RIGHT_READ | RF_RIGHT_WRITE, 0, 0, 0),
        reads = (int)rf_call((u32)slot, RF_OP_SEGMENT_MAP, RF_RIGHT_READ, 0, 0, 0), status;
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, writes, 0),
         *seen = mmap(NULL, 8192, PROT_READ, MAP_SHARED, reads, 0), bytes[6];
    pid_t child;

    expect(at != MAP_FAILED && seen != MAP_FAILED);
    expect(mmap(NULL, 8192, PROT_WRITE, MAP_SHARED, reads, 0) == MAP_FAILED);
    expect(mprotect(seen, 8192, PROT_READ | PROT_WRITE) < 0);
    expect(close(writes) == 0 && close(reads) == 0);
    memcpy(at + 5000, "shared", 6);
    expect(memcmp(seen + 5000, "shared", 6) == 0);
    message.words[0] = 5000;
    message.words[1] = sizeof(bytes);
    message.room = bytes;
    message.room_size = sizeof(bytes);
    expect(rf_invoke((u32)slot, RF_OP_SEGMENT_READ, &message) == 6);
    expect(memcmp(bytes, "shared", 6) == 0);
    message = RF_MESSAGE;
    message.caps[0] = (u32)slot;
    message.cap_count = 1;
    expect_result(rf_invoke(RF_SLOT_BANK, RF_OP_BANK_FREE, &message), 0);
    expect_result(rf_call((u32)slot, RF_OP_SEGMENT_SIZE, 0, 0, 0, 0), -ESTALE);
    child = fork();
    if (child == 0)
        _exit(seen[5000]);
    expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGBUS);
}

static void case_mount(void)
{
    int dir = open("/usr/bin", O_RDONLY | O_DIRECTORY);
    s64 slot = rf_slot_of(dir, RF_RIGHT_READ | RF_RIGHT_EXEC);

    expect_result(rf_mount((u32)slot, RF_RIGHT_READ | RF_RIGHT_EXEC, "/tmp/nowhere"), -ENOENT);
    expect(mkdir("/tmp/here", 0755) == 0);
    expect_result(rf_mount(RF_SLOT_CLOCK, RF_RIGHT_READ, "/tmp/here"), -ENODEV);
    expect_result(rf_mount((u32)slot, RF_RIGHT_READ | RF_RIGHT_EXEC, "/tmp/here"), 0);
    expect(system("/tmp/here/env true") == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"echo", case_echo},
    {"errors", case_errors},
    {"server_gone", case_server_gone},
    {"not_received", case_not_received},
    {"caps", case_caps},
    {"told", case_told},
    {"forward", case_forward},
    {"interrupted", case_interrupted},
    {"killed", case_killed},
    {"many_wait", case_many_wait},
    {"slots", case_slots},
    {"map", case_map},
    {"mount", case_mount},
    {"segment", case_segment},
};

int main(int argc, char **argv)
{
    expect(rf_open(NULL) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (argc < 2)
            puts(cases[i].name);
        else if (strcmp(argv[1], cases[i].name) == 0)
            cases[i].run();
    }
    return 0;
}
