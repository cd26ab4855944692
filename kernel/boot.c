/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/boot.h"

#include <cpuid.h>
#include <sched.h>
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "kernel/object/attr.h"
#include "kernel/report.h"

/* Allocates in the record from its start. */
struct writer {
    u8 *base;
    u32 used;
};

static u32 take(struct writer *w, size_t length, u32 alignment)
{
    u32 offset = ALIGN_UP(w->used, alignment);

    if (length > RF_BOOT_SIZE - offset)
        fail("arguments and environment are too long: more than %lu KiB", RF_BOOT_SIZE >> 10);
    w->used = offset + (u32)length;
    return offset;
}

static u32 put(struct writer *w, const void *bytes, size_t length)
{
    u32 offset = take(w, length, 1);

    memcpy(w->base + offset, bytes, length);
    return offset;
}

static u32 put_string(struct writer *w, const char *text)
{
    return put(w, text, strlen(text) + 1);
}

static u32 put_strings(struct writer *w, char *const *strings, u32 count)
{
    u32 offset = take(w, count * sizeof(u32), sizeof(u32));
    u32 *offsets = (u32 *)(w->base + offset);

    for (u32 i = 0; i < count; i++)
        offsets[i] = put_string(w, strings[i]);
    return offset;
}

/* What a granted directory or file is, so that the library OS need not ask for each. Links it asks
 * for. */
static u32 put_attr(struct writer *w, const struct cell *cell, const struct mount_config *mount,
                    u32 slot)
{
    bool single = mount->kind == RF_MOUNT_FILE;
    struct rf_attr attr;
    u32 offset;

    if (!single && mount->kind != RF_MOUNT_DIR)
        return 0;
    if (attr_get(cell->grants[cell->caps.slots[slot].index].fd, single ? mount->name : "", &attr) ||
        S_ISLNK(attr.mode))
        return 0;
    offset = take(w, sizeof(attr), sizeof(u64));
    memcpy(w->base + offset, &attr, sizeof(attr));
    return offset;
}

static u32 put_mounts(struct writer *w, const struct cell *cell, const u32 slots[])
{
    const struct run_config *config = cell->config;
    u32 offset = take(w, config->mount_count * sizeof(struct rf_boot_mount), sizeof(u32));
    struct rf_boot_mount *mounts = (struct rf_boot_mount *)(w->base + offset);

    for (u32 i = 0; i < config->mount_count; i++) {
        const struct mount_config *from = &config->mounts[i];

        mounts[i] = (struct rf_boot_mount){
            .kind = from->kind,
            .path = put_string(w, from->path),
            .slot = slots[i],
            .rights = from->rights,
            .name = from->name ? put_string(w, from->name) : 0,
            .mode = from->mode,
            .attr = put_attr(w, cell, from, slots[i]),
        };
        if (from->text) {
            mounts[i].text = put(w, from->text, from->text_length + 1);
            mounts[i].text_length = (u32)from->text_length;
        }
    }
    return offset;
}

/* The vdso and the data pages that belong to it, as this process (and so its child) has them. */
static void find_vdso(struct rf_boot *boot)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[256];

    boot->vdso_image = getauxval(AT_SYSINFO_EHDR);
    if (!maps)
        return;
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start, end;

        if (!strstr(line, "[vdso]") && !strstr(line, "[vvar"))
            continue;
        if (sscanf(line, "%lx-%lx", &start, &end) != 2)
            continue;
        if (!boot->vdso_start || start < boot->vdso_start)
            boot->vdso_start = start;
        boot->vdso_end = MAX(boot->vdso_end, end);
    }
    fclose(maps);
}

static u32 xsave_size(void)
{
    u32 a, b = 0, c, d;

    if (__get_cpuid_count(0xd, 0, &a, &b, &c, &d))
        return b;
    return 512;
}

static void describe_host(const struct run_config *config, struct rf_boot *boot, struct writer *w)
{
    struct sysinfo info;
    struct utsname names;
    cpu_set_t set;

    boot->hwcap = getauxval(AT_HWCAP);
    boot->hwcap2 = getauxval(AT_HWCAP2);
    boot->platform = put_string(w, "x86_64");
    boot->xsave_size = xsave_size();
    if (uname(&names) == 0)
        boot->kernel_release = put_string(w, names.release);
    if (sysinfo(&info) == 0)
        boot->host_memory = (u64)info.totalram * info.mem_unit;
    boot->processors = 1;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        boot->processors = (u32)CPU_COUNT(&set);
    if (config->cpu_percent)
        boot->processors = MIN(boot->processors, (config->cpu_percent + 99) / 100);
    find_vdso(boot);
}

static void write_cell_page(struct cell *cell)
{
    const struct run_config *config = cell->config;
    struct rf_cell_page *page = &cell->window->cell;

    page->magic = RF_CELL_MAGIC;
    page->version = 1;
    page->memory_limit = config->memory_limit;
    page->cpu_percent = config->cpu_percent;
    page->process_limit = config->process_limit;
    page->boottime_offset_ns = now_ns();
}

static pid_t parent_of(pid_t pid)
{
    char path[32], text[512];
    pid_t parent = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n > 0) {
        text[n] = 0;
        char *after_name = strrchr(text, ')');
        if (after_name && sscanf(after_name, ") %*c %d", &parent) != 1)
            parent = 0;
    }
    return parent;
}

/* As POSIX tells that a process group is not orphaned: the first ancestor outside of our group is
 * in our session. */
static bool has_job_control(void)
{
    pid_t ancestor = getppid();

    while (ancestor > 1 && getpgid(ancestor) == getpgrp())
        ancestor = parent_of(ancestor);
    return ancestor > 1 && getsid(ancestor) == getsid(0);
}

void boot_write(struct cell *cell, const u32 slots[MAX_MOUNTS], bool has_tty, u32 umask_bits)
{
    const struct run_config *config = cell->config;
    struct rf_boot *boot = (struct rf_boot *)cell->window->boot;
    struct writer w = {.base = cell->window->boot, .used = sizeof(*boot)};

    boot->magic = RF_BOOT_MAGIC;
    boot->argc = config->argc;
    boot->argv = put_strings(&w, config->argv, config->argc);
    boot->envc = config->envc;
    boot->envp = put_strings(&w, config->env, config->envc);
    boot->mount_count = config->mount_count;
    boot->mounts = put_mounts(&w, cell, slots);
    boot->program = put_string(&w, config->argv[0]);
    boot->cwd = put_string(&w, config->cwd);
    boot->hostname = put_string(&w, config->hostname);
    boot->user_name = put_string(&w, config->user_name);
    attr_set_identity(config->uid, config->gid);
    boot->uid = config->uid;
    boot->gid = config->gid;
    boot->trace = config->trace;
    if (config->trace_filter)
        boot->trace_filter = put_string(&w, config->trace_filter);
    boot->has_tty = has_tty;
    boot->memory_limit = config->memory_limit;
    boot->umask = umask_bits;
    cell->job_control = has_job_control();
    boot->job_control = cell->job_control;
    describe_host(config, boot, &w);
    boot->size = w.used;
    write_cell_page(cell);
}
