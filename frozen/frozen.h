/* SPDX-License-Identifier: Apache-2.0 */
/* Files of frozen cells: bytes in, compressed, sealed; and back. README.md here tells the format.
 */
#ifndef FROZEN_FROZEN_H
#define FROZEN_FROZEN_H

#include "frozen/key.h"

#define FROZEN_VERSION 1u
#define FROZEN_CHUNK   (64u << 10) /* of compressed bytes, at most */

/* The first thing in a file. */
struct frozen_header {
    u8 magic[8];
    u32 version, flags;
    u8 recipient[8];
    u8 key[80];
    u8 stream[24];
};
_Static_assert(sizeof(struct frozen_header) == 128, "file layout");
#define FROZEN_MAGIC     "RFFROZEN"
#define FROZEN_ENCRYPTED 1u

/* How bytes come and go. As read(2), but fewer only at the end; -1: an error of the host, in errno.
 */
typedef ssize_t frozen_read_fn(void *context, void *bytes, size_t length);
/* All or false. */
typedef bool frozen_write_fn(void *context, const void *bytes, size_t length);

/* What identifies a recipient in a header. */
void frozen_recipient(const u8 public[KEY_SIZE], u8 recipient[8]);

struct frozen_writer;

/* Begins a file, to a public key or (NULL) to anybody. NULL: no memory, or it could not be written.
 */
struct frozen_writer *frozen_create(frozen_write_fn *write, void *context, const u8 *public);
/* False: it could not be written. */
bool frozen_put(struct frozen_writer *writer, const void *bytes, size_t length);
/* Ends the file and frees the writer. False: it is not whole. */
bool frozen_end(struct frozen_writer *writer);

struct frozen_reader;

/* Each why is one line, without the file's name. NULL: `why`. */
#define FROZEN_WHY 120u
struct frozen_reader *frozen_open(frozen_read_fn *read, void *context,
                                  const struct identity *identity, char why[FROZEN_WHY]);
/* The next bytes, at least one: how many; 0: that was all, and it was whole; -1: `why`. */
ssize_t frozen_get(struct frozen_reader *reader, void *bytes, size_t room, char why[FROZEN_WHY]);
void frozen_close(struct frozen_reader *reader); /* NULL is let be */

#endif
