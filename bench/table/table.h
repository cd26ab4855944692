/* SPDX-License-Identifier: Apache-2.0 */
/* The system-call table: what one operation costs, row by row.
 *
 * A row runs in a process of its own. `setup` (may be NULL) gets ready and is not timed; `run` does
 * the operation `count` times and is timed. What they open or start ends with that process;
 * children that a row starts must end when their pipe or socket closes or their parent dies. A row
 * whose set-up or operation fails ends by die() and is reported as failed, never as fast. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdnoreturn.h>

struct row {
    const char *name;
    void (*setup)(void);
    void (*run)(long count);
};

extern const struct row call_rows[], file_rows[], memory_rows[], pipe_rows[], socket_rows[],
    process_rows[], signal_rows[];

/* A directory in RAM (BENCH_RAM, default /dev/shm), made for this run and removed after it. */
extern const char *ram_dir;

/* A file and a directory that exist on any Debian and are read-only in a cell. */
#define READ_ONLY_FILE "/usr/bin/bash"
#define READ_ONLY_DIR  "/usr/share/common-licenses"

noreturn void die(const char *what);

/* Ends the row unless the call's result is 0 or more. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            die(#call);                                                                            \
    } while (0)

/* The path of `name` in ram_dir, in a buffer that the next call overwrites. */
const char *ram_path(const char *name);

/* Forks a child that runs `body` and is killed when the row ends. */
void start_child(void (*body)(void));

#endif
