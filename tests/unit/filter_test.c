/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's seccomp filter, run on paper: an interpreter of its few instructions answers for any
 * system call. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "abi/invoke.h"
#include "kernel/jail/filter.h"

static struct sock_filter program[FILTER_MAX];
static u32 length;

static u32 run(const struct seccomp_data *data)
{
    u32 a = 0;

    for (u32 pc = 0; pc < length; pc++) {
        const struct sock_filter *i = &program[pc];
        bool taken = false;

        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const u8 *)data + i->k, 4); continue;
        case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
        case BPF_RET | BPF_K: return i->k;
        case BPF_JMP | BPF_JA: pc += i->k; continue;
        case BPF_JMP | BPF_JEQ | BPF_K: taken = a == i->k; break;
        case BPF_JMP | BPF_JGE | BPF_K: taken = a >= i->k; break;
        case BPF_JMP | BPF_JGT | BPF_K: taken = a > i->k; break;
        case BPF_JMP | BPF_JSET | BPF_K: taken = (a & i->k) != 0; break;
        default: fail_msg("instruction %#x", i->code);
        }
        pc += taken ? i->jt : i->jf;
    }
    fail_msg("the filter has no end");
    return 0;
}

static u32 answer(u64 nr, u64 ip, u64 a0, u64 a1, u64 a2, u64 a3)
{
    struct seccomp_data data = {.nr = (int)nr,
                                .arch = AUDIT_ARCH_X86_64,
                                .instruction_pointer = ip,
                                .args = {a0, a1, a2, a3}};
    return run(&data);
}

static const u64 inside = RF_LIBOS_BASE + 0x1000;

static bool has_row(u64 nr)
{
    for (u32 i = 0; i < filter_row_count; i++)
        if (filter_rows[i].nr == nr)
            return true;
    return false;
}

static void fits_and_jumps_stay_inside(void **state)
{
    (void)state;
    assert_true(length > 10 && length <= FILTER_MAX);
    for (u32 pc = 0; pc < length; pc++)
        if (BPF_CLASS(program[pc].code) == BPF_JMP)
            assert_true(pc + 1 + program[pc].jt < length && pc + 1 + program[pc].jf < length);
}

static void only_the_table_passes(void **state)
{
    (void)state;
    for (u64 nr = 0; nr < 1024; nr++) {
        u32 got = answer(nr, inside, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
        if (!has_row(nr))
            assert_int_equal(got, SECCOMP_RET_TRAP);
        assert_int_equal(answer(nr | 0x40000000, inside, 0, 0, 0, 0), SECCOMP_RET_TRAP); /* x32 */
    }
}

static void only_the_library_os_calls(void **state)
{
    static const u64 outside[] = {0x400000,
                                  0x7fffffffe000,
                                  RF_LIBOS_BASE - 2,
                                  RF_HEAP_BASE,
                                  RF_WINDOW_BASE,
                                  RF_LIBOS_END,
                                  0,
                                  RF_LIBOS_BASE + 0x100000000};

    (void)state;
    for (u32 i = 0; i < filter_row_count; i++)
        for (u32 k = 0; k < ARRAY_SIZE(outside); k++)
            assert_int_equal(answer(filter_rows[i].nr, outside[k], 0, 0, 0, 0), SECCOMP_RET_TRAP);
}

static void invoke_is_reported(void **state)
{
    (void)state;
    assert_int_equal(answer(RF_NR_INVOKE, inside, 0, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(answer(RF_NR_INVOKE, 0x400000, 0, 0, 0, 0), SECCOMP_RET_TRAP);
}

static void other_machines_trap(void **state)
{
    struct seccomp_data data = {
        .nr = SYS_munmap, .arch = AUDIT_ARCH_I386, .instruction_pointer = inside};

    (void)state;
    assert_int_equal(run(&data), SECCOMP_RET_TRAP);
    data.arch = AUDIT_ARCH_X86_64;
    assert_int_equal(run(&data), SECCOMP_RET_ALLOW);
}

static void dangerous_calls_never_pass(void **state)
{
    static const u64 never[] = {SYS_open,
                                SYS_openat,
                                SYS_openat2,
                                SYS_socket,
                                SYS_connect,
                                SYS_ptrace,
                                SYS_kill,
                                SYS_tgkill,
                                SYS_execve,
                                SYS_ioctl,
                                SYS_mount,
                                SYS_bpf,
                                SYS_unshare,
                                SYS_setns,
                                SYS_io_uring_setup,
                                SYS_fork,
                                SYS_vfork,
                                SYS_clone3,
                                SYS_prctl,
                                SYS_seccomp,
                                SYS_process_vm_readv,
                                SYS_process_vm_writev,
                                SYS_pidfd_getfd,
                                SYS_sendmsg,
                                SYS_write,
                                SYS_read,
                                SYS_setuid};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(never); i++) {
        assert_false(has_row(never[i]));
        for (u64 argument = 0; argument < 64; argument++)
            assert_int_equal(answer(never[i], inside, argument, argument, argument, argument),
                             SECCOMP_RET_TRAP);
    }
}

/* One that sees faults in the host's own code could hold it up; without ioctl it sees none. */
static void userfaultfd_is_for_user_mode_alone(void **state)
{
    const u64 allowed = UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK;

    (void)state;
    assert_int_equal(answer(SYS_userfaultfd, inside, allowed, 0, 0, 0), SECCOMP_RET_ALLOW);
    for (u64 bit = 1; bit < 1ul << 32; bit <<= 1)
        assert_int_equal(answer(SYS_userfaultfd, inside, allowed ^ bit, 0, 0, 0), SECCOMP_RET_TRAP);
    assert_int_equal(answer(SYS_userfaultfd, inside, 0, 0, 0, 0), SECCOMP_RET_TRAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_and_jumps_stay_inside),
        cmocka_unit_test(only_the_table_passes),
        cmocka_unit_test(only_the_library_os_calls),
        cmocka_unit_test(invoke_is_reported),
        cmocka_unit_test(other_machines_trap),
        cmocka_unit_test(dangerous_calls_never_pass),
        cmocka_unit_test(userfaultfd_is_for_user_mode_alone),
    };
    length = filter_build(program);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
