/* SPDX-License-Identifier: Apache-2.0 */
/* Every system call number, from the library OS's code and from the program's own: what gets
 * through is what the jail's table says, no more and no less. Arguments are checked against the
 * table too. */
#include "kernel/jail/filter.h"
#include "tests/jail/hostile.h"

#include <asm/unistd.h>
#include <stdio.h>

#define NUMBERS     1024
#define X32_BIT     0x40000000
#define RANDOM_RUNS 20000

struct outcome {
    bool from_library, from_own, from_x32;
};
static struct outcome passed[NUMBERS];

/* Calls that would end this process or never return, given the table allows them: not made. They
 * are counted, so that the number of what was tried is right. */
static bool fatal(long nr)
{
    return nr == __NR_exit || nr == __NR_exit_group || nr == __NR_rt_sigreturn;
}

/* The host kernel's own uprobe trampolines use these numbers; it lets them past every seccomp
 * filter (since 6.11 and 6.18) and refuses them to anybody else. */
static bool past_every_filter(long nr)
{
    return nr == 335 || nr == 336;
}

/* Arguments that make every permitted call fail or do nothing: low addresses, no length. */
static void harmless_arguments(long nr, long a[6])
{
    for (int i = 0; i < 6; i++)
        a[i] = 0;
    if (nr == __NR_munmap || nr == __NR_mprotect || nr == __NR_mremap || nr == __NR_mmap ||
        nr == __NR_madvise)
        a[0] = 1; /* not a page's address: EINVAL */
    if (nr == __NR_close)
        a[0] = 9999;
    if (nr == __NR_rt_sigprocmask || nr == __NR_rt_sigaction || nr == __NR_sigaltstack)
        a[0] = 0, a[3] = 1;
    if (nr == __NR_arch_prctl)
        a[0] = -1;
    if (nr == __NR_clone)
        a[0] = -1;
    if (nr == __NR_futex)
        a[1] = -1;
}

static const struct filter_row *row_of(long nr)
{
    for (uint32_t i = 0; i < filter_row_count; i++)
        if ((long)filter_rows[i].nr == nr)
            return &filter_rows[i];
    return NULL;
}

static bool check_holds(const struct filter_check *c, const long a[6])
{
    uint32_t value = (uint32_t)a[c->arg];
    switch (c->kind) {
    case CHECK_ANY: return true;
    case CHECK_NO_BITS: return (value & c->mask) == 0;
    case CHECK_ONE_OF:
        for (uint32_t i = 0; i < c->count; i++)
            if ((value & ~c->mask) == c->set[i])
                return true;
        return false;
    }
    return false;
}

static bool table_permits(long nr, const long a[6])
{
    const struct filter_row *row = row_of(nr);
    return row && check_holds(&row->check, a);
}

static void try_number(long nr)
{
    bool refused;
    long a[6];
    harmless_arguments(nr, a);
    if (!fatal(nr)) {
        host_call(nr, a[0], a[1], a[2], a[3], a[4], a[5], &refused);
        passed[nr].from_library = !refused;
    }
    own_call(nr, a[0], a[1], a[2], a[3], a[4], a[5], &refused);
    passed[nr].from_own = !refused;
    host_call(nr | X32_BIT, a[0], a[1], a[2], a[3], a[4], a[5], &refused);
    passed[nr].from_x32 = !refused;
}

static int report_numbers(void)
{
    int wrong = 0, through = 0;
    for (long nr = 0; nr < NUMBERS; nr++) {
        long a[6];
        harmless_arguments(nr, a);
        bool expected = table_permits(nr, a) && !fatal(nr);
        if (past_every_filter(nr))
            continue;
        through += passed[nr].from_library;
        if (passed[nr].from_library != expected || passed[nr].from_own || passed[nr].from_x32) {
            printf("number %ld: library %d (table %d), own code %d, x32 %d\n", nr,
                   passed[nr].from_library, expected, passed[nr].from_own, passed[nr].from_x32);
            wrong++;
        }
    }
    printf("%d numbers, %d reached the host, %d against the table\n", NUMBERS, through, wrong);
    return wrong;
}

/* Random arguments for the calls whose arguments are checked, in forms that do no harm if they
 * pass. */
static const long checked_numbers[] = {__NR_futex, __NR_madvise, __NR_mmap, __NR_arch_prctl,
                                       __NR_membarrier};

static void random_arguments(long nr, long a[6], uint64_t *state)
{
    harmless_arguments(nr, a);
    long value = (long)(next_random(state) & 3 ? next_random(state) % 64 : next_random(state));
    switch (nr) {
    case __NR_futex:
        a[0] = 1; /* misaligned: EINVAL */
        a[1] = value;
        break;
    case __NR_madvise: a[2] = value; break;
    case __NR_mmap: a[3] = (long)(next_random(state)), a[1] = 0; break;
    case __NR_arch_prctl: a[0] = next_random(state) & 1 ? 0x1000 + value : value, a[1] = -1; break;
    case __NR_membarrier: a[0] = value, a[1] = 1; break;
    }
}

static long wrong_arguments, first_wrong_nr, first_wrong[6];

/* arch_prctl would really move the segment bases: its permitted values are left out. */
static bool harmful(long nr, const long a[6])
{
    return nr == __NR_arch_prctl && table_permits(nr, a);
}

static void try_arguments(void)
{
    uint64_t state = 88172645463325252ull;
    for (int i = 0; i < RANDOM_RUNS; i++) {
        long nr = checked_numbers[i % 5], a[6];
        bool refused;
        random_arguments(nr, a, &state);
        if (harmful(nr, a))
            continue;
        host_call(nr, a[0], a[1], a[2], a[3], a[4], a[5], &refused);
        if (refused == table_permits(nr, a) && wrong_arguments++ == 0) {
            first_wrong_nr = nr;
            for (int k = 0; k < 6; k++)
                first_wrong[k] = a[k];
        }
    }
}

int main(void)
{
    hostile_begin();
    for (long nr = 0; nr < NUMBERS; nr++)
        try_number(nr);
    try_arguments();
    hostile_end();
    int wrong = report_numbers();
    printf("%d calls with random arguments, %ld against the table\n", RANDOM_RUNS, wrong_arguments);
    if (wrong_arguments)
        printf("first: call %ld (%lx, %lx, %lx, %lx)\n", first_wrong_nr, first_wrong[0],
               first_wrong[1], first_wrong[2], first_wrong[3]);
    return wrong || wrong_arguments ? 1 : 0;
}
