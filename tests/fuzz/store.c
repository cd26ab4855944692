/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose files were damaged in any way: it is refused, or every record and page is as it was
 * stored, or said to be damaged. Nothing crashes, and nothing else is ever read; nor after a cut
 * that was written to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/store/store.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define FILES   3
#define OBJECTS 40
#define PAGES   20 /* of each object */

static const char *const names[FILES] = {"index", "volume", "b/volume"};
static char top[64], further[80];
static const char *volumes[1] = {further};
static struct {
    u8 *bytes;
    size_t size;
} good[FILES];

/* One change to a file. */
struct step {
    u8 file, kind;
    u16 page, at; /* where; a length to cut the file to when kind is 0 */
    u8 bits[8];   /* that are flipped */
} __attribute__((packed));

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void path_of(u32 file, char path[128])
{
    snprintf(path, 128, "%s/%s", top, names[file]);
}

static void content_of(u64 object, u64 index, u8 page[PAGE_SIZE])
{
    for (u32 i = 0; i < PAGE_SIZE; i++)
        page[i] = (u8)(object * 31 + index * 7 + i);
}

static int open_it(bool create, bool repair, struct store **store)
{
    struct store_config config = {
        .path = top, .volumes = volumes, .volume_count = 1, .create = create, .repair = repair};
    struct store_why why = {""};
    int error = store_open(&config, store, &why);

    require(!error == !why.text[0] && !strchr(why.text, '\n'));
    return error;
}

/* Objects have one copy or two, and records; objects past the sixth have records alone. */
static void fill(struct store *store)
{
    static u8 pages[OBJECTS][PAGES][PAGE_SIZE];
    struct store_cut *cut;

    require(store_begin(store, &cut) == 0);
    for (u64 object = 0; object < OBJECTS; object++) {
        store_object_copies(cut, object, 1 + object % 2);
        store_record_put(cut, object, 0, pages, 100 + (u32)object * 200);
        for (u64 index = 0; index < PAGES && object < 6; index++) {
            content_of(object, index, pages[object][index]);
            store_page_put(cut, object, index, pages[object][index]);
        }
    }
    require(store_commit(cut) > 0);
}

static void keep_file(u32 file)
{
    char path[128];
    struct stat st;
    int fd;

    path_of(file, path);
    fd = open(path, O_RDONLY);
    require(fd >= 0 && fstat(fd, &st) == 0);
    good[file].size = (size_t)st.st_size;
    good[file].bytes = malloc(good[file].size);
    require(read(fd, good[file].bytes, good[file].size) == st.st_size);
    close(fd);
}

static void clean_up(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", top);
    if (system(command))
        return;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct store *store = NULL;

    (void)argc;
    (void)argv;
    snprintf(top, sizeof(top), "%s/ringfence-fuzz.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    require(mkdtemp(top) != NULL);
    atexit(clean_up);
    snprintf(further, sizeof(further), "%s/b", top);
    require(mkdir(further, 0700) == 0 && open_it(true, false, &store) == 0);
    fill(store);
    fill(store);
    store_close(store);
    for (u32 i = 0; i < FILES; i++)
        keep_file(i);
    return 0;
}

static void write_file(u32 file, const u8 *bytes, size_t size)
{
    char path[128];
    int fd;

    path_of(file, path);
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static void make_damaged(const u8 *data, size_t size)
{
    u8 *bytes[FILES];
    size_t sizes[FILES];
    struct step step;

    for (u32 i = 0; i < FILES; i++) {
        sizes[i] = good[i].size;
        bytes[i] = malloc(sizes[i]);
        memcpy(bytes[i], good[i].bytes, sizes[i]);
    }
    for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
        size_t at;

        memcpy(&step, data, sizeof(step));
        step.file %= FILES;
        at = step.page * PAGE_SIZE + step.at % PAGE_SIZE;
        if (sizes[step.file] == 0)
            continue;
        at %= sizes[step.file];
        if (step.kind == 0)
            sizes[step.file] = at;
        else
            for (size_t i = 0; i < 8 && at + i < sizes[step.file]; i++)
                bytes[step.file][at + i] ^= step.bits[i];
    }
    for (u32 i = 0; i < FILES; i++) {
        write_file(i, bytes[i], sizes[i]);
        free(bytes[i]);
    }
}

static void read_all(struct store *store)
{
    static u8 record[16384];
    u8 page[PAGE_SIZE], wanted[PAGE_SIZE];

    for (u64 object = 0; object < OBJECTS; object++) {
        s64 length = store_record_get(store, object, 0, record, sizeof(record));

        require(length == 100 + (s64)object * 200 || length == -EUCLEAN);
        for (u64 index = 0; index < PAGES && object < 6; index++) {
            int error = store_page_get(store, object, index, page);

            content_of(object, index, wanted);
            require(error == 0 || error == -EUCLEAN);
            require(error || !memcmp(page, wanted, PAGE_SIZE));
        }
    }
}

static void ignore(void *context, const char *text)
{
    (void)context;
    require(!strchr(text, '\n'));
}

static void write_cut(struct store *store)
{
    static u8 page[PAGE_SIZE];
    u8 back[PAGE_SIZE];
    struct store_cut *cut;

    if (store_begin(store, &cut) < 0)
        return;
    for (u64 index = 0; index < 30; index++)
        store_page_put(cut, 77, index, page);
    if (store_commit(cut) > 0)
        require(store_page_get(store, 77, 29, back) == 0 && !memcmp(page, back, PAGE_SIZE));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct store_config config = {.path = top, .volumes = volumes, .volume_count = 1};
    struct store_verdict verdict;
    struct store_why why;
    struct store *store = NULL;
    bool repair = size && data[0] % 2;

    if (size)
        make_damaged(data + 1, size - 1);
    store_check(&config, ignore, NULL, &verdict, &why);
    if (open_it(false, repair, &store) < 0)
        return 0;
    read_all(store);
    write_cut(store);
    store_scrub(store, ignore, NULL, &verdict);
    read_all(store);
    store_close(store);
    return 0;
}
