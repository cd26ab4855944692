/* SPDX-License-Identifier: Apache-2.0 */
/* Anonymous memory: mmap, munmap, mprotect, mremap, madvise, mincore, locking. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096ul

static char *map(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static sigjmp_buf jump;

static void caught(int signal)
{
    siglongjmp(jump, signal);
}

/* Whether the byte can be read, and written. */
static bool readable(volatile char *p)
{
    handle(SIGSEGV, caught, 0);
    if (sigsetjmp(jump, 1))
        return false;
    (void)*p;
    return true;
}

static bool writable(volatile char *p)
{
    handle(SIGSEGV, caught, 0);
    if (sigsetjmp(jump, 1))
        return false;
    *p = *p;
    return true;
}

CASE(zeroed_and_private)
{
    char *p = map(4);
    for (size_t i = 0; i < 4 * PAGE; i++)
        EQ(p[i], 0);
    memset(p, 1, 4 * PAGE);
    JOIN(CHILD(memset(p, 2, 4 * PAGE)));
    EQ(p[5000], 1);
    OK(munmap(p, 4 * PAGE));
    CHECK(!readable(p));
}

CASE(shared)
{
    char *p = shared_memory(2 * PAGE);
    p[0] = 1;
    JOIN(CHILD(EQ(p[0], 1); p[PAGE] = 9));
    EQ(p[PAGE], 9);
    /* Also between siblings, made before the memory is touched. */
    char *q = shared_memory(PAGE);
    pid_t reader = CHILD(UNTIL(*(volatile char *)q == 3));
    JOIN(CHILD(q[0] = 3));
    JOIN(reader);
}

CASE(errors)
{
    char *p = map(1);
    EQ((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), -1);
    EQ(errno, EINVAL);
    EQ((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), -1);
    EQ(errno, EINVAL);
    EQ((long)mmap(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), -1);
    EQ(errno, EINVAL);
    EQ((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), -1);
    EQ(errno, EBADF);
    EQ((long)mmap(NULL, 1ul << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), -1);
    EQ(errno, ENOMEM);
    ERR(munmap(p + 1, PAGE), EINVAL);
    ERR(munmap(p, 0), EINVAL);
    OK(munmap(p, PAGE));
    OK(munmap(p, PAGE)); /* nothing there is fine */
    ERR(mprotect(p, PAGE, PROT_READ), ENOMEM);
    ERR(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL);
}

CASE(fixed)
{
    char *p = map(5);
    memset(p, 1, 5 * PAGE);
    char *q = mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(q == p + PAGE);
    EQ(p[PAGE - 1], 1);
    EQ(p[PAGE], 0);
    EQ(p[3 * PAGE - 1], 0);
    EQ(p[3 * PAGE], 1);
    EQ((long)mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
       -1);
    EQ(errno, EEXIST);
    OK(munmap(p + PAGE, PAGE));
    q = mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(q == p + PAGE);
    /* A hint that is free is taken. */
    OK(munmap(p + 2 * PAGE, PAGE));
    q = mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(q == p + 2 * PAGE);
    /* And one that is not is not. */
    q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(q != p && q != MAP_FAILED);
}

CASE(holes)
{
    char *p = map(10);
    OK(munmap(p + 3 * PAGE, 2 * PAGE));
    CHECK(readable(p + 3 * PAGE - 1));
    CHECK(!readable(p + 3 * PAGE));
    CHECK(!readable(p + 5 * PAGE - 1));
    CHECK(readable(p + 5 * PAGE));
    OK(munmap(p, 10 * PAGE)); /* over the hole */
    CHECK(!readable(p + 9 * PAGE));
}

CASE(protection)
{
    char *p = map(6);
    memset(p, 7, 6 * PAGE);
    OK(mprotect(p + PAGE, PAGE, PROT_READ));
    OK(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_NONE));
    CHECK(writable(p));
    CHECK(readable(p + PAGE) && !writable(p + PAGE));
    CHECK(!readable(p + 2 * PAGE));
    CHECK(writable(p + 4 * PAGE));
    OK(mprotect(p, 6 * PAGE, PROT_READ | PROT_WRITE));
    EQ(p[2 * PAGE], 7);
    CHECK(writable(p + 3 * PAGE));
    OK(munmap(p + 4 * PAGE, PAGE));
    ERR(mprotect(p, 6 * PAGE, PROT_READ), ENOMEM);
    CHECK(!writable(p)); /* up to the hole it was done */
    CHECK(writable(p + 5 * PAGE));
    ERR(mprotect(p, PAGE, 0x1000), EINVAL);
}

CASE(protection_over_fork)
{
    char *p = map(2);
    OK(mprotect(p, PAGE, PROT_READ));
    JOIN(CHILD(CHECK(!writable(p)); CHECK(writable(p + PAGE));
               OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE)); CHECK(writable(p))));
    CHECK(!writable(p));
}

CASE(system_calls_obey_protection)
{
    int fds[2];
    char *p = map(1);
    OK(pipe(fds));
    EQ(write(fds[1], "xy", 2), 2);
    OK(mprotect(p, PAGE, PROT_READ));
    ERR(read(fds[0], p, 1), EFAULT);
    EQ(write(fds[1], p, 1), 1);
    OK(mprotect(p, PAGE, PROT_NONE));
    ERR(write(fds[1], p, 1), EFAULT);
    OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
    EQ(read(fds[0], p, 1), 1);
    EQ(p[0], 'x');
}

CASE(remap_grow)
{
    char *p = map(2);
    memset(p, 5, 2 * PAGE);
    char *q = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    EQ(q[0], 5);
    EQ(q[2 * PAGE - 1], 5);
    EQ(q[2 * PAGE], 0);
    EQ(q[100 * PAGE - 1], 0);
    CHECK(q == p || !readable(p));
    p = mremap(q, 100 * PAGE, PAGE, 0);
    CHECK(p == q);
    CHECK(readable(p) && !readable(p + PAGE));
}

CASE(remap_in_place)
{
    char *p = map(10);
    OK(munmap(p + 4 * PAGE, 6 * PAGE));
    char *q = mremap(p, 4 * PAGE, 8 * PAGE, 0);
    CHECK(q == p);
    CHECK(writable(p + 7 * PAGE));
    char *wall = map(1);
    (void)wall;
    q = mmap(p + 8 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(q == p + 8 * PAGE);
    EQ((long)mremap(p, 8 * PAGE, 9 * PAGE, 0), -1);
    EQ(errno, ENOMEM);
}

CASE(remap_fixed)
{
    char *p = map(2), *target = map(4);
    memset(p, 3, 2 * PAGE);
    char *q = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
    CHECK(q == target + PAGE);
    EQ(q[100], 3);
    EQ(target[0], 0);
    CHECK(!readable(p));
    EQ((long)mremap(q + 1, PAGE, PAGE, 0), -1);
    EQ(errno, EINVAL);
    EQ((long)mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), -1);
    EQ(errno, EFAULT);
    EQ((long)mremap(q, PAGE, 0, 0), -1);
    EQ(errno, EINVAL);
    EQ((long)mremap(q, PAGE, PAGE, 0x100), -1);
    EQ(errno, EINVAL);
}

CASE(advice)
{
    char *p = map(4);
    memset(p, 9, 4 * PAGE);
    OK(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    EQ(p[PAGE], 0);
    EQ(p[0], 9);
    EQ(p[2 * PAGE], 9);
    OK(madvise(p, PAGE, MADV_WILLNEED));
    OK(madvise(p, 4 * PAGE, MADV_NORMAL));
    OK(madvise(p, PAGE, MADV_FREE));
    ERR(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
    ERR(madvise(p, PAGE, 9999), EINVAL);
    OK(munmap(p, PAGE));
    ERR(madvise(p, 2 * PAGE, MADV_DONTNEED), ENOMEM);
}

CASE(advice_wipe_on_fork)
{
    char *p = map(2);
    p[0] = p[PAGE] = 4;
    OK(madvise(p, PAGE, MADV_WIPEONFORK));
    OK(madvise(p + PAGE, PAGE, MADV_DONTFORK));
    JOIN(CHILD(EQ(p[0], 0); CHECK(!readable(p + PAGE))));
    EQ(p[0] + p[PAGE], 8);
}

CASE(mincore)
{
    unsigned char in[4];
    char *p = map(4);
    p[PAGE] = 1;
    OK(mincore(p, 4 * PAGE, in));
    EQ(in[1] & 1, 1);
    ERR(mincore(p + 1, PAGE, in), EINVAL);
    ERR(mincore(p, PAGE, BAD_POINTER), EFAULT);
    OK(munmap(p, PAGE));
    ERR(mincore(p, PAGE, in), ENOMEM);
}

CASE(locking)
{
    char *p = map(2);
    OK(mlock(p, PAGE));
    OK(munlock(p, PAGE));
    OK(mlockall(MCL_CURRENT) == 0 || errno == ENOMEM ? 0 : -1);
    OK(munlockall());
    ERR(mlockall(99), EINVAL);
}

CASE(populate_and_big)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(p != MAP_FAILED);
    EQ(p[12345], 0);
    /* Address space that is only reserved. */
    char *q = mmap(NULL, 1ul << 36, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(q != MAP_FAILED);
    OK(mprotect(q + (1ul << 35), PAGE, PROT_READ | PROT_WRITE));
    q[1ul << 35] = 1;
    OK(munmap(q, 1ul << 36));
}

CASE(many_mappings)
{
    static char *p[2000];
    for (int i = 0; i < 2000; i++) {
        p[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p[i] != MAP_FAILED);
    }
    for (int i = 0; i < 2000; i += 2)
        *p[i] = (char)i;
    JOIN(CHILD(for (int i = 0; i < 2000; i += 2) EQ(*p[i], (char)i)));
    for (int i = 0; i < 2000; i++)
        OK(munmap(p[i], PAGE));
}

CASE(grows_down_stack)
{
    /* The first stack grows on demand, far beyond what was touched. */
    volatile char big[4 << 20];
    big[0] = 1;
    big[sizeof(big) - 1] = 2;
    EQ(big[0] + big[sizeof(big) - 1], 3);
}

CASE(address_limit)
{
    struct rlimit limit = {1ul << 30, 1ul << 30};
    OK(setrlimit(RLIMIT_AS, &limit));
    CHECK(mmap(NULL, 1ul << 31, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    EQ(errno, ENOMEM);
    CHECK(map(10) != NULL);
}

CASE(execute_code)
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
    char *p =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    memcpy(p, code, sizeof(code));
    EQ(((int (*)(void))(uintptr_t)p)(), 42);
    p[1] = 43; /* code may change itself */
    EQ(((int (*)(void))(uintptr_t)p)(), 43);
    JOIN_STATUS(CHILD(_exit(((int (*)(void))(uintptr_t)p)())), 43);
}

CASE(code_with_system_call)
{
    /* A JIT may make code that calls the system: mov $39, %eax; syscall; ret. */
    static const unsigned char code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
    char *p = map(1);
    memcpy(p, code, sizeof(code));
    OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    for (int i = 0; i < 100; i++)
        EQ(((int (*)(void))(uintptr_t)p)(), getpid());
    /* And write other code over it. */
    OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
    memcpy(p, code, sizeof(code));
    p[1] = 110; /* getppid */
    OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    for (int i = 0; i < 100; i++)
        EQ(((int (*)(void))(uintptr_t)p)(), getppid());
}
