/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/groups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"

#define LEAF "cells" /* version 2: processes are only in groups that hold no others */

static enum limit_by way;
static struct cgroup base = {.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
static bool refused; /* the host let us make none: not asked again */

void groups_choose(enum limit_by by)
{
    way = by;
}

enum limit_by groups_way(void)
{
    return way;
}

void groups_init(struct meter_group *group)
{
    *group = (struct meter_group){.dir_fd = -1, .join_fd = -1};
}

struct meter_group *groups_of(const struct meter *meter)
{
    for (; meter && meter->parent; meter = meter->parent) {
        if (meter->group.path)
            return (struct meter_group *)(uintptr_t)&meter->group;
    }
    return NULL;
}

const char *groups_base(void)
{
    static char path[640];
    const struct cgroup_part *part = &base.part[CGROUP_CPU];

    snprintf(path, sizeof(path), "%s/%s", part->parent, part->name);
    return part->dir_fd >= 0 ? path : NULL;
}

const char *groups_base_parent(void)
{
    return base.part[CGROUP_CPU].dir_fd >= 0 ? base.part[CGROUP_CPU].parent : NULL;
}

void groups_finish(void)
{
    cgroup_remove(&base);
}

static void pass_controllers_on(int dir_fd, u32 version)
{
    if (version == 2) {
        cgroup_write(dir_fd, "cgroup.subtree_control", "+cpu");
        cgroup_write(dir_fd, "cgroup.subtree_control", "+memory");
    }
}

/* What all groups of this world lie in. */
static bool need_base(void)
{
    if (base.part[CGROUP_CPU].dir_fd >= 0)
        return true;
    if (refused || !cgroup_make(&base, CGROUP_CPU, way)) {
        refused = true;
        return false;
    }
    pass_controllers_on(base.part[CGROUP_CPU].dir_fd, base.part[CGROUP_CPU].version);
    return true;
}

/* Version 1 wants no more than the group above has. */
static u64 fitting_quota(const struct meter *meter)
{
    u64 rate = meter_rate(meter), period = meter->terms.period_ns;

    for (const struct meter *above = meter->parent; above && rate; above = above->parent) {
        if (meter_rate(above))
            rate = MIN(rate, meter_rate(above));
    }
    return (u64)((unsigned __int128)rate * period / 1000000000u);
}

static void write_terms(struct meter *meter)
{
    struct meter_group *group = &meter->group;

    if (!group->path)
        return;
    group->kept = cgroup_set_quota(group->dir_fd, group->version, fitting_quota(meter),
                                   meter->terms.period_ns);
    if (!cgroup_set_weight(group->dir_fd, group->version, meter_weight(meter)))
        group->kept = false;
}

static int open_join(int dir_fd, u32 version)
{
    if (version == 1)
        return openat(dir_fd, cgroup_join_file(1), O_WRONLY | O_CLOEXEC);
    if (mkdirat(dir_fd, LEAF, 0755) < 0 && errno != EEXIST)
        return -1;
    return openat(dir_fd, LEAF "/cgroup.procs", O_WRONLY | O_CLOEXEC);
}

static bool make(struct meter *meter)
{
    struct meter_group *group = &meter->group, *above;
    const char *parent;
    char *path;

    if (!need_base())
        return false;
    above = groups_of(meter->parent);
    parent = above ? above->path : groups_base();
    if (asprintf(&path, "%s/m%lu", parent, meter->object.number) < 0)
        return false;
    if (mkdirat(AT_FDCWD, path, 0755) < 0) {
        free(path);
        return false;
    }
    group->path = path;
    group->version = base.part[CGROUP_CPU].version;
    group->dir_fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pass_controllers_on(group->dir_fd, group->version);
    group->join_fd = open_join(group->dir_fd, group->version);
    write_terms(meter);
    if (group->kept && group->join_fd >= 0)
        return true;
    groups_remove(meter);
    return false;
}

/* From the top, since a directory does not change its place. */
static bool prepare(struct meter *meter, bool itself)
{
    if (!meter->parent || meter->group.path)
        return true;
    if (!prepare(meter->parent, false))
        return false;
    if (!itself && !meter->terms.quota_ns && meter->terms.share == 100 && !meter->given)
        return true;
    return make(meter);
}

int groups_prepare(struct meter *meter)
{
    if (!meter->parent || way == LIMIT_BY_POLL || prepare(meter, true))
        return 0;
    return way == LIMIT_BY_ANY ? 0 : -ENOTSUP;
}

int groups_join_fd(const struct meter *meter)
{
    const struct meter_group *group = groups_of(meter);

    return group ? group->join_fd : -1;
}

static void write_all(struct meter *meter, bool itself_first)
{
    if (itself_first)
        write_terms(meter);
    list_for_each(node, &meter->below)
        write_all(list_entry(node, struct meter, sibling), itself_first);
    if (!itself_first)
        write_terms(meter);
}

/* What was lowered is lowered from below, what was raised from above. */
void groups_set_terms(struct meter *meter)
{
    write_all(meter, false);
    write_all(meter, true);
}

/* A process that it makes meanwhile is in the old group, and is found by looking again. */
void groups_move(struct cell *cell)
{
    const struct meter_group *group = groups_of(cell->meter);
    char path[800], number[32];

    if (!group && !groups_base())
        return;
    snprintf(path, sizeof(path), "%s/%scgroup.procs",
             group ? group->path : base.part[CGROUP_CPU].parent,
             group && group->version == 2 ? LEAF "/" : "");
    for (u32 pass = 0; pass < 3; pass++) {
        tasks_update();
        list_for_each(node, &cell->host_processes) {
            snprintf(number, sizeof(number), "%d", list_entry(node, struct process, link)->pid);
            cgroup_write(AT_FDCWD, path, number);
        }
    }
}

u64 groups_exhausted(struct meter *meter)
{
    struct meter_group *group = &meter->group;
    u64 now = 0, more;

    if (group->path && meter->terms.quota_ns)
        now = cgroup_read(group->dir_fd, "cpu.stat", "nr_throttled");
    more = now > group->throttled ? now - group->throttled : 0;
    group->throttled = MAX(group->throttled, now);
    return more;
}

/* One that is still being left by its last process goes with the world's. */
void groups_remove(struct meter *meter)
{
    struct meter_group *group = &meter->group;
    char leaf[800];

    if (!group->path)
        return;
    if (group->version == 2) {
        snprintf(leaf, sizeof(leaf), "%s/" LEAF, group->path);
        rmdir(leaf);
    }
    rmdir(group->path);
    close(group->dir_fd);
    close(group->join_fd);
    free(group->path);
    groups_init(group);
}

void groups_rest(struct meter *meter)
{
    if (!list_empty(&meter->below))
        return;
    list_for_each(node, &meter->cells) {
        if (!list_empty(&list_entry(node, struct cell, metered)->awake))
            return;
    }
    groups_remove(meter);
}
