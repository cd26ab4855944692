/* SPDX-License-Identifier: Apache-2.0 */
/* A control group of the host for one cell: version 2 where its controllers are delegated to us,
 * else version 1 where it can be written. */
#ifndef KERNEL_ACCOUNT_CGROUP_H
#define KERNEL_ACCOUNT_CGROUP_H

#include "base/types.h"

enum limit_by { LIMIT_BY_ANY = 0, LIMIT_BY_CGROUP2, LIMIT_BY_CGROUP1, LIMIT_BY_POLL };

enum cgroup_controller { CGROUP_MEMORY, CGROUP_CPU, CGROUP_CONTROLLERS };

/* One controller's group. In version 2 both controllers share one. */
struct cgroup_part {
    int dir_fd;   /* the group; -1: there is none */
    int procs_fd; /* a process that writes "0" here joins */
    u32 version;  /* 1 or 2 */
    bool shared;  /* the descriptors and the directory are another part's */
    char parent[512], name[48];
};

struct cgroup {
    struct cgroup_part part[CGROUP_CONTROLLERS];
};

/* Whether the host lets us make groups with that controller by that version (doctor asks). */
bool cgroup_possible(enum cgroup_controller controller, u32 version);

/* Makes a group for the controller if `by` permits and the host does. */
bool cgroup_make(struct cgroup *group, enum cgroup_controller controller, enum limit_by by);

/* Limits; false when the host refuses. Bytes; percent of one processor. */
bool cgroup_limit_memory(const struct cgroup *group, u64 bytes);
bool cgroup_limit_cpu(const struct cgroup *group, u32 percent);

/* Figures, 0 where unknown. */
u64 cgroup_memory_now(const struct cgroup *group);
u64 cgroup_memory_peak(const struct cgroup *group);
u64 cgroup_out_of_memory_kills(const struct cgroup *group);

/* Removes one controller's group, or those of all; they must be empty. A memory group is not to be
 * dropped alone once the processor part shares it. */
void cgroup_drop(struct cgroup *group, enum cgroup_controller controller);
void cgroup_remove(struct cgroup *group);

#endif
