/* SPDX-License-Identifier: Apache-2.0 */
/* The encodings of mail: RFC 2045 (base64, quoted-printable), 2047 (words), 2231 (parameters). What
 * is damaged is decoded as far as it goes. */
#ifndef SDK_EXAMPLES_MAIL_DECODE_H
#define SDK_EXAMPLES_MAIL_DECODE_H

#include <stddef.h>

struct text {
    const char *at;
    size_t length;
};

/* Bytes written to `to`, which has room for as many as come. */
size_t decode_base64(struct text from, char *to);
size_t decode_quoted(struct text from, char *to);
size_t decode_percent(struct text from, char *to);

/* Encoded words in a header's value become UTF-8; `to` has room for 4 bytes for each. */
size_t decode_words(struct text from, char *to);

/* The value of a field of the headers, still folded; length 0: it is not there. */
struct text header_field(struct text headers, const char *name);

/* A parameter of a field's value, decoded, without its quotes, in `to` of `room` bytes with NUL.
 * Its length, 0: it is not there. */
size_t field_parameter(struct text value, const char *name, char *to, size_t room);

#endif
