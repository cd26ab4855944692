/* SPDX-License-Identifier: Apache-2.0 */
/* conform INTERFACE LAYERS [WRAPPER [ARG...]]
 *
 * Checks an object of the interface behind that many membranes: the kernel's own, of the directory
 * /w, standard output, the clock or the bank; or what the wrapper offers, which is given the clock.
 * INTERFACE may also be stream-kept, stream-served or terminal: consoles with both ends. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/conform.h"

static s64 object_of(const char *interface)
{
    if (strcmp(interface, "clock") == 0)
        return RF_SLOT_CLOCK;
    if (strcmp(interface, "space") == 0)
        return RF_SLOT_BANK;
    if (strcmp(interface, "console") == 0)
        return rf_slot_of(STDOUT_FILENO, RF_RIGHT_READ | RF_RIGHT_WRITE);
    return rf_slot_of(open("/w", O_RDONLY | O_DIRECTORY),
                      RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
}

static const struct {
    const char *interface;
    void (*check)(u32 slot);
} interfaces[] = {
    {"dir", conform_dir},     {"file", conform_file},   {"console", conform_console},
    {"clock", conform_clock}, {"space", conform_space},
};

static int layers;

static u32 wrap(u32 slot)
{
    char *membrane[] = {"/e/membrane", NULL};

    for (int i = layers; i > 0; i--) {
        s64 wrapped = rf_wrap(membrane, slot, NULL);

        expect(wrapped > 0);
        slot = (u32)wrapped;
    }
    return slot;
}

/* Of consoles with both ends, the test makes one itself. */
static bool conform_ends(const char *what)
{
    if (strcmp(what, "terminal") == 0)
        conform_terminal(wrap);
    else if (strncmp(what, "stream-", 7) == 0)
        conform_stream(what + 7, wrap);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    s64 slot;

    umask(0);
    expect(argc > 2 && rf_open(NULL) == 0);
    layers = atoi(argv[2]);
    if (conform_ends(argv[1]))
        return 0;
    slot = argc > 3 ? rf_wrap(argv + 3, RF_SLOT_CLOCK, NULL) : object_of(argv[1]);
    expect(slot > 0);
    slot = wrap((u32)slot);
    for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
        if (strcmp(argv[1], interfaces[i].interface) == 0)
            interfaces[i].check((u32)slot);
    }
    return 0;
}
