/* SPDX-License-Identifier: Apache-2.0 */
/* Building the list of what a cell sees. Every function fails (fail()) with a line for the user. */
#ifndef CLI_GRANTS_H
#define CLI_GRANTS_H

#include "cli/launch.h"

/* HOST[:CELL]: a directory or file of the host, by default at the same path in the cell. */
void grant_host(struct launch *config, const char *option, const char *value, u32 rights);

/* CELL: an empty RAM directory. */
void grant_ram(struct launch *config, const char *path, u32 mode);

/* CELL=TEXT: a RAM file. */
void grant_text(struct launch *config, const char *value);

/* DIR: a tree as /. */
void grant_root(struct launch *config, const char *dir, u32 rights);

/* What a cell without --root sees of the host, and its synthetic files. Before all other grants. */
void grant_default_view(struct launch *config);

/* The caller's working directory as the cell sees it, or NULL when it is not granted. */
const char *grant_find_cwd(const struct launch *config);

/* The next mount, filled with `mount`. */
struct mount_config *grant_add(struct launch *config, struct mount_config mount);

#endif
