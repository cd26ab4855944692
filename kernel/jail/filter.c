/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/jail/filter.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "abi/invoke.h"
#include "kernel/jail/filter_table.h"

#define LIST(name, ...) static const u32 name[] = {__VA_ARGS__};
FILTER_SETS(LIST)
#undef LIST

#define ALLOW  FILTER_ALLOW
#define NOTIFY FILTER_NOTIFY
/* clang-format off */
#define ANY                           {CHECK_ANY, 0, 0, NULL, 0}
#define ONE_OF(arg, set)              {CHECK_ONE_OF, arg, 0, set, ARRAY_SIZE(set)}
#define MASKED_ONE_OF(arg, mask, set) {CHECK_ONE_OF, arg, mask, set, ARRAY_SIZE(set)}
#define NO_BITS(arg, bits)            {CHECK_NO_BITS, arg, bits, NULL, 0}
#define ROW(name, action, check, reason) {#name, reason, SYS_##name, action, check},
/* clang-format on */

const struct filter_row filter_rows[] = {FILTER_ROWS(ROW)};
const u32 filter_row_count = ARRAY_SIZE(filter_rows);

struct builder {
    struct sock_filter *program;
    u32 length;
};

static void emit(struct builder *b, u16 code, u32 k, u32 if_true, u32 if_false)
{
    b->program[b->length++] = (struct sock_filter){code, (u8)if_true, (u8)if_false, k};
}

static void load(struct builder *b, size_t offset)
{
    emit(b, BPF_LD | BPF_W | BPF_ABS, (u32)offset, 0, 0);
}

static void answer(struct builder *b, u32 action)
{
    emit(b, BPF_RET | BPF_K, action, 0, 0);
}

/* Goes on when the loaded word equals k; else returns the action. */
static void require_equal(struct builder *b, u32 k, u32 otherwise)
{
    emit(b, BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0);
    answer(b, otherwise);
}

/* x86-64 is little-endian: the low half comes first. */
static size_t argument(u32 index)
{
    return offsetof(struct seccomp_data, args) + index * sizeof(u64);
}

static void emit_check(struct builder *b, const struct filter_check *check)
{
    if (check->kind == CHECK_ANY)
        return;
    load(b, argument(check->arg));
    if (check->kind == CHECK_NO_BITS) {
        emit(b, BPF_JMP | BPF_JSET | BPF_K, check->mask, 0, 1);
        answer(b, SECCOMP_RET_TRAP);
        return;
    }
    if (check->mask)
        emit(b, BPF_ALU | BPF_AND | BPF_K, ~check->mask, 0, 0);
    for (u32 i = 0; i < check->count; i++)
        emit(b, BPF_JMP | BPF_JEQ | BPF_K, check->set[i], check->count - i, 0);
    answer(b, SECCOMP_RET_TRAP);
}

static void emit_row(struct builder *b, const struct filter_row *row)
{
    u32 jump = b->length;

    emit(b, BPF_JMP | BPF_JEQ | BPF_K, row->nr, 0, 0);
    emit_check(b, &row->check);
    answer(b, row->action == FILTER_ALLOW ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF);
    b->program[jump].jf = (u8)(b->length - jump - 1);
}

u32 filter_build(struct sock_filter program[FILTER_MAX])
{
    struct builder b = {.program = program};

    load(&b, offsetof(struct seccomp_data, arch));
    require_equal(&b, AUDIT_ARCH_X86_64, SECCOMP_RET_TRAP);
    load(&b, offsetof(struct seccomp_data, instruction_pointer) + sizeof(u32));
    require_equal(&b, (u32)(RF_LIBOS_BASE >> 32), SECCOMP_RET_TRAP);
    load(&b, offsetof(struct seccomp_data, instruction_pointer));
    emit(&b, BPF_JMP | BPF_JGE | BPF_K, (u32)RF_LIBOS_CODE_SIZE, 0, 1);
    answer(&b, SECCOMP_RET_TRAP);
    load(&b, offsetof(struct seccomp_data, nr));
    emit(&b, BPF_JMP | BPF_JEQ | BPF_K, RF_NR_INVOKE, 0, 1);
    answer(&b, SECCOMP_RET_USER_NOTIF);
    for (u32 i = 0; i < filter_row_count; i++)
        emit_row(&b, &filter_rows[i]);
    answer(&b, SECCOMP_RET_TRAP);
    return b.length;
}
