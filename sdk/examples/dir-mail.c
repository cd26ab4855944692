/* SPDX-License-Identifier: Apache-2.0 */
/* Offers the parts of a mail message as files: dir-mail FILE. What is multipart, or a message
 * within a message, is a directory; each message has its "headers". A part has the name that it
 * came with, or one made of its number and type. A message that is damaged or cut short shows what
 * there is of it. Everything is held in memory. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/examples/mail/decode.h"
#include "sdk/serve/memory.h"

#define DEPTH_MOST 32

static struct timespec modified;

static void take_entity(const char *directory, struct text entity, u32 number, u32 depth);

static bool is_type(struct text type, const char *prefix)
{
    while (type.length && isspace((unsigned char)*type.at))
        type = (struct text){type.at + 1, type.length - 1};
    return type.length >= strlen(prefix) && strncasecmp(type.at, prefix, strlen(prefix)) == 0;
}

/* Cuts the headers off, which end at the first empty line. */
static struct text split_headers(struct text *entity)
{
    struct text headers = {entity->at, 0};

    while (headers.length < entity->length) {
        const char *line = entity->at + headers.length;
        const char *end = memchr(line, '\n', entity->length - headers.length);
        size_t n = end ? (size_t)(end + 1 - line) : entity->length - headers.length;

        if (*line == '\n' || (*line == '\r' && n == 2)) {
            *entity = (struct text){line + n, entity->length - headers.length - n};
            return headers;
        }
        headers.length += n;
    }
    entity->length = 0;
    return headers;
}

/* ---- names ---- */

/* A name that came with a mail is only a name, and has the length of one. */
static void make_harmless(char *name, char to[256])
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    size_t n = strnlen(base, 200);

    while (base[n] && n && ((unsigned char)base[n] & 0xc0) == 0x80) /* within a character */
        n--;
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)base[i] < ' ' || base[i] == 0x7f ? '_' : base[i];
    to[n] = '\0';
    if (strcmp(to, ".") == 0 || strcmp(to, "..") == 0)
        to[0] = '_';
}

static const char *ending_of(struct text type)
{
    static const struct {
        const char *type, *ending;
    } endings[] = {{"text/html", "html"},      {"text/calendar", "ics"}, {"text/", "txt"},
                   {"image/jpeg", "jpg"},      {"image/png", "png"},     {"image/gif", "gif"},
                   {"application/pdf", "pdf"}, {"message/", "eml"}};

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        if (is_type(type, endings[i].type))
            return endings[i].ending;
    }
    return type.length ? "bin" : "txt";
}

static void name_part(struct text headers, struct text type, u32 number, bool directory,
                      char name[256])
{
    struct text disposition = header_field(headers, "Content-Disposition");
    char given[4096];

    if (!field_parameter(disposition, "filename", given, sizeof(given)) &&
        !field_parameter(type, "name", given, sizeof(given)))
        given[0] = '\0';
    make_harmless(given, name);
    if (!name[0])
        snprintf(name, 256, directory ? "part-%u" : "part-%u.%s", number, ending_of(type));
}

/* The name in the directory, with a number before its ending if it is taken. */
static struct memory_node *make_part(const char *directory, const char *name, u32 mode)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    char path[4096];
    struct memory_node *node;

    if (strlen(directory) + 300 > sizeof(path))
        return NULL;
    snprintf(path, sizeof(path), "%s%s%s", directory, *directory ? "/" : "", name);
    for (u32 n = 2; memory_find(path); n++)
        snprintf(path, sizeof(path), "%s%s%.*s-%u%s", directory, *directory ? "/" : "", (int)stem,
                 name, n, name + stem);
    node = memory_make(path, mode);
    if (node) {
        node->attr.modified = (struct rf_time){modified.tv_sec, (u64)modified.tv_nsec};
        node->attr.changed = node->attr.accessed = node->attr.modified;
    }
    return node;
}

/* ---- contents ---- */

static void put_body(struct memory_node *node, struct text headers, struct text body)
{
    struct text encoding = header_field(headers, "Content-Transfer-Encoding");
    char *bytes = malloc(body.length + 1);
    size_t n = body.length;

    if (!bytes)
        return;
    if (is_type(encoding, "base64"))
        n = decode_base64(body, bytes);
    else if (is_type(encoding, "quoted-printable"))
        n = decode_quoted(body, bytes);
    else
        memcpy(bytes, body.at, n);
    memory_put(node, 0, bytes, n);
    free(bytes);
}

/* The next line that is a boundary, at or after `at`; its end in *end. `last`: it ends them all. */
static bool find_boundary(struct text body, size_t at, const char *boundary, size_t *start,
                          size_t *end, bool *last)
{
    size_t n = strlen(boundary);

    while (at < body.length) {
        const char *line = body.at + at, *stop = memchr(line, '\n', body.length - at);
        size_t length = stop ? (size_t)(stop + 1 - line) : body.length - at;

        if (length >= n + 2 && memcmp(line, "--", 2) == 0 && memcmp(line + 2, boundary, n) == 0) {
            *start = at;
            *end = at + length;
            *last = length >= n + 4 && memcmp(line + 2 + n, "--", 2) == 0;
            return true;
        }
        at += length;
    }
    return false;
}

/* The line break before a boundary is the boundary's. */
static size_t without_break(struct text body, size_t from, size_t end)
{
    if (end > from && body.at[end - 1] == '\n')
        end--;
    if (end > from && body.at[end - 1] == '\r')
        end--;
    return end;
}

static void take_parts(const char *directory, struct text body, const char *boundary, u32 depth)
{
    size_t start, next = 0, at;
    bool last = false;

    if (!find_boundary(body, 0, boundary, &start, &next, &last))
        return;
    for (u32 number = 1; !last && next < body.length; number++) {
        at = next;
        if (!find_boundary(body, at, boundary, &start, &next, &last)) {
            start = next = body.length; /* cut short */
            last = true;
        }
        take_entity(directory, (struct text){body.at + at, without_break(body, at, start) - at},
                    number, depth);
    }
}

static void take_message(const char *directory, struct text message, u32 depth);

static void take_entity(const char *directory, struct text entity, u32 number, u32 depth)
{
    struct text headers = split_headers(&entity), type = header_field(headers, "Content-Type");
    bool deep = depth < DEPTH_MOST, message = deep && is_type(type, "message/rfc822");
    char name[256], boundary[256];
    bool multipart = deep && is_type(type, "multipart/") &&
                     field_parameter(type, "boundary", boundary, sizeof(boundary));
    struct memory_node *node;

    name_part(headers, type, number, message || multipart, name);
    node = make_part(directory, name, message || multipart ? S_IFDIR | 0755 : S_IFREG | 0644);
    if (!node)
        return;
    if (multipart)
        take_parts(node->path, entity, boundary, depth + 1);
    else if (message)
        take_message(node->path, entity, depth + 1);
    else
        put_body(node, headers, entity);
}

static void take_message(const char *directory, struct text message, u32 depth)
{
    struct text body = message, headers = split_headers(&body);
    struct text type = header_field(headers, "Content-Type");
    struct memory_node *node = make_part(directory, "headers", S_IFREG | 0644);
    char boundary[256];

    if (node)
        memory_put(node, 0, headers.at, headers.length);
    if (is_type(type, "multipart/") &&
        field_parameter(type, "boundary", boundary, sizeof(boundary)))
        take_parts(directory, body, boundary, depth + 1);
    else
        take_entity(directory, message, 1, depth + 1);
}

static bool load(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text = NULL;
    size_t n = 0;
    ssize_t r = -1;

    if (fd >= 0 && fstat(fd, &st) == 0 && (text = malloc((size_t)st.st_size + 1))) {
        while ((r = read(fd, text + n, (size_t)st.st_size - n)) > 0)
            n += (size_t)r;
        modified = st.st_mtim;
    }
    if (r < 0) {
        perror(name);
        return false;
    }
    close(fd);
    take_message("", (struct text){text, n}, 0);
    free(text);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: dir-mail FILE\n");
        return 1;
    }
    memory_make("", S_IFDIR | 0755);
    if (!load(argv[1]))
        return 1;
    return rf_serve_offered(rf_open(NULL)
                                ?: rf_serve_tree(&memory_ops, NULL, RF_RIGHT_READ | RF_RIGHT_EXEC),
                            "dir-mail");
}
