/* SPDX-License-Identifier: Apache-2.0 */
/* usage: divide <SCRIPT   in $RINGFENCE_WORLD, one command a line:
 *
 *   meter NAME ABOVE [share=N] [quota=MS] [period=MS] [guaranteed=MS] [processors=MASK]
 *   terms NAME [...]         sets the terms of a meter
 *   put CELL NAME            the cell runs on that meter from now on
 *   destroy NAME
 *   keeper NAME              a notification is signalled when its quota is used up
 *   kept NAME SECONDS        waits for that: prints "kept NAME yes" or "no"
 *   measure SECONDS NAME...  prints "NAME used missing exhausted" of that time, in milliseconds
 *   stat CELL                prints "CELL used missing state percent"
 *
 * The first meter is called "all". A command that fails prints its line and the error. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

#define WORDS 16

static struct {
    char name[32];
    u32 slot, keeper;
} meters[128] = {{"all", RF_SLOT_METER, 0}};
static u32 meter_count = 1;

static u32 find_meter(const char *name)
{
    for (u32 i = 0; i < meter_count; i++) {
        if (!strcmp(meters[i].name, name))
            return i;
    }
    fprintf(stderr, "no meter %s\n", name);
    exit(1);
}

static u32 find_cell(const char *name)
{
    struct rf_message message = RF_MESSAGE;
    s64 slot;

    message.data = name;
    message.data_length = (u32)strlen(name);
    slot = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_FIND, &message);
    expect(slot > 0);
    return (u32)slot;
}

static void read_terms(struct rf_meter_terms *terms, char *words[], u32 count)
{
    for (u32 i = 0; i < count; i++) {
        char *value = strchr(words[i], '=');
        u64 number;

        expect(value);
        *value++ = 0;
        number = strtoull(value, NULL, 0);
        if (!strcmp(words[i], "share"))
            terms->share = (u32)number;
        else if (!strcmp(words[i], "quota"))
            terms->quota_ns = number * 1000000;
        else if (!strcmp(words[i], "period"))
            terms->period_ns = number * 1000000;
        else if (!strcmp(words[i], "guaranteed"))
            terms->guaranteed_ns = number * 1000000;
        else if (!strcmp(words[i], "processors"))
            terms->processors = number;
        else
            expect(!"a term");
    }
}

static s64 with_terms(u32 slot, u32 op, char *words[], u32 count)
{
    struct rf_meter_terms terms = {0};
    struct rf_message message = RF_MESSAGE;

    read_terms(&terms, words, count);
    message.data = &terms;
    message.data_length = sizeof(terms);
    return rf_invoke(slot, op, &message);
}

static s64 make_meter(char *words[], u32 count)
{
    s64 slot =
        with_terms(meters[find_meter(words[1])].slot, RF_OP_METER_SPLIT, words + 2, count - 2);

    if (slot < 0)
        return slot;
    snprintf(meters[meter_count].name, sizeof(meters[0].name), "%s", words[0]);
    meters[meter_count++].slot = (u32)slot;
    return 0;
}

static s64 put(const char *cell, const char *meter)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = meters[find_meter(meter)].slot;
    message.cap_count = 1;
    return rf_invoke(find_cell(cell), RF_OP_CELL_SET_METER, &message);
}

static s64 set_keeper(const char *name)
{
    struct rf_message message = RF_MESSAGE;
    u32 i = find_meter(name);
    s64 slot = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_NOTIFICATION, 0, 0, 0);

    if (slot < 0)
        return slot;
    meters[i].keeper = (u32)slot;
    message.words[0] = 4;
    message.caps[0] = (u32)slot;
    message.cap_count = 1;
    return rf_invoke(meters[i].slot, RF_OP_METER_SET_KEEPER, &message);
}

static struct rf_meter_usage usage_of(const char *name)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_meter_usage usage;

    message.room = &usage;
    message.room_size = sizeof(usage);
    expect_result(rf_invoke(meters[find_meter(name)].slot, RF_OP_METER_USAGE, &message), 0);
    expect(message.received == sizeof(usage));
    expect(usage.wanted_ns == usage.used_ns + usage.missing_ns);
    return usage;
}

static void sleep_for(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static void kept(const char *name, double seconds)
{
    u32 keeper = meters[find_meter(name)].keeper;
    struct rf_message message = RF_MESSAGE;
    struct timespec now;
    s64 result;

    clock_gettime(CLOCK_MONOTONIC, &now);
    message.words[0] = 4;
    message.words[2] = (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec + (u64)(seconds * 1e9);
    result = rf_invoke(keeper, RF_OP_NOTIFICATION_WAIT, &message);
    printf("kept %s %s\n", name, result == 0 && message.words[0] == 4 ? "yes" : "no");
}

static void measure(double seconds, char *names[], u32 count)
{
    struct rf_meter_usage before[WORDS], after;

    for (u32 i = 0; i < count; i++)
        before[i] = usage_of(names[i]);
    sleep_for(seconds);
    for (u32 i = 0; i < count; i++) {
        after = usage_of(names[i]);
        printf("%s %lu %lu %lu\n", names[i], (after.used_ns - before[i].used_ns) / 1000000,
               (after.missing_ns - before[i].missing_ns) / 1000000,
               after.exhausted - before[i].exhausted);
    }
}

static void show_cell(const char *name)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;

    message.room = &stat;
    message.room_size = sizeof(stat);
    expect_result(rf_invoke(find_cell(name), RF_OP_CELL_STAT, &message), 0);
    printf("%s %lu %lu %u %u\n", name, stat.used_ns / 1000000, stat.missing_ns / 1000000,
           stat.state, stat.cpu_percent);
}

static s64 obey(char *words[], u32 count)
{
    if (!strcmp(words[0], "meter"))
        return make_meter(words + 1, count - 1);
    if (!strcmp(words[0], "terms"))
        return with_terms(meters[find_meter(words[1])].slot, RF_OP_METER_SET_TERMS, words + 2,
                          count - 2);
    if (!strcmp(words[0], "put"))
        return put(words[1], words[2]);
    if (!strcmp(words[0], "destroy"))
        return rf_call(meters[find_meter(words[1])].slot, RF_OP_METER_DESTROY, 0, 0, 0, 0);
    if (!strcmp(words[0], "keeper"))
        return set_keeper(words[1]);
    if (!strcmp(words[0], "kept"))
        kept(words[1], atof(words[2]));
    else if (!strcmp(words[0], "measure"))
        measure(atof(words[1]), words + 2, count - 2);
    else if (!strcmp(words[0], "stat"))
        show_cell(words[1]);
    else
        expect(!"a command");
    return 0;
}

int main(void)
{
    char line[256], copy[256], *words[WORDS + 1];

    expect_result(rf_open(NULL), 0);
    while (fgets(line, sizeof(line), stdin)) {
        u32 count = 0;
        s64 result;

        line[strcspn(line, "\n")] = 0;
        snprintf(copy, sizeof(copy), "%s", line);
        for (char *word = strtok(line, " "); word && count < WORDS; word = strtok(NULL, " "))
            words[count++] = word;
        if (!count)
            continue;
        result = obey(words, count);
        if (result < 0)
            printf("%s: %s\n", copy, strerror((int)-result));
        fflush(stdout);
    }
    return 0;
}
