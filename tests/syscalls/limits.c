/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits and usage, scheduling, prctl, names and figures of the system. */
#include "check.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

CASE(limits)
{
    struct rlimit l, old;
    for (int r = 0; r < RLIM_NLIMITS; r++) {
        OK(getrlimit((__rlimit_resource_t)r, &l));
        CHECK(l.rlim_cur <= l.rlim_max);
    }
    OK(getrlimit(RLIMIT_STACK, &old));
    l.rlim_cur = 1 << 20;
    l.rlim_max = old.rlim_max;
    OK(setrlimit(RLIMIT_STACK, &l));
    OK(getrlimit(RLIMIT_STACK, &l));
    EQ(l.rlim_cur, 1 << 20);
    JOIN(CHILD(OK(getrlimit(RLIMIT_STACK, &l)); EQ(l.rlim_cur, 1 << 20)));
    l.rlim_cur = 10;
    l.rlim_max = 5;
    ERR(setrlimit(RLIMIT_NOFILE, &l), EINVAL);
    ERR(getrlimit(99, &l), EINVAL);
    l.rlim_cur = l.rlim_max = 100;
    OK(setrlimit(RLIMIT_NOFILE, &l));
    l.rlim_max = 200;
    ERR(setrlimit(RLIMIT_NOFILE, &l), EPERM);
    OK(prlimit(getpid(), RLIMIT_NOFILE, NULL, &l));
    EQ(l.rlim_max, 100);
    OK(prlimit(0, RLIMIT_CORE, &(struct rlimit){0, 0}, &old));
    ERR(prlimit(999999, RLIMIT_CORE, NULL, &l), ESRCH);
    ERR(syscall(SYS_getrlimit, RLIMIT_CORE, BAD_POINTER), EFAULT);
}

CASE(cpu_limit)
{
    JOIN_SIGNAL(CHILD({
                    struct rlimit l = {1, 2};
                    OK(setrlimit(RLIMIT_CPU, &l));
                    for (volatile unsigned i = 0;; i++)
                        ;
                }),
                SIGXCPU);
}

CASE(usage)
{
    struct rusage u;
    OK(getrusage(RUSAGE_SELF, &u));
    CHECK(u.ru_maxrss > 100);
    struct timespec used;
    do
        OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used));
    while (used.tv_sec == 0 && used.tv_nsec < 60000000);
    OK(getrusage(RUSAGE_SELF, &u));
    CHECK(u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec > 40000);
    OK(getrusage(RUSAGE_THREAD, &u));
    OK(getrusage(RUSAGE_CHILDREN, &u));
    EQ(u.ru_utime.tv_sec + u.ru_utime.tv_usec, 0);
    ERR(getrusage(99, &u), EINVAL);
    ERR(syscall(SYS_getrusage, RUSAGE_SELF, BAD_POINTER), EFAULT);
}

CASE(affinity)
{
    cpu_set_t set, none;
    CPU_ZERO(&set);
    OK(sched_getaffinity(0, sizeof(set), &set));
    CHECK(CPU_COUNT(&set) >= 1);
    EQ(sysconf(_SC_NPROCESSORS_ONLN) >= CPU_COUNT(&set), 1);
    OK(sched_setaffinity(0, sizeof(set), &set));
    CPU_ZERO(&none);
    ERR(sched_setaffinity(0, sizeof(none), &none), EINVAL);
    ERR(sched_getaffinity(999999, sizeof(set), &set), ESRCH);
    ERR(syscall(SYS_sched_getaffinity, 0, 1, &set), EINVAL);
    unsigned cpu, node;
    OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 4096);
    OK(sched_getcpu());
}

CASE(scheduling)
{
    struct sched_param p = {0};
    OK(sched_yield());
    EQ(sched_getscheduler(0), SCHED_OTHER);
    OK(sched_getparam(0, &p));
    EQ(p.sched_priority, 0);
    OK(sched_setscheduler(0, SCHED_BATCH, &p));
    EQ(sched_getscheduler(0), SCHED_BATCH);
    EQ(sched_get_priority_max(SCHED_FIFO), 99);
    EQ(sched_get_priority_min(SCHED_FIFO), 1);
    p.sched_priority = 10;
    ERR(sched_setscheduler(0, SCHED_FIFO, &p), EPERM);
    ERR(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL);
    ERR(sched_getscheduler(999999), ESRCH);
    ERR(sched_getscheduler(-1), EINVAL);
}

/* The host's half may begin with a nice value; 19 is the most. */
static int nice_from(int begun, int more)
{
    return begun + more < 19 ? begun + more : 19;
}

CASE(nice)
{
    errno = 0;
    int begun = getpriority(PRIO_PROCESS, 0);
    CHECK(errno == 0 && begun >= 0);
    OK(setpriority(PRIO_PROCESS, 0, nice_from(begun, 5)));
    EQ(getpriority(PRIO_PROCESS, 0), nice_from(begun, 5));
    EQ(nice(2), nice_from(begun, 7));
    EQ(setpriority(PRIO_PROCESS, 0, -5), -1);
    CHECK(errno == EACCES || errno == EPERM);
    JOIN(CHILD(EQ(getpriority(PRIO_PROCESS, 0), nice_from(begun, 7))));
    ERR(getpriority(99, 0), EINVAL);
    ERR(getpriority(PRIO_PROCESS, 999999), ESRCH);
}

CASE(prctl)
{
    char name[17] = {0};
    OK(prctl(PR_SET_NAME, "a name that is longer"));
    OK(prctl(PR_GET_NAME, name));
    STR(name, "a name that is ");
    const char *comm = get_file("/proc/self/comm");
    STR(comm, "a name that is \n");
    EQ(prctl(PR_GET_DUMPABLE), 1);
    OK(prctl(PR_SET_DUMPABLE, 0));
    EQ(prctl(PR_GET_DUMPABLE), 0);
    OK(prctl(PR_SET_DUMPABLE, 1));
    int signal = 0;
    OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    OK(prctl(PR_GET_PDEATHSIG, &signal));
    EQ(signal, SIGUSR1);
    OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    EQ(prctl(PR_GET_KEEPCAPS), 0);
    ERR(prctl(99999), EINVAL);
    ERR(prctl(PR_SET_PDEATHSIG, 999), EINVAL);
    ERR(prctl(PR_SET_NAME, BAD_POINTER), EFAULT);
}

CASE(parent_death_signal)
{
    int fds[2];
    char c = 0;
    OK(pipe(fds));
    JOIN(CHILD({
        CHILD({
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            OK(sigprocmask(SIG_BLOCK, &set, NULL));
            OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
            EQ(write(fds[1], "r", 1), 1);
            EQ(sigwaitinfo(&set, NULL), SIGUSR1);
            EQ(write(fds[1], "s", 1), 1);
        });
        EQ(read(fds[0], &c, 1), 1);
    }));
    OK(close(fds[1]));
    EQ(read(fds[0], &c, 1), 1);
    EQ(c, 's');
}

CASE(subreaper)
{
    OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    JOIN(CHILD(CHILD(sleep_ms(20); EQ(getppid() == 1, 0); _exit(7))));
    int status;
    OK(wait(&status));
    EQ(WEXITSTATUS(status), 7);
}

CASE(names)
{
    struct utsname u;
    char host[256];
    OK(uname(&u));
    STR(u.sysname, "Linux");
    STR(u.machine, "x86_64");
    CHECK(u.release[0] >= '1');
    OK(gethostname(host, sizeof(host)));
    STR(host, u.nodename);
    ERR(sethostname("x", 1), EPERM);
    ERR(syscall(SYS_uname, BAD_POINTER), EFAULT);
}

CASE(figures)
{
    struct sysinfo s;
    OK(sysinfo(&s));
    CHECK(s.totalram > 0 && s.freeram <= s.totalram && s.mem_unit >= 1);
    CHECK(s.uptime >= 0);
    EQ(getpagesize(), 4096);
    CHECK(sysconf(_SC_PHYS_PAGES) > 0);
    CHECK(sysconf(_SC_OPEN_MAX) > 20);
    ERR(syscall(SYS_sysinfo, BAD_POINTER), EFAULT);
}

CASE(unknown_system_calls)
{
    ERR(syscall(499), ENOSYS);
    ERR(syscall(1000), ENOSYS);
    ERR(syscall(-1), ENOSYS);
}

CASE(privileged_calls)
{
    ERR(chroot("/"), EPERM);
    ERR(syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL), EPERM);
    ERR(syscall(SYS_reboot, 0, 0, 0, NULL), EPERM);
    ERR(syscall(SYS_swapon, "/x", 0), EPERM);
    ERR(syscall(SYS_settimeofday, &(struct timespec){0, 0}, NULL), EPERM);
}
