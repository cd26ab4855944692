/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded image is mapped from this executable's own file, so that its clean pages are the
 * page cache's and shared by all cells of all runs. Where that file cannot be opened (no /proc), it
 * is copied to a memfd. */
#include "kernel/jail/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "abi/layout.h"
#include "kernel/report.h"

extern const u8 rf_libos_image[], rf_libos_image_end[];

/* Finds the file offset of an address of this executable. */
struct search {
    u64 address, offset;
};

static int search_segment(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;

    (void)size;
    for (u32 i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        u64 start = info->dlpi_addr + p->p_vaddr;

        if (p->p_type == PT_LOAD && search->address >= start &&
            search->address < start + p->p_filesz) {
            search->offset = search->address - start + p->p_offset;
            return 1;
        }
    }
    return 0;
}

static int copy_to_memfd(void)
{
    size_t length = (size_t)(rf_libos_image_end - rf_libos_image);
    int fd = memfd_create("ringfence-libos", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, rf_libos_image, length) != (ssize_t)length)
        fail("no memory for the library OS");
    return fd;
}

/* The bytes at `offset` of fd must be those of the image: the file may have been replaced. */
static bool is_image(int fd, u64 offset)
{
    u8 header[64];

    return pread(fd, header, sizeof(header), (off_t)offset) == sizeof(header) &&
           !memcmp(header, rf_libos_image, sizeof(header));
}

static int open_embedded(u64 *offset)
{
    struct search search = {.address = (u64)rf_libos_image};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    *offset = 0;
    if (fd >= 0 && dl_iterate_phdr(search_segment, &search) && search.offset % PAGE_SIZE == 0 &&
        is_image(fd, search.offset)) {
        *offset = search.offset;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return copy_to_memfd();
}

static int protection_of(u32 flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

static bool add_segment(struct image *image, const Elf64_Phdr *p)
{
    u64 lead = p->p_vaddr % PAGE_SIZE;

    if (p->p_vaddr < RF_LIBOS_BASE || p->p_memsz > RF_LIBOS_CODE_SIZE ||
        p->p_vaddr > RF_START_STUB - p->p_memsz || p->p_offset % PAGE_SIZE != lead ||
        (p->p_filesz != p->p_memsz && !(p->p_flags & PF_W)) || image->count == IMAGE_SEGMENTS ||
        p->p_filesz > p->p_memsz || p->p_offset > image->size ||
        p->p_filesz > image->size - p->p_offset)
        return false;
    image->segments[image->count++] = (struct image_segment){
        .address = p->p_vaddr - lead,
        .file_offset = image->base + p->p_offset - lead,
        .file_length = lead + p->p_filesz,
        .length = PAGE_ALIGN(lead + p->p_memsz),
        .protection = protection_of(p->p_flags),
    };
    return true;
}

int image_parse(struct image *image, int fd, u64 base, u64 size)
{
    Elf64_Phdr headers[32];
    Elf64_Ehdr elf;

    *image = (struct image){.fd = fd, .base = base, .size = size};
    if (pread(fd, &elf, sizeof(elf), (off_t)base) != sizeof(elf) ||
        memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_type != ET_EXEC ||
        elf.e_phnum > ARRAY_SIZE(headers) ||
        pread(fd, headers, elf.e_phnum * sizeof(headers[0]), (off_t)(base + elf.e_phoff)) !=
            (ssize_t)(elf.e_phnum * sizeof(headers[0])))
        return -ENOEXEC;
    image->entry = elf.e_entry;
    for (u32 i = 0; i < elf.e_phnum; i++) {
        if (headers[i].p_type == PT_LOAD && headers[i].p_memsz && !add_segment(image, &headers[i]))
            return -ENOEXEC;
    }
    return 0;
}

static struct image own;

void image_open(const char *path)
{
    u64 base = 0, size = (u64)(rf_libos_image_end - rf_libos_image);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : open_embedded(&base);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        fail_errno(errno, "cannot open the library OS%s%s", path ? " " : "", path ? path : "");
    if (image_parse(&own, fd, base, path ? (u64)st.st_size : size))
        fail("the library OS image is not an executable ELF file with its segments in their place");
}

struct image *image_own(void)
{
    return &own;
}

/* Its own memory from the start, so that the host has one mapping for all of it. */
static int map_writable(const struct image *image, const struct image_segment *s)
{
    void *at = mmap((void *)s->address, s->length, s->protection,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (at == MAP_FAILED)
        return -errno;
    return pread(image->fd, at, s->file_length, (off_t)s->file_offset) == (ssize_t)s->file_length
               ? 0
               : -EIO;
}

static int map_constant(const struct image *image, const struct image_segment *s)
{
    void *at = mmap((void *)s->address, s->length, s->protection, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
                    image->fd, (off_t)s->file_offset);

    return at == MAP_FAILED ? -errno : 0;
}

static int map_segment(const struct image *image, const struct image_segment *s)
{
    return s->protection & PROT_WRITE ? map_writable(image, s) : map_constant(image, s);
}

int image_map(const struct image *image)
{
    int error = 0;

    for (u32 i = 0; i < image->count && !error; i++)
        error = map_segment(image, &image->segments[i]);
    return error;
}

int image_view(struct image *image)
{
    XXH128_hash_t hash;
    void *bytes;

    if (image->bytes)
        return 0;
    bytes = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, image->fd, (off_t)image->base);
    if (bytes == MAP_FAILED)
        return -errno;
    hash = XXH3_128bits(bytes, image->size);
    image->identity[0] = hash.low64;
    image->identity[1] = hash.high64;
    image->bytes = bytes;
    return 0;
}
