/* SPDX-License-Identifier: Apache-2.0 */
/* Which host descriptors does the process hold? Only the heap segment's, and granted files' that
 * are mapped read-only. Mapping is the one thing that can be done with a descriptor. */
#include "tests/jail/hostile.h"

#include <asm/unistd.h>
#include <stdio.h>
#include <sys/mman.h>

#define DESCRIPTORS 4096

static bool can_map(int fd, int prot)
{
    bool refused;
    long r = host_call(__NR_mmap, 0, 4096, prot, MAP_SHARED, fd, 0, &refused);
    if (refused || (r < 0 && r > -4096))
        return false;
    host_call(__NR_munmap, r, 4096, 0, 0, 0, 0, &refused);
    return true;
}

int main(void)
{
    int readable = 0, writable = 0, heap = 0;
    hostile_begin();
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        bool w = can_map(fd, PROT_READ | PROT_WRITE);
        if (fd == RF_FD_HEAP)
            heap = w;
        else if (w)
            writable++;
        else if (can_map(fd, PROT_READ))
            readable++;
    }
    hostile_end();
    printf("heap %d, others writable %d\n", heap, writable);
    return heap == 1 && writable == 0 && readable < 64 ? 0 : 1;
}
