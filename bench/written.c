/* SPDX-License-Identifier: Apache-2.0 */
/* usage: written MIB SHARE: has that much memory, all of it written. For each line of its input it
 * writes that share of its pages (0 to 1), one word each, spread evenly and others each time, and
 * answers with a line. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
    size_t pages = argc == 3 ? strtoul(argv[1], NULL, 10) * (1ul << 20) / PAGE : 0;
    double share = argc == 3 ? strtod(argv[2], NULL) : 0;
    size_t step = share > 0 ? (size_t)(1 / share) : pages, turn = 0;
    char *memory, line[16];

    if (!pages)
        return 2;
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < pages * PAGE / sizeof(size_t); i++)
        ((size_t *)memory)[i] = i;
    for (puts("ready"), fflush(stdout); fgets(line, sizeof(line), stdin); turn++) {
        for (size_t i = turn * 7 % step; share > 0 && i < pages; i += step)
            *(size_t *)(memory + i * PAGE) += turn + 1;
        puts("written");
        fflush(stdout);
    }
    return 0;
}
