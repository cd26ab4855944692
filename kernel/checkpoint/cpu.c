/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/cpu.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

enum word { LEAF1_C, LEAF1_D, LEAF7_B, LEAF7_C, LEAF7_D, LEAF71_A, EXT_C, EXT_D, WORDS };

/* What the system must save at a switch: the bits of XCR0. */
#define STATE_AVX    0x6u
#define STATE_AVX512 0xe6u

struct feature {
    const char *name;
    u8 word, bit, level; /* level: that has it first; 0: none */
    u8 state;
};

/* Stored by their numbers here: never put one between. */
static const struct feature features[] = {
    {"cmov", LEAF1_D, 15, 1, 0},
    {"cx8", LEAF1_D, 8, 1, 0},
    {"fxsr", LEAF1_D, 24, 1, 0},
    {"mmx", LEAF1_D, 23, 1, 0},
    {"sse", LEAF1_D, 25, 1, 0},
    {"sse2", LEAF1_D, 26, 1, 0},
    {"cx16", LEAF1_C, 13, 2, 0},
    {"lahf", EXT_C, 0, 2, 0},
    {"popcnt", LEAF1_C, 23, 2, 0},
    {"sse3", LEAF1_C, 0, 2, 0},
    {"ssse3", LEAF1_C, 9, 2, 0},
    {"sse4.1", LEAF1_C, 19, 2, 0},
    {"sse4.2", LEAF1_C, 20, 2, 0},
    {"avx", LEAF1_C, 28, 3, STATE_AVX},
    {"avx2", LEAF7_B, 5, 3, STATE_AVX},
    {"bmi1", LEAF7_B, 3, 3, 0},
    {"bmi2", LEAF7_B, 8, 3, 0},
    {"f16c", LEAF1_C, 29, 3, STATE_AVX},
    {"fma", LEAF1_C, 12, 3, STATE_AVX},
    {"lzcnt", EXT_C, 5, 3, 0},
    {"movbe", LEAF1_C, 22, 3, 0},
    {"avx512f", LEAF7_B, 16, 4, STATE_AVX512},
    {"avx512bw", LEAF7_B, 30, 4, STATE_AVX512},
    {"avx512cd", LEAF7_B, 28, 4, STATE_AVX512},
    {"avx512dq", LEAF7_B, 17, 4, STATE_AVX512},
    {"avx512vl", LEAF7_B, 31, 4, STATE_AVX512},
    {"pclmulqdq", LEAF1_C, 1, 0, 0},
    {"aes", LEAF1_C, 25, 0, 0},
    {"rdrand", LEAF1_C, 30, 0, 0},
    {"rdseed", LEAF7_B, 18, 0, 0},
    {"adx", LEAF7_B, 19, 0, 0},
    {"sha", LEAF7_B, 29, 0, 0},
    {"fsgsbase", LEAF7_B, 0, 0, 0},
    {"clflushopt", LEAF7_B, 23, 0, 0},
    {"clwb", LEAF7_B, 24, 0, 0},
    {"rtm", LEAF7_B, 11, 0, 0},
    {"avx512ifma", LEAF7_B, 21, 0, STATE_AVX512},
    {"avx512vbmi", LEAF7_C, 1, 0, STATE_AVX512},
    {"avx512vbmi2", LEAF7_C, 6, 0, STATE_AVX512},
    {"gfni", LEAF7_C, 8, 0, 0},
    {"vaes", LEAF7_C, 9, 0, STATE_AVX},
    {"vpclmulqdq", LEAF7_C, 10, 0, STATE_AVX},
    {"avx512vnni", LEAF7_C, 11, 0, STATE_AVX512},
    {"avx512bitalg", LEAF7_C, 12, 0, STATE_AVX512},
    {"avx512vpopcntdq", LEAF7_C, 14, 0, STATE_AVX512},
    {"rdpid", LEAF7_C, 22, 0, 0},
    {"movdiri", LEAF7_C, 27, 0, 0},
    {"movdir64b", LEAF7_C, 28, 0, 0},
    {"avx512fp16", LEAF7_D, 23, 0, STATE_AVX512},
    {"avx512vp2intersect", LEAF7_D, 8, 0, STATE_AVX512},
    {"serialize", LEAF7_D, 14, 0, 0},
    {"avxvnni", LEAF71_A, 4, 0, STATE_AVX},
    {"avx512bf16", LEAF71_A, 5, 0, STATE_AVX512},
    {"sse4a", EXT_C, 6, 0, 0},
    {"prefetchw", EXT_C, 8, 0, 0},
    {"xop", EXT_C, 11, 0, STATE_AVX},
    {"fma4", EXT_C, 16, 0, STATE_AVX},
    {"tbm", EXT_C, 21, 0, 0},
    {"rdtscp", EXT_D, 27, 0, 0},
};
_Static_assert(ARRAY_SIZE(features) <= 64, "a bit for each");

static u64 saved_state(u32 leaf1_c)
{
    u32 low = 0, high = 0;

    if (leaf1_c & bit_OSXSAVE)
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (u64)high << 32 | low;
}

struct cpu_features cpu_host(void)
{
    u32 words[WORDS] = {0}, a, b, c, d;
    struct cpu_features found = {0};
    u64 state;

    if (__get_cpuid(1, &a, &b, &c, &d))
        words[LEAF1_C] = c, words[LEAF1_D] = d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        words[LEAF7_B] = b, words[LEAF7_C] = c, words[LEAF7_D] = d;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d))
        words[LEAF71_A] = a;
    if (__get_cpuid(0x80000001u, &a, &b, &c, &d))
        words[EXT_C] = c, words[EXT_D] = d;
    state = saved_state(words[LEAF1_C]);
    for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
        const struct feature *feature = &features[i];

        if (words[feature->word] & 1u << feature->bit && (state & feature->state) == feature->state)
            found.bits |= 1ul << i;
    }
    return found;
}

struct cpu_features cpu_level(u32 level)
{
    struct cpu_features wanted = {0};

    for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
        if (features[i].level && features[i].level <= level)
            wanted.bits |= 1ul << i;
    }
    return wanted;
}

bool cpu_lacks(struct cpu_features needs, struct cpu_features has, char names[96])
{
    u64 lacking = needs.bits & ~has.bits;
    size_t length = 0;

    names[0] = 0;
    for (u32 i = 0; i < 64 && lacking; i++) {
        const char *name = i < ARRAY_SIZE(features) ? features[i].name : "features not known here";

        if (!(lacking & 1ul << i) || length + strlen(name) + 8 > 96)
            continue;
        length += (size_t)snprintf(names + length, 96 - length, "%s%s", length ? ", " : "", name);
    }
    return lacking != 0;
}
