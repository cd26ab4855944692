/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and checking what execve is to run: scripts, the program, its interpreter. */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include "libos/proc/exec_image.h"

#define HEAD_SIZE     256 /* bytes in which a #! line must end, as on Linux */
#define SCRIPT_LEVELS 5

long exec_read(struct file *f, void *to, size_t n, u64 position)
{
    size_t done = 0;

    if (!f->ops->read)
        return -EACCES;
    while (done < n) {
        struct io_piece piece;
        struct io io;
        long r;

        io_init_ours(&io, &piece, (u8 *)to + done, n - done);
        r = f->ops->read(f, &io, &position);
        if (r < 0)
            return r;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return (long)done;
}

static long open_program(int dirfd, const char *path, u32 flags, struct file **out)
{
    struct file *f;
    long r = file_open(dirfd, path, O_RDONLY | O_NONBLOCK | flags, 0, &f);

    if (r < 0)
        return r;
    if (!f->inode || !S_ISREG(f->inode->mode) || (f->inode->mode & 0111) == 0)
        r = -EACCES;
    else if (__atomic_load_n(&f->inode->writers, __ATOMIC_ACQUIRE))
        r = -ETXTBSY;
    else
        r = may_access(f->inode, 1);
    if (r < 0) {
        file_put(f);
        return r;
    }
    *out = f;
    return 0;
}

/* Splits "#! interpreter [argument]" in place; the line ends at a newline within the head, or at
 * its end if the interpreter's name is then certainly whole. */
static long parse_script_line(char *head, size_t n, char **interpreter, char **argument)
{
    char *start = head + 2, *end = memchr(start, '\n', n - 2), *p;

    if (!end) {
        p = start;
        while (p < head + n && (*p == ' ' || *p == '\t'))
            p++;
        while (p < head + n && *p && *p != ' ' && *p != '\t')
            p++;
        if (n == HEAD_SIZE && p >= head + n)
            return -ENOEXEC;
        end = head + n;
    }
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    for (p = start; *p == ' ' || *p == '\t'; p++)
        ;
    if (!*p)
        return -ENOEXEC;
    *interpreter = p;
    while (*p && *p != ' ' && *p != '\t')
        p++;
    *argument = NULL;
    if (*p) {
        for (*p++ = 0; *p == ' ' || *p == '\t'; p++)
            ;
        if (*p)
            *argument = p;
    }
    return 0;
}

static long apply_script(struct exec_image *image, char *head, size_t n, const char *path,
                         char **next)
{
    const char *texts[3];
    char *interpreter, *argument;
    u32 count = 0;
    long r = parse_script_line(head, n, &interpreter, &argument);

    if (r)
        return r;
    texts[count++] = interpreter;
    if (argument)
        texts[count++] = argument;
    texts[count++] = path;
    r = exec_strings_replace_first(&image->strings, texts, count);
    if (r)
        return r;
    *next = heap_copy_string(interpreter);
    return *next ? 0 : -ENOMEM;
}

/* Reads and checks the program headers of e->file. */
static long read_elf(struct elf_file *e, const u8 *head, size_t n, enum elf_kind *kind)
{
    size_t size;
    long r;

    *kind = elf_parse_header(head, n, &e->header);
    if (*kind != ELF_PROGRAM)
        return -ENOEXEC;
    size = e->header.table_count * sizeof(*e->table);
    e->table = heap_alloc(size);
    if (!e->table)
        return -ENOMEM;
    if (e->header.table_offset + size <= n) {
        memcpy(e->table, head + e->header.table_offset, size);
    } else {
        r = exec_read(e->file, e->table, size, e->header.table_offset);
        if (r < 0)
            return r;
        if ((size_t)r != size) {
            *kind = ELF_BROKEN;
            return -ENOEXEC;
        }
    }
    if (!elf_parse_segments(&e->header, e->table, &e->layout)) {
        *kind = ELF_BROKEN;
        return -ENOEXEC;
    }
    return 0;
}

static long open_interpreter(struct exec_image *image, enum elf_kind *kind)
{
    const struct elf_layout *layout = &image->program.layout;
    char *path;
    u8 head[1024];
    long r;

    if (!layout->interpreter_length)
        return 0;
    path = heap_alloc(layout->interpreter_length + 1);
    if (!path)
        return -ENOMEM;
    r = exec_read(image->program.file, path, layout->interpreter_length,
                  layout->interpreter_offset);
    if (r >= 0 && ((u32)r != layout->interpreter_length || path[r - 1] != 0)) {
        *kind = ELF_BROKEN;
        r = -ENOEXEC;
    }
    if (r >= 0)
        r = open_program(AT_FDCWD, path, 0, &image->interpreter.file);
    heap_free(path);
    if (r < 0)
        return r;
    r = exec_read(image->interpreter.file, head, sizeof(head), 0);
    if (r < 0)
        return r;
    r = read_elf(&image->interpreter, head, (size_t)r, kind);
    return r == -ENOEXEC ? -ELIBBAD : r;
}

/* The name shown for a process: what was asked for, not the script's interpreter. */
static void set_comm(struct exec_image *image, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t n = strnlen(name, sizeof(image->comm) - 1);

    memcpy(image->comm, name, n);
    image->comm[n] = 0;
}

static long remember_executable(struct exec_image *image)
{
    char *buffer = heap_alloc(PATH_MAX_BYTES);
    long r;

    if (!buffer)
        return -ENOMEM;
    if (!image->program.file->dentry) {
        buffer[0] = '/';
    } else {
        namespace_lock();
        r = dentry_path(image->program.file->dentry, buffer, PATH_MAX_BYTES);
        namespace_unlock();
        if (r < 0)
            buffer[0] = 0;
    }
    image->executable = heap_copy_string(buffer);
    heap_free(buffer);
    return image->executable ? 0 : -ENOMEM;
}

long exec_image_open(struct exec_image *image, int dirfd, const char *path, u32 open_flags,
                     enum elf_kind *kind)
{
    char *next = NULL;

    *kind = ELF_NONE;
    set_comm(image, path);
    image->path = heap_copy_string(path);
    if (!image->path)
        return -ENOMEM;
    for (int level = 0;; level++) {
        char head[1024];
        const char *name = next ? next : path;
        char *script_interpreter;
        long n, r;

        if (level > SCRIPT_LEVELS)
            r = -ELOOP;
        else
            r = open_program(next ? AT_FDCWD : dirfd, name, next ? 0 : open_flags,
                             &image->program.file);
        if (r < 0) {
            heap_free(next);
            return r;
        }
        n = exec_read(image->program.file, head, sizeof(head) - 1, 0);
        if (n < 2 || head[0] != '#' || head[1] != '!') {
            heap_free(next);
            if (n < 0)
                return n;
            r = read_elf(&image->program, (const u8 *)head, (size_t)n, kind);
            if (r == 0)
                r = open_interpreter(image, kind);
            return r ? r : remember_executable(image);
        }
        n = MIN(n, HEAD_SIZE);
        head[n] = 0;
        r = apply_script(image, head, (size_t)n, name, &script_interpreter);
        heap_free(next);
        next = r ? NULL : script_interpreter;
        if (r)
            return r;
        file_put(image->program.file);
        image->program.file = NULL;
    }
}

static void elf_file_free(struct elf_file *e)
{
    file_put(e->file);
    heap_free(e->table);
}

void exec_image_free(struct exec_image *image)
{
    elf_file_free(&image->program);
    elf_file_free(&image->interpreter);
    heap_free(image->strings.bytes);
    heap_free(image->path);
    heap_free(image->executable);
    heap_free(image);
}
