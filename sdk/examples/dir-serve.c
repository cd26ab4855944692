/* SPDX-License-Identifier: Apache-2.0 */
/* Offers a directory of its own view as a dir: dir-serve DIRECTORY [ro]. A wrapper that wraps
 * nothing; see rf_offer in sdk/ringfence.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sdk/serve/tree.h"

int main(int argc, char **argv)
{
    u32 rights = RF_RIGHT_READ | RF_RIGHT_EXEC | (argc > 2 ? 0 : RF_RIGHT_WRITE);
    int directory = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

    if (directory < 0) {
        fprintf(stderr, "dir-serve: which directory?\n");
        return 1;
    }
    umask(0); /* the modes that come are meant */
    return rf_serve_offered(rf_open(NULL) ?: rf_serve_dir(directory, rights), "dir-serve");
}
