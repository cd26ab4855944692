/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/boot.h"

#include <string.h>
#include <sys/utsname.h>

/* Allocates in the record from its start. */
struct writer {
    u8 *base;
    u32 used;
    bool full;
};

/* Where `length` zeroed bytes begin; 0 when they do not fit any more. */
static u32 take(struct writer *w, size_t length, u32 alignment)
{
    u32 offset = ALIGN_UP(w->used, alignment);

    if (offset > RF_BOOT_SIZE || length > RF_BOOT_SIZE - offset) {
        w->full = true;
        return 0;
    }
    memset(w->base + w->used, 0, offset + length - w->used);
    w->used = offset + (u32)length;
    return offset;
}

static u32 put(struct writer *w, const void *bytes, size_t length)
{
    u32 offset = take(w, length, 1);

    if (offset)
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

    for (u32 i = 0; i < count && offset; i++) {
        u32 string = put_string(w, strings[i]);

        memcpy(w->base + offset + i * sizeof(u32), &string, sizeof(string));
    }
    return offset;
}

static u32 put_attr(struct writer *w, const struct rf_attr *attr)
{
    u32 offset = attr ? take(w, sizeof(*attr), sizeof(u64)) : 0;

    if (offset)
        memcpy(w->base + offset, attr, sizeof(*attr));
    return offset;
}

static u32 put_mounts(struct writer *w, const struct boot_spec *spec)
{
    u32 offset = take(w, spec->mount_count * sizeof(struct rf_boot_mount), sizeof(u32));

    for (u32 i = 0; i < spec->mount_count && offset; i++) {
        const struct boot_mount *from = &spec->mounts[i];
        struct rf_boot_mount mount = {
            .kind = from->kind,
            .path = put_string(w, from->path),
            .slot = from->slot,
            .rights = from->rights,
            .name = from->name ? put_string(w, from->name) : 0,
            .mode = from->mode,
            .attr = put_attr(w, from->attr),
        };

        if (from->text) {
            mount.text = take(w, from->text_length + 1, 1);
            mount.text_length = (u32)from->text_length;
            if (mount.text)
                memcpy(w->base + mount.text, from->text, from->text_length);
        }
        memcpy(w->base + offset + i * sizeof(mount), &mount, sizeof(mount));
    }
    return offset;
}

u32 boot_write(const struct boot_spec *spec, u8 *to)
{
    struct rf_boot boot = {.magic = RF_BOOT_MAGIC};
    struct writer w = {.base = to, .used = sizeof(boot)};
    struct utsname names;

    boot.argc = spec->argc;
    boot.argv = put_strings(&w, spec->argv, spec->argc);
    boot.envc = spec->envc;
    boot.envp = put_strings(&w, spec->env, spec->envc);
    boot.mount_count = spec->mount_count;
    boot.mounts = put_mounts(&w, spec);
    boot.program = put_string(&w, spec->argv[0]);
    boot.cwd = put_string(&w, spec->cwd);
    boot.hostname = put_string(&w, spec->hostname);
    boot.user_name = put_string(&w, spec->user_name);
    boot.uid = spec->uid;
    boot.gid = spec->gid;
    boot.trace = spec->trace;
    if (spec->trace_filter)
        boot.trace_filter = put_string(&w, spec->trace_filter);
    boot.platform = put_string(&w, "x86_64");
    if (uname(&names) == 0)
        boot.kernel_release = put_string(&w, names.release);
    boot.umask = spec->umask;
    boot.size = w.used;
    memcpy(to, &boot, sizeof(boot));
    return w.full ? 0 : w.used;
}
