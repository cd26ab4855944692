/* SPDX-License-Identifier: Apache-2.0 */
/* Offers the directory that it wraps united with others below it: dir-union LOWER [LOWER...]. What
 * is changed is copied into the wrapped directory first; the others stay as they are. See
 * union/layers.h for how deletions are marked there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "sdk/examples/union/tree.h"
#include "sdk/serve/directory.h"

static struct layers layers = {.next = &rf_directory_ops};

static bool add(int directory, const char *what)
{
    void *tree = directory < 0 ? NULL : rf_directory(directory);

    if (!tree) {
        fprintf(stderr, "dir-union: %s: %s\n", what, rf_error_text(directory));
        return false;
    }
    layers.trees[layers.count++] = tree;
    return true;
}

int main(int argc, char **argv)
{
    struct statvfs upper;
    int target;

    if (argc < 2 || argc > (int)LAYERS_MOST) {
        fprintf(stderr, "usage: dir-union LOWER [LOWER...]\n");
        return 1;
    }
    umask(0); /* the modes that come are meant */
    target = rf_open(NULL) < 0 ? -ENOENT : rf_target_directory();
    if (!add(target, "the upper directory"))
        return 1;
    for (int i = 1; i < argc; i++) {
        int directory = open(argv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (!add(directory < 0 ? -errno : directory, argv[i]))
            return 1;
    }
    layers.writable = fstatvfs(target, &upper) == 0 && !(upper.f_flag & ST_RDONLY);
    return rf_serve_offered(
        rf_serve_tree(&union_ops, &layers,
                      RF_RIGHT_READ | RF_RIGHT_EXEC | (layers.writable ? RF_RIGHT_WRITE : 0)),
        "dir-union");
}
