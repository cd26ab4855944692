# SPDX-License-Identifier: Apache-2.0
# A host thread stands still for a cut, and goes on: in the same process, or in another that has the same
# memory. What it goes on with is on its stack.

#include <asm/unistd.h>

        .text

# void stop_call(u64 *rsp, void (*stand)(void *), void *argument): calls stand(argument). When the thread is
# made again, it is as if that had returned.
        .globl  stop_call
        .type   stop_call, @function
stop_call:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $8, %rsp
        mov     %rsp, (%rdi)
        mov     %rsi, %rax
        mov     %rdx, %rdi
        call    *%rax
stop_resumed:
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size   stop_call, . - stop_call

# r12: struct rf_stopped's rsp, r13: its gs, r14: its fs. No stack is used.
resume_stopped:
        mov     $0x1001, %edi           # ARCH_SET_GS
        mov     %r13, %rsi
        mov     $__NR_arch_prctl, %eax
        syscall
        mov     $0x1002, %edi           # ARCH_SET_FS
        mov     %r14, %rsi
        mov     $__NR_arch_prctl, %eax
        syscall
        mov     %r12, %rsp
        jmp     stop_resumed

# long restore_clone(const struct rf_stopped *thread, u64 flags): a host thread that goes on as that one. Returns
# in the caller: its number, or a negative errno.
        .globl  restore_clone
        .type   restore_clone, @function
restore_clone:
        push    %r12
        push    %r13
        push    %r14
        mov     0(%rdi), %r12
        mov     8(%rdi), %r13
        mov     16(%rdi), %r14
        mov     24(%rdi), %r10          # cleared at its end
        mov     %rsi, %rdi
        mov     %r12, %rsi
        xor     %edx, %edx
        mov     %r14, %r8
        mov     $__NR_clone, %eax
        syscall
        test    %rax, %rax
        jz      resume_stopped
        pop     %r14
        pop     %r13
        pop     %r12
        ret
        .size   restore_clone, . - restore_clone

# _Noreturn void restore_become(const struct rf_stopped *thread, void *scratch, size_t length): unmaps the
# memory that the restoring was done in, and goes on as that thread.
        .globl  restore_become
        .type   restore_become, @function
restore_become:
        mov     0(%rdi), %r12
        mov     8(%rdi), %r13
        mov     16(%rdi), %r14
        mov     %rsi, %rdi
        mov     %rdx, %rsi
        mov     $__NR_munmap, %eax
        syscall
        jmp     resume_stopped
        .size   restore_become, . - restore_become

        .section .note.GNU-stack,"",@progbits
