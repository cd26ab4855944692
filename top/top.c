/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence-top: a live table of a world's cells. A program of its own, started by `ringfence top`,
 * since the kernel's program links no library for screens.
 *
 * Keys: q leaves, arrows and PageUp, PageDown scroll, s chooses what the cells are sorted by. */
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/figures.h"
#include "sdk/ringfence.h"

#define CELLS_MOST  20000
#define INTERVAL_MS 1000

/* A cell now, and its processor time when it was last looked at. */
struct row {
    struct rf_cell_stat stat;
    u64 used_before_ns, missing_before_ns;
    bool known;
};

enum order { BY_TREE, BY_USED, BY_MEMORY, ORDERS };
static const char *const order_names[ORDERS] = {"tree", "processor", "memory"};

static struct row rows[CELLS_MOST], before[CELLS_MOST];
static u32 count, count_before;
static u64 looked_ns, interval_ns;
static enum order order;

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* Both lists are in order of the cells' numbers. */
static void compare_with_before(void)
{
    for (u32 i = 0, k = 0; i < count; i++) {
        while (k < count_before && before[k].stat.number < rows[i].stat.number)
            k++;
        rows[i].known = k < count_before && before[k].stat.number == rows[i].stat.number;
        if (rows[i].known) {
            rows[i].used_before_ns = before[k].stat.used_ns;
            rows[i].missing_before_ns = before[k].stat.missing_ns;
        }
    }
}

/* 0, or a negative errno: the world is gone. */
static s64 look(void)
{
    static struct rf_cell_stat stats[RF_MSG_DATA / sizeof(struct rf_cell_stat)];
    struct rf_message message = RF_MESSAGE;
    u64 now = now_ns();
    s64 result;

    memcpy(before, rows, count * sizeof(rows[0]));
    count_before = count;
    count = 0;
    message.room = stats;
    message.room_size = sizeof(stats);
    do {
        message.words[0] = count ? rows[count - 1].stat.number : 0;
        result = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_LIST, &message);
        for (u32 i = 0; result > 0 && i < message.received / sizeof(stats[0]); i++) {
            if (count < CELLS_MOST)
                rows[count++] = (struct row){.stat = stats[i]};
        }
    } while (result > 0 && count < CELLS_MOST);
    interval_ns = now - looked_ns;
    looked_ns = now;
    compare_with_before();
    return result < 0 ? result : 0;
}

static double percent(u64 now, u64 earlier, bool known)
{
    return known && interval_ns && now > earlier
               ? (double)(now - earlier) * 100 / (double)interval_ns
               : 0;
}

static double used_percent(const struct row *row)
{
    return percent(row->stat.used_ns, row->used_before_ns, row->known);
}

static const struct row *row_of(u32 number)
{
    u32 low = 0, high = count;

    while (low < high) {
        u32 middle = (low + high) / 2;

        if (rows[middle].stat.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && rows[low].stat.number == number ? &rows[low] : NULL;
}

/* A cell comes behind its parent and before what is not below it: by the numbers on the way down.
 */
static int compare_tree(const struct row *a, const struct row *b)
{
    const struct row *x = a, *y = b;

    if (!a || !b)
        return 0;
    while (x && x->stat.depth > b->stat.depth)
        x = row_of(x->stat.parent);
    while (y && y->stat.depth > a->stat.depth)
        y = row_of(y->stat.parent);
    if (x == y)
        return a->stat.depth < b->stat.depth ? -1 : a->stat.depth > b->stat.depth;
    while (x && y && x->stat.parent != y->stat.parent) {
        x = row_of(x->stat.parent);
        y = row_of(y->stat.parent);
    }
    if (!x || !y)
        return 0;
    return x->stat.number < y->stat.number ? -1 : 1;
}

static int compare(const void *one, const void *other)
{
    const struct row *a = *(const struct row *const *)one, *b = *(const struct row *const *)other;
    double difference = 0;

    if (order == BY_USED)
        difference = used_percent(b) - used_percent(a);
    else if (order == BY_MEMORY)
        difference = (double)b->stat.memory_held - (double)a->stat.memory_held;
    if (difference != 0)
        return difference < 0 ? -1 : 1;
    return compare_tree(a, b);
}

/* One line, as much of it as the screen is wide. */
__attribute__((format(printf, 2, 3))) static void put_line(int line, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    mvaddnstr(line, 0, text, COLS);
}

static void draw_head(void)
{
    u64 held = 0;
    double used = 0, missing = 0;
    char text[16];

    for (u32 i = 0; i < count; i++) {
        held += rows[i].stat.memory_held;
        used += used_percent(&rows[i]);
        missing += percent(rows[i].stat.missing_ns, rows[i].missing_before_ns, rows[i].known);
    }
    mvprintw(
        0, 0,
        "%u cells, processor %.0f%% used, %.0f%% missing, memory %s, sorted by %s (s), q leaves",
        count, used, missing, rf_size_text(held, text), order_names[order]);
    attron(A_REVERSE);
    put_line(2, "%6s %-24s %-7s %5s %8s %6s %8s %7s %7s %10s %10s", "CELL", "NAME", "STATE",
             "TASKS", "PROMISED", "USED%", "MISSING%", "MEMORY", "LIMIT", "MiB*s", "INVOKED");
    attroff(A_REVERSE);
}

static void draw_row(int line, const struct row *row)
{
    const struct rf_cell_stat *stat = &row->stat;
    char name[64], held[16], limit[16], promised[16];
    int indent = order == BY_TREE && stat->depth > 1 ? (int)MIN(stat->depth - 1, 8u) * 2 : 0;

    snprintf(name, sizeof(name), "%*s%s", indent, "", stat->name);
    if (stat->cpu_percent)
        snprintf(promised, sizeof(promised), "%u%%", stat->cpu_percent);
    put_line(line, "%6u %-24.24s %-7s %5u %8s %6.1f %8.1f %7s %7s %10.0f %10lu", stat->number, name,
             rf_state_name(stat->state), stat->tasks, stat->cpu_percent ? promised : "-",
             used_percent(row), percent(stat->missing_ns, row->missing_before_ns, row->known),
             rf_size_text(stat->memory_held, held),
             stat->memory_limit ? rf_size_text(stat->memory_limit, limit) : "-",
             rf_byte_seconds(stat) / 1048576, stat->invocations);
}

static void draw(u32 first)
{
    static const struct row *sorted[CELLS_MOST];

    for (u32 i = 0; i < count; i++)
        sorted[i] = &rows[i];
    qsort(sorted, count, sizeof(sorted[0]), compare);
    erase();
    draw_head();
    for (u32 i = first; i < count && (int)(i - first) + 3 < LINES; i++)
        draw_row((int)(i - first) + 3, sorted[i]);
    refresh();
}

/* Where the table begins after a key; -1: leave. */
static s64 after_key(int key, u32 first)
{
    u32 page = LINES > 4 ? (u32)LINES - 4 : 1, last = count > page ? count - page : 0;

    switch (key) {
    case 'q':
    case 27: return -1;
    case 's': order = (order + 1) % ORDERS; return 0;
    case KEY_DOWN: return MIN(first + 1, last);
    case KEY_UP: return first ? first - 1 : 0;
    case KEY_HOME: return 0;
    case KEY_END: return last;
    case KEY_NPAGE: return MIN(first + page, last);
    case KEY_PPAGE: return first > page ? first - page : 0;
    default: return MIN(first, last);
    }
}

static s64 show(void)
{
    s64 first = 0, result = 0;

    initscr();
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    timeout(INTERVAL_MS);
    while (first >= 0 && (result = look()) == 0) {
        int key = ERR;

        draw((u32)first);
        key = getch();
        first = after_key(key, (u32)first);
    }
    endwin();
    return result;
}

int main(int argc, char **argv)
{
    s64 result;

    setlocale(LC_ALL, "");
    result = rf_open(argc > 1 ? argv[1] : NULL);
    if (!result)
        result = show();
    if (result < 0) {
        fprintf(stderr, "ringfence: top: %s\n", rf_error_text(result));
        return 125;
    }
    return 0;
}
