/* SPDX-License-Identifier: Apache-2.0 */
/* In and out of the library OS. Read entry/regs.h and proc/process.h (struct thread) beside it.
 *
 * In: libos_entry is reached by a jump, from a patched call site's trampoline or from the SIGSYS handler
 * (which only moves rip here). The program's registers are those of a `syscall` instruction: rax number,
 * rdi rsi rdx r10 r8 r9 arguments, and rcx the address to return to. The program's stack is not touched:
 * it may be tiny, and below it is its red zone.
 *
 * Out: from exit_check on, the frame at thread->regs is complete and stays intact until the program
 * runs, so the way out can be begun again at any instruction. The kick handler uses that: a kick that
 * lands in [exit_check, exit_end) moves rip to exit_restart, so no signal is missed between the look
 * at `attention` and the program's next instruction.
 *
 * Vector registers belong to the program throughout: the library OS does not use them.
 */
#define T_SELF       0
#define T_USER_RSP   16
#define T_STACK_TOP  24
#define T_ATTENTION  32
#define T_USER_MODE  36
#define T_REGS       40
#define T_CALLS      48

#define R_R15   0
#define R_R14   8
#define R_R13   16
#define R_R12   24
#define R_RBP   32
#define R_RBX   40
#define R_R11   48
#define R_R10   56
#define R_R9    64
#define R_R8    72
#define R_RAX   80
#define R_RCX   88
#define R_RDX   96
#define R_RSI   104
#define R_RDI   112
#define R_CALL  120
#define R_RIP   128
#define R_EFLAGS 136
#define R_RSP   144
#define R_SIZE  152

#define ATTENTION_EVENTS 1
#define ATTENTION_FULL   2

#define USER_CS 0x33
#define USER_SS 0x2b
#define ENOSYS  38
#define NR_INVOKE 0x5246 /* abi/invoke.h */

        .text
        .globl  libos_entry
        .type   libos_entry, @function
libos_entry:
        mov     %rsp, %gs:T_USER_RSP
        mov     %gs:T_STACK_TOP, %rsp
        push    %gs:T_USER_RSP
        pushfq
        cld
        push    %rcx
        push    %rax
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    $-ENOSYS
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, %gs:T_REGS
        movl    $0, %gs:T_USER_MODE
        incq    %gs:T_CALLS
        cmpb    $0, dispatch_slowly(%rip)
        jne     1f
        cmp     system_call_count(%rip), %rax
        jae     2f
        lea     system_calls(%rip), %r11
        mov     (%r11,%rax,8), %r11
        test    %r11, %r11
        jz      exit_check
        mov     %r10, %rcx
        call    *%r11
        mov     %rax, R_RAX(%rsp)
        jmp     exit_check
1:      mov     %rsp, %rdi
        call    dispatch_traced
        mov     %rax, R_RAX(%rsp)
        jmp     exit_check
2:      cmp     $NR_INVOKE, %rax
        jne     exit_check
        call    sys_invoke
        mov     %rax, R_RAX(%rsp)

        .globl  exit_check
exit_check:
        cmpl    $0, %gs:T_ATTENTION
        jne     exit_attention
        movl    $1, %gs:T_USER_MODE
        mov     R_R15(%rsp), %r15
        mov     R_R14(%rsp), %r14
        mov     R_R13(%rsp), %r13
        mov     R_R12(%rsp), %r12
        mov     R_RBP(%rsp), %rbp
        mov     R_RBX(%rsp), %rbx
        mov     R_R10(%rsp), %r10
        mov     R_R9(%rsp), %r9
        mov     R_R8(%rsp), %r8
        mov     R_RAX(%rsp), %rax
        mov     R_RDX(%rsp), %rdx
        mov     R_RSI(%rsp), %rsi
        mov     R_RDI(%rsp), %rdi
        mov     R_RIP(%rsp), %rcx
        mov     R_RSP(%rsp), %rsp
        jmp     *%rcx

exit_attention:
        testl   $ATTENTION_EVENTS, %gs:T_ATTENTION
        jz      exit_full
        mov     %rsp, %rdi
        call    handle_attention
        jmp     exit_check

/* Every register comes back, rcx, r11 and the flags too: the program was interrupted, or returns from a
 * signal handler. iretq does not change the privilege level here; it is the one instruction that sets
 * rip, flags and stack at once. Its operands lie below the frame. */
exit_full:
        lock andl $~ATTENTION_FULL, %gs:T_ATTENTION
        movl    $1, %gs:T_USER_MODE
        push    $USER_SS
        push    R_RSP+8(%rsp)
        push    R_EFLAGS+16(%rsp)
        push    $USER_CS
        push    R_RIP+32(%rsp)
        mov     R_R15+40(%rsp), %r15
        mov     R_R14+40(%rsp), %r14
        mov     R_R13+40(%rsp), %r13
        mov     R_R12+40(%rsp), %r12
        mov     R_RBP+40(%rsp), %rbp
        mov     R_RBX+40(%rsp), %rbx
        mov     R_R11+40(%rsp), %r11
        mov     R_R10+40(%rsp), %r10
        mov     R_R9+40(%rsp), %r9
        mov     R_R8+40(%rsp), %r8
        mov     R_RAX+40(%rsp), %rax
        mov     R_RCX+40(%rsp), %rcx
        mov     R_RDX+40(%rsp), %rdx
        mov     R_RSI+40(%rsp), %rsi
        mov     R_RDI+40(%rsp), %rdi
        iretq
        .globl  exit_end
exit_end:

/* Begins the way out again with the frame at thread->regs. A frame whose call is -1 wants every register
 * back (REGS_FULL in entry.h). */
        .globl  exit_restart
exit_restart:
        mov     %gs:T_REGS, %rsp
        cmpq    $-1, R_CALL(%rsp)
        jne     exit_check
        lock orl $ATTENTION_FULL, %gs:T_ATTENTION
        jmp     exit_check
        .size   libos_entry, . - libos_entry

/* void return_to_program(struct thread *t, struct regs *regs): t is current(). The frame is copied to
 * the top of t's stack. Whoever calls runs on another stack or above the new frame. */
        .globl  return_to_program
        .type   return_to_program, @function
return_to_program:
        mov     T_STACK_TOP(%rdi), %rdx
        sub     $R_SIZE, %rdx
        mov     %rdx, T_REGS(%rdi)
        cmp     %rsi, %rdx
        je      2f
        mov     %rdx, %rdi
        mov     $R_SIZE / 8, %ecx
        rep movsq
2:      jmp     exit_restart
        .size   return_to_program, . - return_to_program

/* void enter_program(u64 rip, u64 rsp): a new program's first instruction, registers and vector state
 * clean. */
        .globl  enter_program
        .type   enter_program, @function
enter_program:
        mov     %gs:T_STACK_TOP, %rdx
        sub     $R_SIZE, %rdx
        mov     %rdx, %gs:T_REGS
        mov     %rsi, %r8
        mov     %rdi, %r9
        xor     %eax, %eax
        mov     %rdx, %rdi
        mov     $R_SIZE / 8, %ecx
        rep stosq
        mov     %r9, R_RIP(%rdx)
        mov     %r8, R_RSP(%rdx)
        movq    $0x202, R_EFLAGS(%rdx)
        movq    $-1, R_CALL(%rdx)
        fninit
        push    $0x1f80
        ldmxcsr (%rsp)
        mov     %rdx, %rsp
        jmp     exit_restart
        .size   enter_program, . - enter_program

/* The library OS's first instruction: a stack of its own, then start.c. */
        .globl  _start
        .type   _start, @function
_start:
        lea     boot_stack_top(%rip), %rsp
        xor     %ebp, %ebp
        call    libos_start
        ud2
        .size   _start, . - _start

/* Where the host's signal handlers return. */
        .globl  host_signal_return
        .type   host_signal_return, @function
host_signal_return:
        mov     $15, %eax
        syscall
        ud2
        .size   host_signal_return, . - host_signal_return

        .bss
        .balign 4096
        .skip   32768
boot_stack_top:

        .section .note.GNU-stack,"",@progbits
