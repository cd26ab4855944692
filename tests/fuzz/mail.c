/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the headers and the body of a mail: what is decoded fits where decode.h says. */
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "sdk/examples/mail/decode.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void decode(size_t (*decoder)(struct text from, char *to), struct text from, size_t room)
{
    char *to = malloc(room + 1);

    if (!to)
        return;
    require(decoder(from, to) <= room);
    free(to);
}

static void take_parameter(struct text value, const char *name, size_t room)
{
    char *to = malloc(room);

    if (!to)
        return;
    size_t n = field_parameter(value, name, to, room);
    require(n < room && (n == 0 || to[n] == '\0'));
    free(to);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct text text = {(const char *)data, size}, value = header_field(text, "Content-Type");

    require(value.length <= size);
    decode(decode_base64, text, size);
    decode(decode_quoted, text, size);
    decode(decode_percent, text, size);
    decode(decode_words, text, 4 * size);
    take_parameter(text, "name", 16);
    take_parameter(text, "name", 4096);
    take_parameter(value, "boundary", 256);
    return 0;
}
