/* SPDX-License-Identifier: MIT */
/* PVALIDATE: the request structure, where it may lie, and how far a list gets. */
#define GUEST_AREA "05"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define MAX_AT_PAGE_START 511u
#define LARGE_ENTRIES 40u

static uint64_t list[PAGES_PER_2M];

/* Entries for count pages of a block. */
static void fill_list(uint64_t block, uint16_t count, uint64_t flags)
{
	for (uint32_t i = 0; i < count; i++)
		list[i] = (block + i * PAGE_SIZE) | flags;
}

static uint64_t request(uint64_t gpa)
{
	return svsm_core(SVSM_CORE_PVALIDATE, gpa, 0, 0);
}

TEST(longest_list_in_the_calling_area)
{
	uint64_t block = block_take(false);
	uint16_t next = 0;

	fill_list(block, SVSM_PVALIDATE_MAX_IN_CAA, ENTRY_VALIDATE);
	CHECK_EQ(svsm_list(svsm_list_place(), list, SVSM_PVALIDATE_MAX_IN_CAA, &next), SVSM_SUCCESS);
	CHECK_EQ(next, SVSM_PVALIDATE_MAX_IN_CAA);
	expect_rmp(block, SVSM_PVALIDATE_MAX_IN_CAA, rmp_given());
	expect_rmp(block + SVSM_PVALIDATE_MAX_IN_CAA * PAGE_SIZE, 2, rmp_unvalidated());
	next = 0;
	fill_list(block, SVSM_PVALIDATE_MAX_IN_CAA, ENTRY_RESCIND);
	CHECK_EQ(svsm_list(svsm_list_place(), list, SVSM_PVALIDATE_MAX_IN_CAA, &next), SVSM_SUCCESS);
	CHECK_EQ(next, SVSM_PVALIDATE_MAX_IN_CAA);
	expect_rmp(block, PAGES_PER_2M, rmp_unvalidated());
	block_return(block);
}

TEST(longest_list_in_a_page)
{
	uint64_t block = block_take(false), place = block + MAX_AT_PAGE_START * PAGE_SIZE;
	uint16_t next = 0;

	page_give(place);
	fill_list(block, MAX_AT_PAGE_START, ENTRY_VALIDATE);
	CHECK_EQ(svsm_list(place, list, MAX_AT_PAGE_START, &next), SVSM_SUCCESS);
	CHECK_EQ(next, MAX_AT_PAGE_START);
	expect_rmp(block, PAGES_PER_2M, rmp_given());
	block_return(block);
}

TEST(list_that_is_too_long)
{
	uint64_t block = block_take(false), place = block + MAX_AT_PAGE_START * PAGE_SIZE;
	static const uint16_t too_many[] = { 512, 513, 1024, 0x7FFF, 0x8000, 0xFFFF };

	page_give(place);
	fill_list(block, PAGES_PER_2M, ENTRY_VALIDATE);
	for (uint32_t i = 0; i < ARRAY_SIZE(too_many); i++) {
		uint16_t next = 0;

		CHECK_EQ_FOR(svsm_list(place, list, too_many[i], &next), SVSM_ERR_INVALID_PARAMETER, too_many[i]);
		CHECK_EQ_FOR(next, 0, too_many[i]);
		CHECK_EQ_FOR(svsm_list(svsm_list_place(), list, too_many[i], &next), SVSM_ERR_INVALID_PARAMETER,
			     too_many[i]);
	}
	expect_rmp(block, MAX_AT_PAGE_START, rmp_unvalidated());
	block_return(block);
}

TEST(list_in_the_calling_area_that_is_too_long)
{
	uint64_t block = block_take(false);
	uint16_t next = 0;

	fill_list(block, SVSM_PVALIDATE_MAX_IN_CAA + 1u, ENTRY_VALIDATE);
	CHECK_EQ(svsm_list(svsm_list_place(), list, SVSM_PVALIDATE_MAX_IN_CAA + 1u, &next), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(next, 0);
	expect_rmp(block, SVSM_PVALIDATE_MAX_IN_CAA, rmp_unvalidated());
	block_return(block);
}

/* The nearer the end of the page, the fewer entries fit. */
TEST(list_at_the_end_of_a_page)
{
	uint64_t block = block_take(false), place = block + PAGE_SIZE;
	uint16_t next = 0;

	page_give(place);
	list[0] = (block + 2 * PAGE_SIZE) | ENTRY_VALIDATE;
	list[1] = (block + 3 * PAGE_SIZE) | ENTRY_VALIDATE;
	CHECK_EQ(svsm_list(place + PAGE_SIZE - 16, list, 1, &next), SVSM_SUCCESS);
	CHECK_EQ(next, 1);
	next = 0;
	CHECK_EQ(svsm_list(place + PAGE_SIZE - 16, list, 2, &next), SVSM_ERR_INVALID_PARAMETER);
	next = 0;
	CHECK_EQ(svsm_list(place + PAGE_SIZE - 8, list, 1, &next), SVSM_ERR_INVALID_PARAMETER);
	expect_rmp(block + 2 * PAGE_SIZE, 1, rmp_given());
	expect_rmp(block + 3 * PAGE_SIZE, 1, rmp_unvalidated());
	block_return(block);
}

TEST(empty_and_finished_lists)
{
	uint64_t block = block_take(false);
	static const struct {
		uint16_t entries, next;
	} bad[] = { { 0, 0 }, { 0, 1 }, { 0, 0xFFFF }, { 1, 1 },    { 1, 2 },
		    { 3, 3 }, { 3, 4 }, { 3, 0xFFFF }, { 510, 510 } };

	fill_list(block, 4, ENTRY_VALIDATE);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint16_t next = bad[i].next;

		CHECK_EQ_FOR(svsm_list(svsm_list_place(), list, bad[i].entries, &next), SVSM_ERR_INVALID_PARAMETER, i);
		CHECK_EQ_FOR(next, bad[i].next, i);
	}
	expect_rmp(block, 4, rmp_unvalidated());
	block_return(block);
}

TEST(list_starts_at_next)
{
	uint64_t block = block_take(false);
	uint16_t next = 3;

	fill_list(block, 5, ENTRY_VALIDATE);
	list[0] = monitor_gpa(); /* never looked at */
	CHECK_EQ(svsm_list(svsm_list_place(), list, 5, &next), SVSM_SUCCESS);
	CHECK_EQ(next, 5);
	expect_rmp(block, 3, rmp_unvalidated());
	expect_rmp(block + 3 * PAGE_SIZE, 2, rmp_given());
	block_return(block);
}

/* What comes before a bad entry is done, what follows is not. */
TEST(list_stops_at_a_bad_entry)
{
	uint64_t block = block_take(false);
	const struct {
		uint64_t entry, result;
	} bad[] = {
		{ monitor_gpa() | ENTRY_VALIDATE, SVSM_ERR_INVALID_ADDRESS },
		{ 0xFEE00000 | ENTRY_VALIDATE, SVSM_ERR_INVALID_ADDRESS },
		{ 0x10 | ENTRY_VALIDATE, SVSM_ERR_INVALID_PARAMETER },
		{ 2, SVSM_ERR_INVALID_PARAMETER },
		{ 0x1000 | ENTRY_2M, SVSM_ERR_INVALID_PARAMETER },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint16_t next = 0, at = (uint16_t)(i * 2u);

		fill_list(block, 10, ENTRY_VALIDATE);
		list[at] = bad[i].entry;
		CHECK_EQ_FOR(svsm_list(svsm_list_place(), list, 10, &next), bad[i].result, bad[i].entry);
		CHECK_EQ_FOR(next, at, bad[i].entry);
		expect_rmp(block, at, rmp_given());
		expect_rmp(block + at * PAGE_SIZE, 10u - at, rmp_unvalidated());
		/* The same list can be resumed once the entry is repaired. */
		list[at] = (block + at * PAGE_SIZE) | ENTRY_VALIDATE;
		CHECK_EQ(svsm_list(svsm_list_place(), list, 10, &next), SVSM_SUCCESS);
		expect_rmp(block, 10, rmp_given());
		fill_list(block, 10, ENTRY_RESCIND);
		next = 0;
		CHECK_EQ(svsm_list(svsm_list_place(), list, 10, &next), SVSM_SUCCESS);
	}
	block_return(block);
}

TEST(list_must_be_aligned)
{
	for (uint64_t offset = 1; offset < 8; offset++)
		CHECK_EQ_FOR(request(svsm_list_place() + offset), SVSM_ERR_INVALID_PARAMETER, offset);
	CHECK_EQ(request(monitor_gpa() + 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(request(~0ull), SVSM_ERR_INVALID_PARAMETER);
}

/* The header of the calling area belongs to the monitor, not to lists. */
TEST(list_over_the_calling_area_header)
{
	CHECK_EQ(request(svsm_caa), SVSM_ERR_INVALID_ADDRESS);
}

TEST(list_outside_guest_memory)
{
	uint64_t block = block_take(false);
	uint64_t bad[] = { monitor_gpa(),
			   monitor_gpa() + 0x1000,
			   monitor_gpa() + MONITOR_SIZE - PAGE_SIZE,
			   machine_ram_end(),
			   machine_low_ram_end(),
			   0xA0000,
			   0xFEE00000,
			   0xFFFFFFFFF000ull,
			   svsm_list_place() | paging_c_bit,
			   svsm_list_place() | 1ull << 52,
			   svsm_list_place() | 1ull << 63,
			   0xFFFFFFFFFFFFF000ull,
			   0xFFFFFFFF80000000ull,
			   block,
			   ghcb_gpa() + 0x800 };
	struct svsm_pvalidate_header header = { .entries = 1 };

	/* A good list in shared memory: the host could change it at any time. */
	memcpy(page_at(ghcb_gpa() + 0x800), &header, sizeof(header));
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ_FOR(request(bad[i]), SVSM_ERR_INVALID_ADDRESS, bad[i]);
	block_return(block);
}

/* The list was read before; its page is gone when the result should be written. */
TEST(list_that_takes_its_own_page)
{
	uint64_t block = block_take(false);
	uint16_t next = 0;

	page_give(block);
	list[0] = (block + PAGE_SIZE) | ENTRY_VALIDATE;
	list[1] = block | ENTRY_RESCIND;
	list[2] = (block + 2 * PAGE_SIZE) | ENTRY_VALIDATE;
	CHECK_EQ(svsm_list(block, list, 3, &next), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(next, 0);
	expect_rmp(block, 1, rmp_unvalidated());
	expect_rmp(block + PAGE_SIZE, 1, rmp_given());
	block_return(block);
}

/* Validating the list's page again zeroes it; the monitor works on its copy. */
TEST(list_that_zeroes_its_own_page)
{
	uint64_t block = block_take(false);
	struct svsm_pvalidate_header header = { .entries = 3 };

	page_give(block);
	list[0] = block | ENTRY_VALIDATE | ENTRY_IGNORE;
	list[1] = (block + PAGE_SIZE) | ENTRY_VALIDATE;
	list[2] = (block + 2 * PAGE_SIZE) | ENTRY_VALIDATE;
	memcpy(page_at(block), &header, sizeof(header));
	memcpy(page_at(block) + sizeof(header), list, 3 * sizeof(list[0]));
	CHECK_EQ(request(block), SVSM_SUCCESS);
	memcpy(&header, page_at(block), sizeof(header));
	CHECK_EQ(header.next, 3);
	expect_rmp(block, 3, rmp_given());
	block_return(block);
}

/* Much work is cut into calls: each makes progress and none is away for long. */
TEST(long_work_is_cut)
{
	uint64_t block = block_take(true);
	uint32_t calls;

	for (uint32_t i = 0; i < LARGE_ENTRIES; i++)
		list[i] = block | ENTRY_2M | ((i & 1u) == 0 ? ENTRY_VALIDATE : ENTRY_RESCIND);
	CHECK_EQ(svsm_list_all(list, LARGE_ENTRIES, &calls), SVSM_SUCCESS);
	CHECK(calls > 1);
	expect_rmp(block, 4, rmp_unvalidated());
	block_return(block);
}
