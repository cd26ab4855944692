/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO, found as a C library finds it, and called directly. */
#include "check.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/time.h>

static const Elf64_Ehdr *image(void)
{
    return (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
}

/* The address of a symbol of version LINUX_2.6; NULL: there is none. */
static void *find(const char *name)
{
    const Elf64_Phdr *p = (const void *)((const char *)image() + image()->e_phoff);
    unsigned long at = (unsigned long)image(), count = 0;
    const Elf64_Dyn *d = NULL;
    const Elf64_Sym *symbols = NULL;
    const Elf64_Half *versions = NULL;
    const Elf64_Verdef *defined = NULL;
    const char *names = NULL;
    for (int i = 0; i < image()->e_phnum; i++)
        if (p[i].p_type == PT_DYNAMIC)
            d = (const void *)(at + p[i].p_offset);
    for (; d->d_tag != DT_NULL; d++) {
        switch (d->d_tag) {
        case DT_SYMTAB: symbols = (const void *)(at + d->d_un.d_ptr); break;
        case DT_STRTAB: names = (const void *)(at + d->d_un.d_ptr); break;
        case DT_VERSYM: versions = (const void *)(at + d->d_un.d_ptr); break;
        case DT_VERDEF: defined = (const void *)(at + d->d_un.d_ptr); break;
        }
    }
    CHECK(symbols && names && versions && defined);
    count = (unsigned long)((const char *)names - (const char *)symbols) / sizeof(*symbols);
    for (unsigned long i = 1; i < count; i++) {
        const Elf64_Verdef *v = defined;
        if (strcmp(names + symbols[i].st_name, name) != 0)
            continue;
        while (v->vd_ndx != (versions[i] & 0x7fff) && v->vd_next)
            v = (const void *)((const char *)v + v->vd_next);
        const Elf64_Verdaux *aux = (const void *)((const char *)v + v->vd_aux);
        STR(names + aux->vda_name, "LINUX_2.6");
        return (void *)(at + symbols[i].st_value);
    }
    return NULL;
}

CASE(image)
{
    CHECK(memcmp(image(), ELFMAG, SELFMAG) == 0);
    EQ(image()->e_type, ET_DYN);
    EQ((unsigned long)image() % 4096, 0);
}

CASE(functions)
{
    long (*get)(int, struct timespec *) = find("__vdso_clock_gettime");
    long (*res)(int, struct timespec *) = find("__vdso_clock_getres");
    long (*day)(struct timeval *, struct timezone *) = find("__vdso_gettimeofday");
    time_t (*seconds)(time_t *) = find("__vdso_time");
    long (*cpu)(unsigned *, unsigned *, void *) = find("__vdso_getcpu");
    CHECK(get && res && day && seconds && cpu);
    struct timespec a, b;
    struct timeval tv;
    struct timezone zone = {1, 1};
    time_t now;
    unsigned number = 12345, node = 12345;
    for (int clock = 0; clock < 12; clock++) {
        if (clock >= 8 && clock <= 10) /* the alarms want a clock chip; 10 is none */
            continue;
        ZERO(get(clock, &a));
        CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
        ZERO(syscall(SYS_clock_gettime, clock, &b));
        CHECK(b.tv_sec - a.tv_sec <= 1 && b.tv_sec - a.tv_sec >= -1);
        ZERO(res(clock, &a));
    }
    EQ(get(10, &a), -EINVAL);
    EQ(get(99, &a), -EINVAL);
    EQ(res(99, &a), -EINVAL);
    ZERO(day(&tv, &zone));
    EQ(zone.tz_minuteswest, 0);
    now = seconds(NULL);
    CHECK(now - tv.tv_sec <= 1 && now - tv.tv_sec >= -1);
    CHECK(seconds(&now) == now);
    ZERO(day(NULL, NULL));
    ZERO(cpu(&number, &node, NULL));
    CHECK(number < 4096 && node < 4096);
    ZERO(cpu(NULL, NULL, NULL));
}

/* They are code of the program's: what they cannot write to is its fault. */
CASE(bad_pointer)
{
    long (*get)(int, struct timespec *) = find("__vdso_clock_gettime");
    JOIN_SIGNAL(CHILD(get(CLOCK_MONOTONIC, BAD_POINTER)), SIGSEGV);
    EQ(get(CLOCK_PROCESS_CPUTIME_ID, BAD_POINTER), -EFAULT);
}

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
    struct timespec t;
    (void)signal;
    clock_gettime(CLOCK_MONOTONIC, &t);
    signals++;
}

/* However deep in it they come, signals arrive, and time does not go back. */
CASE(interrupted)
{
    struct itimerval often = {{0, 1000}, {0, 1000}};
    struct timespec last, now;
    handle(SIGALRM, count_signal, 0);
    OK(setitimer(ITIMER_REAL, &often, NULL));
    OK(clock_gettime(CLOCK_MONOTONIC, &last));
    while (signals < 200) {
        OK(clock_gettime(CLOCK_MONOTONIC, &now));
        CHECK(now.tv_sec > last.tv_sec ||
              (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec));
        last = now;
    }
}
