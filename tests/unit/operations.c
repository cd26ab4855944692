/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the table of operations: each was served by one of the unit tests, which saw its commit
 * point (commit.h), or stands here with a reason. Operations that were served come on standard
 * input, a number a line. */
#include <stdio.h>
#include <stdlib.h>

#include "abi/objects.h"

/* Those of a reason stand together. */
#define NOBODY "no object of the kernel serves it"
#define PROCESSES                                                                                  \
    "it needs host processes of a cell: tests/kernel, tests/cut, tests/sdk, tests/world"
#define SOCKET "it needs the world's socket: tests/world, tests/stored"
#define STORE  "it is answered when its thread has written to a store: tests/stored"

static const struct {
    u32 op;
    const char *why;
} exempt[] = {
    {RF_OP_BIND, NOBODY},
    {RF_OP_DIR_WATCH, NOBODY},
    {RF_OP_KICK, PROCESSES},
    {RF_OP_TIMES, PROCESSES},
    {RF_OP_EXIT, PROCESSES},
    {RF_OP_PANIC, PROCESSES},
    {RF_OP_START_FAILED, PROCESSES},
    {RF_OP_STOPPED, PROCESSES},
    {RF_OP_EXEC_TAKE, PROCESSES},
    {RF_OP_EXEC_DONE, PROCESSES},
    {RF_OP_SHOWN_OPEN, PROCESSES},
    {RF_OP_RESTORE_BEGIN, PROCESSES},
    {RF_OP_RESTORE_MAP, PROCESSES},
    {RF_OP_RESTORE_FILL, PROCESSES},
    {RF_OP_CELL_START, PROCESSES},
    {RF_OP_CELL_EXEC, PROCESSES},
    {RF_OP_CELL_HIBERNATE, PROCESSES},
    {RF_OP_CELL_BRANCH, PROCESSES},
    {RF_OP_CELL_IMAGE_READ, PROCESSES},
    {RF_OP_CELL_IMAGE_WRITE, PROCESSES},
    {RF_OP_PROCESS_START, PROCESSES},
    {RF_OP_PROCESS_THREADS, PROCESSES},
    {RF_OP_PROCESS_REGISTERS, PROCESSES},
    {RF_OP_PROCESS_SET_REGISTERS, PROCESSES},
    {RF_OP_PROCESS_READ, PROCESSES},
    {RF_OP_PROCESS_FAULT, PROCESSES},
    {RF_OP_WORLD_IMPORT, SOCKET},
    {RF_OP_WORLD_STAT, SOCKET},
    {RF_OP_WORLD_STOP, SOCKET},
    {RF_OP_WORLD_CHECKPOINT, SOCKET},
    {RF_OP_SEGMENT_JOURNAL, STORE},
};

static const char *reason(u32 op)
{
    for (u32 i = 0; i < ARRAY_SIZE(exempt); i++) {
        if (exempt[i].op == op)
            return exempt[i].why;
    }
    return NULL;
}

static int look(u32 op, const char *name, const bool served[RF_OP_LIMIT])
{
    if (served[op] && reason(op))
        printf("%s is served, though it is said that %s\n", name, reason(op));
    else if (!served[op] && !reason(op))
        printf("%s is served by no unit test\n", name);
    else
        return 0;
    return 1;
}

int main(void)
{
    static bool served[RF_OP_LIMIT];
    int wrong = 0;
    u32 op;

    while (scanf("%u", &op) == 1) {
        if (op < RF_OP_LIMIT)
            served[op] = true;
    }
#define OP(interface, name, number, ...) wrong += look(number, #name, served);
    RF_OPERATIONS(OP)
#undef OP
    return wrong ? 1 : 0;
}
