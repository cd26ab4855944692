/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point and vector registers over signals, system calls and processes. */
#include "check.h"

#include <immintrin.h>
#include <fenv.h>
#include <pthread.h>

static volatile sig_atomic_t signals;

static void clobber(int signal)
{
    (void)signal;
    __m128i junk = _mm_set1_epi32(0x55555555);
    __asm__ volatile("movdqa %0, %%xmm0\n movdqa %0, %%xmm5\n movdqa %0, %%xmm15"
                     :
                     : "x"(junk)
                     : "xmm0", "xmm5", "xmm15");
    if (__builtin_cpu_supports("avx"))
        __asm__ volatile("vzeroall" ::
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                               "xmm15");
    __asm__ volatile("fninit");
    unsigned csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(csr));
    signals++;
}

CASE(sse_over_signal)
{
    handle(SIGUSR1, clobber, 0);
    char in[16] = "sixteen bytes...", out5[16], out15[16];
    pid_t pid = getpid();
    long result;
    /* kill(2) by hand, so that the compiler saves nothing around it. */
    __asm__ volatile("movdqu (%[in]), %%xmm5\n movdqu (%[in]), %%xmm15\n syscall\n"
                     "movdqu %%xmm5, %[out5]\n movdqu %%xmm15, %[out15]"
                     : "=a"(result), [out5] "=m"(out5), [out15] "=m"(out15)
                     : "a"(SYS_kill), "D"((long)pid), "S"((long)SIGUSR1), [in] "d"(in), "m"(in)
                     : "rcx", "r11", "memory", "xmm5", "xmm15");
    EQ(result, 0);
    EQ(signals, 1);
    EQ(memcmp(in, out5, 16), 0);
    EQ(memcmp(in, out15, 16), 0);
}

__attribute__((target("avx"))) static void avx_over_signal(void)
{
    char in[32] = "thirty-two bytes of AVX state..", out[32];
    long result;
    __asm__ volatile("vmovdqu (%[in]), %%ymm7\n syscall\n vmovdqu %%ymm7, %[out]\n vzeroupper"
                     : "=a"(result), [out] "=m"(out)
                     : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1), [in] "d"(in), "m"(in)
                     : "rcx", "r11", "memory", "xmm7");
    EQ(result, 0);
    EQ(signals, 1);
    EQ(memcmp(in, out, 32), 0);
}

CASE(avx_over_signal)
{
    if (!__builtin_cpu_supports("avx"))
        skip("no AVX");
    handle(SIGUSR1, clobber, 0);
    avx_over_signal();
}

__attribute__((target("avx512f"))) static void avx512_over_signal(void)
{
    char in[64] = "sixty-four bytes of AVX-512 state, in a high register.........", out[64];
    long result;
    __asm__ volatile("vmovdqu64 (%[in]), %%zmm20\n syscall\n vmovdqu64 %%zmm20, %[out]\n vzeroupper"
                     : "=a"(result), [out] "=m"(out)
                     : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1), [in] "d"(in), "m"(in)
                     : "rcx", "r11", "memory", "xmm20");
    EQ(result, 0);
    EQ(signals, 1);
    EQ(memcmp(in, out, 64), 0);
}

CASE(avx512_over_signal)
{
    if (!__builtin_cpu_supports("avx512f"))
        skip("no AVX-512");
    handle(SIGUSR1, clobber, 0);
    avx512_over_signal();
}

CASE(x87_over_signal)
{
    handle(SIGUSR1, clobber, 0);
    double in = 1.25, out = 0;
    long result;
    __asm__ volatile("fldl %[in]\n syscall\n fstpl %[out]"
                     : "=a"(result), [out] "=m"(out)
                     : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1), [in] "m"(in)
                     : "rcx", "r11", "memory", "st");
    EQ(result, 0);
    EQ(signals, 1);
    CHECK(out == 1.25);
}

CASE(rounding_over_signal)
{
    handle(SIGUSR1, clobber, 0);
    fesetround(FE_UPWARD);
    OK(raise(SIGUSR1));
    EQ(fegetround(), FE_UPWARD);
}

CASE(asynchronous)
{
    /* Sums in vector registers while a timer's handler spoils them. */
    handle(SIGALRM, clobber, 0);
    ualarm(500, 500);
    long begun = now_ms();
    while (now_ms() - begun < 200) {
        double a[4] = {0}, expected = 0;
        for (int i = 0; i < 1000; i++)
            for (int k = 0; k < 4; k++)
                a[k] += i * 0.5;
        for (int i = 0; i < 1000; i++)
            expected += i * 0.5;
        CHECK(a[0] == expected && a[3] == expected);
    }
    ualarm(0, 0);
    CHECK(signals > 10);
}

CASE(over_system_calls)
{
    /* Vector registers and flags live through a system call; rcx and r11 do not. */
    char in[16] = "0123456789abcde", out[16];
    long result, r12 = 0x1212, rbx = 0x3434;
    register long r12_in __asm__("r12") = r12;
    __asm__ volatile("movdqu (%[in]), %%xmm9\n syscall\n movdqu %%xmm9, %[out]"
                     : "=a"(result), [out] "=m"(out), "+r"(r12_in), "+b"(rbx)
                     : "a"(SYS_getppid), [in] "d"(in), "m"(in)
                     : "rcx", "r11", "memory", "xmm9");
    EQ(result, getppid());
    EQ(memcmp(in, out, 16), 0);
    EQ(r12_in, 0x1212);
    EQ(rbx, 0x3434);
}

CASE(inherited_by_fork)
{
    fesetround(FE_DOWNWARD);
    JOIN(CHILD(EQ(fegetround(), FE_DOWNWARD)));
}

CASE(red_zone_over_system_call)
{
    /* The 128 bytes below the stack pointer are the program's, also when a site is patched. */
    for (int round = 0; round < 3; round++) {
        long ok;
        __asm__ volatile("movq $0x5a5a, -8(%%rsp)\n movq $0x6b6b, -128(%%rsp)\n syscall\n"
                         "xor %%eax, %%eax\n cmpq $0x5a5a, -8(%%rsp)\n jne 1f\n"
                         "cmpq $0x6b6b, -128(%%rsp)\n jne 1f\n mov $1, %%eax\n1:"
                         : "=a"(ok)
                         : "a"(SYS_getpid)
                         : "rcx", "r11", "memory", "cc");
        EQ(ok, 1);
    }
}

CASE(red_zone_over_signal)
{
    handle(SIGUSR1, clobber, 0);
    long ok;
    __asm__ volatile("movq $0x5a5a, -8(%%rsp)\n movq $0x6b6b, -128(%%rsp)\n syscall\n"
                     "xor %%eax, %%eax\n cmpq $0x5a5a, -8(%%rsp)\n jne 1f\n"
                     "cmpq $0x6b6b, -128(%%rsp)\n jne 1f\n mov $1, %%eax\n1:"
                     : "=a"(ok)
                     : "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory", "cc");
    EQ(ok, 1);
    EQ(signals, 1);
}

static void *in_thread(void *argument)
{
    (void)argument;
    EQ(fegetround(), FE_UPWARD);
    fesetround(FE_DOWNWARD);
    return NULL;
}

CASE(per_thread)
{
    pthread_t thread;
    fesetround(FE_UPWARD);
    ZERO(pthread_create(&thread, NULL, in_thread, NULL));
    ZERO(pthread_join(thread, NULL));
    EQ(fegetround(), FE_UPWARD);
}
