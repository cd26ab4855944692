/* SPDX-License-Identifier: Apache-2.0 */
/* Where things lie in a cell's address space, and the window: the memory that a cell shares with
 * the kernel. All numbers here are known to both sides; neither side trusts what the other writes.
 *
 *   0x6800_0000_0000  library OS image            private, from the embedded ELF file
 *   0x6800_001e_8000  the host's vdso and vvar    moved here by the library OS
 *   0x6800_001f_8000  window                      shared with the kernel
 *   0x6800_0200_0000  heap segment                shared by every process of the cell
 *   0x6820_0000_0000  library OS private arena    what does not fit behind the image: stacks,
 * mapping lists; trampolines are elsewhere 0x6880_0000_0000  end of what the library OS owns
 *
 * (From 0x6000_0000_0000 to 0x6400_0000_0000 programs with the address sanitizer have their heap.)
 *
 * A fork copies page tables, a page for each 2 MiB, 1 GiB and 512 GiB in use. So what every process
 * uses lies close together: the image with the pages of the window that are used all the time, and
 * the start of the heap.
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#include "abi/clock.h"
#include "base/types.h"

/* Changes when a kernel and a library OS of different builds would misunderstand each other: when
 * the window, the boot record, the script of a restore, an operation that a library OS uses, or the
 * host calls that it may do change in another way than by something added that the other side need
 * not know. A cell goes on with the library OS that it was made with, so kernels refuse the others.
 */
#define RF_INTERFACE_VERSION 1u

#define RF_LIBOS_BASE  0x680000000000ul
#define RF_HOST_VDSO   0x6800001e8000ul
#define RF_WINDOW_BASE 0x6800001f8000ul
#define RF_HEAP_BASE   0x680002000000ul
#define RF_HEAP_SIZE   (64ul << 30)  /* address range; pages are charged when touched */
#define RF_HEAP_FIRST  (136ul << 10) /* of these, written at every start: brought in at once */
#define RF_ARENA_BASE  0x682000000000ul
#define RF_LIBOS_END   0x688000000000ul
#define RF_USER_TOP    0x7ffffffff000ul

/* Where a process that is being restored has its script (abi/restore.h) and its stack: the end of
 * the arena, which nothing else uses. */
#define RF_RESTORE_SIZE (8ul << 20)
#define RF_RESTORE_BASE (RF_LIBOS_END - RF_RESTORE_SIZE)

/* Host calls are let through only from code in this range: the library OS image. Its last page
 * holds the code that installed the filter and jumped to the library OS, which unmaps it. */
#define RF_LIBOS_CODE_SIZE (RF_HOST_VDSO - RF_LIBOS_BASE)
#define RF_START_STUB      (RF_LIBOS_BASE + RF_LIBOS_CODE_SIZE - PAGE_SIZE)
#define RF_HOST_VDSO_SIZE  (RF_WINDOW_BASE - RF_HOST_VDSO)

/* Descriptors that a cell's first process holds when the library OS starts. Every other descriptor
 * is granted by the kernel in a reply and is closed by the library OS when it is done with it. */
#define RF_FD_HEAP      3 /* the heap segment, for mapping parts of it again */
#define RF_FD_ZERO_USED 4 /* first number not used at start */

#define RF_MAX_THREADS 4096 /* per cell; thread index 0 is the prepared process */
#define RF_MSG_BUFFERS 128
#define RF_MSG_DATA    65536u
#define RF_MSG_NONE    0xffffffffu
#define RF_MSG_CAPS    4

/* One message's memory. `words`, `data` and `caps` carry arguments out and results back; the kernel
 * copies what it needs before it checks it. A buffer belongs to the thread that named it in an
 * invocation until that invocation returns. */
struct rf_msg {
    u64 words[4];
    u32 data_length; /* bytes of data that are valid: set by the caller going in, kernel coming out
                      */
    u32 cap_count;
    u32 caps[RF_MSG_CAPS]; /* slots of the table of whoever reads them */
    u32 op;                /* of a received message: what the caller asked for. Set to 0 when the
                              kernel begins with an invocation */
    u32 rights;            /* of the entry by which it came */
    u64 badge;
    u64 reserved[7];
    u8 data[RF_MSG_DATA];
};
#define RF_MSG_STRIDE 0x11000ul
_Static_assert(sizeof(struct rf_msg) <= RF_MSG_STRIDE, "a message fits its stride");
_Static_assert(offsetof(struct rf_msg, data) == 128, "shared layout");

/* How a cell came to be where it is. */
enum rf_came {
    RF_CAME_STARTED,   /* it began, and has run since */
    RF_CAME_RESUMED,   /* it slept (CELL_HIBERNATE), and was woken */
    RF_CAME_RESTARTED, /* its world went on from a checkpoint */
    RF_CAME_BRANCHED,  /* it is a branch of a cell */
    RF_CAME_THAWED,    /* its image came from elsewhere */
};

/* Written by the kernel, read by the cell without a call. */
struct rf_cell_page {
    u32 magic; /* RF_CELL_MAGIC */
    u32 version;
    u64 generation;        /* of the random numbers; changes at restart and branch */
    u64 memory_limit;      /* bytes; 0: none */
    u64 memory_held;       /* bytes, sampled */
    u64 cpu_used_ns;       /* sampled */
    u64 cpu_missing_ns;    /* sampled */
    u64 invocations;       /* that reached the kernel */
    u32 cpu_percent;       /* 100 per processor; 0: no limit */
    u32 process_limit;     /* processes and threads; 0: RF_MAX_THREADS */
    u32 console_events;    /* counts console readiness changes that were armed for */
    u32 ending;            /* not 0: the cell is being ended */
    u32 keepers;           /* not 0: somebody may want to hear of faults */
    u64 stat_system_calls; /* written by the library OS: served inside the jail (a hint) */
    u32 came;              /* enum rf_came: the last of these; each time with another generation */
    u32 branch;            /* number among the branches of one image; 0: it is none */
    u32 spooled; /* not 0: the host has parts of the private memory as copies on write of an image,
                    which would show again where it gives pages back */
    /* On lines of its own: what is above is written all the time. */
    struct rf_clock_page clock __attribute__((aligned(1024)));
};
_Static_assert(offsetof(struct rf_cell_page, clock) == 1024, "shared layout; known to the vDSO");
#define RF_CELL_MAGIC 0x4c4c4543u

/* A host thread that stands still for a cut: what it goes on with is on its stack, where rsp says
 * (libos/entry/stop.S). Written by the library OS, passed on by the kernel as it is. */
struct rf_stopped {
    u64 rsp, gs, fs;
    u64 gone_word; /* address of the word that the host clears when the thread ends; 0: none */
    u64 deadline;  /* CLOCK_MONOTONIC ns when it would wake by itself; UINT64_MAX: never, 0: it runs
                    */
    u32 tid;       /* of the host */
    u32 epoch;     /* written last: it stands still in this one */
};

/* Every host thread of the cell stands still from when it is kicked and finds `asked` other than
 * `let_go`, until they are the same again. */
#define RF_STOPPED_MOST (RF_MAX_THREADS + 256)
struct rf_stop {
    u32 asked, let_go;
    u32 count;     /* of threads[] taken in this epoch */
    u32 arrived;   /* of these, written whole: the kernel sleeps on it */
    u32 restored;  /* changes when the cell goes on in other host processes than those that stopped
                    */
    u32 processes; /* not 0: what starts is to restore so many host processes */
    u32 ready;     /* written by the library OS: it has begun to handle kicks */
    u32 track;     /* not 0: each process is to have a userfaultfd, once */
    struct rf_stopped threads[RF_STOPPED_MOST];
    /* Of the same index: the process of a thread that has just made one, and its number there; it
     * is closed when the thread goes on. pid 0: it has not, or the kernel has taken it. */
    struct {
        u32 pid, descriptor;
    } trackers[RF_STOPPED_MOST];
};
_Static_assert(sizeof(struct rf_stopped) == 48, "shared layout");

/* The window, in this order. wake[i] is the futex word on which thread i sleeps; the kernel only
 * ever increments one and wakes it. boot is read by the library OS once. */
#define RF_BOOT_SIZE (2ul << 20)
struct rf_window {
    struct rf_cell_page cell;
    u8 pad[PAGE_SIZE - sizeof(struct rf_cell_page)];
    u32 wake[RF_MAX_THREADS];
    u8 boot[RF_BOOT_SIZE];
    u8 messages[RF_MSG_BUFFERS * RF_MSG_STRIDE];
    struct rf_stop stop;
};
_Static_assert(offsetof(struct rf_window, wake) == PAGE_SIZE, "shared layout");
_Static_assert(offsetof(struct rf_window, messages) % PAGE_SIZE == 0, "shared layout");
_Static_assert(RF_WINDOW_BASE + sizeof(struct rf_window) <= RF_HEAP_BASE, "the window has room");
_Static_assert(RF_HEAP_BASE + RF_HEAP_SIZE <= RF_ARENA_BASE, "the heap has room");
_Static_assert(RF_WINDOW_BASE / (2ul << 20) == RF_LIBOS_BASE / (2ul << 20) &&
                   RF_LIBOS_BASE >> 39 == (RF_LIBOS_END - 1) >> 39,
               "one page table for the image and the start of the window, one root entry for all");

#endif
