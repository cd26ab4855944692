/* SPDX-License-Identifier: Apache-2.0 */
/* A control group of the host for one cell: version 2 where its controllers are delegated to us,
 * else version 1 where it can be written. */
#ifndef KERNEL_ACCOUNT_CGROUP_H
#define KERNEL_ACCOUNT_CGROUP_H

#include "base/types.h"

enum limit_by { LIMIT_BY_ANY = 0, LIMIT_BY_CGROUP2, LIMIT_BY_CGROUP1, LIMIT_BY_POLL };

enum cgroup_controller { CGROUP_MEMORY, CGROUP_CPU, CGROUP_CONTROLLERS };

/* One controller's group. */
struct cgroup_part {
    int dir_fd;   /* the group; -1: there is none */
    int procs_fd; /* a thread that writes "0" here joins */
    u32 version;  /* 1 or 2 */
    char parent[512], name[48];
};

struct cgroup {
    struct cgroup_part part[CGROUP_CONTROLLERS];
};

/* Whether the host lets us make groups with that controller by that version (doctor asks). */
bool cgroup_possible(enum cgroup_controller controller, u32 version);

/* Makes a group for the controller if `by` permits and the host does. */
bool cgroup_make(struct cgroup *group, enum cgroup_controller controller, enum limit_by by);

/* The same in a group of version 2 that we made. */
bool cgroup_make_in(struct cgroup *group, enum cgroup_controller controller, const char *parent);

/* Limits; false when the host refuses. */
bool cgroup_limit_memory(const struct cgroup *group, u64 bytes);
/* Quota 0: none. A version 1 group's must be within that of the group above it. */
bool cgroup_set_quota(int dir_fd, u32 version, u64 quota_ns, u64 period_ns);
/* Against the groups beside it: 1000 is usual. */
bool cgroup_set_weight(int dir_fd, u32 version, u64 weight);

/* Writes to a file of the group, or reads a number: that after `key`, or the first ("" ), 0 when
 * unknown. */
bool cgroup_write(int dir_fd, const char *name, const char *text);
u64 cgroup_read(int dir_fd, const char *name, const char *key);

/* The file of a group by which a process that has one thread joins it. */
const char *cgroup_join_file(u32 version);

/* Figures, 0 where unknown. */
u64 cgroup_memory_now(const struct cgroup *group);
u64 cgroup_memory_peak(const struct cgroup *group);
u64 cgroup_out_of_memory_kills(const struct cgroup *group);

/* Removes a group and those in it. */
void cgroup_remove_tree(const char *path);

/* Removes one controller's group, or those of all; they must be empty. */
void cgroup_drop(struct cgroup *group, enum cgroup_controller controller);
void cgroup_remove(struct cgroup *group);

#endif
