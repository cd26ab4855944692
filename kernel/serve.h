/* SPDX-License-Identifier: Apache-2.0 */
/* A world that stays: a kernel process that serves clients on a socket in the world's directory
 * until it is told to stop. */
#ifndef KERNEL_SERVE_H
#define KERNEL_SERVE_H

#include "kernel/account/cgroup.h"
#include "kernel/checkpoint/checkpoint.h"

struct world_config {
    const char *path;       /* the world's directory, made if it is not there */
    const char *libos_path; /* another library OS image, for tests; NULL: the embedded one */
    enum limit_by limit_by; /* how limits are kept */
    u64 memory;             /* most that its cells hold together, in bytes; 0: no bound */
    u32 cpu_level; /* 1 to 4: its cells may rely on no more than x86-64-v1 to v4; 0: on all there is
                    */
    u32 replicas;  /* of the first bank; 0: as it was, or 1 */
    struct checkpoint_config checkpoint;
    bool until_left; /* it ends when its last client leaves, however that ended */
    /* Called once when clients can connect; NULL: nothing. */
    void (*ready)(void);
};

/* Serves: the exit status. Fails (fail()) with a line when the directory cannot be used, belongs to
 * somebody else, or a world runs in it. */
int kernel_serve(const struct world_config *config);

#endif
