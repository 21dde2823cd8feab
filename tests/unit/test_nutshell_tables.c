/* SPDX-License-Identifier: MIT */
/* Tables that Nutshell's host and security processor make: MADT, memory map, CPUID page, secrets page, launch digest. */
#include "tests/unit/unit.h"

#include <openssl/sha.h>

#include "lib/madt.h"
#include "lib/memory_map.h"
#include "nutshell/start.h"
#include "tests/mock/nutshell.h"

TEST(madt_lists_the_processors)
{
	static uint8_t table[512];
	struct madt_cpus cpus;

	for (uint32_t count = 1; count <= MACHINE_VCPU_MAX; count++) {
		uint32_t length = madt_build(table, sizeof(table), count);

		REQUIRE(length != 0);
		CHECK_EQ(madt_parse(table, length, &cpus), 0);
		CHECK_EQ(cpus.length, length);
		CHECK_EQ(cpus.count, count);
		for (uint32_t i = 0; i < count; i++)
			CHECK_EQ(cpus.apic_id[i], i);
	}
}

TEST(madt_needs_its_room)
{
	static uint8_t table[512];
	uint32_t length = madt_build(table, sizeof(table), 4);

	memset(table, 0x11, sizeof(table));
	CHECK_EQ(madt_build(table, length - 1u, 4), 0);
	CHECK_EQ(madt_build(table, 0, 4), 0);
	CHECK_EQ(table[0], 0x11);
	CHECK_EQ(madt_build(table, length, 4), length);
	CHECK_EQ(table[length], 0x11);
}

TEST(memory_map_has_all_ram)
{
	struct igvm_memory_map_entry entry[4];
	struct memory_map map;

	CHECK_EQ(memory_map_build(entry, sizeof(entry), 0x20000000, 0x100000000ull), 1);
	CHECK_EQ(memory_map_parse(&map, entry, ARRAY_SIZE(entry), 1ull << 47), 0);
	CHECK_EQ(map.count, 1);
	CHECK_EQ(map.range[0].start, 0);
	CHECK_EQ(map.range[0].end, 0x20000000);
	CHECK_EQ(memory_map_build(entry, sizeof(entry), 0x80000000ull, 0x1C0000000ull), 2);
	CHECK_EQ(memory_map_parse(&map, entry, ARRAY_SIZE(entry), 1ull << 47), 0);
	CHECK_EQ(map.count, 2);
	CHECK_EQ(map.range[1].start, 0x100000000ull);
	CHECK_EQ(map.range[1].end, 0x1C0000000ull);
	CHECK_EQ(memory_map_total(&map), 0x80000000ull + 0xC0000000ull);
}

TEST(memory_map_needs_its_room)
{
	struct igvm_memory_map_entry entry[4];

	CHECK_EQ(memory_map_build(entry, 2 * sizeof(entry[0]) - 1u, 0x20000000, 0x100000000ull), 0);
	CHECK_EQ(memory_map_build(entry, 2 * sizeof(entry[0]), 0x20000000, 0x100000000ull), 1);
	CHECK_EQ(memory_map_build(entry, 3 * sizeof(entry[0]) - 1u, 0x20000000, 0x140000000ull), 0);
	CHECK_EQ(memory_map_build(entry, 3 * sizeof(entry[0]), 0x20000000, 0x140000000ull), 2);
	CHECK_EQ(memory_map_build(entry, 0, 0x20000000, 0x140000000ull), 0);
}

/* PAGE_INFO written out by hand. */
static void extend(uint8_t digest[48], const uint8_t *page, uint8_t type, uint64_t address)
{
	uint8_t info[0x70] = { 0 };

	memcpy(info, digest, 48);
	if (type == 1 || type == 2)
		SHA384(page, 4096, info + 0x30);
	info[0x60] = 0x70;
	info[0x62] = type;
	memcpy(info + 0x68, &address, 8);
	SHA384(info, sizeof(info), digest);
}

TEST(digest_is_that_of_another_implementation)
{
	uint8_t page[4096], ours[48] = { 0 }, theirs[48] = { 0 };

	for (unsigned i = 0; i < sizeof(page); i++)
		page[i] = (uint8_t)(i * 7u + i / 256u);
	for (uint8_t type = 1; type <= 6; type++) {
		psp_digest_extend(ours, page, type, 0xFFFFFFFFF000ull - type * 0x1000ull);
		extend(theirs, page, type, 0xFFFFFFFFF000ull - type * 0x1000ull);
		CHECK(memcmp(ours, theirs, 48) == 0);
		page[4095]++;
	}
}

TEST(launch_takes_pages_once)
{
	uint8_t digest[48] = { 0 };

	mock_reset();
	CHECK_EQ(psp_launch_pages(), 0);
	CHECK(psp_launch_page(0x20000, SNP_PAGE_TYPE_NORMAL, 0x20000) == NULL);
	CHECK(psp_launch_page(0x21000, SNP_PAGE_TYPE_ZERO, 0x21000) == NULL);
	CHECK(psp_launch_page(0x22000, SNP_PAGE_TYPE_VMSA, MOCK_LAUNCH_VMSA) == NULL);
	extend(digest, mock_ram(0x20000), 1, 0x20000);
	extend(digest, mock_ram(0x21000), 3, 0x21000);
	extend(digest, mock_ram(0x22000), 2, MOCK_LAUNCH_VMSA);
	CHECK(memcmp(psp_launch_digest(), digest, 48) == 0);
	CHECK_EQ(mock_ram(0x21000)[17], 0);
	CHECK_EQ(mock_rmp(0x21000)->validated, 1);
	CHECK_EQ(mock_rmp(0x22000)->vmsa, 1);
	CHECK_TEXT(psp_launch_page(0x20000, SNP_PAGE_TYPE_NORMAL, 0x20000), "the page overlaps one before");
	CHECK_TEXT(psp_launch_page(0xA0000, SNP_PAGE_TYPE_NORMAL, 0xA0000), "the page is not RAM");
	CHECK_TEXT(psp_launch_page(MOCK_LOW_END, SNP_PAGE_TYPE_ZERO, 0), "the page is not RAM");
	CHECK_EQ(psp_launch_pages(), 3);
	CHECK(memcmp(psp_launch_digest(), digest, 48) == 0);
}

static const struct snp_cpuid_entry *find(const struct snp_cpuid_page *page, uint32_t leaf)
{
	for (uint32_t i = 0; i < page->count; i++) {
		if (page->entry[i].eax_in == leaf)
			return &page->entry[i];
	}
	return NULL;
}

TEST(cpuid_page_without_rows_gets_all)
{
	static struct snp_cpuid_page page;
	const struct snp_cpuid_entry *sev;

	mock_reset();
	memset(&page, 0xEE, sizeof(page));
	page.count = 0;
	CHECK(psp_fill_cpuid(&page) == NULL);
	CHECK(page.count > 0 && page.count <= SNP_CPUID_MAX_ENTRIES);
	sev = find(&page, CPUID_SEV_LEAF);
	REQUIRE(sev != NULL);
	CHECK_EQ(sev->ebx & CPUID_SEV_EBX_CBIT_MASK, 47);
	CHECK_EQ(sev->eax & CPUID_SEV_EAX_SNP, CPUID_SEV_EAX_SNP);
	CHECK_EQ(sev->eax & CPUID_SEV_EAX_SVSM, 0);
	CHECK_EQ(sev->reserved, 0);
	CHECK_EQ(find(&page, 0)->eax, 0xB);
	CHECK_EQ(find(&page, 0x80000000)->eax, 0x8000001F);
	/* The rest of the page is the security processor's too. */
	CHECK_EQ(page.entry[63].eax_in, 0);
}

TEST(cpuid_page_hides_what_is_not_emulated)
{
	uint32_t out[4];

	mock_reset();
	machine_cpuid(1, 0, 0, 0, out);
	CHECK_EQ(out[2] & (1u << 26 | 1u << 27 | 1u << 28), 0);
	CHECK_EQ(out[2] >> 31, 1);
	machine_cpuid(0x80000001, 0, 0, 0, out);
	CHECK_EQ(out[2] & 4u, 0);
	machine_cpuid(0x80000008, 0, 0, 0, out);
	CHECK_EQ(out[0] & 0xFF, 47);
	CHECK_EQ(out[0] >> 16 & 0xFF, 39); /* what Nutshell reaches */
	machine_cpuid(0xC, 0, 0, 0, out);
	CHECK_EQ(out[0] | out[1] | out[2] | out[3], 0);
	machine_cpuid(0x40000000, 0, 0, 0, out);
	CHECK_EQ(out[0] | out[1] | out[2] | out[3], 0);
	machine_cpuid(0x80000020, 0, 0, 0, out);
	CHECK_EQ(out[0] | out[1] | out[2] | out[3], 0);
	machine_cpuid(0x8000000A, 0, 0, 0, out);
	CHECK_EQ(out[0] | out[1] | out[2] | out[3], 0);
}

TEST(cpuid_page_with_64_rows)
{
	static struct snp_cpuid_page page;

	mock_reset();
	memset(&page, 0, sizeof(page));
	page.count = 64;
	for (uint32_t i = 0; i < 64; i++) {
		page.entry[i].eax_in = i;
		page.entry[i].xcr0_in = 3;
		page.entry[i].eax = 0xBAD;
		page.entry[i].reserved = 1;
	}
	page.entry[63].eax_in = CPUID_SEV_LEAF;
	CHECK(psp_fill_cpuid(&page) == NULL);
	CHECK_EQ(page.count, 64);
	CHECK_EQ(page.entry[62].eax_in, 62);
	CHECK_EQ(page.entry[62].eax, 0);
	CHECK_EQ(page.entry[5].xcr0_in, 3);
	CHECK_EQ(page.entry[5].reserved, 0);
	CHECK_EQ(page.entry[63].ebx & CPUID_SEV_EBX_CBIT_MASK, 47);
}

TEST(cpuid_page_with_too_many_or_the_wrong_rows)
{
	static struct snp_cpuid_page page;

	mock_reset();
	memset(&page, 0, sizeof(page));
	page.count = 65;
	CHECK_TEXT(psp_fill_cpuid(&page), "the CPUID page has more than 64 entries");
	page.count = ~0u;
	CHECK_TEXT(psp_fill_cpuid(&page), "the CPUID page has more than 64 entries");
	page.count = 1;
	page.entry[0].eax_in = 1;
	CHECK(psp_fill_cpuid(&page) != NULL);
}

TEST(secrets_page)
{
	static struct snp_secrets_page one, two;

	mock_reset();
	memset(&one, 0xEE, sizeof(one));
	psp_launch_start(0);
	psp_fill_secrets(&one);
	CHECK_EQ(one.version, 3);
	CHECK_EQ(one.svsm_size, 0);
	CHECK_EQ(one.msg_seqno[3], 0);
	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++) {
		CHECK(memcmp(one.vmpck[i], psp_vmpck(i), SNP_VMPCK_SIZE) == 0);
		for (uint32_t j = 0; j < i; j++)
			CHECK(memcmp(one.vmpck[i], one.vmpck[j], SNP_VMPCK_SIZE) != 0);
	}
	/* A second page of the same launch has the same keys, another launch has others. */
	psp_fill_secrets(&two);
	CHECK(memcmp(&one, &two, sizeof(one)) == 0);
	psp_launch_start(0);
	psp_fill_secrets(&two);
	CHECK(memcmp(one.vmpck[0], two.vmpck[0], SNP_VMPCK_SIZE) != 0);
}

static unsigned options_of(const char *line)
{
	options.c_bit = 0;
	options.stats = false;
	options.features = 0x33;
	machine_trace_enabled = false;
	if (MOCK_STOPS())
		return mock_stop_status;
	options_parse(line);
	mock_armed = false;
	return 0;
}

TEST(options_known)
{
	CHECK_EQ(options_of(""), 0);
	CHECK_EQ(options.c_bit, 47);
	CHECK_EQ(options_of("nutshell.bin"), 0);
	CHECK_EQ(options_of("  /a/nutshell.bin   stats  trace c-bit=39 features=0x1f "), 0);
	CHECK(options.stats && machine_trace_enabled);
	CHECK_EQ(options.c_bit, 39);
	CHECK_EQ(options.features, 0x1F);
	machine_trace_enabled = false;
}

TEST(options_wrong)
{
	static const char *const wrong[] = {
		"n nonsense",         "n stat",      "n statss",      "n c-bit=",
		"n c-bit=4x",         "n c-bit=35",  "n c-bit=48",    "n c-bit=0x10000002f",
		"n c-bit=4294967343", "n features=", "n features=0x", "n features=99999999999999999999",
		"n features=-1",      "n ram=",      "n ram=x",       "n ram=16777217",
		"n interrupt=31",     "n busy=4294967296", "n interrupt=256", "n parameter=4294967296",
		"n ram=99999999999999999999", "n ram=18446744073709551616",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (options_of(wrong[i]) != STOP_LAUNCH)
			printf("\"%s\" was taken\n", wrong[i]);
		CHECK_EQ(options_of(wrong[i]), STOP_LAUNCH);
	}
	CHECK_EQ(options_of("stats"), 0); /* the first word is the file's name */
	CHECK(!options.stats);
}

TEST(options_of_each_kind)
{
	CHECK_EQ(options_of("n reboot no-invlpgb no-dma no-timer parameter=0xffffffff interrupt=0x20 busy=4294967295"), 0);
	CHECK(options.reboot && machine_without_invlpgb && options.no_dma && options.no_timer);
	CHECK_EQ(options.parameter, ~0u);
	CHECK_EQ(options.interrupt, 0x20);
	CHECK_EQ(options.busy, ~0u);
	options.reboot = options.no_dma = options.no_timer = machine_without_invlpgb = false;
	options.parameter = options.busy = 0;
	options.interrupt = 0;
}

/* The start asks for ram= alone; it and options_parse() read the same number. */
TEST(option_ram)
{
	CHECK_EQ(options_ram(""), 0);
	CHECK_EQ(options_ram("ram=5"), 0); /* the name of the file */
	CHECK_EQ(options_ram("  ram=5   ram=6"), 6ull << 20);
	CHECK_EQ(options_ram("n ram=512 stats"), 512ull << 20);
	CHECK_EQ(options_ram("n stats ram=0x400 ram=7"), 0x400ull << 20);
	CHECK_EQ(options_of("n stats ram=0x400 ram=7"), 0);
	CHECK_EQ(options_ram("n ram=16777216"), RAM_MIB_MAX << 20);
	CHECK_EQ(options_of("n ram=16777216"), 0);
	/* What options_parse() refuses does no harm before. */
	CHECK_EQ(options_ram("n ram=16777217"), 0);
	CHECK_EQ(options_ram("n ram=4x"), 0);
	CHECK_EQ(options_ram("n ram="), 0);
	CHECK_EQ(options_ram("n xram=4"), 0);
}
