/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/boot.h"

#include <cpuid.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>

#include "abi/boot.h"
#include "kernel/object/console.h"
#include "kernel/object/viewer.h"

/* The vdso and the data pages that belong to it, as this process (and so its child) has them. */
static void look_for_vdso(struct rf_boot *boot)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[256];
    u32 count = 0;

    if (!maps)
        return;
    while (count < RF_VDSO_PARTS && fgets(line, sizeof(line), maps)) {
        if ((strstr(line, "[vdso]") || strstr(line, "[vvar")) &&
            sscanf(line, "%lx-%lx", &boot->vdso[count].start, &boot->vdso[count].end) == 2)
            count++;
    }
    fclose(maps);
    if (count)
        boot->vdso_image = getauxval(AT_SYSINFO_EHDR);
}

/* It is the same for every cell: the first processes are copies of this one. */
static void find_vdso(struct rf_boot *boot)
{
    static struct rf_boot found;

    if (!found.vdso_image)
        look_for_vdso(&found);
    boot->vdso_image = found.vdso_image;
    memcpy(boot->vdso, found.vdso, sizeof(boot->vdso));
}

static u32 xsave_size(void)
{
    u32 a, b = 0, c, d;

    if (__get_cpuid_count(0xd, 0, &a, &b, &c, &d))
        return b;
    return 512;
}

static void describe_host(struct rf_boot *boot, const struct limits_config *limits)
{
    struct sysinfo info;
    cpu_set_t set;

    boot->hwcap = getauxval(AT_HWCAP);
    boot->hwcap2 = getauxval(AT_HWCAP2);
    boot->xsave_size = xsave_size();
    if (sysinfo(&info) == 0)
        boot->host_memory = (u64)info.totalram * info.mem_unit;
    boot->processors = 1;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        boot->processors = (u32)CPU_COUNT(&set);
    if (limits->cpu_percent)
        boot->processors = MIN(boot->processors, (limits->cpu_percent + 99) / 100);
    boot->memory_limit = limits->memory_limit;
    find_vdso(boot);
}

static void fill_cell_page(struct cell *cell)
{
    struct rf_cell_page *page = &cell->window->cell;

    page->magic = RF_CELL_MAGIC;
    page->version = 1;
    page->memory_limit = cell->limits.config.memory_limit;
    page->cpu_percent = cell->limits.config.cpu_percent;
    page->process_limit = cell->limits.config.process_limit;
}

/* The record is in memory that only the kernel writes until the cell runs. */
int boot_finish(struct cell *cell)
{
    struct rf_boot *boot = (struct rf_boot *)cell->window->boot;

    if (boot->magic != RF_BOOT_MAGIC || boot->size < sizeof(*boot) || boot->size > RF_BOOT_SIZE)
        return -EINVAL;
    cell->domain.uid = boot->uid;
    cell->domain.gid = boot->gid;
    cell->domain.memory_limit = cell->limits.config.memory_limit;
    boot->job_control = cell->job_control;
    describe_host(boot, &cell->limits.config);
    fill_cell_page(cell);
    return 0;
}

void boot_renew(struct cell *cell)
{
    describe_host((struct rf_boot *)cell->window->boot, &cell->limits.config);
}
