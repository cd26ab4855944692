/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence run */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/grants.h"
#include "cli/launch.h"
#include "cli/numbers.h"
#include "cli/wrap.h"
#include "kernel/report.h"
#include "sdk/ringfence.h"

/* What the options say, in their order. */
struct request {
    struct launch *config;
    struct {
        char what; /* r: --ro, w: --rw, t: --tmp, f: --file */
        const char *value;
    } grants[MAX_MOUNTS];
    u32 grant_count;
    const char *root, *cwd, *trace_to, *world, *name;
    bool root_rw, clear_env, detached;
    struct environment env;
};

static void add_grant(struct request *r, char what, const char *value)
{
    if (r->grant_count == MAX_MOUNTS)
        fail("more than %d grants", MAX_MOUNTS);
    r->grants[r->grant_count].what = what;
    r->grants[r->grant_count++].value = value;
}

static void take_ro(void *target, const char *value)
{
    add_grant(target, 'r', value);
}

static void take_rw(void *target, const char *value)
{
    add_grant(target, 'w', value);
}

static void take_tmp(void *target, const char *value)
{
    add_grant(target, 't', value);
}

static void take_file(void *target, const char *value)
{
    add_grant(target, 'f', value);
}

static void take_root(void *target, const char *value)
{
    ((struct request *)target)->root = value;
}

static void take_root_rw(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->root_rw = true;
}

static void take_cwd(void *target, const char *value)
{
    if (*value != '/')
        fail("--cwd %s: a directory in the cell, starting with /", value);
    ((struct request *)target)->cwd = value;
}

static void take_env(void *target, const char *value)
{
    if (!strchr(value, '=') || *value == '=')
        fail("--env %s: it is --env NAME=VALUE", value);
    environment_set(&((struct request *)target)->env, value);
}

static void take_clear_env(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->clear_env = true;
}

static void take_hostname(void *target, const char *value)
{
    size_t n = strlen(value);

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)value[i]) && value[i] != '-' && value[i] != '.')
            n = 0;
    }
    if (n == 0 || n > 64)
        fail("--hostname %s: 1 to 64 letters, digits, dots and dashes", value);
    ((struct request *)target)->config->hostname = value;
}

static void take_uid(void *target, const char *value)
{
    ((struct request *)target)->config->uid = (u32)number_parse("--uid", value, 0, UINT32_MAX - 1);
}

static void take_gid(void *target, const char *value)
{
    ((struct request *)target)->config->gid = (u32)number_parse("--gid", value, 0, UINT32_MAX - 1);
}

static void take_mem(void *target, const char *value)
{
    ((struct request *)target)->config->limits.memory_limit = size_parse("--mem", value, 4ul << 20);
}

static void take_cpu(void *target, const char *value)
{
    ((struct request *)target)->config->limits.cpu_percent = percent_parse("--cpu", value);
}

static void take_pids(void *target, const char *value)
{
    ((struct request *)target)->config->limits.process_limit =
        (u32)number_parse("--pids", value, 1, RF_MAX_THREADS - 1);
}

static void take_time(void *target, const char *value)
{
    ((struct request *)target)->config->limits.time_limit_ns = seconds_parse("--time", value);
}

static void take_stay_awake(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->config->limits.stays_awake = true;
}

static void take_replicas(void *target, const char *value)
{
    ((struct request *)target)->config->replicas =
        (u32)number_parse("--replicas", value, 1, RF_REPLICAS_MOST);
}

static void take_stats(void *target, const char *value)
{
    struct launch *config = ((struct request *)target)->config;

    if (!value || !strcmp(value, "table"))
        config->stats = STATS_TABLE;
    else if (!strcmp(value, "json"))
        config->stats = STATS_JSON;
    else
        fail("--stats=%s: it is --stats or --stats=json", value);
}

static void take_trace(void *target, const char *value)
{
    struct launch *config = ((struct request *)target)->config;

    if (value && !*value)
        fail("--trace= needs names of system calls, such as --trace=open,read");
    config->trace = true;
    config->trace_filter = value;
}

static void take_trace_to(void *target, const char *value)
{
    ((struct request *)target)->config->trace = true;
    ((struct request *)target)->trace_to = value;
}

static void take_limit_by(void *target, const char *value)
{
    ((struct request *)target)->config->limits.limit_by = limit_by_parse(value);
}

static void take_libos(void *target, const char *value)
{
    ((struct request *)target)->config->libos_path = value;
}

static void take_world(void *target, const char *value)
{
    ((struct request *)target)->world = value;
}

static void take_name(void *target, const char *value)
{
    ((struct request *)target)->name = value;
}

static void take_wrap(void *target, const char *value)
{
    wrap_add(((struct request *)target)->config, value);
}

static void take_clock(void *target, const char *value)
{
    ((struct request *)target)->config->clock = clock_parse(value);
}

static void take_wrap_rw(void *target, const char *value)
{
    ((struct request *)target)->config->wrap_dir = value;
}

static void take_terminal(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->config->terminal = true;
}

static void take_detached(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->detached = true;
}

static void take_checkpoint(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->config->checkpoints = true;
}

const struct option_row run_options[] = {
    {"ro", VALUE_NEEDED, "HOST[:CELL]", "grant a directory or file, read-only", take_ro, 0},
    {"rw", VALUE_NEEDED, "HOST[:CELL]", "grant a directory or file, writable", take_rw, 0},
    {"tmp", VALUE_NEEDED, "CELL", "an empty directory in memory", take_tmp, 0},
    {"file", VALUE_NEEDED, "CELL=TEXT", "a file in memory with that text", take_file, 0},
    {"root", VALUE_NEEDED, "DIR", "that tree as /, instead of the host's programs", take_root, 0},
    {"root-rw", VALUE_NONE, NULL, "the tree may be changed", take_root_rw, 0},
    {"cwd", VALUE_NEEDED, "CELL", "working directory of the program", take_cwd, 0},
    {"env", VALUE_NEEDED, "NAME=VALUE", "an environment variable", take_env, 0},
    {"clear-env", VALUE_NONE, NULL, "pass no environment but what --env says", take_clear_env, 0},
    {"hostname", VALUE_NEEDED, "NAME", "name of the computer that the program sees", take_hostname,
     0},
    {"uid", VALUE_NEEDED, "N", "user that the program sees itself as", take_uid, 0},
    {"gid", VALUE_NEEDED, "N", "group that the program sees itself as", take_gid, 0},
    {"mem", VALUE_NEEDED, "SIZE", "most memory, such as 512M or 2G", take_mem, 0},
    {"cpu", VALUE_NEEDED, "PERCENT", "most processor time; 100 is one processor", take_cpu, 0},
    {"pids", VALUE_NEEDED, "N", "most processes and threads", take_pids, 0},
    {"time", VALUE_NEEDED, "SECONDS", "end the cell after that time", take_time, 0},
    {"stats", VALUE_OPTIONAL, "json", "at the end, show what the cell used", take_stats, 0},
    {"trace", VALUE_OPTIONAL, "NAME,...", "show system calls, all or those named", take_trace, 0},
    {"trace-to", VALUE_NEEDED, "FILE", "show them in a file", take_trace_to, 0},
    {"limit-by", VALUE_NEEDED, "WAY", "any, cgroup2, cgroup1 or poll: how limits are kept",
     take_limit_by, 0},
    {"world", VALUE_NEEDED, "DIR", "run it in the world of that directory", take_world, 'w'},
    {"name", VALUE_NEEDED, "NAME", "in a world: the cell's name", take_name, 'n'},
    {"detach", VALUE_NONE, NULL, "in a world: do not wait for its end", take_detached, 'd'},
    {"tty", VALUE_NONE, NULL, "with -d: its console is a terminal", take_terminal, 't'},
    {"checkpoint", VALUE_NONE, NULL, "in a world: it may ask for checkpoints (/proc/ringfence)",
     take_checkpoint, 0},
    {"replicas", VALUE_NEEDED, "N", "in a world: keep that many copies, 1 to 3, of what it holds",
     take_replicas, 0},
    {"stay-awake", VALUE_NONE, NULL, "in a world: it is not hibernated when memory is short",
     take_stay_awake, 0},
    {"wrap", VALUE_NEEDED, "KIND=PROGRAM",
     "put a program before each dir, console or clock; dir:CELL=PROGRAM: before that one",
     take_wrap, 0},
    {"wrap-rw", VALUE_NEEDED, "HOST[:CELL]", "a directory that those programs may write",
     take_wrap_rw, 0},
    {"clock", VALUE_NEEDED, "START[,RATE]", "start its time at a date; run it faster or slower",
     take_clock, 0},
    {"libos", VALUE_NEEDED, "FILE", NULL, take_libos, 0},
    {0},
};

static void apply_grants(struct request *r)
{
    struct launch *config = r->config;

    if (r->root)
        grant_root(config, r->root,
                   r->root_rw ? RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC
                              : RF_RIGHT_READ | RF_RIGHT_EXEC);
    else
        grant_default_view(config);
    for (u32 i = 0; i < r->grant_count; i++) {
        const char *value = r->grants[i].value;

        switch (r->grants[i].what) {
        case 'r': grant_host(config, "--ro", value, RF_RIGHT_READ | RF_RIGHT_EXEC); break;
        case 'w':
            grant_host(config, "--rw", value, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
            break;
        case 't': grant_ram(config, value, 01777); break;
        default: grant_text(config, value); break;
        }
    }
}

static void open_trace(struct request *r)
{
    r->config->trace_fd = STDERR_FILENO;
    if (!r->trace_to)
        return;
    r->config->trace_fd = open(r->trace_to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (r->config->trace_fd < 0)
        fail_errno(errno, "--trace-to %s", r->trace_to);
}

int cmd_run(int argc, char **argv)
{
    static struct launch config = {.hostname = "ringfence"};
    static struct request request;
    const struct command *command = command_find("run");
    int first;

    request.config = &config;
    config.standard_closed = standard_closed;
    config.uid = geteuid();
    config.gid = getegid();
    first = options_parse(command, argc, argv, &request);
    if (first == argc)
        usage_error(command, "no program is named");
    if (request.root_rw && !request.root)
        usage_error(command, "--root-rw needs --root DIR");
    if (!*argv[first])
        fail("the program's name is empty");
    config.argv = argv + first;
    config.argc = (u32)(argc - first);
    config.user_name = environment_user(config.uid);
    apply_grants(&request);
    wrap_check(&config);
    config.cwd = request.cwd ? request.cwd : grant_find_cwd(&config);
    if (!config.cwd)
        config.cwd = "/";
    environment_finish(&request.env, &config, request.clear_env);
    open_trace(&request);
    if (config.limits.limit_by && (request.world || rf_in_cell()))
        usage_error(command, "--limit-by is for a world as a whole: ringfence world --limit-by");
    if (request.world || request.name || request.detached || getenv("RINGFENCE_WORLD") ||
        rf_in_cell())
        return launch_in_world(&config, request.world, request.name, request.detached);
    if (config.checkpoints)
        usage_error(command, "--checkpoint needs a world that stays: --world DIR");
    if (config.replicas)
        usage_error(command, "--replicas is for a cell in a world that stays: --world");
    if (config.limits.stays_awake)
        usage_error(command, "--stay-awake is for a cell in a world that stays: --world");
    if (config.wrap_count || config.clock.rate)
        return launch_in_own_world(&config);
    return launch_alone(&config);
}
