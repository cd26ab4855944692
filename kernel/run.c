/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/account/limits.h"
#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/boot.h"
#include "kernel/confine.h"
#include "kernel/jail/image.h"
#include "kernel/jail/notify.h"
#include "kernel/jail/start.h"
#include "kernel/object/console.h"
#include "kernel/report.h"
#include "kernel/signals.h"
#include "kernel/watchdog.h"

/* Not on the heap: in a build with the address sanitizer, the first process unmaps that. */
static struct cell cell;
static struct image image;

/* A memfd whose size nobody can change: what maps it never faults on a missing page. */
static int make_memory(const char *name, u64 size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        fail_errno(errno, "cannot make the %s", name);
    return fd;
}

static int make_window(void)
{
    int fd = make_memory("window", PAGE_ALIGN(sizeof(struct rf_window)));
    void *at =
        mmap(NULL, PAGE_ALIGN(sizeof(struct rf_window)), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED)
        fail_errno(errno, "cannot map the window");
    cell.window = at;
    return fd;
}

static void make_pending(void)
{
    cell.pending_memory = calloc(MAX_PENDING, sizeof(*cell.pending_memory));
    cell.timers = calloc(RF_MAX_THREADS, sizeof(*cell.timers));
    if (!cell.pending_memory || !cell.timers ||
        table_init(&cell.caps, RF_SLOT_FIRST_DIR + MAX_GRANTS))
        fail("no memory");
    list_init(&cell.pending);
    list_init(&cell.free_pending);
    list_init(&cell.prepared);
    list_init(&cell.sleepers);
    list_init(&cell.lockers);
}

static void fill_slots(const struct run_config *config)
{
    static const u32 console_slots[CONSOLES] = {RF_SLOT_STDIN, RF_SLOT_STDOUT, RF_SLOT_STDERR,
                                                RF_SLOT_TRACE};
    struct cap cap = {.kind = RF_KIND_CELL_SELF, .fd = -1};

    table_put(&cell.caps, RF_SLOT_CELL, &cap);
    cap.kind = RF_KIND_CLOCK;
    table_put(&cell.caps, RF_SLOT_CLOCK, &cap);
    cap.kind = RF_KIND_CONSOLE;
    for (u32 i = 0; i < CONSOLES - (config->trace ? 0u : 1u); i++) {
        console_init(&cell, i, i == 3 ? config->trace_fd : (int)i);
        cap.index = i;
        cap.rights = (u8)cell.consoles[i].rights;
        if (!(config->standard_closed & 1u << i))
            table_put(&cell.caps, console_slots[i], &cap);
    }
}

/* As many descriptors as the host lets us have: each open file of the cell is one. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int exit_status(void)
{
    if (cell.own_status >= 0)
        return cell.own_status;
    if (WIFSIGNALED(cell.wait_status))
        return 128 + WTERMSIG(cell.wait_status);
    return WEXITSTATUS(cell.wait_status);
}

int kernel_run(const struct run_config *config)
{
    static u32 slots[MAX_MOUNTS];
    u32 umask_bits = umask(0);
    u64 began = now_ns();
    int window_fd, listener_fd, error;
    struct start start;
    bool has_tty;

    cell.config = config;
    cell.own_status = -1;
    raise_descriptor_limit();
    if ((error = event_init()) || (error = signals_init(&cell)))
        fail_errno(-error, "cannot prepare for events");
    tasks_init();
    window_fd = make_window();
    cell.heap_fd = make_memory("heap", RF_HEAP_SIZE);
    make_pending();
    fill_slots(config);
    boot_open_grants(&cell, slots);
    has_tty = consoles_start(&cell);
    boot_write(&cell, slots, has_tty, umask_bits);
    image_open(&image, config->libos_path);
    limits_prepare(&cell);
    confine_files(&cell);
    start = (struct start){.image = &image, .cell = &cell, .window_fd = window_fd};
    start_cell(&start);
    watchdog_start(cell.leader); /* while the first process prepares itself */
    listener_fd = start_take_listener();
    if ((error = notify_start(&cell, listener_fd)) || (error = signals_start()))
        fail_errno(-error, "cannot wait for events");
    limits_start(&cell);
    close(window_fd);
    close(image.fd);
    confine_calls(&cell);
    event_loop();
    consoles_restore();
    watchdog_end();
    limits_finish(&cell);
    if (config->stats)
        stats_show(&cell, now_ns() - began);
    return exit_status();
}
