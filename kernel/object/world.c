/* SPDX-License-Identifier: Apache-2.0 */
/* The world as its owner's clients see it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/account/activity.h"
#include "kernel/account/pressure.h"
#include "kernel/checkpoint/checkpoint.h"
#include "kernel/object/call.h"
#include "kernel/object/console.h"
#include "kernel/object/dir.h"
#include "kernel/session.h"
#include "kernel/world.h"

/* A directory, with the names in it that are granted. */
static s64 import_dir(struct call *call, int fd)
{
    char names[RF_MSG_DATA];
    s64 length = call->in ? call_data(call, names, 0, sizeof(names)) : 0;
    struct stat st;
    struct dir *dir;

    if (length < 0 || (length && names[length - 1]))
        return -EINVAL;
    if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
        return -EINVAL;
    dir = dir_make(call->domain->bank, fd, length ? names : NULL, (size_t)length);
    return dir ? call_new_slot(call, &dir->object,
                               (u32)call->w[1] & (RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC))
               : -ENOSPC;
}

/* A stream, with the rights that its descriptor has at most. */
static s64 import_console(struct call *call, int fd)
{
    struct console *console = console_make(call->domain->bank, fd, true);

    return console ? call_new_slot(call, &console->object, (u32)call->w[1] & console->rights)
                   : -ENOSPC;
}

s64 op_WORLD_IMPORT(struct call *call)
{
    u64 kind = call->w[0];
    int fd;
    s64 slot;

    if (kind != RF_KIND_DIR && kind != RF_KIND_CONSOLE)
        return -EINVAL;
    if (call->fd < 0)
        return -EBADF;
    fd = fcntl(call->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return -ENFILE;
    slot = kind == RF_KIND_DIR ? import_dir(call, fd) : import_console(call, fd);
    if (slot == -EINVAL || slot == -ENOSPC) /* else it belongs to the object, which may be gone */
        close(fd);
    return slot;
}

s64 op_WORLD_STAT(struct call *call)
{
    struct rf_world_stat stat = {
        .version = 3,
        .process = (u32)getpid(),
        .age_ns = now_ns() - world.began_ns,
        .cells = world.cell_count,
        .sessions = session_count(),
        .invocations = world.invocations,
        .memory_limit = pressure_bound(),
        .sleeping = world.cell_count,
    };
    struct checkpoint_figures figures;
    int error = call_needs_message(call);

    if (error)
        return error;
    activity_refresh();
    list_for_each(node, &world.awake) {
        stat.memory_held += list_entry(node, struct cell, awake)->pages_charged * PAGE_SIZE;
        stat.sleeping--;
    }
    checkpoint_figures(&figures);
    stat.generation = figures.generation;
    stat.checkpoint_age_ns = figures.age_ns;
    stat.pause_ns = figures.pause_ns;
    stat.bytes = figures.bytes;
    stat.checkpoint_error = figures.error;
    stat.volumes = figures.volumes;
    stat.cpu_level = world.cpu_level;
    stat.volumes_missing = figures.volumes_missing;
    stat.restarts = figures.restarts;
    call_out(call, 0, &stat, sizeof(stat));
    return 0;
}

static struct list leaving = {&leaving, &leaving}; /* struct pending of WORLD_STOP */

static void answer_leaving(s64 result)
{
    pending_answer_all(&leaving, result);
}

s64 op_WORLD_STOP(struct call *call)
{
    s64 result;

    if (call->w[0]) {
        call_commit(call);
        world_stop();
        return 0;
    }
    result = call_wait(call, &leaving, NULL);
    if (result == CALL_WAITS)
        world_leave(answer_leaving);
    return result;
}
