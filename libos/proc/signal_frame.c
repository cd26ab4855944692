/* SPDX-License-Identifier: Apache-2.0 */
/* The frame on the program's stack that a handler runs on, and the way back from it. The vector
 * registers hold the program's values all the time, so saving and restoring them is done here and
 * now. */
#include "libos/proc/signal_queue.h"
#include "libos/proc/sigframe.h"
#include "libos/entry/entry.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "base/string.h"

#define RED_ZONE       128u
#define SS_ONSTACK_    1u
#define SS_DISABLE_    2u
#define SS_AUTODISARM_ 0x80000000u
#define USER_CS        0x33
#define USER_SS        0x2b
#define XFEATURE_TILES                                                                             \
    (3ull << 17) /* AMX: needs the host's permission, which programs here lack                     \
                  */
#define XSTATE_LEAF      0xd
#define XSTATE_BASE_SIZE 576u
#define EFLAGS_KEPT      0x240dd5ull /* the flags that a program may set, see restore_flags */

static void cpuid(u32 leaf, u32 sub, u32 out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

static u64 enabled_features(void)
{
    u32 low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((u64)high << 32 | low) & ~XFEATURE_TILES;
}

const struct vector_format *vector_format(void)
{
    static struct vector_format format;
    if (format.size)
        return &format;
    u64 features = enabled_features();
    u32 size = XSTATE_BASE_SIZE, out[4];
    for (u32 i = 2; i < 63; i++) {
        if (!(features >> i & 1))
            continue;
        cpuid(XSTATE_LEAF, i, out);
        size = MAX(size, out[1] + out[0]);
    }
    format = (struct vector_format){features, size};
    return &format;
}

long restore_vector_state(const void *area, u64 features);

void vector_state_save(struct vector_area *area)
{
    u64 features = enabled_features();

    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(area->bytes), "a"((u32)features), "d"((u32)(features >> 32))
                     : "memory");
}

void vector_state_load(const struct vector_area *area)
{
    long r = restore_vector_state(area->bytes, enabled_features());

    assert_that(r == 0);
}

static void frame_vector_state(struct vector_area *area, const struct vector_format *f)
{
    struct vector_state_info info = {VECTOR_MAGIC1, f->size + 4, f->features, f->size, {0}};
    u32 magic2 = VECTOR_MAGIC2;
    memset(area->bytes, 0, XSTATE_BASE_SIZE); /* xsave leaves parts of the header as they are */
    vector_state_save(area);
    memcpy(area->bytes + VECTOR_INFO_OFFSET, &info, sizeof(info));
    memcpy(area->bytes + f->size, &magic2, sizeof(magic2));
}

static bool on_alternate_stack(const struct thread_signals *s, u64 rsp)
{
    return s->stack_size && !(s->stack_flags & SS_AUTODISARM_) && rsp > s->stack_base &&
           rsp - s->stack_base <= s->stack_size;
}

static u64 frame_top(const struct regs *r, const struct thread_signals *s,
                     const struct sigaction_abi *action)
{
    bool use_alternate = (action->flags & SA_ONSTACK_) && s->stack_size &&
                         !(s->stack_flags & SS_DISABLE_) && !on_alternate_stack(s, r->rsp);
    return use_alternate ? s->stack_base + s->stack_size : r->rsp - RED_ZONE;
}

static void fill_context(struct sigframe_context *c, const struct regs *r,
                         const struct thread_signals *s, u64 vector_at, sigset restore)
{
    *c = (struct sigframe_context){
        .r8 = r->r8,
        .r9 = r->r9,
        .r10 = r->r10,
        .r11 = r->r11,
        .r12 = r->r12,
        .r13 = r->r13,
        .r14 = r->r14,
        .r15 = r->r15,
        .rdi = r->rdi,
        .rsi = r->rsi,
        .rbp = r->rbp,
        .rbx = r->rbx,
        .rdx = r->rdx,
        .rax = r->rax,
        .rcx = r->rcx,
        .rsp = r->rsp,
        .rip = r->rip,
        .eflags = r->eflags,
        .cs = USER_CS,
        .ss = USER_SS,
        .error = s->fault_error,
        .trap = s->fault_trap,
        .old_mask = restore,
        .fault_address = s->fault_address,
        .fpstate = vector_at,
    };
}

static void fill_stack(struct sigframe_ucontext *u, const struct thread_signals *s, u64 rsp)
{
    u->stack_base = s->stack_base;
    u->stack_size = s->stack_size;
    u->stack_flags = s->stack_size == 0           ? SS_DISABLE_
                     : on_alternate_stack(s, rsp) ? s->stack_flags | SS_ONSTACK_
                                                  : s->stack_flags;
}

bool frame_push(struct regs *r, int signo, const struct siginfo *info,
                const struct sigaction_abi *action, sigset restore)
{
    const struct vector_format *f = vector_format();
    struct thread_signals *s = &current()->signals;
    struct vector_area area;
    struct sigframe frame = {.restorer = action->restorer, .info = *info};
    u64 vector_at = (frame_top(r, s, action) - (f->size + 4)) & ~63ull;
    u64 at = ((vector_at - sizeof(frame)) & ~15ull) - 8;

    frame.ucontext.flags = UCONTEXT_FP_XSTATE | UCONTEXT_SIGCONTEXT_SS | UCONTEXT_STRICT_RESTORE_SS;
    frame.ucontext.mask = restore;
    fill_stack(&frame.ucontext, s, r->rsp);
    fill_context(&frame.ucontext.context, r, s, vector_at, restore);
    frame_vector_state(&area, f);
    if (copy_to_user((void *)vector_at, area.bytes, f->size + 4) ||
        copy_to_user((void *)at, &frame, sizeof(frame)))
        return false;
    if (s->stack_flags & SS_AUTODISARM_) {
        s->stack_base = s->stack_size = 0;
        s->stack_flags = SS_DISABLE_;
    }
    r->rdi = (u64)signo;
    r->rsi = at + offsetof(struct sigframe, info);
    r->rdx = at + offsetof(struct sigframe, ucontext);
    r->rax = 0;
    r->rip = action->handler;
    r->rsp = at;
    r->eflags &= ~0x500ull; /* direction and trap flags */
    return true;
}

static const u32 initial_mxcsr = 0x1f80;

/* The frame is the program's to change, so the state may be malformed: then xrstor faults, and is
 * mended. */
static bool restore_vectors(u64 at)
{
    const struct vector_format *f = vector_format();
    struct vector_area area;
    struct vector_state_info info;
    if (at == 0) {
        __asm__ volatile("fninit; ldmxcsr %0" ::"m"(initial_mxcsr));
        return true;
    }
    if (copy_from_user(area.bytes, (const void *)at, VECTOR_LEGACY_SIZE))
        return false;
    memcpy(&info, area.bytes + VECTOR_INFO_OFFSET, sizeof(info));
    memset(area.bytes + VECTOR_LEGACY_SIZE, 0, sizeof(area.bytes) - VECTOR_LEGACY_SIZE);
    if (info.magic1 == VECTOR_MAGIC1 && info.state_size <= f->size) {
        if (copy_from_user(area.bytes + VECTOR_LEGACY_SIZE, (const void *)(at + VECTOR_LEGACY_SIZE),
                           info.state_size - VECTOR_LEGACY_SIZE))
            return false;
    } else {
        area.bytes[VECTOR_LEGACY_SIZE] = 3; /* x87 and SSE only */
    }
    return restore_vector_state(area.bytes, f->features) == 0;
}

SYSCALL0(rt_sigreturn)
{
    struct thread *t = current();
    struct regs *r = t->regs;
    struct sigframe frame;
    u64 at = r->rsp - 8; /* the handler's return took the restorer address */
    if (copy_from_user(&frame, (const void *)at, sizeof(frame)) ||
        !restore_vectors(frame.ucontext.context.fpstate)) {
        struct siginfo info = {.signo = SIG_SEGV, .code = SI_KERNEL_};
        force_signal(SIG_SEGV, &info);
        return 0;
    }
    t->signals.mask = frame.ucontext.mask & ~UNBLOCKABLE;
    t->signals.stack_base = frame.ucontext.stack_base;
    t->signals.stack_size = frame.ucontext.stack_size;
    t->signals.stack_flags = frame.ucontext.stack_flags & ~SS_ONSTACK_;
    *r = regs_of_context(&frame.ucontext.context);
    r->eflags = (r->eflags & EFLAGS_KEPT) | 0x202;
    want_full_restore(r);
    if (thread_deliverable(t))
        __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    return (long)r->rax;
}

struct stack_abi {
    u64 base;
    u32 flags, pad;
    u64 size;
};

static bool on_stack_now(const struct thread_signals *s)
{
    return on_alternate_stack(s, current()->regs->rsp);
}

#define MINSIGSTKSZ_ 2048u

static long set_stack(struct thread_signals *s, const struct stack_abi *new)
{
    if (on_stack_now(s))
        return -EPERM;
    u32 mode = new->flags & ~SS_AUTODISARM_;
    if (mode != 0 && mode != SS_DISABLE_ && mode != SS_ONSTACK_)
        return -EINVAL;
    if (mode == SS_DISABLE_) {
        s->stack_base = s->stack_size = 0;
        s->stack_flags = SS_DISABLE_;
        return 0;
    }
    if (new->size < MINSIGSTKSZ_)
        return -ENOMEM;
    s->stack_base = new->base;
    s->stack_size = new->size;
    s->stack_flags = new->flags &SS_AUTODISARM_;
    return 0;
}

SYSCALL2(sigaltstack, const struct stack_abi *, new_user, struct stack_abi *, old_user)
{
    struct thread_signals *s = &current()->signals;
    struct stack_abi old = {.base = s->stack_base, .flags = s->stack_flags, .size = s->stack_size};
    if (s->stack_size == 0)
        old.flags = SS_DISABLE_;
    else if (on_stack_now(s))
        old.flags |= SS_ONSTACK_;
    if (new_user) {
        struct stack_abi new;
        if (get_user(new, new_user))
            return -EFAULT;
        long r = set_stack(s, &new);
        if (r)
            return r;
    }
    return old_user ? put_user(old_user, old) : 0;
}
