/* SPDX-License-Identifier: Apache-2.0 */
/* The last trusted code in a cell: copied to RF_START_STUB, since only code in that range may make host
 * calls once the filter is in force. Position-independent.
 *
 *   rdi  struct handover: +0 s32 listener (out), +4 u32 number of the helper's thread
 *   rsi  flags of seccomp(2)
 *   rdx  struct sock_fprog
 *   rcx  address of the window
 *   r8   entry point of the library OS
 *
 * Installs the filter, tells the helper the listener's number, waits until the helper has ended (it
 * then has closed all that the cell must not hold), enters the library OS. */
#define SYS_futex      202
#define SYS_exit_group 231
#define SYS_seccomp    317
#define FUTEX_WAIT     0
#define FUTEX_WAKE     1

        .text
        .globl  start_stub, start_stub_end
        .type   start_stub, @function
start_stub:
        mov     %rdi, %r12
        mov     %rcx, %r13
        mov     %r8, %r14
        mov     $1, %edi                /* SECCOMP_SET_MODE_FILTER */
        mov     $SYS_seccomp, %eax
        syscall
        mov     %eax, (%r12)
        mov     %r12, %rdi
        mov     $FUTEX_WAKE, %esi
        mov     $1, %edx
        mov     $SYS_futex, %eax
        syscall
1:      mov     4(%r12), %edx
        test    %edx, %edx
        jz      2f
        lea     4(%r12), %rdi
        mov     $FUTEX_WAIT, %esi
        xor     %r10d, %r10d
        mov     $SYS_futex, %eax
        syscall
        jmp     1b
2:      cmpl    $0, (%r12)
        js      3f
        mov     %r13, %rdi
        xor     %ebp, %ebp
        jmp     *%r14
3:      mov     $1, %edi
        mov     $SYS_exit_group, %eax
        syscall
        ud2
start_stub_end:
        .section .note.GNU-stack,"",@progbits
