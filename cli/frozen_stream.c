/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frozen_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/image.h"
#include "abi/layout.h"
#include "cli/helper.h"
#include "kernel/report.h"

#define HELPER     "ringfence-frozen"
#define OWN_STATUS 125

static char part[PATH_MAX + 16]; /* the file that is not whole; "": none */

static void remove_part(void)
{
    if (*part)
        unlink(part);
}

static FILE *begin(const char *act, const char *path, const char *key, int file, pid_t *helper)
{
    char *argv[] = {(char *)HELPER, (char *)(uintptr_t)act, (char *)(uintptr_t)path,
                    (char *)(uintptr_t)key, NULL};
    bool writes = !strcmp(act, "seal");
    int ends[2];

    signal(SIGPIPE, SIG_IGN); /* the helper says why it ended */
    if (pipe2(ends, O_CLOEXEC) < 0)
        fail_errno(errno, "cannot make a pipe");
    *helper = writes ? helper_start(HELPER, argv, ends[0], file)
                     : helper_start(HELPER, argv, file, ends[1]);
    close(ends[!writes]);
    close(file);
    return fdopen(ends[writes], writes ? "w" : "r");
}

static void put(struct freezing *freezing, const void *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, freezing->to) == length)
        return;
    if (!helper_end(freezing->helper))
        exit(OWN_STATUS);
    fail("cannot write %s", freezing->path);
}

void freezing_begin(struct freezing *freezing, const char *path, const char *key,
                    const struct frozen_cell *cell)
{
    int fd;

    if (snprintf(part, sizeof(part), "%s.part-%d", path, getpid()) >= PATH_MAX)
        fail_errno(ENAMETOOLONG, "cannot write %s", path);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        *part = 0;
        fail_errno(errno, "cannot write %s", path);
    }
    atexit(remove_part);
    freezing->path = path;
    freezing->to = begin("seal", path, key, fd, &freezing->helper);
    put(freezing, cell, sizeof(*cell));
}

void freezing_put(struct freezing *freezing, const void *piece, u32 length)
{
    put(freezing, &length, sizeof(length));
    put(freezing, piece, length);
}

void freezing_end(struct freezing *freezing)
{
    static const u32 end;

    put(freezing, &end, sizeof(end));
    if (fclose(freezing->to) | !helper_end(freezing->helper))
        exit(OWN_STATUS);
    if (rename(part, freezing->path) < 0)
        fail_errno(errno, "cannot write %s", freezing->path);
    *part = 0;
}

static void get(struct thawing *thawing, void *bytes, size_t length)
{
    if (fread(bytes, 1, length, thawing->from) == length)
        return;
    if (!helper_end(thawing->helper))
        exit(OWN_STATUS);
    fail("%s: it is cut short", thawing->path);
}

void thawing_begin(struct thawing *thawing, const char *path, const char *key_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail_errno(errno, "cannot open %s", path);
    thawing->path = path;
    thawing->from = begin("open", path, key_file, fd, &thawing->helper);
    get(thawing, &thawing->cell, sizeof(thawing->cell));
    thawing->cell.name[RF_CELL_NAME - 1] = 0;
    if (thawing->cell.magic != FROZEN_CELL_MAGIC)
        fail("%s: it is no frozen cell", path);
    if (thawing->cell.interface != RF_INTERFACE_VERSION)
        fail("%s: it was made by another version of ringfence", path);
}

u32 thawing_get(struct thawing *thawing, void *piece)
{
    u32 length;

    get(thawing, &length, sizeof(length));
    if (length > RF_MSG_DATA || (length && length < sizeof(struct rf_image_piece)))
        fail("%s: it was altered or is damaged", thawing->path);
    if (length) {
        get(thawing, piece, length);
        return length;
    }
    if (getc(thawing->from) != EOF)
        fail("%s: it was altered or is damaged", thawing->path);
    if (!helper_end(thawing->helper))
        exit(OWN_STATUS);
    return 0;
}
