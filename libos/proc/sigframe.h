/* SPDX-License-Identifier: Apache-2.0 */
/* The signal frame of Linux on x86-64: what the host kernel builds for our handlers, and what we
 * build for the program's. Layout: arch/x86/include/uapi/asm/sigcontext.h and ucontext.h of the
 * host kernel. */
#ifndef LIBOS_PROC_SIGFRAME_H
#define LIBOS_PROC_SIGFRAME_H

#include "libos/entry/regs.h"
#include "libos/proc/signal.h"

struct sigframe_context {
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    u16 cs, gs, fs, ss;
    u64 error, trap, old_mask, fault_address;
    u64 fpstate; /* address of the vector state, or 0 */
    u64 reserved[8];
};
_Static_assert(sizeof(struct sigframe_context) == 256, "Linux ABI");

struct sigframe_ucontext {
    u64 flags;
    u64 link;
    u64 stack_base;
    u32 stack_flags, stack_pad;
    u64 stack_size;
    struct sigframe_context context;
    sigset mask;
};
_Static_assert(sizeof(struct sigframe_ucontext) == 304, "Linux ABI");

#define UCONTEXT_FP_XSTATE         1u /* the vector state has an extended part */
#define UCONTEXT_SIGCONTEXT_SS     2u
#define UCONTEXT_STRICT_RESTORE_SS 4u

struct sigframe {
    u64 restorer;
    struct sigframe_ucontext ucontext;
    struct siginfo info;
};
_Static_assert(sizeof(struct sigframe) == 440, "Linux ABI");

/* In the last 48 bytes of the legacy part of the vector state: how long the whole is. */
struct vector_state_info {
    u32 magic1; /* VECTOR_MAGIC1 */
    u32 extended_size;
    u64 features;
    u32 state_size;
    u32 padding[7];
};
_Static_assert(sizeof(struct vector_state_info) == 48, "Linux ABI");
#define VECTOR_INFO_OFFSET 464
#define VECTOR_MAGIC1      0x46505853u
#define VECTOR_MAGIC2      0x46505845u /* follows the state */
#define VECTOR_LEGACY_SIZE 512u
#define VECTOR_STATE_MAX   16384u /* of any processor, without AMX tiles */

static inline struct regs regs_of_context(const struct sigframe_context *c)
{
    return (struct regs){
        .r15 = c->r15,
        .r14 = c->r14,
        .r13 = c->r13,
        .r12 = c->r12,
        .rbp = c->rbp,
        .rbx = c->rbx,
        .r11 = c->r11,
        .r10 = c->r10,
        .r9 = c->r9,
        .r8 = c->r8,
        .rax = c->rax,
        .rcx = c->rcx,
        .rdx = c->rdx,
        .rsi = c->rsi,
        .rdi = c->rdi,
        .rip = c->rip,
        .eflags = c->eflags,
        .rsp = c->rsp,
    };
}

struct vector_area {
    u8 bytes[VECTOR_STATE_MAX];
} __attribute__((aligned(64)));

/* The calling thread's vector registers, which are the program's all the time, to an area and back.
 * The area was zero before its first use. */
void vector_state_save(struct vector_area *area);
void vector_state_load(const struct vector_area *area);

/* The vector state as this processor saves it: components and size. Found once. */
struct vector_format {
    u64 features;
    u32 size;
};
const struct vector_format *vector_format(void);

#endif
