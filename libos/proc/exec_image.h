/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was found, read and checked, and is ready to be loaded: all that can fail in
 * execve(2) has been done. Lies in the heap segment, so that another host process can load it. */
#ifndef LIBOS_PROC_EXEC_IMAGE_H
#define LIBOS_PROC_EXEC_IMAGE_H

#include "libos/proc/elf_parse.h"

struct file;
struct process;
struct thread;

/* One ELF file. */
struct elf_file {
    struct file *file; /* a reference */
    struct elf_header header;
    struct elf_segment *table; /* heap; header.table_count of them */
    struct elf_layout layout;
};

/* Argument and environment strings, one after the other, each with its NUL. */
struct exec_strings {
    char *bytes; /* heap */
    size_t length, room;
    size_t limit;            /* of length plus pointers: E2BIG */
    size_t arguments_length; /* the arguments come first */
    u32 argument_count, environment_count;
};

struct exec_image {
    struct elf_file program, interpreter; /* interpreter.file NULL: none */
    struct exec_strings strings;
    char *path;       /* AT_EXECFN: as the caller named it; heap */
    char *executable; /* /proc/PID/exe: absolute; heap */
    char comm[16];
};

/* Finds and checks the program at `path` (`dirfd` as openat(2)), following `#!` lines; puts what
 * they say in front of the arguments in image->strings, which the caller has filled. 0 or -E…;
 * *kind says what the file looked like, for messages. */
long exec_image_open(struct exec_image *image, int dirfd, const char *path, u32 open_flags,
                     enum elf_kind *kind);
void exec_image_free(struct exec_image *image); /* may be half filled; not NULL */

/* Strings. 0, -E2BIG, -EFAULT, -ENOMEM. */
long exec_strings_init(struct exec_strings *s, struct process *p);
long exec_strings_add_user(struct exec_strings *s, const char *const *user, u32 *count);
long exec_strings_add(struct exec_strings *s, const char *text, u32 *count);
/* Replaces the first argument by `count` others. */
long exec_strings_replace_first(struct exec_strings *s, const char *const *texts, u32 count);

/* Maps the image into the calling process, which has no program, and builds its stack. Fills in the
 * process's fields for /proc. 0 and the first instruction and stack pointer, or -E…: the process is
 * then unusable. */
long exec_image_load(struct exec_image *image, struct process *p, u64 *rip, u64 *rsp);

/* Where the program's stack ends, below the vdso. */
u64 exec_stack_top(void);
/* Builds arguments, environment and the auxiliary vector at the top of the stack. */
struct exec_addresses {
    u64 entry;            /* AT_ENTRY */
    u64 table;            /* AT_PHDR */
    u64 interpreter_base; /* AT_BASE */
};
long exec_stack_build(const struct exec_image *image, struct process *p,
                      const struct exec_addresses *at, u64 *rsp);

/* Finishes an exec in the calling thread, which is the only one of its process and has no program
 * mapped: never returns. Takes over the image. */
_Noreturn void exec_image_run(struct exec_image *image);

/* Reads up to n bytes: the bytes, or -E…. */
long exec_read(struct file *f, void *to, size_t n, u64 position);

#endif
