/* SPDX-License-Identifier: Apache-2.0 */
/* usage: reference INTERFACE
 *
 * Prints the operations of an interface as they are declared in abi/interface, for a page of
 * docs/reference. */
#include <stdio.h>
#include <string.h>

#include "abi/objects.h"

static const struct operation {
    const char *interface, *name;
    u32 number;
    const char *rights, *in, *out, *meaning, *cost;
} operations[] = {
#define OP(interface, name, number, rights, in, out, meaning, cost)                                \
    {#interface, #name, number, #rights, in, out, meaning, cost},
    RF_OPERATIONS(OP)
#undef OP
};

static const char *const kinds[][2] = {
#define KIND(interface, name, meaning) {#interface, meaning},
    RF_KINDS(KIND)
#undef KIND
};

/* As text: what would mean something in Markdown does not. */
static void print_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("*<", *text))
            putchar('\\');
        putchar(*text);
    }
    putchar('\n');
}

static void print_item(const char *what, const char *text)
{
    if (!*text)
        return;
    printf("- **%s:** ", what);
    print_text(text);
}

static void print_operation(const struct operation *op)
{
    printf("\n### %s\n\nNumber %u.\n\n", op->name, op->number);
    print_item("in", *op->in ? op->in : "nothing");
    print_item("result", op->out);
    print_item("right", strcmp(op->rights, "0") ? op->rights : "none");
    print_item("charged", op->cost);
    if (!*op->meaning)
        return;
    putchar('\n');
    print_text(op->meaning);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    printf("\n## %s", argv[1]);
    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kinds[i][0], argv[1]))
            printf(": %s", kinds[i][1]);
    }
    putchar('\n');
    for (u32 i = 0; i < ARRAY_SIZE(operations); i++) {
        if (!strcmp(operations[i].interface, argv[1]))
            print_operation(&operations[i]);
    }
    return 0;
}
