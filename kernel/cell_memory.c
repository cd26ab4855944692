/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/cell.h"

#define WINDOW_LENGTH PAGE_ALIGN(sizeof(struct rf_window))

/* A memfd whose size nobody can change: what maps it never faults on a missing page. */
static int make_memory(const char *name, u64 size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return fd;
    error = -errno;
    if (fd >= 0)
        close(fd);
    return error;
}

static int make_all(struct cell *cell)
{
    void *at;

    cell->heap_fd = make_memory("heap", RF_HEAP_SIZE);
    cell->window_fd = make_memory("window", WINDOW_LENGTH);
    if (cell->heap_fd < 0 || cell->window_fd < 0)
        return MIN(cell->heap_fd, cell->window_fd);
    cell->timers = calloc(RF_MAX_THREADS, sizeof(*cell->timers));
    at = mmap(NULL, WINDOW_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, cell->window_fd, 0);
    if (at == MAP_FAILED || !cell->timers)
        return -ENOMEM;
    cell->window = at;
    cell->domain.messages = cell->window->messages;
    cell->domain.heap_fd = cell->heap_fd;
    return 0;
}

int cell_memory_make(struct cell *cell)
{
    int error = make_all(cell);

    if (error)
        cell_memory_drop(cell);
    return error;
}

static void drop_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void cell_memory_drop(struct cell *cell)
{
    for (u32 i = 0; i < cell->timers_used; i++)
        timer_cancel(&cell->timers[i].timer);
    free(cell->timers);
    cell->timers = NULL;
    cell->timers_used = 0;
    if (cell->window) {
        cell->system_calls = cell->window->cell.stat_system_calls;
        munmap(cell->window, WINDOW_LENGTH);
    }
    cell->window = NULL;
    cell->domain.messages = NULL;
    domain_drop_heap(&cell->domain);
    drop_file(&cell->heap_fd);
    drop_file(&cell->window_fd);
    cell->domain.heap_fd = -1;
}
