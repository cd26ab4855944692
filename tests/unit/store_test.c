/* SPDX-License-Identifier: Apache-2.0 */
/* The store, as its header promises. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/store/index.h"
#include "kernel/store/layout.h"
#include "kernel/store/store.h"

static char top[] = "/tmp/ringfence-store.XXXXXX";
static char path[256], second[256], third[256];
static const char *further[2] = {second, third};
static struct store *store;
static struct store_cut *cut;
static struct store_why why;

static void run(const char *format, ...)
{
    char command[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(command, sizeof(command), format, list);
    va_end(list);
    assert_int_equal(system(command), 0);
}

static int open_with(u32 volumes, bool create, bool repair)
{
    struct store_config config = {.path = path,
                                  .volumes = further,
                                  .volume_count = volumes,
                                  .create = create,
                                  .repair = repair};

    store = NULL;
    why.text[0] = 0;
    return store_open(&config, &store, &why);
}

static void must_open(u32 volumes)
{
    int error = open_with(volumes, true, false);

    if (error)
        fail_msg("%d: %s\n", error, why.text);
}

static void reopen(void)
{
    store_close(store);
    must_open(0);
}

static void ignore(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static struct store_verdict check(void)
{
    struct store_config config = {.path = path};
    struct store_verdict verdict;
    int error = store_check(&config, ignore, NULL, &verdict, &why);

    if (error)
        fail_msg("%d: %s\n", error, why.text);
    return verdict;
}

static void close_and_check(void)
{
    struct store_verdict verdict;

    store_close(store);
    store = NULL;
    verdict = check();
    assert_int_equal(verdict.faults, 0);
    assert_int_equal(verdict.damaged, 0);
    assert_int_equal(verdict.lost, 0);
}

static int set_up(void **state)
{
    (void)state;
    run("rm -rf %s && mkdir -p %s/b %s/c", top, top, top);
    snprintf(path, sizeof(path), "%s/world", top);
    snprintf(second, sizeof(second), "%s/b", top);
    snprintf(third, sizeof(third), "%s/c", top);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    run("rm -rf %s", top);
    return 0;
}

static void fill(u8 page[PAGE_SIZE], u64 seed)
{
    for (u32 i = 0; i < PAGE_SIZE; i++)
        page[i] = (u8)((seed = seed * 6364136223846793005ul + 1442695040888963407ul) >> 56);
}

/* Pages of a cut must stay until it ends. */
static u8 pages[4096][PAGE_SIZE];
static u32 pages_used;

static void begin(void)
{
    pages_used = 0;
    assert_int_equal(store_begin(store, &cut), 0);
}

static void put(u64 object, u64 index, u64 seed)
{
    fill(pages[pages_used], seed);
    assert_int_equal(store_page_put(cut, object, index, pages[pages_used++]), 0);
}

static void expect(u64 object, u64 index, u64 seed)
{
    u8 page[PAGE_SIZE], wanted[PAGE_SIZE];

    fill(wanted, seed);
    assert_int_equal(store_page_get(store, object, index, page), 0);
    assert_memory_equal(page, wanted, PAGE_SIZE);
}

static void expect_none(u64 object, u64 index)
{
    u8 page[PAGE_SIZE];

    assert_int_equal(store_page_get(store, object, index, page), -ENOENT);
}

static void expect_record(u64 object, u32 part, const char *text)
{
    char found[64];

    assert_int_equal(store_record_get(store, object, part, found, sizeof(found)), strlen(text));
    assert_memory_equal(found, text, strlen(text));
}

static void keeps_what_was_committed(void **state)
{
    (void)state;
    must_open(0);
    assert_int_equal(store_generation(store), 1);
    begin();
    put(7, 0, 1);
    put(7, 1000000, 2);
    assert_int_equal(store_record_put(cut, 7, 3, "hello", 5), 0);
    assert_int_equal(store_record_put(cut, 8, 0, "x", 1), 0);
    expect_none(7, 0);
    assert_int_equal(store_commit(cut), 2);
    expect(7, 0, 1);
    expect_none(7, 1);
    reopen();
    assert_int_equal(store_generation(store), 2);
    expect(7, 0, 1);
    expect(7, 1000000, 2);
    expect_record(7, 3, "hello");
    begin();
    put(7, 0, 3);
    assert_int_equal(store_page_drop(cut, 7, 1000000, 1), 0);
    assert_int_equal(store_record_put(cut, 8, 0, NULL, 0), 0);
    assert_int_equal(store_commit(cut), 3);
    reopen();
    expect(7, 0, 3);
    expect_none(7, 1000000);
    assert_int_equal(store_record_get(store, 8, 0, NULL, 0), -ENOENT);
    close_and_check();
}

static void forgets_what_was_aborted(void **state)
{
    (void)state;
    must_open(0);
    begin();
    put(1, 1, 1);
    assert_int_equal(store_commit(cut), 2);
    begin();
    put(1, 1, 2);
    put(1, 2, 3);
    store_record_put(cut, 1, 0, "r", 1);
    store_object_drop(cut, 1);
    store_abort(cut);
    expect(1, 1, 1);
    expect_none(1, 2);
    begin();
    put(1, 3, 4);
    assert_int_equal(store_commit(cut), 3);
    expect(1, 1, 1);
    expect(1, 3, 4);
    close_and_check();
}

static void acts_in_order(void **state)
{
    (void)state;
    must_open(0);
    begin();
    for (u32 i = 0; i < 200; i++)
        put(5, i, i);
    assert_int_equal(store_commit(cut), 2);
    begin();
    put(5, 10, 1000);
    put(5, 10, 1001);
    store_page_drop(cut, 5, 20, 100);
    put(5, 30, 1002);
    store_page_drop(cut, 5, 150, 0);
    store_record_put(cut, 5, 1, "one", 3);
    store_object_drop(cut, 6);
    put(6, 0, 1003);
    store_object_drop(cut, 6);
    put(6, 1, 1004);
    assert_int_equal(store_commit(cut), 3);
    expect(5, 9, 9);
    expect(5, 10, 1001);
    expect_none(5, 20);
    expect(5, 30, 1002);
    expect_none(5, 119);
    expect(5, 120, 120);
    expect_none(5, 150);
    expect_none(5, 199);
    expect_none(6, 0);
    expect(6, 1, 1004);
    close_and_check();
}

static void iterates(void **state)
{
    u64 object = 0, index = 0, count;
    u32 part = 0;

    (void)state;
    must_open(0);
    begin();
    for (u32 i = 60; i < 70; i++)
        put(3, i, i);
    put(3, 80, 80);
    put(~0ul, 5, 5);
    store_record_put(cut, 2, 9, "a", 1);
    store_record_put(cut, 2, 11, "b", 1);
    store_record_put(cut, ~0ul, ~0u, "c", 1);
    assert_int_equal(store_commit(cut), 2);
    assert_int_equal(store_object_next(store, &object), 0);
    assert_int_equal(object, 2);
    object = 3;
    assert_int_equal(store_object_next(store, &object), 0);
    assert_int_equal(object, 3);
    object = 4;
    assert_int_equal(store_object_next(store, &object), 0);
    assert_true(object == ~0ul);
    assert_int_equal(store_page_next(store, 3, &index, &count), 0);
    assert_int_equal(index, 60);
    assert_int_equal(count, 4);
    index = 62;
    assert_int_equal(store_page_next(store, 3, &index, &count), 0);
    assert_int_equal(index, 62);
    index = 64;
    assert_int_equal(store_page_next(store, 3, &index, &count), 0);
    assert_int_equal(index, 64);
    assert_int_equal(count, 6);
    index = 70;
    assert_int_equal(store_page_next(store, 3, &index, &count), 0);
    assert_int_equal(index, 80);
    index = 81;
    assert_int_equal(store_page_next(store, 3, &index, &count), -ENOENT);
    object = 0;
    assert_int_equal(store_record_next(store, &object, &part), 0);
    assert_true(object == 2 && part == 9);
    part = 10;
    assert_int_equal(store_record_next(store, &object, &part), 0);
    assert_true(object == 2 && part == 11);
    part = 12;
    assert_int_equal(store_record_next(store, &object, &part), 0);
    assert_true(object == ~0ul && part == ~0u);
    close_and_check();
}

static void reads_runs(void **state)
{
    static u8 found[300][PAGE_SIZE];
    u8 wanted[PAGE_SIZE];

    (void)state;
    must_open(0);
    begin();
    for (u32 i = 0; i < 300; i++)
        put(3, i, i);
    assert_int_equal(store_commit(cut), 2);
    begin();
    put(3, 100, 1000);
    assert_int_equal(store_commit(cut), 3);
    assert_int_equal(store_pages_get(store, 3, 0, 300, found), 0);
    for (u32 i = 0; i < 300; i++) {
        fill(wanted, i == 100 ? 1000 : i);
        assert_memory_equal(found[i], wanted, PAGE_SIZE);
    }
    assert_int_equal(store_pages_get(store, 3, 200, 101, found), -ENOENT);
    close_and_check();
}

static void refuses_bad_calls(void **state)
{
    static u8 big[STORE_RECORD_MAX + 1];

    (void)state;
    must_open(0);
    begin();
    assert_int_equal(store_record_put(cut, 1, 0, big, sizeof(big)), -EINVAL);
    assert_int_equal(store_page_drop(cut, 1, 0, 1), -EINVAL);
    assert_int_equal(store_commit(cut), -EINVAL);
    begin();
    assert_int_equal(store_page_put(cut, 1, STORE_INDEX_MAX, big), -EINVAL);
    store_abort(cut);
    begin();
    assert_int_equal(store_object_copies(cut, 1, 0), -EINVAL);
    store_abort(cut);
    begin();
    assert_int_equal(store_object_copies(cut, 1, STORE_COPIES_MAX + 1), -EINVAL);
    store_abort(cut);
    assert_int_equal(store_journal_put(store, 1, STORE_INDEX_MAX, big), -EINVAL);
    begin();
    assert_int_equal(store_record_put(cut, 1, 0, big, STORE_RECORD_MAX), 0);
    assert_int_equal(store_commit(cut), 2);
    assert_int_equal(store_record_get(store, 1, 0, big, 10), STORE_RECORD_MAX);
    close_and_check();
}

static void journals(void **state)
{
    u8 page[PAGE_SIZE];
    u64 index = 0, count;

    (void)state;
    must_open(0);
    begin();
    put(1, 4, 1);
    assert_int_equal(store_commit(cut), 2);
    fill(page, 50);
    assert_int_equal(store_journal_put(store, 1, 4, page), 0);
    fill(page, 51);
    assert_int_equal(store_journal_put(store, 1, 2, page), 0);
    reopen();
    assert_int_equal(store_generation(store), 2);
    expect(1, 4, 50);
    expect(1, 2, 51);
    assert_int_equal(store_page_next(store, 1, &index, &count), 0);
    assert_int_equal(index, 2);
    begin();
    put(1, 4, 2);
    fill(page, 52);
    assert_int_equal(store_journal_put(store, 1, 2, page), 0);
    put(1, 2, 3);
    assert_int_equal(store_commit(cut), 3);
    expect(1, 4, 2);
    expect(1, 2, 52);
    begin();
    put(1, 4, 6);
    assert_int_equal(store_page_drop(cut, 1, 2, 1), 0);
    assert_int_equal(store_commit(cut), 4);
    expect(1, 4, 6);
    expect_none(1, 2);
    close_and_check();
}

/* Overwriting for long takes no more room than a few generations. */
static void reclaims_space(void **state)
{
    struct store_figures figures;

    (void)state;
    must_open(0);
    for (u32 round = 0; round < 60; round++) {
        begin();
        for (u32 i = 0; i < 500; i++)
            put(1, (i * 7 + round * 131) % 2000, round * 10000 + i);
        assert_true(store_commit(cut) > 0);
    }
    store_figures(store, &figures);
    assert_int_equal(figures.places_used, 2000);
    assert_true(figures.volume_bytes < 4000ul * PAGE_SIZE);
    begin();
    store_page_drop(cut, 1, 100, 0);
    assert_true(store_commit(cut) > 0);
    for (u32 round = 0; round < 2; round++) {
        begin();
        for (u32 i = 0; i < 100; i++)
            put(1, i, i);
        assert_true(store_commit(cut) > 0);
    }
    store_figures(store, &figures);
    assert_int_equal(figures.places_used, 100);
    run("test $(du -k %s/volume | cut -f 1) -lt 4000", path);
    for (u32 i = 0; i < 100; i++)
        expect(1, i, i);
    close_and_check();
}

/* Flips a bit in `count` pages of a volume, but not in stamps. */
static void damage(const char *directory, u32 first, u32 count)
{
    char name[512];
    int fd;
    u8 byte;

    snprintf(name, sizeof(name), "%s/" STORE_VOLUME, directory);
    fd = open(name, O_RDWR);
    assert_true(fd >= 0);
    for (u32 i = 0; i < count; i++) {
        off_t at = (off_t)((FIRST_PLACE + first + i) * PAGE_SIZE + 77);

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 4;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
}

static void fill_copies(u32 copies)
{
    begin();
    store_object_copies(cut, 1, copies);
    for (u32 i = 0; i < 100; i++)
        put(1, i, i);
    assert_true(store_commit(cut) > 0);
}

static void serves_and_mends_copies(void **state)
{
    struct store_figures figures;

    (void)state;
    must_open(1);
    fill_copies(2);
    damage(path, 0, 100);
    for (u32 i = 0; i < 100; i++)
        expect(1, i, i);
    store_figures(store, &figures);
    assert_true(figures.copies_repaired > 0);
    assert_int_equal(figures.copies_lost, 0);
    assert_int_equal(figures.places_used, 200);
    close_and_check();
}

static void says_what_is_lost(void **state)
{
    u8 page[PAGE_SIZE];
    struct store_verdict verdict;

    (void)state;
    must_open(0);
    fill_copies(1);
    damage(path, 5, 1);
    assert_int_equal(store_page_get(store, 1, 5, page), -EUCLEAN);
    expect(1, 4, 4);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    assert_int_equal(verdict.lost, 1);
    assert_int_equal(verdict.repaired, 0);
    store_close(store);
    store = NULL;
    verdict = check();
    assert_int_equal(verdict.lost, 1);
    assert_int_equal(verdict.damaged, 1);
    assert_int_equal(verdict.pages, 100);
}

static void scrubs(void **state)
{
    struct store_verdict verdict;

    (void)state;
    must_open(2);
    fill_copies(3);
    damage(second, 10, 20);
    damage(path, 0, 5);
    store_close(store);
    verdict = check();
    assert_int_equal(verdict.damaged, 25);
    assert_int_equal(verdict.lost, 0);
    must_open(0);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    assert_int_equal(verdict.damaged, 25);
    assert_int_equal(verdict.repaired, 25);
    assert_int_equal(verdict.copies, 300);
    close_and_check();
}

static void gives_pages_their_copies(void **state)
{
    struct store_verdict verdict;
    struct store_figures figures;

    (void)state;
    must_open(0);
    fill_copies(1);
    store_close(store);
    must_open(2);
    begin();
    store_object_copies(cut, 1, 3);
    assert_true(store_commit(cut) > 0);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    store_figures(store, &figures);
    assert_int_equal(figures.places_used, 300);
    begin();
    store_object_copies(cut, 1, 2);
    assert_true(store_commit(cut) > 0);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    store_figures(store, &figures);
    assert_int_equal(figures.places_used, 200);
    damage(third, 0, 50);
    for (u32 i = 0; i < 100; i++)
        expect(1, i, i);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    close_and_check();
}

/* A page that is given more copies is no newer than it was. */
static void scrubs_beside_the_journal(void **state)
{
    struct store_verdict verdict;
    u8 page[PAGE_SIZE];

    (void)state;
    must_open(1);
    fill_copies(1);
    fill(page, 500);
    assert_int_equal(store_journal_put(store, 1, 7, page), 0);
    begin();
    store_object_copies(cut, 1, 2);
    assert_true(store_commit(cut) > 0);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    expect(1, 7, 500);
    expect(1, 8, 8);
    close_and_check();
}

static void refused(int error, u32 volumes, const char *text)
{
    assert_int_equal(open_with(volumes, false, false), error);
    print_message("%s\n", why.text);
    assert_non_null(strstr(why.text, text));
    assert_null(strchr(why.text, '\n'));
}

static void refuses_directories(void **state)
{
    struct store *other;
    struct store_config config = {.path = path};

    (void)state;
    refused(-ENOENT, 0, "cannot open");
    run("mkdir -m 700 %s", path);
    refused(-ENOENT, 0, "no world is stored");
    must_open(0);
    assert_int_equal(store_open(&config, &other, &why), -EBUSY);
    assert_non_null(strstr(why.text, "in use"));
    store_close(store);
    run("chmod 777 %s", path);
    refused(-EPERM, 0, "others may write");
    run("chmod 700 %s", path);
    if (geteuid() == 0) {
        run("chown 12345 %s", path);
        refused(-EPERM, 0, "belongs to somebody else");
        run("chown 0 %s", path);
    }
    must_open(0);
    close_and_check();
}

static void refuses_volumes(void **state)
{
    (void)state;
    must_open(1);
    fill_copies(2);
    store_close(store);
    run("chmod 777 %s", second);
    refused(-EPERM, 0, "others may write");
    run("chmod 700 %s", second);
    run("mv %s/volume %s/away", second, second);
    run("echo nonsense >%s/volume", second);
    refused(-EUCLEAN, 0, "is damaged, or no volume");
    run("cp %s/away %s/volume", second, second);
    run("truncate -s 100K %s/volume", second);
    refused(-EUCLEAN, 0, "cut short");
    run("cp %s/away %s/volume", second, second);
    must_open(0);
    begin();
    put(1, 1, 500);
    assert_true(store_commit(cut) > 0);
    store_close(store);
    run("mv %s/volume %s/late && cp %s/away %s/volume", second, second, second, second);
    refused(-ESTALE, 0, "of another time");
    run("mv %s/late %s/volume", second, second);
    run("mv %s %s.first && mv %s %s.first", path, path, second, second);
    run("mkdir %s", second);
    must_open(1);
    fill_copies(2);
    store_close(store);
    run("cp %s.first/volume %s/volume", second, second);
    refused(-ESTALE, 0, "another world");
}

/* The directory moves with its disk. */
static void follows_volumes(void **state)
{
    (void)state;
    must_open(1);
    fill_copies(2);
    store_close(store);
    run("mv %s/volume %s/volume", second, third);
    further[0] = third;
    must_open(1);
    begin();
    put(1, 0, 0);
    assert_true(store_commit(cut) > 0);
    store_close(store);
    must_open(0);
    further[0] = second;
    expect(1, 99, 99);
    close_and_check();
}

static void refills_a_lost_volume(void **state)
{
    struct store_verdict verdict;

    (void)state;
    must_open(1);
    fill_copies(2);
    store_close(store);
    run("rm %s/volume", second);
    assert_int_equal(open_with(0, false, true), 0);
    for (u32 i = 0; i < 100; i++)
        expect(1, i, i);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    assert_int_equal(verdict.lost, 0);
    close_and_check();
    run("rm %s/volume", path);
    assert_int_equal(open_with(0, false, true), 0);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    assert_int_equal(verdict.lost, 0);
    close_and_check();
}

static void needs_the_only_copies(void **state)
{
    (void)state;
    must_open(1);
    fill_copies(1);
    begin();
    for (u32 i = 0; i < 600; i++)
        put(2, i, i);
    assert_true(store_commit(cut) > 0);
    store_close(store);
    run("mv %s/volume %s/away", second, second);
    refused(-ENODEV, 0, "pages are nowhere else");
    run("mv %s/away %s/volume", second, second);
    must_open(0);
    expect(2, 599, 599);
    close_and_check();
}

/* What was written meanwhile is elsewhere, and the volume fits when it comes back. */
static void does_without_a_volume(void **state)
{
    struct store_figures figures;

    (void)state;
    must_open(2);
    fill_copies(2);
    store_close(store);
    run("mv %s %s.away", second, second);
    for (u32 again = 0; again < 3; again++) {
        must_open(0);
        assert_non_null(strstr(why.text, "is missing; all that was there"));
        store_figures(store, &figures);
        assert_int_equal(figures.volumes_missing, 1);
        for (u32 i = 0; i < 100; i++)
            expect(1, i, i == 5 && again ? 499 + again : i);
        begin();
        put(1, 5, 500 + again);
        assert_true(store_commit(cut) > 0);
        store_close(store);
    }
    assert_int_equal(check().faults, 1);
    run("mv %s.away %s", second, second);
    for (u32 again = 0; again < 3; again++) {
        must_open(0);
        assert_int_equal(why.text[0], 0);
        expect(1, 5, 502);
        for (u32 i = 6; i < 100; i++)
            expect(1, i, i);
        if (again) {
            begin();
            put(1, 4, 4);
            assert_true(store_commit(cut) > 0);
        }
        close_and_check();
    }
}

/* One that was written while it was said to be missing was used by somebody else. */
static void refuses_what_grew_apart(void **state)
{
    (void)state;
    must_open(1);
    fill_copies(2);
    store_close(store);
    run("cp -r %s %s.other && cp -r %s %s.away", path, path, second, second);
    must_open(0);
    for (u32 i = 0; i < 2; i++) { /* after one, all that the generation before had is still there */
        begin();
        put(1, 5, 500);
        assert_true(store_commit(cut) > 0);
    }
    store_close(store);
    run("mv %s %s.later && rm -r %s && mv %s.other %s", second, second, path, path, path);
    must_open(0);
    begin();
    put(1, 5, 600);
    assert_true(store_commit(cut) > 0);
    store_close(store);
    run("mv %s.later %s", second, second);
    refused(-ESTALE, 0, "of another time");
    run("rm -r %s && mv %s.away %s", second, second, second);
    must_open(0);
    expect(1, 5, 600);
    expect(1, 6, 6);
    close_and_check();
}

static void expect_no_file(const char *directory, const char *name)
{
    char file[512];

    snprintf(file, sizeof(file), "%s/%s", directory, name);
    assert_int_equal(access(file, F_OK), -1);
}

static void removes_a_volume(void **state)
{
    struct store_verdict verdict;
    struct store_figures figures;

    (void)state;
    must_open(2);
    fill_copies(2);
    begin();
    for (u32 i = 0; i < 1500; i++)
        put(2, i, i);
    assert_true(store_commit(cut) > 0);
    assert_int_equal(store_volume_remove(store, path, ignore, NULL, &verdict), -ENOENT);
    assert_int_equal(store_volume_remove(store, second, ignore, NULL, &verdict), 0);
    expect_no_file(second, STORE_VOLUME);
    expect_no_file(second, STORE_COPY);
    for (u32 again = 0; again < 2; again++) {
        store_figures(store, &figures);
        assert_int_equal(figures.volumes, 2);
        assert_int_equal(figures.index_copies, 2);
        for (u32 i = 0; i < 1500; i++)
            expect(2, i, i);
        for (u32 i = 0; i < 100; i++)
            expect(1, i, i);
        reopen();
    }
    assert_int_equal(store_volume_remove(store, third, ignore, NULL, &verdict), 0);
    expect(2, 1499, 1499);
    close_and_check();
    must_open(1); /* its number is used again */
    fill_copies(2);
    store_figures(store, &figures);
    assert_int_equal(figures.volumes, 2);
    close_and_check();
}

/* The world's directory is gone, but for one with nothing in it. */
static void goes_back_to_a_copy_of_the_index(void **state)
{
    struct store_verdict verdict;
    struct store_figures figures;
    u8 page[PAGE_SIZE];

    (void)state;
    must_open(2);
    fill_copies(3);
    begin();
    store_record_put(cut, 9, 1, "nine", 4);
    assert_true(store_commit(cut) > 0);
    fill(page, 77);
    assert_int_equal(store_journal_put(store, 1, 7, page), 0);
    store_figures(store, &figures);
    assert_int_equal(figures.index_copies, 3);
    close_and_check();
    run("truncate -s 12K %s/index.copy", second);
    assert_int_equal(check().faults, 1);
    run("rm -r %s && mkdir -m 700 %s", path, path);
    refused(-ENOENT, 2, "no world is stored");
    assert_int_equal(open_with(2, false, true), 0);
    expect_record(9, 1, "nine");
    expect(1, 7, 77);
    for (u32 i = 8; i < 100; i++)
        expect(1, i, i);
    assert_int_equal(store_scrub(store, ignore, NULL, &verdict), 0);
    assert_int_equal(verdict.lost, 0);
    close_and_check();
}

static void patch_index(off_t at, const void *bytes, size_t length)
{
    char name[512];
    int fd;

    snprintf(name, sizeof(name), "%s/" STORE_INDEX, path);
    fd = open(name, O_RDWR);
    assert_int_equal(pwrite(fd, bytes, length, at), length);
    close(fd);
}

static void refuses_indexes(void **state)
{
    u8 zero[8192] = {0};

    (void)state;
    must_open(0);
    fill_copies(1);
    store_close(store);
    run("cp -r %s %s.good", path, path);
    run("rm %s/index", path);
    refused(-EUCLEAN, 0, "the index is missing");
    run("truncate -s 0 %s/index", path);
    refused(-EUCLEAN, 0, "cut short");
    run("head -c 100000 /dev/urandom >%s/index", path);
    refused(-EUCLEAN, 0, "damaged");
    run("cp %s.good/index %s/index && truncate -s 12K %s/index", path, path, path);
    refused(-EUCLEAN, 0, "damaged");
    run("cp %s.good/index %s/index", path, path);
    patch_index(8192, zero, sizeof(zero));
    refused(-EUCLEAN, 0, "cannot be used");
    run("rm %s/index && mkdir %s/index", path, path);
    refused(-EUCLEAN, 0, "is no file");
    run("rm -r %s/index && cp %s.good/index %s/index", path, path, path);
    must_open(0);
    fill_copies(1);
    store_close(store);
    /* One generation behind: as if the cut had not been committed. Two: some of its pages may be
     * gone. */
    run("cp %s/index %s.new", path, path);
    run("cp %s.good/index %s/index", path, path);
    must_open(0);
    close_and_check();
    run("cp %s.new %s/index", path, path);
    must_open(0);
    fill_copies(1);
    store_close(store);
    run("cp %s.good/index %s/index", path, path);
    refused(-ESTALE, 0, "of another time");
}

/* Every page and record is as it was put, or said to be damaged. */
static void expect_right_or_damaged(void)
{
    u8 page[PAGE_SIZE], wanted[PAGE_SIZE];
    char text[64];

    for (u64 object = 1; object < 60; object++) {
        s64 length = store_record_get(store, object, 0, text, sizeof(text));

        assert_true(length == -EUCLEAN || (length == 12 && !memcmp(text, "some content", 12)));
        for (u64 index = 0; index < 3; index++) {
            int error = store_page_get(store, object, index * 1000, page);

            fill(wanted, object * 3 + index);
            assert_true(error == -EUCLEAN || (!error && !memcmp(page, wanted, PAGE_SIZE)));
        }
    }
}

/* Bits all over the index: most of them make it be refused, none makes anything be missed. */
static void flips_bits(void **state)
{
    struct store_config config = {.path = path};
    struct store_verdict verdict;
    u32 refusals = 0, flips = 0;
    char name[512];
    struct stat st;
    int fd;

    (void)state;
    must_open(0);
    for (u32 round = 0; round < 3; round++) {
        begin();
        for (u64 object = 1; object < 60; object++) {
            store_record_put(cut, object, 0, "some content", 12);
            for (u64 index = 0; index < 3; index++)
                put(object, index * 1000, object * 3 + index);
        }
        assert_true(store_commit(cut) > 0);
    }
    store_close(store);
    store = NULL;
    snprintf(name, sizeof(name), "%s/" STORE_INDEX, path);
    fd = open(name, O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size;
         at += at < 8192 ? (at % 4096 < 160 ? 1 : 97) : 151, flips++) {
        u8 good, bad;

        assert_int_equal(pread(fd, &good, 1, at), 1);
        bad = (u8)(good ^ 1u << flips % 8);
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        store_check(&config, ignore, NULL, &verdict, &why);
        if (open_with(0, false, false) == 0)
            expect_right_or_damaged();
        else
            refusals++;
        store_close(store);
        store = NULL;
        assert_int_equal(pwrite(fd, &good, 1, at), 1);
    }
    close(fd);
    assert_true(refusals > 0 && refusals < flips);
    must_open(0);
    expect_right_or_damaged();
    close_and_check();
}

static void set_version(u32 version)
{
    struct disk_key key = index_key(KEY_SUPER, 0, 0);
    struct disk_super super;
    struct index index;
    char name[512];
    MDB_txn *txn;

    snprintf(name, sizeof(name), "%s/" STORE_INDEX, path);
    assert_int_equal(index_open(&index, name, false), 0);
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(index_begin(&index, false, &txn), 0);
        assert_int_equal(index_get_fixed(&index, txn, key, &super, sizeof(super)), 0);
        super.version = version;
        super.transaction = mdb_txn_id(txn);
        assert_int_equal(index_put(&index, txn, key, &super, sizeof(super)), 0);
        assert_int_equal(index_commit(&index, txn), 0);
    }
    index_close(&index);
}

static void refuses_newer_versions(void **state)
{
    (void)state;
    must_open(0);
    fill_copies(1);
    store_close(store);
    set_version(STORE_VERSION + 1);
    refused(-ENOTSUP, 0, "newer version");
    set_version(STORE_VERSION);
    must_open(0);
    expect(1, 99, 99);
    close_and_check();
}

static void refuses_odd_volumes(void **state)
{
    const char *many[STORE_VOLUMES_MAX + 1] = {second};
    struct store_config config = {
        .path = path, .volumes = many, .volume_count = ARRAY_SIZE(many), .create = true};

    (void)state;
    assert_int_equal(store_open(&config, &store, &why), -EINVAL);
    config.volume_count = 2;
    many[1] = "";
    assert_int_equal(store_open(&config, &store, &why), -EINVAL);
    many[1] = "/nowhere";
    assert_int_equal(store_open(&config, &store, &why), -ENODEV);
    store = NULL;
}

static void figures_tell(void **state)
{
    struct store_figures figures;

    (void)state;
    must_open(1);
    fill_copies(2);
    store_figures(store, &figures);
    assert_int_equal(figures.generation, 2);
    assert_int_equal(figures.volumes, 2);
    assert_int_equal(figures.cut_bytes, 200 * PAGE_SIZE);
    assert_int_equal(figures.places_used, 200);
    assert_true(figures.index_bytes >= 4 * PAGE_SIZE);
    assert_true(figures.volume_bytes >= 204 * PAGE_SIZE);
    close_and_check();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_what_was_committed),
        CASE(forgets_what_was_aborted),
        CASE(acts_in_order),
        CASE(iterates),
        CASE(reads_runs),
        CASE(refuses_bad_calls),
        CASE(journals),
        CASE(reclaims_space),
        CASE(serves_and_mends_copies),
        CASE(says_what_is_lost),
        CASE(scrubs),
        CASE(gives_pages_their_copies),
        CASE(refuses_directories),
        CASE(refuses_volumes),
        CASE(follows_volumes),
        CASE(refills_a_lost_volume),
        CASE(needs_the_only_copies),
        CASE(does_without_a_volume),
        CASE(refuses_what_grew_apart),
        CASE(removes_a_volume),
        CASE(goes_back_to_a_copy_of_the_index),
        CASE(refuses_indexes),
        CASE(figures_tell),
        CASE(flips_bits),
        CASE(refuses_newer_versions),
        CASE(refuses_odd_volumes),
        CASE(scrubs_beside_the_journal),
    };

    if (!mkdtemp(top))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
