/* SPDX-License-Identifier: MIT */
/* PVALIDATE: what one entry does to a page, to its neighbours and to the reverse map. */
#define GUEST_AREA "04"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/access.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"
#include "tests/guest/traps.h"

#define OPCODE_RET 0xC3u
#define LEGACY_ROM 0xD0000ull

static bool filled_with(uint64_t gpa, uint64_t size, uint8_t byte)
{
	const uint64_t *word = (const uint64_t *)(uintptr_t)gpa;

	for (uint64_t i = 0; i < size / sizeof(*word); i++) {
		if (word[i] != byte * 0x0101010101010101ull)
			return false;
	}
	return true;
}

/* A page that is not the guest's: the access must not get through. */
static bool access_refused(uint64_t gpa)
{
	return probe_refused(page_at(gpa), PROBE_READ) && probe_refused(page_at(gpa), PROBE_WRITE);
}

TEST(validated_page_is_usable)
{
	uint64_t block = block_take(false);

	expect_rmp(block, 3, rmp_unvalidated());
	page_give(block + PAGE_SIZE);
	expect_rmp(block, 1, rmp_unvalidated());
	expect_rmp(block + PAGE_SIZE, 1, rmp_given());
	expect_rmp(block + 2 * PAGE_SIZE, 1, rmp_unvalidated());
	CHECK(filled_with(block + PAGE_SIZE, PAGE_SIZE, 0));
	memset(page_at(block + PAGE_SIZE), 0xA5, PAGE_SIZE);
	CHECK(filled_with(block + PAGE_SIZE, PAGE_SIZE, 0xA5));
	*page_at(block + PAGE_SIZE) = OPCODE_RET;
	CHECK_EQ(access_execute(page_at(block + PAGE_SIZE)), 0);
	block_return(block);
}

/* No new backing from the host in between: whoever finds zeros owes them to the monitor. */
TEST(validation_zeroes_the_page)
{
	uint64_t block = block_take(false);

	for (uint32_t i = 0; i < 3; i++)
		page_give(block + i * PAGE_SIZE);
	memset(page_at(block), 0x5A, 3 * PAGE_SIZE);
	page_take(block + PAGE_SIZE);
	page_give(block + PAGE_SIZE);
	CHECK(filled_with(block, PAGE_SIZE, 0x5A));
	CHECK(filled_with(block + PAGE_SIZE, PAGE_SIZE, 0));
	CHECK(filled_with(block + 2 * PAGE_SIZE, PAGE_SIZE, 0x5A));
	block_return(block);
}

TEST(rescinded_page_is_gone)
{
	uint64_t block = block_take(false);

	page_give(block);
	*page_at(block) = OPCODE_RET;
	CHECK_EQ(access_execute(page_at(block)), 0);
	page_take(block);
	expect_rmp(block, 1, rmp_unvalidated());
	CHECK(access_refused(block));
	CHECK(probe_refused(page_at(block), PROBE_EXECUTE));
	block_return(block);
}

TEST(double_validation_is_refused)
{
	uint64_t block = block_take(false);
	uint64_t twice[] = { block | ENTRY_VALIDATE, block | ENTRY_VALIDATE, (block + PAGE_SIZE) | ENTRY_VALIDATE };
	uint16_t next = 0;

	CHECK_EQ(svsm_list(svsm_list_place(), twice, 3, &next), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(next, 1);
	expect_rmp(block, 1, rmp_given());
	expect_rmp(block + PAGE_SIZE, 1, rmp_unvalidated());
	memset(page_at(block), 0x42, PAGE_SIZE);
	CHECK_EQ(svsm_entry(block | ENTRY_VALIDATE), SVSM_ERR_CORE_NO_CHANGE);
	CHECK(filled_with(block, PAGE_SIZE, 0x42));
	expect_rmp(block, 1, rmp_given());
	block_return(block);
}

TEST(double_rescind_is_refused)
{
	uint64_t block = block_take(false);

	CHECK_EQ(svsm_entry(block | ENTRY_RESCIND), SVSM_ERR_CORE_NO_CHANGE);
	page_give(block);
	page_take(block);
	CHECK_EQ(svsm_entry(block | ENTRY_RESCIND), SVSM_ERR_CORE_NO_CHANGE);
	expect_rmp(block, 1, rmp_unvalidated());
	block_return(block);
}

/* "No change" may be ignored, but the page is zeroed and granted all the same. */
TEST(ignoring_no_change)
{
	uint64_t block = block_take(false);

	CHECK_EQ(svsm_entry(block | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_SUCCESS);
	expect_rmp(block, 1, rmp_unvalidated());
	CHECK_EQ(svsm_entry(block | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_SUCCESS);
	expect_rmp(block, 1, rmp_given());
	memset(page_at(block), 0x24, PAGE_SIZE);
	CHECK_EQ(svsm_entry(block | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_SUCCESS);
	CHECK(filled_with(block, PAGE_SIZE, 0));
	expect_rmp(block, 1, rmp_given());
	CHECK_EQ(svsm_entry(block | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_SUCCESS);
	expect_rmp(block, 1, rmp_unvalidated());
	CHECK_EQ(svsm_entry(monitor_gpa() | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS);
	block_return(block);
}

TEST(large_page)
{
	uint64_t block = block_take(true);

	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_SUCCESS);
	expect_rmp(block, PAGES_PER_2M, rmp_given());
	CHECK((machine_rmp(block) & NUTSHELL_RMP_2M) != 0);
	CHECK(filled_with(block, PAGE_SIZE_2M, 0));
	memset(page_at(block), 0x99, PAGE_SIZE_2M);
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_CORE_NO_CHANGE);
	CHECK(filled_with(block, PAGE_SIZE_2M, 0x99));
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_SUCCESS);
	CHECK(filled_with(block, PAGE_SIZE_2M, 0));
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_SUCCESS);
	expect_rmp(block, PAGES_PER_2M, rmp_unvalidated());
	CHECK(access_refused(block));
	CHECK(access_refused(block + PAGE_SIZE_2M - PAGE_SIZE));
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_SUCCESS);
	block_return(block);
}

TEST(large_entry_on_small_pages)
{
	uint64_t block = block_take(false);

	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	expect_rmp(block, PAGES_PER_2M, rmp_unvalidated());
	page_give(block + 5 * PAGE_SIZE);
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	expect_rmp(block, 5, rmp_unvalidated());
	expect_rmp(block + 5 * PAGE_SIZE, 1, rmp_given());
	expect_rmp(block + 6 * PAGE_SIZE, PAGES_PER_2M - 6u, rmp_unvalidated());
	block_return(block);
}

/* The host splits the large page when the monitor works on a part of it. */
TEST(small_entry_in_a_large_page)
{
	uint64_t block = block_take(true);
	uint64_t page = block + 77 * PAGE_SIZE;

	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_SUCCESS);
	memset(page_at(block), 0x66, PAGE_SIZE_2M);
	page_take(page);
	expect_rmp(block, 77, rmp_given());
	expect_rmp(page, 1, rmp_unvalidated());
	expect_rmp(page + PAGE_SIZE, PAGES_PER_2M - 78u, rmp_given());
	CHECK(access_refused(page));
	CHECK(filled_with(block, 77 * PAGE_SIZE, 0x66));
	CHECK(filled_with(page + PAGE_SIZE, (PAGES_PER_2M - 78u) * PAGE_SIZE, 0x66));
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	page_give(page);
	CHECK(filled_with(page, PAGE_SIZE, 0));
	/* All alike again, but in small pages. */
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	expect_rmp(block, PAGES_PER_2M, rmp_given());
	CHECK(filled_with(block, 77 * PAGE_SIZE, 0x66));
	block_return(block);
	expect_rmp(block, PAGES_PER_2M, rmp_unvalidated());
}

TEST(small_validation_in_a_large_page)
{
	uint64_t block = block_take(true);

	page_give(block + 3 * PAGE_SIZE);
	expect_rmp(block, 3, rmp_unvalidated());
	expect_rmp(block + 3 * PAGE_SIZE, 1, rmp_given());
	expect_rmp(block + 4 * PAGE_SIZE, PAGES_PER_2M - 4u, rmp_unvalidated());
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	block_return(block);
}

TEST(malformed_entries)
{
	uint64_t block = block_take(false);

	for (uint32_t bit = 4; bit < 12; bit++) {
		CHECK_EQ_FOR(svsm_entry(block | ENTRY_VALIDATE | 1ull << bit), SVSM_ERR_INVALID_PARAMETER, bit);
		CHECK_EQ_FOR(svsm_entry(block | ENTRY_RESCIND | ENTRY_IGNORE | 1ull << bit), SVSM_ERR_INVALID_PARAMETER,
			     bit);
	}
	CHECK_EQ(svsm_entry(block | 2u | ENTRY_VALIDATE), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(svsm_entry(block | 3u | ENTRY_VALIDATE), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(svsm_entry(block | 2u | ENTRY_RESCIND), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(svsm_entry((block + PAGE_SIZE) | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(svsm_entry((block + PAGE_SIZE_2M / 2) | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(svsm_entry((block + PAGE_SIZE_2M - PAGE_SIZE) | ENTRY_2M), SVSM_ERR_INVALID_PARAMETER);
	expect_rmp(block, 1, rmp_unvalidated());
	block_return(block);
}

/* Every way of naming a page that is not the guest's. */
static void refuse_small(uint64_t gpa)
{
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_VALIDATE), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS, gpa);
}

static void refuse_large(uint64_t gpa)
{
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_2M | ENTRY_VALIDATE), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_2M | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS, gpa);
	CHECK_EQ_FOR(svsm_entry(gpa | ENTRY_2M | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS, gpa);
}

TEST(monitor_memory_is_refused)
{
	uint32_t before = machine_rmp(monitor_gpa());

	for (uint64_t offset = 0; offset < MONITOR_SIZE; offset += PAGE_SIZE) {
		CHECK_EQ_FOR(svsm_entry((monitor_gpa() + offset) | ENTRY_VALIDATE), SVSM_ERR_INVALID_ADDRESS, offset);
		CHECK_EQ_FOR(svsm_entry((monitor_gpa() + offset) | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS, offset);
	}
	refuse_large(monitor_gpa());
	refuse_large(monitor_gpa() + PAGE_SIZE_2M);
	CHECK_EQ(machine_rmp(monitor_gpa()), before);
}

TEST(addresses_outside_memory_are_refused)
{
	uint64_t block = block_take(false);
	uint64_t bad[] = { machine_ram_end(),
			   machine_low_ram_end(),
			   0xA0000,
			   0xBF000,
			   0xFEC00000,
			   0xFEE00000,
			   0xFFFFF000,
			   0x10000000000ull,
			   0xFFFFFFFFF000ull,
			   block | paging_c_bit,
			   block | 1ull << 51,
			   block | 1ull << 52,
			   block | 1ull << 63,
			   0xFFFFFFFFFFFFF000ull };
	uint64_t bad_large[] = { align_up(machine_ram_end(), PAGE_SIZE_2M),
				 align_up(machine_low_ram_end(), PAGE_SIZE_2M),
				 0,
				 0xFEE00000,
				 0xFFE00000,
				 block | paging_c_bit,
				 block | 1ull << 52,
				 0xFFFFFFFFFFE00000ull };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuse_small(bad[i]);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad_large); i++)
		refuse_large(bad_large[i]);
	expect_rmp(block, 1, rmp_unvalidated());
	block_return(block);
}

/* The pages right below and right above the monitor are the guest's. */
TEST(neighbours_of_the_monitor)
{
	const uint64_t neighbour[] = { monitor_gpa() - PAGE_SIZE, monitor_gpa() + MONITOR_SIZE };

	for (uint32_t i = 0; i < ARRAY_SIZE(neighbour); i++) {
		if (!machine_is_ram(neighbour[i], PAGE_SIZE))
			continue;
		CHECK_EQ(ghcb_page_state(neighbour[i], 1, PSC_OP_PRIVATE, false), 0);
		page_give(neighbour[i]);
		expect_rmp(neighbour[i], 1, rmp_given());
		memset(page_at(neighbour[i]), 0x11, PAGE_SIZE);
		page_take(neighbour[i]);
	}
}

TEST(last_pages_of_memory)
{
	uint64_t last[] = { machine_low_ram_end() - PAGE_SIZE, machine_ram_end() - PAGE_SIZE };

	for (uint32_t i = 0; i < ARRAY_SIZE(last); i++) {
		uint8_t *page = paging_window(0, last[i], false);

		CHECK_EQ(ghcb_page_state(last[i], 1, PSC_OP_PRIVATE, false), 0);
		page_give(last[i]);
		memset(page, 0x12, PAGE_SIZE);
		CHECK_EQ(page[PAGE_SIZE - 1], 0x12);
		page_take(last[i]);
	}
}

/* Behind the VGA window the monitor validates, but does not zero: some hosts have ROM there. */
TEST(legacy_rom_range)
{
	CHECK_EQ(ghcb_page_state(LEGACY_ROM, 1, PSC_OP_PRIVATE, false), 0);
	page_give(LEGACY_ROM);
	expect_rmp(LEGACY_ROM, 1, rmp_given());
	memset(page_at(LEGACY_ROM), 0x31, PAGE_SIZE);
	CHECK(filled_with(LEGACY_ROM, PAGE_SIZE, 0x31));
	page_take(LEGACY_ROM);
	page_give(LEGACY_ROM);
	CHECK(filled_with(LEGACY_ROM, PAGE_SIZE, 0x31));
	page_take(LEGACY_ROM);
	expect_rmp(LEGACY_ROM, 1, rmp_unvalidated());
}

TEST(calling_area_cannot_be_taken)
{
	refuse_large(align_down(svsm_caa, PAGE_SIZE_2M));
	CHECK_EQ(svsm_entry(svsm_caa | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_entry(svsm_caa | ENTRY_RESCIND | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_entry(svsm_caa | ENTRY_VALIDATE), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_entry(svsm_caa | ENTRY_VALIDATE | ENTRY_IGNORE), SVSM_ERR_INVALID_ADDRESS);
	expect_rmp(svsm_caa, 1, rmp_given());
}

TEST(shared_page_and_back)
{
	uint64_t block = block_take(false);
	uint8_t *shared = paging_window(0, block, true);

	page_give(block);
	memset(page_at(block), 0x71, PAGE_SIZE);
	page_take(block);
	CHECK_EQ(ghcb_page_state(block, 1, PSC_OP_SHARED, false), 0);
	expect_rmp(block, 1, rmp_shared());
	memset(shared, 0x72, PAGE_SIZE);
	CHECK_EQ(shared[17], 0x72);
	CHECK_EQ(ghcb_page_state(block, 1, PSC_OP_PRIVATE, false), 0);
	page_give(block);
	CHECK(filled_with(block, PAGE_SIZE, 0));
	expect_rmp(block, 1, rmp_given());
	block_return(block);
}

/* The guest may share its page with less privileged levels; taking it back takes it from them too. */
TEST(rescind_takes_it_from_other_levels)
{
	uint64_t block = block_take(false);

	if (MACHINE_SECRETS->svsm_guest_vmpl < 3) {
		page_give(block);
		CHECK_EQ(access_rmpadjust(page_at(block), RMP_PAGE_4K, 3 | RMP_ATTR_RWX), SNP_SUCCESS);
		expect_rmp(block, 1, rmp_given() | NUTSHELL_RMP_PERM_MASK << NUTSHELL_RMP_PERM_SHIFT(3));
		page_take(block);
		expect_rmp(block, 1, rmp_unvalidated());
		page_give(block);
		expect_rmp(block, 1, rmp_given());
	}
	block_return(block);
}

/*
 * The host takes a validated page and gives another one instead. Validating that would put two pages behind one address
 * and the old content back in reach: the monitor must never do it, and must survive the attempt.
 */
TEST(host_swaps_a_page)
{
	uint64_t block = block_take(false), list_page = block + PAGE_SIZE;
	uint64_t entry = (block + 2 * PAGE_SIZE) | ENTRY_VALIDATE;
	struct svsm_pvalidate_header header = { .entries = 1 };

	page_give(block);
	page_give(list_page);
	memcpy(page_at(list_page), &header, sizeof(header));
	memcpy(page_at(list_page) + sizeof(header), &entry, sizeof(entry));
	CHECK_EQ(ghcb_page_state(block, 2, PSC_OP_SHARED, false), 0);
	CHECK_EQ(ghcb_page_state(block, 2, PSC_OP_PRIVATE, false), 0);
	expect_rmp(block, 2, rmp_unvalidated());
	CHECK_EQ(svsm_entry(block | ENTRY_VALIDATE), SVSM_ERR_CORE_NO_CHANGE);
	CHECK(svsm_entry(block | ENTRY_VALIDATE | ENTRY_IGNORE) != SVSM_SUCCESS);
	CHECK_EQ(machine_rmp(block) & NUTSHELL_RMP_VALIDATED, 0);
	CHECK(svsm_core(SVSM_CORE_PVALIDATE, list_page, 0, 0) != SVSM_SUCCESS);
	CHECK(svsm_core(SVSM_CORE_REMAP_CA, list_page, 0, 0) != SVSM_SUCCESS);
	CHECK(svsm_core(SVSM_CORE_CREATE_VCPU, list_page, svsm_caa, 0) != SVSM_SUCCESS);
	CHECK(svsm_entry(block | ENTRY_RESCIND) != SVSM_SUCCESS);
	CHECK(svsm_entry(block | ENTRY_VALIDATE) != SVSM_SUCCESS);
	expect_rmp(block, 3, rmp_unvalidated());
}
