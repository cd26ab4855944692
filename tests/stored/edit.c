/* SPDX-License-Identifier: Apache-2.0 */
/* usage: edit WORLD OBJECT drop        drops the record of an object of a stored world
 *        edit WORLD OBJECT fill AT N   sets N bytes of it from AT on to 255 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/store/store.h"

static u8 bytes[STORE_RECORD_MAX];

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "edit: %s\n", what);
    exit(1);
}

int main(int argc, char **argv)
{
    struct store_config config = {.path = argv[1]};
    struct store_why why;
    struct store *store;
    struct store_cut *cut;
    s64 length;
    u64 key;

    require((argc == 4 && !strcmp(argv[3], "drop")) || (argc == 6 && !strcmp(argv[3], "fill")),
            "usage");
    require(store_open(&config, &store, &why) == 0, why.text);
    key = key_of(strtoul(argv[2], NULL, 10), MEMORY_OBJECT);
    length = store_record_get(store, key, 0, bytes, sizeof(bytes));
    require(length > 0, "no such record");
    require(store_begin(store, &cut) == 0, "no cut");
    if (argc == 6) {
        u64 at = strtoul(argv[4], NULL, 10), count = strtoul(argv[5], NULL, 10);

        require(at + count <= (u64)length, "beyond the record");
        memset(bytes + at, 255, count);
    }
    store_record_put(cut, key, 0, bytes, argc == 6 ? (u32)length : 0);
    require(store_commit(cut) > 0, "not committed");
    store_close(store);
    return 0;
}
