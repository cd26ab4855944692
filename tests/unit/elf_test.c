/* SPDX-License-Identifier: Apache-2.0 */
/* The ELF parser. */
#include "tests/unit/unit.h"

#include <errno.h>

#include <elf.h>
#include <stdio.h>

#include "libos/proc/elf_parse.h"

static Elf64_Ehdr good(void)
{
    return (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_entry = 0x1000,
        .e_phoff = 64,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
}

static enum elf_kind kind(const Elf64_Ehdr *e, size_t size)
{
    struct elf_header header;

    return elf_parse_header((const u8 *)e, size, &header);
}

static void headers(void **state)
{
    Elf64_Ehdr e = good();

    (void)state;
    assert_int_equal(kind(&e, sizeof(e)), ELF_PROGRAM);
    assert_int_equal(kind(&e, 63), ELF_BROKEN);
    assert_int_equal(kind(&e, 3), ELF_NONE);
    assert_int_equal(kind(&e, 0), ELF_NONE);
    e.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(kind(&e, sizeof(e)), ELF_FOREIGN);
    e = good();
    e.e_machine = EM_AARCH64;
    assert_int_equal(kind(&e, sizeof(e)), ELF_FOREIGN);
    e = good();
    e.e_type = ET_REL;
    assert_int_equal(kind(&e, sizeof(e)), ELF_BROKEN);
    e = good();
    e.e_phnum = 0;
    assert_int_equal(kind(&e, sizeof(e)), ELF_BROKEN);
    e = good();
    e.e_phentsize = 32;
    assert_int_equal(kind(&e, sizeof(e)), ELF_BROKEN);
    e = good();
    e.e_phoff = UINT64_MAX;
    assert_int_equal(kind(&e, sizeof(e)), ELF_BROKEN);
    memcpy(e.e_ident, "#!/b", 4);
    assert_int_equal(kind(&e, sizeof(e)), ELF_NONE);
}

static bool fits(bool pie, u32 count, const struct elf_segment *table, struct elf_layout *layout)
{
    struct elf_header header = {
        .position_independent = pie, .table_count = count, .table_offset = 64};

    return elf_parse_segments(&header, table, layout);
}

static struct elf_segment load(u64 address, u64 size)
{
    return (struct elf_segment){.type = ELF_TYPE_LOAD,
                                .offset = address & (PAGE_SIZE - 1),
                                .address = address,
                                .file_size = size,
                                .memory_size = size};
}

static void segments(void **state)
{
    struct elf_layout layout;
    struct elf_segment t[2] = {load(0x400000, 0x1234), load(0x402010, 0x10)};

    (void)state;
    assert_true(fits(false, 2, t, &layout));
    assert_int_equal(layout.low, 0x400000);
    assert_int_equal(layout.high, 0x403000);
    assert_int_equal(layout.table_address, 0x400040);
    t[1].address = 0x401000; /* overlaps */
    t[1].offset = 0;
    assert_false(fits(false, 2, t, &layout));
    t[1] = load(0x402010, 0x10);
    t[1].file_size = 0x20; /* more in the file than in memory */
    assert_false(fits(false, 2, t, &layout));
    t[1] = load(0x402010, 0x10);
    t[1].offset++; /* not congruent */
    assert_false(fits(false, 2, t, &layout));
    t[1] = load(0x402010, UINT64_MAX - 0x402010); /* wraps around */
    t[1].file_size = 0;
    assert_false(fits(false, 2, t, &layout));
    t[1] = load(ELF_ADDRESS_LIMIT - 0x1000, 0x2000); /* into the library OS */
    assert_false(fits(false, 2, t, &layout));
    t[0] = load(0, 0x100); /* page zero */
    assert_false(fits(false, 1, t, &layout));
    assert_true(fits(true, 1, t, &layout));
    t[0].type = PT_NOTE; /* nothing to load */
    assert_false(fits(true, 1, t, &layout));
}

static void real_program(void **state)
{
    u8 bytes[65536];
    struct elf_header header;
    struct elf_layout layout;
    FILE *f = fopen("/proc/self/exe", "rb");
    size_t n = fread(bytes, 1, sizeof(bytes), f);

    (void)state;
    fclose(f);
    assert_int_equal(elf_parse_header(bytes, n, &header), ELF_PROGRAM);
    assert_true(elf_parse_segments(
        &header, (const struct elf_segment *)(bytes + header.table_offset), &layout));
    assert_true(layout.interpreter_length > 5);
    assert_string_equal((char *)bytes + layout.interpreter_offset, "/lib64/ld-linux-x86-64.so.2");
    assert_false(layout.executable_stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(segments),
        cmocka_unit_test(real_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
