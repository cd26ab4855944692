/* SPDX-License-Identifier: Apache-2.0 */
/* Turning call sites into jumps. A trap costs some 2 µs, a jump 6 ns; patching costs several traps,
 * so a site is patched when it has trapped PATCH_AFTER times. Two shapes are known, both exact:
 *
 *  A   b8 NR NR NR NR   mov $NR, %eax          →   e9 …   jmp trampoline
 *      0f 05            syscall                    0f 05  (stays)
 *
 *      The syscall instruction stays: whoever jumps to it, or was between the two, still traps. The
 *      trampoline loads eax, and rcx with the address behind the syscall, and jumps to libos_entry.
 *
 *  B   0f 05                  syscall           →   e9 b0 b1 b2 b3   jmp trampoline
 *      48 3d XX XX XX XX      cmp $X, %rax          90 90 90
 *
 *      The trampoline ends with the cmp and jumps back. Address site+2 may be a return address in
 *      somebody's registers or saved signal frame, or a jump's target. So trampolines are placed
 * where b1 is an opcode that does not exist in 64-bit mode: running at site+2 raises SIGILL, and
 *      patch_illegal sends the thread to the trampoline's copy of the cmp.
 *
 * In both, at trampoline's return address - 2 there is a syscall instruction, as struct regs
 * promises.
 *
 * Other threads may run the site meanwhile: the first byte becomes a breakpoint, all cores are
 * synchronised, then the rest is written, and the first byte last (Intel SDM vol. 3, "Handling
 * Self- and Cross-Modifying Code"; the order as Linux's text_poke_bp). A thread that meets the
 * breakpoint tries again (patch_breakpoint).
 *
 * Everything here is private to the process. The table is written by one thread at a time (busy).
 */
#include "libos/entry/entry.h"
#include "libos/entry/patch_hints.h"
#include "libos/entry/patch_sites.h"
#include "libos/entry/text_sites.h"
#include "libos/host/host.h"
#include "libos/mm/mm.h"
#include "libos/proc/process.h"
#include "base/string.h"

#include <asm/unistd.h>
#include <linux/membarrier.h>
#include <linux/mman.h>

#define PATCH_AFTER 4
#define AREA_SIZE   65536u
#define AREAS       32u
#define SLOT_SIZE   32u
#define SLOTS       (AREA_SIZE / SLOT_SIZE)
#define JUMP_SIZE   5
#define PROT_ALL    (PROT_READ | PROT_WRITE | PROT_EXEC)

/* At the start of each area of trampolines: which of its slots are taken. */
struct area {
    u64 used[SLOTS / 64];
};
#define FIRST_SLOT (sizeof(struct area) / SLOT_SIZE)

static u32 busy WRITTEN_BY_FORK;
static bool sync_core_registered WRITTEN_BY_FORK;
static u32 area_count WRITTEN_BY_FORK;
static struct area *areas[AREAS] WRITTEN_BY_FORK;
static u64 breakpoint WRITTEN_BY_FORK; /* of the byte that is a breakpoint for the moment */
static struct {
    u64 start, end; /* text that is writable for the moment */
} opened WRITTEN_BY_FORK;

void patch_forget(void)
{
    sites_clear();
    if (area_count || busy || breakpoint) /* writing what is there would copy the page */
        area_count = busy = breakpoint = 0;
}

/* A child must not copy a site that is half written. Who patches waits for the mapping lock at
 * most, which the caller does not hold. */
void patch_fork_begin(void)
{
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        host_yield();
}

void patch_fork_end(void)
{
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

void patch_fork_child(void)
{
    if (busy) /* writing what is there would copy the page */
        busy = 0;
    if (sync_core_registered)
        sync_core_registered = false;
}

void patch_restored(void)
{
    __atomic_store_n(&sync_core_registered, false, __ATOMIC_RELEASE);
}

bool patch_breakpoint(u64 rip)
{
    return __atomic_load_n(&breakpoint, __ATOMIC_ACQUIRE) == rip ||
           *(volatile const u8 *)rip != 0xcc; /* it was one when we trapped, and is no more */
}

u64 patch_illegal(u64 rip)
{
    struct site *s = site_find(rip - 2, false);
    return s ? s->back : 0;
}

/* One-byte opcodes that raise #UD in 64-bit mode (AMD64 manual vol. 3, table A-1). */
static bool never_decodes(u8 opcode)
{
    static const u8 opcodes[] = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f,
                                 0x37, 0x3f, 0x60, 0x61, 0x9a, 0xce, 0xd4, 0xd5, 0xea};
    return memchr(opcodes, opcode, sizeof(opcodes)) != NULL;
}

static s32 jump_distance(const u8 *from, const u8 *to)
{
    return (s32)(to - (from + JUMP_SIZE));
}

static bool slot_fits(const u8 *slot, const u8 *jump_at, bool shape_b)
{
    s64 distance = slot - (jump_at + JUMP_SIZE);
    if (distance != (s32)distance)
        return false;
    return !shape_b || never_decodes((u8)((u32)distance >> 8));
}

static u8 *slot_of(struct area *a, u32 i)
{
    return (u8 *)a + i * SLOT_SIZE;
}

static u8 *take_slot_in(struct area *a, const u8 *jump_at, bool shape_b)
{
    for (u32 i = FIRST_SLOT; i < SLOTS; i++) {
        u8 *slot = slot_of(a, i);
        if ((a->used[i / 64] >> i % 64 & 1) || !slot_fits(slot, jump_at, shape_b))
            continue;
        __atomic_or_fetch(&a->used[i / 64], 1ull << i % 64, __ATOMIC_RELAXED);
        return slot;
    }
    return NULL;
}

static u8 *take_slot(const u8 *jump_at, bool shape_b)
{
    for (u32 i = 0; i < area_count; i++) {
        u8 *slot = take_slot_in(areas[i], jump_at, shape_b);
        if (slot)
            return slot;
    }
    if (area_count == AREAS)
        return NULL;
    struct area *a = mm_map_near((u64)jump_at, AREA_SIZE, PROT_ALL);
    if (a == NULL)
        return NULL;
    areas[area_count++] = a;
    return take_slot_in(a, jump_at, shape_b);
}

static void give_back_slot(u8 *slot)
{
    for (u32 i = 0; i < area_count; i++) {
        u64 n = (u64)(slot - (u8 *)areas[i]) / SLOT_SIZE;
        if (slot >= (u8 *)areas[i] && n < SLOTS)
            __atomic_and_fetch(&areas[i]->used[n / 64], ~(1ull << n % 64), __ATOMIC_RELAXED);
    }
}

void patch_unmapped(u64 start, u64 end)
{
    sites_renew(start, end, give_back_slot);
}

static u8 *emit(u8 *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

/* lea target(%rip), %rcx */
static u8 *emit_load_return(u8 *at, u64 target)
{
    s32 distance = (s32)(target - ((u64)at + 7));
    at = emit(at, "\x48\x8d\x0d", 3);
    return emit(at, &distance, 4);
}

/* jmp *%gs:8 — thread->entry */
static u8 *emit_enter(u8 *at)
{
    return emit(at, "\x65\xff\x24\x25\x08\x00\x00\x00", 8);
}

static void make_trampoline_a(u8 *slot, u64 after, u32 call)
{
    u8 *at = emit_load_return(slot, after);
    at = emit(at, "\xb8", 1);
    at = emit(at, &call, 4);
    emit_enter(at);
}

/* Returns the address behind the trampoline's syscall instruction: where a call goes on. */
static u64 make_trampoline_b(u8 *slot, const u8 *site)
{
    u64 back = (u64)slot + 7 + 8 + 2;
    u8 *at = emit_load_return(slot, back);
    at = emit_enter(at);
    at = emit(at, "\x0f\x05", 2);
    at = emit(at, site + 2, 6);
    s32 distance = jump_distance(at, site + 8);
    at = emit(at, "\xe9", 1);
    emit(at, &distance, 4);
    return back;
}

static void synchronise_cores(void)
{
    if (!sync_core_registered) {
        host_call(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0, 0, 0,
                  0);
        sync_core_registered = true;
    }
    host_call(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0, 0, 0, 0);
}

/* Byte 2 goes first behind the breakpoint: from then on site+2 of shape B raises SIGILL. */
static void write_beside_threads(volatile u8 *at, const u8 *bytes, size_t n)
{
    __atomic_store_n(&breakpoint, (u64)at, __ATOMIC_RELEASE);
    at[0] = 0xcc;
    synchronise_cores();
    at[2] = bytes[2];
    synchronise_cores();
    at[1] = bytes[1];
    for (size_t i = 3; i < n; i++)
        at[i] = bytes[i];
    synchronise_cores();
    at[0] = bytes[0];
    synchronise_cores();
    __atomic_store_n(&breakpoint, 0, __ATOMIC_RELEASE);
}

/* Makes whole pages of text writable until close_text. */
static bool open_text(u64 start, u64 end)
{
    start &= PAGE_MASK;
    end = PAGE_ALIGN(end);
    if (host_mprotect((void *)start, end - start, PROT_ALL))
        return false;
    opened.start = start;
    opened.end = end;
    return true;
}

static void close_text(int protection)
{
    host_mprotect((void *)opened.start, opened.end - opened.start, protection);
    opened.start = opened.end = 0;
}

static bool write_text(u8 *at, const u8 *bytes, size_t n, int protection)
{
    bool open = (u64)at >= opened.start && (u64)at + n <= opened.end;
    if (!open && !open_text((u64)at, (u64)at + n))
        return false;
    if (current_process->thread_count == 1 && !current()->vfork_caller)
        memcpy(at, bytes, n);
    else
        write_beside_threads(at, bytes, n);
    if (!open)
        close_text(protection);
    return true;
}

static bool write_jump(u8 *at, const u8 *to, size_t n, int protection)
{
    u8 bytes[8] = {0xe9, 0, 0, 0, 0, 0x90, 0x90, 0x90};
    s32 distance = jump_distance(at, to);
    memcpy(bytes + 1, &distance, 4);
    return write_text(at, bytes, n, protection);
}

/* mov $call, %eax right before the site. Not if the byte 0xb8 may belong to a longer instruction:
 * behind a REX prefix, or as the displacement of one that ends in a four-byte immediate. */
static bool is_shape_a(const u8 *site, u32 call)
{
    u32 immediate;
    memcpy(&immediate, site - 4, 4);
    if (site[-5] != 0xb8 || immediate != call || (site[-6] & 0xf0) == 0x40)
        return false;
    static const u8 with_immediate[] = {0xc7, 0x81, 0x69, 0xf7};
    return !memchr(with_immediate, site[-7], sizeof(with_immediate)) &&
           !memchr(with_immediate, site[-8], sizeof(with_immediate));
}

/* cmp $-4095 or $-4096, %rax: how C libraries and Go test for an error. */
static bool is_shape_b(const u8 *site)
{
    return memcmp(site + 2, "\x48\x3d\x01\xf0\xff\xff", 6) == 0 ||
           memcmp(site + 2, "\x48\x3d\x00\xf0\xff\xff", 6) == 0;
}

static void patch_a(struct site *s, u8 *site, u32 call, int protection)
{
    u8 *at = site - JUMP_SIZE;
    u8 *slot = take_slot(at, false);
    if (slot == NULL)
        return;
    make_trampoline_a(slot, (u64)site + 2, call);
    if (write_jump(at, slot, JUMP_SIZE, protection))
        s->slot = slot;
    else
        give_back_slot(slot);
}

static void patch_b(struct site *s, u8 *site, int protection)
{
    u8 *slot = take_slot(site, true);
    if (slot == NULL)
        return;
    u64 back = make_trampoline_b(slot, site);
    __atomic_store_n(&s->back, back, __ATOMIC_RELEASE);
    if (write_jump(site, slot, 8, protection)) {
        s->slot = slot;
        return;
    }
    __atomic_store_n(&s->back, 0, __ATOMIC_RELEASE);
    give_back_slot(slot);
}

static void patch(struct site *s, u32 call)
{
    u8 *site = (u8 *)s->address;
    int protection;
    if (!mm_patchable(s->address - 8, 16, &protection))
        return;
    if (is_shape_a(site, call))
        patch_a(s, site, call, protection);
    else if (is_shape_b(site))
        patch_b(s, site, protection);
}

/* Patches what is known of [start, end), if that saves enough traps. */
static void patch_known(u64 start, u64 end)
{
    struct text_site known[TEXT_SITES_AT_ONCE];
    u32 n = text_sites_known(start, end, known), traps = 0;
    int protection;
    for (u32 i = 0; i < n; i++)
        traps += known[i].traps;
    if (traps < PATCH_AFTER || !mm_patchable(start, end - start, &protection) ||
        !open_text(start, end))
        return;
    for (u32 i = 0; i < n; i++) {
        struct site *s = site_find(known[i].place, true);
        if (!s || s->traps >= PATCH_AFTER)
            continue;
        s->traps = PATCH_AFTER;
        patch(s, known[i].call);
    }
    close_text(protection);
}

/* The first trap of a site in this process: what others learned of its page, or of both if the
 * code lies across. */
static void first_trap(u64 address)
{
    patch_known((address - TEXT_SITE_BEFORE) & PAGE_MASK, PAGE_ALIGN(address + TEXT_SITE_BEFORE));
}

u64 patch_call_site(u64 after, u64 call)
{
    u64 back = after, address = after - 2;
    /* Called once in a process: counting it would cost each child of a fork a copied page. But its
     * parent can spare the next child the trap. */
    if (call == __NR_exit_group) {
        patch_hints_note(address, (u32)call);
        return after;
    }
    if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        return after;
    struct site *s = site_find(address, true);
    if (s && ++s->traps <= PATCH_AFTER) {
        text_sites_note(address, (u32)call, s->traps);
        if (s->traps == 1)
            first_trap(address);
        else if (s->traps == PATCH_AFTER)
            patch(s, (u32)call);
        if (s->back)
            back = s->back;
    }
    if (s && !s->slot)
        patch_hints_note(address, (u32)call);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return back;
}

void patch_known_site(u64 address, u32 call)
{
    if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        return;
    struct site *s = site_find(address, true);
    if (s && s->traps < PATCH_AFTER) {
        s->traps = PATCH_AFTER;
        patch(s, call);
    }
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

void patch_new_text(u64 start, u64 end)
{
    if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        return;
    patch_known(start, end);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}
