/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest client: tells the capability named "echo" each of its arguments, and prints what
 * comes back. The operation's number is whatever both sides agree on. */
#include <stdio.h>
#include <string.h>

#include "sdk/ringfence.h"

#define ECHO 1000

static s64 say(u32 slot, const char *text)
{
    char answer[256];
    struct rf_message message = RF_MESSAGE;
    s64 n;

    message.data = text;
    message.data_length = (u32)strlen(text);
    message.room = answer;
    message.room_size = sizeof(answer);
    n = rf_invoke(slot, ECHO, &message);
    if (n >= 0)
        printf("%lu: %.*s\n", message.words[0], (int)n, answer);
    return n;
}

int main(int argc, char **argv)
{
    s64 r = rf_open(NULL), echo = r == 0 ? rf_named("echo") : r;

    if (echo < 0) {
        fprintf(stderr, "echo-client: nobody gave me a capability named \"echo\"\n");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        r = say((u32)echo, argv[i]);
        if (r < 0) {
            fprintf(stderr, "echo-client: %s\n", rf_error_text(r));
            return 1;
        }
    }
    return 0;
}
