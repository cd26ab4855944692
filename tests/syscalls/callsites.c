/* SPDX-License-Identifier: Apache-2.0 */
/* System call instructions in text that is mapped from files: used often, replaced, mapped again.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

#define OFTEN 8
#define PLACE ((void *)0x200000000)

typedef long call_fn(void);

/* mov $call, %eax; nop; syscall; cmp $-4095, %rax; ret, so that the two halves are apart. */
static size_t distant_code(unsigned char *to, unsigned call)
{
    static const unsigned char code[] = {0xb8, 0,    0,    0,    0,    0x90, 0x0f, 0x05,
                                         0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0xc3};

    memcpy(to, code, sizeof(code));
    memcpy(to + 1, &call, sizeof(call));
    return sizeof(code);
}

/* mov $call, %eax; syscall; ret */
static size_t close_code(unsigned char *to, unsigned call)
{
    static const unsigned char code[] = {0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3};

    memcpy(to, code, sizeof(code));
    memcpy(to + 1, &call, sizeof(call));
    return sizeof(code);
}

static void write_text(const char *name, const unsigned char *page)
{
    int fd = OK(open(name, O_CREAT | O_TRUNC | O_RDWR, 0700));

    EQ(write(fd, page, 4096), 4096);
    OK(close(fd));
}

static unsigned char *map_text(const char *name)
{
    int fd = OK(open(name, O_RDONLY));
    void *at = mmap(PLACE, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);

    CHECK(at == PLACE);
    OK(close(fd));
    return at;
}

static void call_often(unsigned char *at, long expected)
{
    for (int i = 0; i < OFTEN; i++)
        EQ(((call_fn *)(void *)at)(), expected);
}

CASE(replaced)
{
    unsigned char page[4096] = {0};

    close_code(page + 16, SYS_getpid);
    distant_code(page + 256, SYS_getppid);
    write_text("one", page);
    close_code(page + 16, SYS_getuid);
    distant_code(page + 256, SYS_getgid);
    write_text("two", page);
    for (int round = 0; round < 6; round++) {
        unsigned char *at = map_text(round % 2 ? "two" : "one");

        call_often(at + 16, round % 2 ? (long)getuid() : getpid());
        call_often(at + 256, round % 2 ? (long)getgid() : getppid());
        if (round % 3)
            OK(munmap(at, 4096));
        else
            CHECK(mmap(at, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at &&
                  munmap(at, 4096) == 0);
    }
}

static sigjmp_buf back;

static void on_illegal(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}

/* What was the middle of a site is an illegal instruction now. */
CASE(illegal_where_a_site_was)
{
    unsigned char page[4096] = {0};
    unsigned char *at;

    distant_code(page + 256, SYS_getpid);
    write_text("site", page);
    memset(page, 0x06, sizeof(page));
    page[256 + 14] = 0xc3; /* where the cmp went on */
    write_text("illegal", page);
    at = map_text("site");
    call_often(at + 256, getpid());
    OK(munmap(at, 4096));
    at = map_text("illegal");
    handle(SIGILL, on_illegal, 0);
    if (sigsetjmp(back, 1) == 0) {
        ((call_fn *)(void *)(at + 256 + 8))();
        FAIL("the illegal instruction ran");
    }
}

static int in_child(long (*body)(void))
{
    int status;
    pid_t child = OK(fork());

    if (child == 0)
        _exit(body() == 0 ? 0 : 1);
    EQ(waitpid(child, &status, 0), child);
    return status;
}

static long use(unsigned offset, long expected)
{
    unsigned char *at = map_text("text");

    for (int i = 0; i < OFTEN; i++) {
        if (((call_fn *)(void *)(at + offset))() != expected)
            return 1;
    }
    return 0;
}

static long use_uid(void)
{
    return use(32, getuid());
}

static long use_parent(void)
{
    return use(32, getppid());
}

/* What one process learned of a file does not hold for the next once the file is another. */
CASE(changed_between_processes)
{
    unsigned char page[4096];

    for (int round = 0; round < 4; round++) {
        memset(page, 0x90, sizeof(page));
        if (round % 2)
            distant_code(page + 32, SYS_getppid);
        else
            close_code(page + 32, SYS_getuid);
        write_text("text", page);
        for (int i = 0; i < 3; i++)
            EQ(in_child(round % 2 ? use_parent : use_uid), 0);
    }
}

/* Many sites of one page, each used once by each of many processes. */
static long use_all(void)
{
    unsigned char *at = map_text("text");

    for (int i = 0; i < 40; i++) {
        if (((call_fn *)(void *)(at + i * 64))() != (long)getuid())
            return 1;
    }
    return 0;
}

CASE(many_in_a_page)
{
    unsigned char page[4096] = {0};

    for (int i = 0; i < 40; i++) {
        if (i % 2)
            distant_code(page + i * 64, SYS_getuid);
        else
            close_code(page + i * 64, SYS_getuid);
    }
    write_text("text", page);
    for (int i = 0; i < 8; i++)
        EQ(in_child(use_all), 0);
}
