/* SPDX-License-Identifier: Apache-2.0 */
/* The single-level store of a world: a directory that holds one committed generation of objects,
 * each of them records (opaque bytes) and pages. It knows nothing of cells.
 *
 * Threads: one thread at a time opens, writes a cut, scrubs and closes; it owns the store
 * meanwhile. Others may read at the same time, and journal pages; they see the last committed
 * generation, and wait for the disk only. Nothing else is waited for.
 *
 * Functions give 0 or a negative errno. Those of any call that reads or writes:
 *   -EUCLEAN  what stands on disk is damaged and no good copy is left
 *   -EIO      the disk failed
 *   -ENOSPC   no room
 *   -ENOMEM   no memory
 */
#ifndef KERNEL_STORE_STORE_H
#define KERNEL_STORE_STORE_H

#include "base/types.h"

#define STORE_RECORD_MAX (1u << 20)  /* bytes of one record */
#define STORE_INDEX_MAX  (1ul << 52) /* a page's index is less */

struct store;
struct store_cut;

/* Why a store was refused: one line without its end, that says what is wrong and what to do. */
struct store_why {
    char text[512];
};

struct store_config {
    const char *path; /* the world's directory */
    /* Further directories for pages, as absolute paths. They are remembered. */
    const char *const *volumes;
    u32 volume_count;
    bool look; /* change nothing; it cannot be written then, and `create`, `repair` do not count */
    bool create; /* make a store where there is none; the directory too */
    bool repair; /* take volumes that are damaged, stale or lost, for store_scrub to refill; and a
                    copy of the index from the volumes' directories, if there is no good one */
};

/* Opens the last committed generation. A new directory among the volumes is used from the next cut
 * on. A volume that is missing is done without, if there is another copy of everything on it: then
 * `why` says so; else it is empty. On failure nothing was changed and `why` is set:
 *   -ENOENT   no store there, and config->create is not set
 *   -EBUSY    another process has it
 *   -EPERM    a directory belongs to somebody else, or others may write to it
 *   -ENOTSUP  written by a newer version
 *   -EUCLEAN  no store of ours, or damaged
 *   -ENODEV   a volume is not where it was, and has the only copy of something
 *   -ESTALE   a volume is of another world, or of another time than the index
 *   -EINVAL   too many volumes, or a path empty or too long
 *   others    of the host, when it cannot be opened
 */
int store_open(const struct store_config *config, struct store **store, struct store_why *why);

/* NULL is let be. No cut may be open, and nobody may be reading. */
void store_close(struct store *store);

u64 store_generation(struct store *store); /* the last committed; 1 in a new store */

struct store_figures {
    u64 generation;
    u64 places_used;     /* pages held on volumes, copies counted each */
    u64 volume_bytes;    /* sizes of the volume files */
    u64 index_bytes;     /* size of the index */
    u64 cut_bytes;       /* written to volumes by the last committed cut */
    u64 copies_repaired; /* since it was opened, */
    u64 copies_lost;     /* and those that could not be */
    u32 volumes, volumes_missing;
    u32 index_copies; /* with the index itself */
};

void store_figures(struct store *store, struct store_figures *figures);

/* About how many bytes a cut could put: what is free on the volumes' disks and in their files. A
 * writer's call. */
u64 store_room(struct store *store);

/* Reading.
 *
 * store_record_get copies at most `room` bytes; the record's length, or -ENOENT.
 * store_record_next finds the first record at or after (*object, *part), in this order; -ENOENT.
 * store_page_get copies a page; -ENOENT when the object has none at `index`.
 * store_pages_get copies those of a run of pages that all exist, quickly.
 * store_page_hashes gives the XXH3_64bits of each page of such a run, without reading them; 0 for
 *   one that was journalled.
 * store_page_next finds the next run of pages at or after *index: *index, *count; -ENOENT.
 *   A run may end where the next one begins.
 * store_object_next finds the first object at or after *object that has records or pages; -ENOENT.
 */
s64 store_record_get(struct store *store, u64 object, u32 part, void *bytes, u32 room);
int store_record_next(struct store *store, u64 *object, u32 *part);
int store_page_get(struct store *store, u64 object, u64 index, void *page);
int store_pages_get(struct store *store, u64 object, u64 index, u32 count, void *pages);
int store_page_hashes(struct store *store, u64 object, u64 index, u32 count, u64 *hashes);
int store_page_next(struct store *store, u64 object, u64 *index, u64 *count);
int store_object_next(struct store *store, u64 *object);

/* Writing one cut at a time. store_begin is called at the instant of the cut: what is journalled
 * after it is newer than the cut's pages. The calls of a cut act in their order. The first that
 * fails makes all later ones and store_commit fail with the same error, so they need not be looked
 * at one by one:
 *   -EINVAL   a record too long, an index too large, copies not 1 to STORE_COPIES_MAX
 *
 * store_record_put copies the bytes; none (length 0) drops the record.
 * store_page_put takes the page where it is: it must stay as it is until the cut ends.
 * store_page_drop drops the pages from `first` on, `count` of them; count 0: all from there on.
 * store_object_drop drops the records, pages and copies of an object, whatever there is.
 * store_journal_forget: the cut is complete, so all that was journalled before it is older.
 * store_object_copies sets how many copies pages have that are put from now on (1 at first);
 *   store_scrub brings the others to it.
 *
 * store_commit ends the cut: the new generation, durable; or a negative errno, and the last one
 * stands whole. The next cut must then hold what this one held, and more. store_abort ends it too.
 *   -EIO      may mean that the index cannot be written any more: then store_begin fails with it
 *             too until the store was closed and opened, which gives the generation before this cut
 *             or the one of it
 */
int store_begin(struct store *store, struct store_cut **cut);
int store_record_put(struct store_cut *cut, u64 object, u32 part, const void *bytes, u32 length);
int store_page_put(struct store_cut *cut, u64 object, u64 index, const void *page);
int store_page_drop(struct store_cut *cut, u64 object, u64 first, u64 count);
int store_object_drop(struct store_cut *cut, u64 object);
int store_journal_forget(struct store_cut *cut);
int store_object_copies(struct store_cut *cut, u64 object, u32 copies);
s64 store_commit(struct store_cut *cut);
void store_abort(struct store_cut *cut);

/* Makes a page durable at once. It does not roll back: it is read in place of the last generation's
 * until a cut that was begun later puts or drops that page, or forgets what is older than it. From
 * any thread. */
int store_journal_put(struct store *store, u64 object, u64 index, const void *page);

/* What was found, one line without its end. */
typedef void store_finding(void *context, const char *text);

struct store_verdict {
    u64 pages, records, copies; /* looked at */
    u64 damaged;                /* copies that were bad */
    u64 repaired;               /* of these */
    u64 lost;                   /* pages without a good copy */
    u64 faults;                 /* findings besides */
};

/* Verifies a store that nobody has open, and changes nothing: records, index, free space, every
 * copy. 0, whatever was found; or why it could not be looked at, as store_open. */
int store_check(const struct store_config *config, store_finding *finding, void *context,
                struct store_verdict *verdict, struct store_why *why);

/* Reads every copy, mends the damaged ones from good ones, and gives each page the copies that its
 * object wants. A writer's call, without a cut open; commits cuts of its own. */
int store_scrub(struct store *store, store_finding *finding, void *context,
                struct store_verdict *verdict);

/* Scrubs, and takes a volume out: what is on the one in that directory goes to the others, then its
 * file is deleted. A writer's call. On failure all of it is as it was, but what was moved already:
 *   -ENOENT   no volume but the world's own is there
 *   -EUCLEAN  pages are lost of which a copy was there: scrub first
 */
int store_volume_remove(struct store *store, const char *path, store_finding *finding,
                        void *context, struct store_verdict *verdict);

#endif
