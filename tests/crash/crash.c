/* SPDX-License-Identifier: Apache-2.0 */
/* usage: crash FROM COUNT [EVERY]     runs of seeds FROM..., each with a crash at every EVERYth
 * write and flush crash SEED.EVENT.LOSS        one crash alone, to look at
 *
 * A run works on a store at random, as cells that call each other, banks that fill, forks and exits
 * do, and keeps a model of it. Before each write and each flush the
 * power may fail: what the disk may then hold is opened as a store, which must have exactly one
 * committed generation, the last acknowledged or the one being made, whole, and must pass the
 * check. Now and then the power does fail, and the run goes on with what was left. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/store/store.h"
#include "tests/crash/disk.h"

#define OBJECTS 4
#define PAGES   160
#define PARTS   4
#define STEPS   24

/* What the store is to hold. Numbers stand for contents; 0: nothing. */
struct model {
    u64 generation;
    u32 page[OBJECTS][PAGES];
    u32 journal[OBJECTS][PAGES], journal_at[OBJECTS][PAGES];
    u32 journalled; /* so far */
    u32 record[OBJECTS][PARTS];
    u8 copies[OBJECTS];
};

static struct {
    u64 seed, random;
    struct model now, next;        /* committed; the cut being written */
    const struct model *in_flight; /* what may be found instead of `now`, or NULL */
    bool scrubbing;                /* which makes generations, all of the same content */
    u64 found;                     /* the generation that was looked at last */
    u32 journalled;                /* when the cut was begun */
    u32 event, only_event, only_loss, every;
    bool limited,
        impaired; /* the disk is full, or may have failed: copies of the index fall behind */
    u64 copies;   /* of the index that were gone back to */
    u64 points, crashes, full, flushes; /* that were looked at, gone through; cuts that failed */
    u32 life;                           /* how often the power failed */
    char paths[2][DISK_DIRECTORIES][96];
    char *live[DISK_DIRECTORIES], *image[DISK_DIRECTORIES];
    struct store *store;
    jmp_buf power_failed;
    enum disk_loss loss;
    u64 loss_seed;
} run;

static char top[64];

static u32 roll(u32 limit)
{
    return (u32)(next_random(&run.random) % limit);
}

__attribute__((format(printf, 1, 2))) _Noreturn static void wrong(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\nagain: build/tests/crash/crash %lu.%u.%u\n", run.seed, run.event, run.loss);
    exit(1);
}

static void content_of(u32 number, u8 page[PAGE_SIZE])
{
    u64 state = number;

    for (u32 i = 0; i < PAGE_SIZE; i += 8) {
        u64 word = next_random(&state);

        memcpy(page + i, &word, 8);
    }
}

static u32 record_length(u32 number)
{
    return 1 + number * 37 % 5000;
}

static void record_content(u32 number, u8 *bytes)
{
    for (u32 i = 0; i < record_length(number); i++)
        bytes[i] = (u8)(number + i * 7);
}

static void found(void *context, const char *text)
{
    (void)context;
    printf("  %s\n", text);
}

static u32 page_in(const struct model *model, u32 object, u32 index)
{
    return model->journal[object][index] ? model->journal[object][index]
                                         : model->page[object][index];
}

static bool pages_match(struct store *store, const struct model *model, u32 object)
{
    u8 page[PAGE_SIZE], wanted[PAGE_SIZE];
    u64 index = 0, count, expected = 0, seen = 0;

    for (u32 i = 0; i < PAGES; i++) {
        u32 number = page_in(model, object, i);
        int error = store_page_get(store, object, i, page);

        expected += number != 0;
        if (error != (number ? 0 : -ENOENT))
            return false;
        content_of(number, wanted);
        if (number && memcmp(page, wanted, PAGE_SIZE))
            return false;
    }
    while (store_page_next(store, object, &index, &count) == 0) {
        if (index >= PAGES)
            return false;
        seen++;
        index++;
    }
    return seen == expected;
}

static bool records_match(struct store *store, const struct model *model, u32 object)
{
    static u8 bytes[8192], wanted[8192];

    for (u32 i = 0; i < PARTS; i++) {
        u32 number = model->record[object][i];
        s64 length = store_record_get(store, object, i, bytes, sizeof(bytes));

        if (length != (number ? (s64)record_length(number) : -ENOENT))
            return false;
        record_content(number, wanted);
        if (number && memcmp(bytes, wanted, (size_t)length))
            return false;
    }
    return true;
}

static bool matches(struct store *store, const struct model *model)
{
    run.found = store_generation(store);
    if (run.found != model->generation && !run.scrubbing)
        return false;
    for (u32 object = 0; object < OBJECTS; object++) {
        if (!pages_match(store, model, object) || !records_match(store, model, object))
            return false;
    }
    return true;
}

static struct store_config config_of(char *const paths[DISK_DIRECTORIES])
{
    return (struct store_config){.path = paths[0],
                                 .volumes = (const char *const *)&paths[1],
                                 .volume_count = DISK_DIRECTORIES - 1,
                                 .create = true};
}

static struct store *open_store(char *const paths[DISK_DIRECTORIES])
{
    struct store_config config = config_of(paths);
    struct store *store;
    struct store_why why;
    int error = store_open(&config, &store, &why);

    if (error)
        wrong("cannot open: %d: %s", error, why.text);
    return store;
}

static void check_store(char *const paths[DISK_DIRECTORIES])
{
    struct store_config config = config_of(paths);
    struct store_verdict verdict;
    struct store_why why;
    int error = store_check(&config, found, NULL, &verdict, &why);

    if (error)
        wrong("cannot check: %d: %s", error, why.text);
    if (verdict.faults || verdict.damaged || verdict.lost)
        wrong("the check found something");
}

static void empty(char *const paths[DISK_DIRECTORIES])
{
    static const char *const names[] = {"volume",     "volume.new", "index",
                                        "index-lock", "index.new",  "index.new-lock",
                                        "store.lock", "index.copy", "index.copy.new"};
    char path[128];

    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        for (u32 n = 0; n < ARRAY_SIZE(names); n++) {
            snprintf(path, sizeof(path), "%s/%s", paths[i], names[n]);
            unlink(path);
        }
        if (mkdir(paths[i], 0700) < 0 && errno != EEXIST)
            wrong("cannot make %s", paths[i]);
    }
}

/* Opens what the power left; which of the two models it is. */
static const struct model *verify(char *const paths[DISK_DIRECTORIES])
{
    struct store *store = open_store(paths);
    const struct model *model = &run.now;

    if (!matches(store, model))
        model = run.in_flight && matches(store, run.in_flight) ? run.in_flight : NULL;
    if (!model)
        wrong("generation %lu was found, not as it was committed (last: %lu%s)",
              store_generation(store), run.now.generation,
              run.in_flight ? ", another being made" : "");
    store_close(store);
    check_store(paths);
    return model;
}

/* What is left can be worked on. */
static void go_on(char *const paths[DISK_DIRECTORIES])
{
    struct store *store = open_store(paths);
    struct store_cut *cut;
    u8 page[PAGE_SIZE], back[PAGE_SIZE];

    content_of(77, page);
    if (store_begin(store, &cut) < 0)
        wrong("cannot begin a cut");
    for (u32 i = 0; i < 40; i++)
        store_page_put(cut, i % OBJECTS, i, page);
    if (store_commit(cut) < 0 || store_page_get(store, 1, 1, back) < 0 ||
        memcmp(page, back, PAGE_SIZE))
        wrong("cannot go on");
    store_close(store);
    check_store(paths);
}

/* The index is lost when the power fails: a copy takes its place. Where no copy was complete, it is
 * refused. */
static void lose_index(char *const paths[DISK_DIRECTORIES])
{
    struct store_config config = config_of(paths);
    char name[128];
    struct store *store;
    struct store_why why;
    int error;

    snprintf(name, sizeof(name), "%s/index", paths[0]);
    unlink(name);
    config.repair = true;
    config.create = false;
    error = store_open(&config, &store, &why);
    if (error == -EUCLEAN || error == -ENOENT)
        return; /* before there was a copy */
    if (error)
        wrong("cannot open a copy of the index: %d: %s", error, why.text);
    if (!matches(store, &run.now) && !(run.in_flight && matches(store, run.in_flight)))
        wrong("a copy of the index has generation %lu, not as it was committed",
              store_generation(store));
    run.copies++;
    store_close(store);
    check_store(paths);
}

static void look_at(enum disk_loss loss)
{
    run.loss = loss;
    run.loss_seed = run.seed * 1000003 + run.event * 64 + loss;
    empty(run.image);
    disk_crash_image(run.image, loss, run.loss_seed);
    verify(run.image);
    if (run.loss_seed % 16 == 0)
        go_on(run.image);
    if (run.loss_seed % 8 == 1 && !run.impaired) {
        empty(run.image);
        disk_crash_image(run.image, loss, run.loss_seed);
        lose_index(run.image);
    }
    run.points++;
}

/* Called before each write and each flush. */
static void power_may_fail(void)
{
    u64 state = run.seed * 77777 + run.event, saved = disk_random;
    bool fails = next_random(&state) % 97 == 0 && run.life < 3;
    u64 loss_seed = state;

    run.event++;
    if (run.only_event) {
        if (run.event == run.only_event)
            look_at(run.only_loss);
    } else if (run.event % run.every == run.seed % run.every) {
        look_at(LOSE_ALL + next_random(&state) % LOSE_KINDS);
        if (run.every == 1)
            look_at(LOSE_ALL + next_random(&state) % LOSE_KINDS);
    }
    disk_random = saved;
    if (fails) {
        run.loss = LOSE_SECTORS;
        run.loss_seed = loss_seed;
        longjmp(run.power_failed, 1);
    }
}

static void put_numbered_page(struct store_cut *cut, u32 object, u32 index, u32 number)
{
    static u8 pages[4096][PAGE_SIZE]; /* more than one cut has: they are borrowed until it ends */
    static u32 used;

    used = (used + 1) % ARRAY_SIZE(pages);
    content_of(number, pages[used]);
    store_page_put(cut, object, index, pages[used]);
    run.next.page[object][index] = number;
    if (run.next.journal_at[object][index] <= run.journalled)
        run.next.journal[object][index] = 0;
}

static u32 some_number(void)
{
    return roll(~0u - 1) + 1;
}

static void put_page(struct store_cut *cut, u32 object, u32 index)
{
    put_numbered_page(cut, object, index, some_number());
}

static void drop_pages(struct store_cut *cut, u32 object, u32 first, u32 count)
{
    if (cut)
        store_page_drop(cut, object, first, count);
    for (u32 i = first; i < MIN(first + count, PAGES); i++) {
        run.next.page[object][i] = 0;
        if (run.next.journal_at[object][i] <= run.journalled)
            run.next.journal[object][i] = 0;
    }
}

static void put_numbered_record(struct store_cut *cut, u32 object, u32 part, u32 number)
{
    u8 bytes[8192];

    record_content(number, bytes);
    store_record_put(cut, object, part, bytes, number ? record_length(number) : 0);
    run.next.record[object][part] = number;
}

static void put_record(struct store_cut *cut, u32 object, u32 part)
{
    put_numbered_record(cut, object, part, roll(4) ? some_number() : 0);
}

static void note_journalled(struct model *model, u32 object, u32 index, u32 number)
{
    model->journal[object][index] = number;
    model->journal_at[object][index] = ++model->journalled;
}

/* While a cut is written, too: what is journalled then is newer than the cut. */
static void journal(void)
{
    static struct model with;
    u32 object = roll(OBJECTS), index = roll(PAGES), number = roll(~0u - 1) + 1;
    u8 page[PAGE_SIZE];
    int error;

    with = run.now;
    note_journalled(&with, object, index, number);
    content_of(number, page);
    run.in_flight = &with;
    error = store_journal_put(run.store, object, index, page);
    run.in_flight = NULL;
    if (error == 0) {
        note_journalled(&run.now, object, index, number);
        note_journalled(&run.next, object, index, number);
    } else if (error != -ENOSPC && error != -EIO) {
        wrong("cannot journal: %d", error);
    }
}

static void forget_journalled(struct store_cut *cut)
{
    store_journal_forget(cut);
    for (u32 object = 0; object < OBJECTS; object++) {
        for (u32 i = 0; i < PAGES; i++) {
            if (run.next.journal_at[object][i] <= run.journalled)
                run.next.journal[object][i] = 0;
        }
    }
}

/* An object ends, with its pages and records. */
static void end_object(struct store_cut *cut, u32 object)
{
    store_object_drop(cut, object);
    drop_pages(NULL, object, 0, PAGES);
    memset(run.next.record[object], 0, sizeof(run.next.record[object]));
    run.next.copies[object] = 1;
}

/* A cell calls another: the message is in the memory of both, and the call in the records of both.
 */
static void call(struct store_cut *cut, u32 from, u32 to)
{
    u32 number = some_number(), part = roll(PARTS);

    put_numbered_page(cut, from, roll(PAGES), number);
    put_numbered_page(cut, to, roll(PAGES), number);
    put_numbered_record(cut, from, part, number);
    put_numbered_record(cut, to, part, number);
}

/* A bank fills: page after page, and what it counts, until it is full; then some are given back. */
static void fill(struct store_cut *cut, u32 object)
{
    u32 most = roll(PAGES);

    for (u32 i = 0; i < most; i++)
        put_page(cut, object, i);
    put_numbered_record(cut, object, 0, most + 1);
    if (roll(2))
        drop_pages(cut, object, most / 2, most);
}

/* A cell becomes the copy of another. */
static void fork_object(struct store_cut *cut, u32 from, u32 to)
{
    if (from == to)
        return;
    end_object(cut, to);
    for (u32 i = 0; i < PAGES; i++) {
        if (page_in(&run.next, from, i))
            put_numbered_page(cut, to, i, page_in(&run.next, from, i));
    }
    for (u32 i = 0; i < PARTS; i++) {
        if (run.next.record[from][i])
            put_numbered_record(cut, to, i, run.next.record[from][i]);
    }
}

static void work(struct store_cut *cut)
{
    u32 object = roll(OBJECTS), index = roll(PAGES);

    switch (roll(18)) {
    case 0: drop_pages(cut, object, index, 1 + roll(PAGES)); break;
    case 1:
        if (roll(3) == 0)
            end_object(cut, object);
        break;
    case 2:
        run.next.copies[object] = (u8)(1 + roll(3));
        store_object_copies(cut, object, run.next.copies[object]);
        break;
    case 3:
    case 4: put_record(cut, object, roll(PARTS)); break;
    case 5:
        if (roll(4))
            journal();
        else
            forget_journalled(cut);
        break;
    case 6:
        for (u32 i = index; i < MIN(index + 30, PAGES); i++)
            put_page(cut, object, i);
        break;
    case 7:
    case 8:
    case 9: call(cut, object, roll(OBJECTS)); break;
    case 10:
        if (roll(3) == 0)
            fill(cut, object);
        break;
    case 11:
        if (roll(3) == 0)
            fork_object(cut, object, roll(OBJECTS));
        break;
    default: put_page(cut, object, index);
    }
}

/* After an error the last generation must be there; when LMDB is at a loss, the store is opened
 * again. */
static void after_failure(s64 error)
{
    struct store_cut *cut;

    if (error != -ENOSPC && error != -EIO)
        wrong("a cut failed: %ld", error);
    run.full += error == -ENOSPC;
    run.flushes += error == -EIO;
    if (!matches(run.store, &run.now))
        wrong("a failed cut changed something");
    disk_set_room(~0ul);
    if (store_begin(run.store, &cut) == 0) {
        store_abort(cut);
        return;
    }
    store_close(run.store);
    run.store = open_store(run.live);
    if (matches(run.store, &run.next))
        run.now = run.next;
}

static void make_cut(void)
{
    struct store_cut *cut;
    s64 generation;
    u32 count = 1 + roll(12);

    if (store_begin(run.store, &cut) < 0)
        wrong("cannot begin a cut");
    run.next = run.now;
    run.journalled = run.now.journalled;
    for (u32 i = 0; i < count; i++)
        work(cut);
    if (roll(10) == 0) {
        store_abort(cut);
        return;
    }
    run.next.generation++;
    run.in_flight = &run.next;
    generation = store_commit(cut);
    if (generation < 0)
        after_failure(generation);
    else if ((u64)generation != run.next.generation)
        wrong("generation %ld was committed, not %lu", generation, run.next.generation);
    else
        run.now = run.next;
    run.in_flight = NULL;
}

static void scrub(void)
{
    struct store_verdict verdict;

    disk_set_room(~0ul);
    disk_fail_flush(~0u, 0);
    run.scrubbing = true;
    if (store_scrub(run.store, found, NULL, &verdict) < 0 || verdict.damaged || verdict.lost)
        wrong("the scrub failed or found something");
    run.scrubbing = false;
    run.now.generation = store_generation(run.store);
}

/* All that is on it goes to the others; when the store is opened next, its directory is a new one.
 */
static void remove_volume(void)
{
    struct store_verdict verdict;
    int error;

    disk_set_room(~0ul);
    disk_fail_flush(~0u, 0);
    run.scrubbing = true;
    error = store_volume_remove(run.store, run.live[1 + roll(DISK_DIRECTORIES - 1)], found, NULL,
                                &verdict);
    if (error && error != -ENOENT)
        wrong("a volume cannot be removed: %d", error);
    run.scrubbing = false;
    run.impaired = true;
    run.now.generation = store_generation(run.store);
}

static void step(void)
{
    switch (roll(16)) {
    case 0:
        store_close(run.store);
        run.store = open_store(run.live);
        run.impaired = run.limited;
        break;
    case 1: journal(); break;
    case 2:
        disk_set_room(roll(40) * PAGE_SIZE);
        run.limited = run.impaired = true;
        break;
    case 3: disk_set_room(~0ul); break;
    case 4:
        disk_fail_flush(roll(5), run.seed + run.event);
        run.limited = run.impaired = true;
        break;
    case 5: scrub(); break;
    case 6: remove_volume(); break;
    default: make_cut();
    }
}

static void use_paths(void)
{

    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        snprintf(run.paths[0][i], sizeof(run.paths[0][i]), "%s/live%u.%c", top, run.life, 'a' + i);
        snprintf(run.paths[1][i], sizeof(run.paths[1][i]), "%s/image.%c", top, 'a' + i);
        run.live[i] = run.paths[0][i];
        run.image[i] = run.paths[1][i];
    }
}

/* The run goes on with what the power left. What was open stays open, as nobody closes it when the
 * power fails. */
static void after_power_failure(void)
{
    run.crashes++;
    run.life++;
    use_paths();
    empty(run.live);
    disk_bypass++;
    disk_crash_image(run.live, run.loss, run.loss_seed);
    run.now = *verify(run.live);
    run.now.generation = run.found;
    run.scrubbing = false;
    disk_bypass = 0;
    run.in_flight = NULL;
}

static void run_seed(u64 seed)
{
    static volatile u32 steps;

    run.seed = seed;
    run.random = seed * 31;
    run.event = run.life = 0;
    run.scrubbing = run.limited = run.impaired = false;
    run.in_flight = NULL;
    run.now = (struct model){.generation = 1, .copies = {1, 1, 1, 1}};
    disk_random = seed;
    disk_bypass = 0;
    steps = 0;
    use_paths();
    empty(run.live);
    if (setjmp(run.power_failed))
        after_power_failure();
    disk_fail_flush(~0u, 0);
    disk_watch(run.live, power_may_fail);
    run.store = open_store(run.live);
    while (steps++ < STEPS)
        step();
    store_close(run.store);
}

static void clean_up(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", top);
    if (system(command))
        return;
}

int main(int argc, char **argv)
{
    u64 from, count;

    snprintf(top, sizeof(top), "%s/ringfence-crash.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(top))
        return 1;
    atexit(clean_up);
    if (argc == 2 && sscanf(argv[1], "%lu.%u.%u", &from, &run.only_event, &run.only_loss) == 3) {
        run.every = 1;
        run_seed(from);
        printf("%lu crash\n", run.points);
        return run.points == 0;
    }
    if (argc < 3)
        return 2;
    from = strtoul(argv[1], NULL, 10);
    count = strtoul(argv[2], NULL, 10);
    run.every = argc > 3 ? (u32)strtoul(argv[3], NULL, 10) : 1;
    for (u64 seed = from; seed < from + count; seed++)
        run_seed(seed);
    printf(
        "%lu crashes looked at, %lu of them gone through, in %lu runs; %lu cuts failed for want of "
        "room, %lu by failing flushes; %lu times a copy of the index was gone back to\n",
        run.points, run.crashes, count, run.full, run.flushes, run.copies);
    printf("counted: %lu crashes of the store\n", run.points);
    return 0;
}
