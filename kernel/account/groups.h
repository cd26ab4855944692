/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups of the host for meters: nested as the meters are, made when something is to run on
 * them. Only meters with terms of their own and those that cells run on have one; one between them
 * that says nothing costs nothing. Processor sets are not theirs: those are affinities. */
#ifndef KERNEL_ACCOUNT_GROUPS_H
#define KERNEL_ACCOUNT_GROUPS_H

#include "kernel/account/cgroup.h"

struct cell;
struct meter;

/* A meter's group. */
struct meter_group {
    char *path;          /* NULL: it has none */
    int dir_fd, join_fd; /* to join: one writes "0" */
    u32 version;
    u64 throttled; /* periods in which it was, when last seen */
    bool kept;     /* it keeps the quota and the share */
};

void groups_init(struct meter_group *group);

/* What way this world may use. */
void groups_choose(enum limit_by by);
enum limit_by groups_way(void);

/* Before a cell starts on the meter: makes what groups are missing. 0; -ENOTSUP: the host refuses,
 * and another way is not permitted. */
int groups_prepare(struct meter *meter);

/* The descriptor by which a process joins what the meter is kept by, or -1. */
int groups_join_fd(const struct meter *meter);

/* The group that the meter is kept by: its own or one above; NULL: none. */
struct meter_group *groups_of(const struct meter *meter);

/* The meter's terms, or those of one beside it, have changed. */
void groups_set_terms(struct meter *meter);

/* Moves a running cell into what its meter is kept by. */
void groups_move(struct cell *cell);

/* Periods since the last time in which the quota was used up. */
u64 groups_exhausted(struct meter *meter);

void groups_remove(struct meter *meter);

/* Removes it if nothing runs on the meter or below; groups_prepare makes it again. */
void groups_rest(struct meter *meter);

/* The directory that all lie in, or NULL, and where that lies; and its end, with all that is left
 * in it. */
const char *groups_base(void);
const char *groups_base_parent(void);
void groups_finish(void);

#endif
