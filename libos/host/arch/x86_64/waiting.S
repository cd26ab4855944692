/* SPDX-License-Identifier: Apache-2.0 */
/* long host_call_waiting(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
 *
 * A host call that may wait for ever, unless the thread's attention is set. The kick handler moves rip from
 * [waiting_check, waiting_check_end) to waiting_interrupted, so no kick is lost between the look at
 * `attention` and the host's call: one that comes later ends the call itself. */
#define T_ATTENTION      32
#define ATTENTION_EVENTS 1
#define EINTR            4

        .text
        .globl  host_call_waiting, waiting_check, waiting_check_end, waiting_interrupted
        .type   host_call_waiting, @function
host_call_waiting:
        mov     %rdi, %rax
        mov     %rsi, %rdi
        mov     %rdx, %rsi
        mov     %rcx, %rdx
        mov     %r8, %r10
        mov     %r9, %r8
        mov     8(%rsp), %r9
waiting_check:
        testl   $ATTENTION_EVENTS, %gs:T_ATTENTION
        jnz     waiting_interrupted
        syscall
waiting_check_end:
        ret
waiting_interrupted:
        mov     $-EINTR, %rax
        ret
        .size   host_call_waiting, . - host_call_waiting

        .section .note.GNU-stack,"",@progbits
