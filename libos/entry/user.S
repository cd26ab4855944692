/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the program's memory that survives a fault. Between each pair of labels a fault is known: the
 * host's SIGSEGV or SIGBUS handler (entry/fault.c) moves rip to the pair's fix-up in user_fixups. */

        .text

/* size_t user_copy(void *to, const void *from, size_t n): bytes not copied. rcx always counts those. */
        .globl  user_copy
        .type   user_copy, @function
user_copy:
        mov     %rdx, %rcx
        cmp     $256, %rdx
        ja      user_copy_long
.Lblocks:
        cmp     $32, %rcx
        jb      .Lwords
user_copy_block:
        mov     (%rsi), %rax
        mov     8(%rsi), %r8
        mov     16(%rsi), %r9
        mov     24(%rsi), %r10
        mov     %rax, (%rdi)
        mov     %r8, 8(%rdi)
        mov     %r9, 16(%rdi)
        mov     %r10, 24(%rdi)
user_copy_block_end:
        add     $32, %rsi
        add     $32, %rdi
        sub     $32, %rcx
        jmp     .Lblocks
.Lwords:
        cmp     $8, %rcx
        jb      .Lbytes
user_copy_word:
        mov     (%rsi), %rax
        mov     %rax, (%rdi)
user_copy_word_end:
        add     $8, %rsi
        add     $8, %rdi
        sub     $8, %rcx
        jmp     .Lwords
.Lbytes:
        test    %rcx, %rcx
        jz      .Lcopied
user_copy_byte:
        movzbl  (%rsi), %eax
        mov     %al, (%rdi)
user_copy_byte_end:
        inc     %rsi
        inc     %rdi
        dec     %rcx
        jmp     .Lbytes
user_copy_long:
        rep movsb
user_copy_long_end:
.Lcopied:
        mov     %rcx, %rax
        ret
        .size   user_copy, . - user_copy

/* size_t user_zero(void *to, size_t n): bytes not zeroed. */
        .globl  user_zero
        .type   user_zero, @function
user_zero:
        mov     %rsi, %rcx
        xor     %eax, %eax
user_zero_start:
        rep stosb
user_zero_end:
        mov     %rcx, %rax
        ret
        .size   user_zero, . - user_zero

/* long user_string(char *to, const char *from, size_t size): bytes copied before the NUL, size if there
 * was none, -1 on a fault. */
        .globl  user_string
        .type   user_string, @function
user_string:
        xor     %eax, %eax
.Lchars:
        cmp     %rdx, %rax
        je      .Lstring_end
user_string_byte:
        movzbl  (%rsi,%rax), %ecx
user_string_byte_end:
        mov     %cl, (%rdi,%rax)
        test    %cl, %cl
        jz      .Lstring_end
        inc     %rax
        jmp     .Lchars
.Lstring_end:
        ret
        .size   user_string, . - user_string

/* long user_cas32(u32 *user, u32 *expected, u32 desired): 0 or -1. */
        .globl  user_cas32
        .type   user_cas32, @function
user_cas32:
        mov     (%rsi), %eax
user_cas32_start:
        lock cmpxchg %edx, (%rdi)
user_cas32_end:
        mov     %eax, (%rsi)
        xor     %eax, %eax
        ret
        .size   user_cas32, . - user_cas32

/* long user_get32(const u32 *user, u32 *value): 0 or -1. */
        .globl  user_get32
        .type   user_get32, @function
user_get32:
        mov     (%rdi), %eax
user_get32_end:
        mov     %eax, (%rsi)
        xor     %eax, %eax
        ret
        .size   user_get32, . - user_get32

/* long restore_vector_state(const void *area, u64 features): 0, or -1 if the area is malformed. */
        .globl  restore_vector_state
        .type   restore_vector_state, @function
restore_vector_state:
        mov     %esi, %eax
        mov     %rsi, %rdx
        shr     $32, %rdx
restore_start:
        xrstor64 (%rdi)
restore_end:
        xor     %eax, %eax
        ret
        .size   restore_vector_state, . - restore_vector_state

.Lfault_result:
        mov     $-1, %rax
        ret

        .section .rodata
        .balign 8
        .globl  user_fixups
user_fixups:
        .quad   user_copy_block, user_copy_block_end, .Lbytes
        .quad   user_copy_word, user_copy_word_end, .Lbytes
        .quad   user_copy_byte, user_copy_byte_end, .Lcopied
        .quad   user_copy_long, user_copy_long_end, .Lcopied
        .quad   user_zero_start, user_zero_end, .Lcopied
        .quad   user_string_byte, user_string_byte_end, .Lfault_result
        .quad   user_cas32_start, user_cas32_end, .Lfault_result
        .quad   user_get32, user_get32_end, .Lfault_result
        .quad   restore_start, restore_end, .Lfault_result
        .quad   0, 0, 0

        .section .note.GNU-stack,"",@progbits
