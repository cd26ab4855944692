/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that frozen cells are encrypted to. */
#ifndef FROZEN_KEY_H
#define FROZEN_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"

#define KEY_SIZE 32u
#define KEY_TEXT 80u /* of a public key with its NUL, at most */

struct identity {
    u8 public[KEY_SIZE], secret[KEY_SIZE];
};

void key_text(const u8 public[KEY_SIZE], char text[KEY_TEXT]);

/* A public key as text, or in the file of that name. False: it is neither. */
bool key_read_public(const char *text, u8 public[KEY_SIZE]);

/* The secret key in a file. False: there is none; errno is 0 when the file can be read. */
bool key_read(const char *path, struct identity *identity);

/* Makes one in a new file that only its owner reads. False and errno. */
bool key_make(const char *path, struct identity *identity);

#endif
