/* SPDX-License-Identifier: Apache-2.0 */
/* long host_invoke_waiting(u64 target, u64 buffer, u64 w0, u64 w1, u64 w2, u64 w3)
 *
 * An invocation that may wait for ever, unless the thread's attention is set. The kick handler moves rip
 * from [invoke_check, invoke_check_end) to invoke_interrupted, so no kick is lost between the look at
 * `attention` and the host's call: one that comes later ends the call itself. */
#define T_ATTENTION      32
#define ATTENTION_EVENTS 1
#define NR_INVOKE        0x5246
#define EINTR            4

        .text
        .globl  host_invoke_waiting, invoke_check, invoke_check_end, invoke_interrupted
        .type   host_invoke_waiting, @function
host_invoke_waiting:
        mov     %rcx, %r10
        mov     $NR_INVOKE, %eax
invoke_check:
        testl   $ATTENTION_EVENTS, %gs:T_ATTENTION
        jnz     invoke_interrupted
        syscall
invoke_check_end:
        ret
invoke_interrupted:
        mov     $-EINTR, %rax
        ret
        .size   host_invoke_waiting, . - host_invoke_waiting

        .section .note.GNU-stack,"",@progbits
