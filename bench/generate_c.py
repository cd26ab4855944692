#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: generate_c.py FUNCTIONS

Prints a large C file, the same one every time: functions of the kinds that real code is made of
(switches over an enumeration, loops over arrays of structures, string handling, table look-up), each
with constants of its own, so that the compiler cannot fold them together."""

import random
import sys

HEADER = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct item { int kind, count; uint64_t key; struct item *next; char name[24]; };
enum kind { KIND_A, KIND_B, KIND_C, KIND_D, KIND_E, KIND_F };
"""

SWITCH = """
int walk_{n}(const struct item *list, int limit)
{{
    int result = {a};
    for (const struct item *i = list; i && limit-- > 0; i = i->next) {{
        switch ((enum kind)(i->kind % 6)) {{
        case KIND_A: result += i->count * {b}; break;
        case KIND_B: result ^= (int)(i->key >> {shift}); break;
        case KIND_C: if (i->count > {c}) return result; result--; break;
        case KIND_D: result = result * 31 + i->name[{index}]; break;
        case KIND_E: result += {previous}(i->next, limit / 2); break;
        case KIND_F: result <<= 1; break;
        }}
    }}
    return result;
}}
"""

TABLE = """
static const uint32_t table_{n}[16] = {{{numbers}}};
uint64_t digest_{n}(const unsigned char *data, size_t length)
{{
    uint64_t h = {a}u;
    for (size_t i = 0; i < length; i++) {{
        h = (h ^ table_{n}[data[i] & 15]) * {odd}u;
        if ((h & {mask}u) == 0)
            h += table_{n}[(h >> {shift}) & 15];
    }}
    return h ^ (h >> 29);
}}
"""

TEXT = """
int parse_{n}(const char *text, struct item *out, int room)
{{
    int found = 0;
    while (*text && found < room) {{
        size_t word = strcspn(text, " ,;\\t");
        struct item *item = &out[found];
        memset(item, 0, sizeof *item);
        if (word > sizeof item->name - 1)
            word = sizeof item->name - 1;
        memcpy(item->name, text, word);
        item->kind = strcmp(item->name, "word{a}") == 0 ? {b} : atoi(item->name);
        item->key = (uint64_t)item->kind * {odd}u + found;
        if (item->kind != {c})
            found++;
        text += word;
        text += strspn(text, " ,;\\t");
    }}
    return found;
}}
"""

SORT = """
void sort_{n}(struct item *items, int count)
{{
    for (int gap = count / 2; gap > 0; gap /= 2)
        for (int i = gap; i < count; i++) {{
            struct item held = items[i];
            int j = i;
            for (; j >= gap && (items[j - gap].key ^ {a}u) > (held.key ^ {a}u); j -= gap)
                items[j] = items[j - gap];
            items[j] = held;
            if (items[j].count == {b})
                items[j].count = snprintf(items[j].name, sizeof items[j].name, "%d-%d", i, {c});
        }}
}}
"""


def main():
    random.seed(1)
    print(HEADER)
    previous = "first"
    print("static int first(const struct item *list, int limit) { return list ? limit : 0; }")
    for n in range(int(sys.argv[1])):
        shape = (SWITCH, TABLE, TEXT, SORT)[n % 4]
        values = {
            "n": n, "a": random.randrange(1, 10**6), "b": random.randrange(2, 999), "c": random.randrange(1000),
            "shift": random.randrange(1, 40), "index": random.randrange(24), "odd": random.randrange(10**6) * 2 + 1,
            "mask": 2 ** random.randrange(3, 9) - 1, "previous": previous,
            "numbers": ", ".join(str(random.randrange(2**32)) for _ in range(16)),
        }
        print(shape.format(**values))
        if shape is SWITCH:
            previous = f"walk_{n}"


main()
