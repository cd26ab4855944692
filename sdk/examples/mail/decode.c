/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/mail/decode.h"

#include <ctype.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* The byte that the two digits after the escape at `at` say, or -1. */
static int escaped(struct text from, size_t at)
{
    int high = at + 2 < from.length ? hex_digit(from.at[at + 1]) : -1;
    int low = high < 0 ? -1 : hex_digit(from.at[at + 2]);

    return low < 0 ? -1 : high * 16 + low;
}

size_t decode_base64(struct text from, char *to)
{
    unsigned bits = 0, held = 0;
    size_t n = 0;

    for (size_t i = 0; i < from.length && from.at[i] != '='; i++) {
        int digit = base64_digit(from.at[i]);

        if (digit < 0)
            continue;
        bits = bits << 6 | (unsigned)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[n++] = (char)(bits >> held);
        }
    }
    return n;
}

/* The end of the line break that follows the equals sign at `at` and white space, or 0. */
static size_t soft_break(struct text from, size_t at)
{
    for (at++;
         at < from.length && (from.at[at] == ' ' || from.at[at] == '\t' || from.at[at] == '\r');)
        at++;
    return at < from.length && from.at[at] == '\n' ? at + 1 : at == from.length ? at : 0;
}

size_t decode_quoted(struct text from, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < from.length;) {
        size_t next = from.at[i] == '=' ? soft_break(from, i) : 0;
        int byte = from.at[i] == '=' ? escaped(from, i) : -1;

        if (next) {
            i = next;
            continue;
        }
        to[n++] = byte >= 0 ? (char)byte : from.at[i];
        i += byte >= 0 ? 3 : 1;
    }
    return n;
}

size_t decode_percent(struct text from, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < from.length;) {
        int byte = from.at[i] == '%' ? escaped(from, i) : -1;

        to[n++] = byte >= 0 ? (char)byte : from.at[i];
        i += byte >= 0 ? 3 : 1;
    }
    return n;
}

/* From a character set that the system knows, or as it is. `to` has room for 4 bytes for each. */
static size_t to_utf8(struct text charset, struct text from, char *to)
{
    char name[64], *in = (char *)(size_t)from.at, *out = to;
    size_t in_left = from.length, out_left = from.length * 4;
    iconv_t conversion;

    snprintf(name, sizeof(name), "%.*s", (int)charset.length, charset.at);
    conversion = iconv_open("UTF-8", name);
    if (conversion == (iconv_t)-1 ||
        iconv(conversion, &in, &in_left, &out, &out_left) == (size_t)-1) {
        memcpy(to, from.at, from.length);
        out = to + from.length;
    }
    if (conversion != (iconv_t)-1)
        iconv_close(conversion);
    return (size_t)(out - to);
}

/* =?charset?encoding?text?= at the start: the length of all that and what it says, else 0. */
static size_t encoded_word(struct text from, char *to, size_t *n)
{
    struct text part[3];
    size_t at = 2;
    char *bytes;

    if (from.length < 8 || memcmp(from.at, "=?", 2) != 0)
        return 0;
    for (int i = 0; i < 3; i++) {
        const char *end = memchr(from.at + at, '?', from.length - at);

        if (!end)
            return 0;
        part[i] = (struct text){from.at + at, (size_t)(end - from.at) - at};
        at += part[i].length + 1;
    }
    if (at >= from.length || from.at[at] != '=' || part[1].length != 1)
        return 0;
    bytes = malloc(part[2].length + 1);
    if (!bytes)
        return 0;
    if (tolower((unsigned char)*part[1].at) == 'b') {
        *n = decode_base64(part[2], bytes);
    } else {
        *n = decode_quoted(part[2], bytes);
        for (size_t i = 0; i < *n; i++)
            bytes[i] = bytes[i] == '_' ? ' ' : bytes[i];
    }
    *n = to_utf8(part[0], (struct text){bytes, *n}, to);
    free(bytes);
    return at + 1;
}

static size_t blanks(struct text from, size_t at)
{
    size_t n = 0;

    while (at + n < from.length && isspace((unsigned char)from.at[at + n]))
        n++;
    return n;
}

size_t decode_words(struct text from, char *to)
{
    size_t n = 0, length, more;
    bool was_word = false;

    for (size_t i = 0; i < from.length;) {
        size_t gap = blanks(from, i);

        /* White space between two words is none. */
        length = encoded_word((struct text){from.at + i + gap, from.length - i - gap},
                              to + n + (was_word ? 0 : gap), &more);
        if (length) {
            if (!was_word)
                memcpy(to + n, from.at + i, gap);
            n += more + (was_word ? 0 : gap);
            i += gap + length;
        } else {
            to[n++] = from.at[i++];
        }
        was_word = length > 0;
    }
    return n;
}

/* ---- header fields ---- */

static size_t line_length(struct text from, size_t at)
{
    const char *end = memchr(from.at + at, '\n', from.length - at);

    return end ? (size_t)(end + 1 - from.at) - at : from.length - at;
}

struct text header_field(struct text headers, const char *name)
{
    size_t n = strlen(name);

    for (size_t at = 0, length; at < headers.length; at += length) {
        const char *line = headers.at + at;

        length = line_length(headers, at);
        if (length <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
            continue;
        while (at + length < headers.length &&
               (headers.at[at + length] == ' ' || headers.at[at + length] == '\t'))
            length += line_length(headers, at + length);
        return (struct text){line + n + 1, length - n - 1};
    }
    return (struct text){NULL, 0};
}

/* The end of a parameter's value at `at`: the next semicolon that is not in quotes. */
static size_t value_end(struct text value, size_t at)
{
    bool quoted = false;

    for (; at < value.length && (quoted || value.at[at] != ';'); at++) {
        if (value.at[at] == '\\' && quoted)
            at++;
        else if (value.at[at] == '"')
            quoted = !quoted;
    }
    return at < value.length ? at : value.length;
}

static size_t unquote(struct text from, char *to, size_t room)
{
    size_t n = 0;
    bool quoted = false;

    for (size_t i = 0; i < from.length && n + 1 < room; i++) {
        char c = from.at[i];

        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted && i + 1 < from.length)
            to[n++] = from.at[++i];
        else if (quoted ? c != '\n' && c != '\r' : !isspace((unsigned char)c))
            to[n++] = c;
    }
    to[n] = '\0';
    return n;
}

/* The raw text of one parameter, by its exact name. */
static size_t raw_parameter(struct text value, const char *name, char *to, size_t room)
{
    for (size_t at = value_end(value, 0); at < value.length; at = value_end(value, at)) {
        size_t n = strlen(name);

        at += 1 + blanks(value, at + 1);
        if (at + n < value.length && strncasecmp(value.at + at, name, n) == 0 &&
            value.at[at + n] == '=') {
            size_t end = value_end(value, at);

            return unquote((struct text){value.at + at + n + 1, end - at - n - 1}, to, room);
        }
    }
    return 0;
}

/* CHARSET'LANGUAGE'PERCENT-ENCODED, as far as it is that. */
static size_t extended(char *text, size_t n, size_t room)
{
    char *first = memchr(text, '\'', n), *bytes = malloc(n + 1), *utf8 = malloc(4 * n + 1);
    char *second = first ? memchr(first + 1, '\'', n - (size_t)(first + 1 - text)) : NULL;
    size_t start = second ? (size_t)(second + 1 - text) : 0;

    if (bytes && utf8) {
        size_t length = decode_percent((struct text){text + start, n - start}, bytes);
        struct text charset = {text, second ? (size_t)(first - text) : 0};

        length = to_utf8(charset, (struct text){bytes, length}, utf8);
        n = length < room ? length : room - 1;
        memcpy(text, utf8, n);
        text[n] = '\0';
    }
    free(bytes);
    free(utf8);
    return n;
}

/* name*0, name*1*, ... in their order. */
static size_t pieces(struct text value, const char *name, char *to, size_t room)
{
    bool is_extended = false;
    size_t n = 0, more = 1;
    char piece[80];

    for (int i = 0; more && n + 1 < room; i++, n += more) {
        snprintf(piece, sizeof(piece), "%s*%d", name, i);
        more = raw_parameter(value, piece, to + n, room - n);
        if (more)
            continue;
        snprintf(piece, sizeof(piece), "%s*%d*", name, i);
        more = raw_parameter(value, piece, to + n, room - n);
        is_extended |= more > 0;
    }
    return is_extended ? extended(to, n, room) : n;
}

size_t field_parameter(struct text value, const char *name, char *to, size_t room)
{
    char star[80], *words;
    size_t n;

    snprintf(star, sizeof(star), "%s*", name);
    n = raw_parameter(value, star, to, room);
    if (n)
        return extended(to, n, room);
    n = pieces(value, name, to, room);
    if (n)
        return n;
    n = raw_parameter(value, name, to, room);
    words = n ? malloc(4 * n + 1) : NULL;
    if (words) {
        n = decode_words((struct text){to, n}, words);
        n = n < room ? n : room - 1;
        memcpy(to, words, n);
        to[n] = '\0';
        free(words);
    }
    return n;
}
