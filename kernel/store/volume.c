/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/store/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define GROW_LEAST  256u /* places */
#define BLOCK_WORDS 4u   /* of the map: freed space goes back in blocks of so many, 1 MiB */

/* Lengthens an array, with zeros. */
static bool lengthen(void *array, u64 now, u64 wanted)
{
    void **held = array;
    u8 *longer = realloc(*held, wanted);

    if (!longer)
        return false;
    memset(longer + now, 0, wanted - now);
    *held = longer;
    return true;
}

static int have_groups(struct volume *volume, u64 groups)
{
    u64 now = volume->groups * GROUP_WORDS * sizeof(u64),
        wanted = groups * GROUP_WORDS * sizeof(u64);

    if (groups <= volume->groups)
        return 0;
    if (!lengthen(&volume->now, now, wanted) || !lengthen(&volume->next, now, wanted) ||
        !lengthen(&volume->changed, volume->groups, groups))
        return -ENOMEM;
    volume->groups = (u32)groups;
    return 0;
}

int volume_init(struct volume *volume, int fd)
{
    struct stat st;

    volume->fd = fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    volume->end = (u64)st.st_size / PAGE_SIZE;
    volume->size = volume->cursor = FIRST_PLACE;
    return 0;
}

void volume_finish(struct volume *volume)
{
    if (volume->fd >= 0)
        close(volume->fd);
    free(volume->now);
    free(volume->next);
    free(volume->changed);
    *volume = (struct volume){.fd = -1};
}

int volume_load(struct volume *volume, u64 group, const u64 bits[GROUP_WORDS])
{
    u64 at = group * GROUP_WORDS;

    if (group > (PLACE_PAGE_MASK >> 20) || (group == 0 && bits[0] & ((1u << FIRST_PLACE) - 1)))
        return -EUCLEAN;
    if (have_groups(volume, group + 1) < 0)
        return -ENOMEM;
    memcpy(volume->now + at, bits, GROUP_WORDS * sizeof(u64));
    memcpy(volume->next + at, bits, GROUP_WORDS * sizeof(u64));
    for (u32 i = 0; i < GROUP_WORDS; i++)
        volume->taken += (u64)__builtin_popcountl(bits[i]);
    return 0;
}

u64 volume_extent(const struct volume *volume)
{
    for (u64 i = (u64)volume->groups * GROUP_WORDS; i-- > 0;) {
        if (volume->now[i])
            return i * 64 + 64 - (u64)__builtin_clzl(volume->now[i]);
    }
    return FIRST_PLACE;
}

void volume_loaded(struct volume *volume)
{
    volume->size = volume_extent(volume);
}

/* A quarter is kept free, so that free places are not far apart. */
static int keep_room(struct volume *volume)
{
    u64 size = volume->size;

    if (volume->room != ROOM_GROW)
        return 0;
    if ((size - FIRST_PLACE - volume->taken) * 4 < size)
        size += MAX(size / 8, GROW_LEAST);
    if (have_groups(volume, (size + GROUP_PLACES - 1) / GROUP_PLACES) < 0)
        return -ENOMEM;
    volume->size = size;
    return 0;
}

static u64 find_free(const struct volume *volume, u64 from, u64 to)
{
    while (from < to) {
        u64 word = ~(volume->now[from / 64] | volume->next[from / 64]) & ~0ul << from % 64;

        if (word) {
            from = from / 64 * 64 + (u64)__builtin_ctzl(word);
            return from < to ? from : 0;
        }
        from = from / 64 * 64 + 64;
    }
    return 0;
}

u64 volume_take(struct volume *volume)
{
    u64 place, limit;

    if (volume->room == ROOM_NONE || keep_room(volume) < 0)
        return 0;
    limit = volume->room == ROOM_WITHIN ? MIN(volume->size, volume->end) : volume->size;
    place = find_free(volume, volume->cursor, limit);
    if (!place)
        place = find_free(volume, FIRST_PLACE, MIN(limit, volume->cursor));
    if (!place)
        return 0;
    volume->next[place / 64] |= 1ul << place % 64;
    volume->changed[place / GROUP_PLACES] = 1;
    volume->taken++;
    volume->cursor = place + 1;
    return place;
}

void volume_drop(struct volume *volume, u64 place)
{
    u64 bit = 1ul << place % 64;

    volume->next[place / 64] &= ~bit;
    volume->changed[place / GROUP_PLACES] = 1;
    volume->taken -= !(volume->now[place / 64] & bit);
}

bool volume_uses(const struct volume *volume, u64 place)
{
    return place < (u64)volume->groups * GROUP_PLACES &&
           volume->now[place / 64] & 1ul << place % 64;
}

/* That the host cannot take it back changes nothing but how much room the file takes. */
static void give_back(const struct volume *volume, u64 word)
{
    u64 from = MAX(word * 64, (u64)FIRST_PLACE) * PAGE_SIZE,
        to = (word + BLOCK_WORDS) * 64 * PAGE_SIZE;

    (void)fallocate(volume->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
                    (off_t)(to - from));
}

static void settle_group(struct volume *volume, u64 group)
{
    u64 *now = volume->now + group * GROUP_WORDS, *next = volume->next + group * GROUP_WORDS;

    for (u32 i = 0; i < GROUP_WORDS; i += BLOCK_WORDS) {
        u64 freed = 0, left = 0;

        for (u32 w = i; w < i + BLOCK_WORDS; w++) {
            freed |= now[w] & ~next[w];
            left |= next[w];
            volume->taken -= (u64)__builtin_popcountl(now[w] & ~next[w]);
            now[w] = next[w];
        }
        if (freed && !left && volume_is_there(volume))
            give_back(volume, group * GROUP_WORDS + i);
    }
    volume->changed[group] = 0;
}

/* The file is cut when a quarter of it, and more than it would grow by, is free at its end. */
static void shrink(struct volume *volume)
{
    u64 extent = volume_extent(volume);

    if (!volume_is_there(volume) || volume->end < extent + 2ul * GROW_LEAST ||
        volume->end - extent < volume->end / 4)
        return;
    if (ftruncate(volume->fd, (off_t)(extent * PAGE_SIZE)) < 0)
        return;
    volume->end = volume->size = extent;
    volume->cursor = MIN(volume->cursor, extent);
}

void volume_settle(struct volume *volume)
{
    for (u64 group = 0; group < volume->groups; group++) {
        if (volume->changed[group])
            settle_group(volume, group);
    }
    shrink(volume);
}

void volume_undo(struct volume *volume)
{
    for (u64 group = 0; group < volume->groups; group++) {
        u64 *now = volume->now + group * GROUP_WORDS, *next = volume->next + group * GROUP_WORDS;

        if (!volume->changed[group])
            continue;
        for (u32 i = 0; i < GROUP_WORDS; i++)
            volume->taken -= (u64)__builtin_popcountl(next[i] & ~now[i]);
        memcpy(next, now, GROUP_WORDS * sizeof(u64));
        volume->changed[group] = 0;
    }
}

int volume_write(struct volume *volume, u64 place, struct iovec *pages, int count)
{
    off_t at = (off_t)(place * PAGE_SIZE);

    while (count > 0) {
        ssize_t n = pwritev(volume->fd, pages, count, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += n;
        volume->end = MAX(volume->end, (u64)at / PAGE_SIZE);
        while (count > 0 && (size_t)n >= pages->iov_len) {
            n -= (ssize_t)pages->iov_len;
            pages++;
            count--;
        }
        if (count > 0) {
            pages->iov_base = (u8 *)pages->iov_base + n;
            pages->iov_len -= (size_t)n;
        }
    }
    return 0;
}

int volume_read(const struct volume *volume, u64 place, void *pages, u32 count)
{
    size_t done = 0, all = count * PAGE_SIZE;

    while (done < all) {
        ssize_t n =
            pread(volume->fd, (u8 *)pages + done, all - done, (off_t)(place * PAGE_SIZE + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        done += (size_t)n;
    }
    return 0;
}

static u64 stamp_sum(const struct disk_stamp *stamp)
{
    return XXH3_64bits(&stamp->magic, sizeof(*stamp) - sizeof(stamp->sum));
}

int volume_stamp(const struct volume *volume, struct disk_stamp *stamp)
{
    off_t at = (off_t)(stamp->generation % 2 * PAGE_SIZE);
    ssize_t n;

    stamp->sum = stamp_sum(stamp);
    n = pwrite(volume->fd, stamp, sizeof(*stamp), at);
    return n == sizeof(*stamp) ? 0 : n < 0 ? -errno : -EIO;
}

int volume_read_stamps(int fd, struct disk_stamp stamps[2])
{
    for (u32 i = 0; i < 2; i++) {
        struct disk_stamp *stamp = &stamps[i];
        ssize_t n = pread(fd, stamp, sizeof(*stamp), (off_t)(i * PAGE_SIZE));

        if (n != sizeof(*stamp) || stamp->magic != STORE_MAGIC || stamp->sum != stamp_sum(stamp))
            memset(stamp, 0, sizeof(*stamp));
    }
    return stamps[0].generation || stamps[1].generation ? 0 : -ENOENT;
}
