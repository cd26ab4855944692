/* SPDX-License-Identifier: Apache-2.0 */
/* long host_clone_thread(u64 flags, u64 stack, u32 *parent_tid, u32 *child_tid, u64 tls,
 *                        void (*start)(void *), void *argument)
 *
 * The host's clone for a new thread, which begins on `stack` (16-byte aligned) in start(argument); start does
 * not return. The parent gets the host's thread number, or -E…. */
#define NR_CLONE 56

        .text
        .globl  host_clone_thread
        .type   host_clone_thread, @function
host_clone_thread:
        mov     8(%rsp), %rax
        sub     $16, %rsi
        mov     %r9, (%rsi)
        mov     %rax, 8(%rsi)
        mov     %rcx, %r10
        mov     $NR_CLONE, %eax
        syscall
        test    %rax, %rax
        jz      1f
        ret
1:      xor     %ebp, %ebp
        pop     %rax
        pop     %rdi
        call    *%rax
        ud2
        .size   host_clone_thread, . - host_clone_thread

        .section .note.GNU-stack,"",@progbits
