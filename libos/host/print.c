/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/host/print.h"
#include "base/string.h"

struct output {
    char *at;
    size_t size;
    size_t length;
};

static void put(struct output *o, char c)
{
    if (o->length + 1 < o->size)
        o->at[o->length] = c;
    o->length++;
}

static void put_padded(struct output *o, const char *s, size_t n, int width, bool left, char pad)
{
    for (int i = (int)n; !left && i < width; i++)
        put(o, pad);
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    for (int i = (int)n; left && i < width; i++)
        put(o, ' ');
}

struct spec {
    int width, precision;
    bool left, alternate, wide;
    char pad;
};

static void put_number(struct output *o, const struct spec *s, u64 value, bool negative, u32 base,
                       bool upper)
{
    char digits[32];
    size_t n = sizeof(digits);
    do {
        u32 d = (u32)(value % base);
        digits[--n] = (char)(d < 10 ? '0' + d : (upper ? 'A' : 'a') + d - 10);
        value /= base;
    } while (value);
    bool sign_first = negative && s->pad == '0';
    if (s->alternate && base == 16) {
        digits[--n] = 'x';
        digits[--n] = '0';
    }
    if (sign_first)
        put(o, '-');
    else if (negative)
        digits[--n] = '-';
    put_padded(o, digits + n, sizeof(digits) - n, s->width - sign_first, s->left, s->pad);
}

static const char *parse_spec(const char *f, struct spec *s, va_list *args)
{
    *s = (struct spec){.precision = -1, .pad = ' '};
    for (;; f++) {
        if (*f == '0')
            s->pad = '0';
        else if (*f == '-')
            s->left = true;
        else if (*f == '#')
            s->alternate = true;
        else
            break;
    }
    if (*f == '*') {
        s->width = va_arg(*args, int);
        f++;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        s->width = s->width * 10 + (*f - '0');
    if (*f == '.') {
        s->precision = 0;
        f++;
        if (*f == '*') {
            s->precision = va_arg(*args, int);
            f++;
        }
        for (; *f >= '0' && *f <= '9'; f++)
            s->precision = s->precision * 10 + (*f - '0');
    }
    for (; *f == 'l' || *f == 'z'; f++)
        s->wide = true;
    return f;
}

int format_args(char *out, size_t size, const char *f, va_list passed)
{
    struct output o = {out, size, 0};
    va_list args;
    va_copy(args, passed);
    for (; *f; f++) {
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        struct spec s;
        f = parse_spec(f + 1, &s, &args);
        switch (*f) {
        case 's': {
            const char *text = va_arg(args, const char *);
            text = text ? text : "(null)";
            size_t n = s.precision >= 0 ? strnlen(text, (size_t)s.precision) : strlen(text);
            put_padded(&o, text, n, s.width, s.left, ' ');
            break;
        }
        case 'c': {
            char c = (char)va_arg(args, int);
            put_padded(&o, &c, 1, s.width, s.left, ' ');
            break;
        }
        case 'd':
        case 'i': {
            s64 v = s.wide ? va_arg(args, s64) : va_arg(args, int);
            put_number(&o, &s, v < 0 ? -(u64)v : (u64)v, v < 0, 10, false);
            break;
        }
        case 'p':
            s.alternate = true;
            put_number(&o, &s, (u64)va_arg(args, void *), false, 16, false);
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o': {
            u64 v = s.wide ? va_arg(args, u64) : va_arg(args, u32);
            put_number(&o, &s, v, false, *f == 'u' ? 10 : *f == 'o' ? 8 : 16, *f == 'X');
            break;
        }
        default: put(&o, *f); break;
        }
    }
    va_end(args);
    if (size)
        out[MIN(o.length, size - 1)] = 0;
    return (int)o.length;
}

int format_text(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = format_args(out, size, format, args);
    va_end(args);
    return n;
}
