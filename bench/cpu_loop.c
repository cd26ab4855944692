/* SPDX-License-Identifier: Apache-2.0 */
/* A processor-bound program: integer mixing, a prime sieve and a floating-point matrix product. It
 * makes no system call between its start and the line that it prints. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SIDE  160
#define SIEVE 2000000

static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
static char composite[SIEVE];

static uint64_t mix(uint64_t x, long count)
{
    while (count--) {
        x ^= x >> 31;
        x *= 0x7fb5d329728ea185u;
        x ^= x << 27;
    }
    return x;
}

static int sieve(void)
{
    int primes = 0;

    memset(composite, 0, sizeof composite);
    for (long n = 2; n < SIEVE; n++) {
        if (composite[n])
            continue;
        primes++;
        for (long m = n * n; m < SIEVE; m += n)
            composite[m] = 1;
    }
    return primes;
}

static double product(void)
{
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            double sum = 0;

            for (int k = 0; k < SIDE; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    }
    return c[SIDE / 2][SIDE / 3];
}

int main(void)
{
    uint64_t x = 1;
    double sum = 0;
    int primes = 0;

    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = i + j;
            b[i][j] = i - j;
        }
    }
    for (int round = 0; round < 60; round++) {
        x = mix(x, 5000000);
        primes += sieve();
        sum += product();
    }
    printf("%llx %d %.0f\n", (unsigned long long)x, primes, sum);
    return 0;
}
