/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/boot.h"
#include "kernel/report.h"

static struct grant *open_grant(struct cell *cell, const char *host, u32 rights)
{
    struct grant *grant;

    if (cell->grant_count == MAX_GRANTS)
        fail("more than %d directories are granted", MAX_GRANTS);
    grant = &cell->grants[cell->grant_count++];
    grant->host = host;
    grant->rights = rights;
    grant->fd = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (grant->fd < 0)
        fail_errno(errno, "cannot grant %s", host);
    return grant;
}

/* Puts a capability for the grant into the next reserved slot. */
static u32 add_slot(struct cell *cell, const struct grant *grant, u32 rights, u32 *next)
{
    struct cap cap = {
        .kind = RF_KIND_DIR, .rights = (u8)rights, .index = (u32)(grant - cell->grants), .fd = -1};

    table_put(&cell->caps, *next, &cap);
    return (*next)++;
}

/* Single files of one directory with the same rights share a grant that covers only their names. */
static u32 file_slot(struct cell *cell, const u32 slots[], u32 index, u32 *next)
{
    const struct mount_config *mounts = cell->config->mounts, *mount = &mounts[index];
    struct grant *grant;
    u32 slot = 0;

    for (u32 i = 0; i < index && !slot; i++) {
        if (mounts[i].kind == RF_MOUNT_FILE && mounts[i].rights == mount->rights &&
            !strcmp(mounts[i].host, mount->host))
            slot = slots[i];
    }
    if (!slot) {
        grant = open_grant(cell, mount->host, mount->rights);
        grant->only = calloc(cell->config->mount_count, sizeof(*grant->only));
        if (!grant->only)
            fail("no memory");
        slot = add_slot(cell, grant, mount->rights, next);
    }
    grant = &cell->grants[cell->caps.slots[slot].index];
    grant->only[grant->only_count++] = mount->name;
    return slot;
}

void boot_open_grants(struct cell *cell, u32 slots[MAX_MOUNTS])
{
    const struct run_config *config = cell->config;
    u32 next = RF_SLOT_FIRST_DIR;

    for (u32 i = 0; i < config->mount_count; i++) {
        const struct mount_config *mount = &config->mounts[i];

        slots[i] = 0;
        if (mount->kind == RF_MOUNT_DIR)
            slots[i] =
                add_slot(cell, open_grant(cell, mount->host, mount->rights), mount->rights, &next);
        else if (mount->kind == RF_MOUNT_FILE)
            slots[i] = file_slot(cell, slots, i, &next);
    }
}
