/* SPDX-License-Identifier: Apache-2.0 */
/* A process's memory: the list of its mappings (private memory, so that fork copies it) and what
 * other parts of the library OS need of it. */
#ifndef LIBOS_MM_MM_H
#define LIBOS_MM_MM_H

#include "base/types.h"

struct file;
struct inode;
struct process;
struct siginfo;

/* At the start of the prepared process, and in a process after exec: no mappings of the program's.
 */
void mm_init(void);

/* Around a host fork that copies memory (not vfork). The forking thread calls mm_fork_begin, which
 * takes the references for the child, and forks; then the child calls mm_fork_child, once current()
 * is its own thread, or, if there is none, the parent mm_fork_undo. From before the first to behind
 * the last, in parent and child, mm_lock keeps other threads from changing the list, unless there
 * are no others; no sleeping meanwhile. */
void mm_lock(void);
void mm_unlock(void);
void mm_fork_begin(void);
void mm_fork_undo(void);
void mm_fork_child(void);

/* Unmaps all of the program's memory and drops what the list refers to: exec. Not in a vfork child,
 * which runs in its parent's memory. */
void mm_destroy(void);
/* The same for a host process that is about to exit, which unmaps by itself. In its last thread. */
void mm_exit(void);

/* For the ELF loader and the like: as mmap(2) with a file in place of a descriptor (NULL:
 * anonymous). Address, or -E…. `name` (a constant, or NULL) is shown in /proc/self/maps: "[stack]",
 * "[heap]". */
long mm_map(u64 addr, size_t length, int prot, int flags, struct file *f, u64 offset,
            const char *name);
long mm_unmap(u64 addr, size_t length);
long mm_protect(u64 addr, size_t length, int prot);
/* Where brk(2) begins: after the program's image. */
void mm_set_brk(u64 start);

/* A host fault at addr, in the program's memory. Decides what it is: true if it was mended (go on),
 * false and *info filled in (signo in the result: SIGSEGV or SIGBUS). `inside`: the library OS
 * touched it for the program, and may hold locks. */
bool mm_fault(u64 addr, bool inside, int host_signo, int host_code, struct siginfo *info);

/* The file i has become shorter: what is mapped behind its end is gone, here at once, in other
 * processes as soon as they are kicked. Called without locks. */
void mm_file_shrunk(const struct inode *i);
/* At a safe point after a kick: does the same for files that other processes cut. */
void mm_look_at_shrunk(void);

/* Text of /proc/self/maps, from byte *position on: bytes written. Of the calling process. */
long mm_print_maps(char *buffer, size_t size, u64 *position);
u64 mm_resident_estimate(void);

/* An unused address range of `size` bytes within 2 GiB of `near`, mapped with prot: for
 * trampolines. Not in the program's list, but known to be taken until mm_destroy. NULL: none. */
void *mm_map_near(u64 near, size_t size, int prot);

/* True if [start, start+length) lies in one private, executable and not writable mapping of the
 * program; *prot is its protection. For patching call sites. */
bool mm_patchable(u64 start, size_t length, int *prot);

/* The private, executable and not writable mapping of a file at addr. True: *out says which, and
 * holds the file until mm_text_drop. */
struct mm_text {
    u64 start, end;
    u64 offset; /* of start in the file */
    struct file *file;
};
bool mm_text_find(u64 addr, struct mm_text *out);
void mm_text_drop(struct mm_text *t);

/* Private memory for the library OS itself, from the arena; page-aligned, zeroed. */
void *arena_map(size_t size);
void arena_unmap(void *p, size_t size);

/* Whether addr lies in memory that is shared with other processes. Then *object and *offset name
 * the place, the same in each of them: for futexes. */
bool mm_shared_key(u64 addr, u64 *object, u64 *offset);

/* What the end of a process undoes in System V's semaphores (SEM_UNDO). Attached shared memory goes
 * with its mapping. */
void ipc_process_end(struct process *p);

#endif
