/* SPDX-License-Identifier: MIT */
/* Sizing the page-state map from the host's memory map, and what the monitor takes from the end of RAM. */
#include <stdlib.h>

#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"

#define MIB 0x100000ull
#define GIB (1024 * MIB)
#define MONITOR_END (MONITOR_GPA + MONITOR_SIZE)
#define REGION_FREE (13 * MIB) /* a map of more than a third does not come from the region */

uint64_t paging_c_bit = 1ull << 51;
uint64_t paging_region_gpa = MONITOR_GPA;

static uint8_t *region;
static uint64_t directory[512], made_private, accepted, fail_after;

/* ---- the platform: counts; what is taken from RAM is not really there, so maps that lie in it are not looked at ---- */

int memory_allocate(uint64_t count, pa_t *out)
{
	free(region);
	region = calloc(count, PAGE_SIZE);
	*out = pa(MONITOR_GPA);
	return region == NULL ? ERR_NO_MEMORY : 0;
}

uint64_t memory_free_size(void)
{
	return REGION_FREE;
}

void *paging_region_pointer(pa_t address)
{
	(void)address;
	return region;
}

uint64_t *paging_directory_entry(va_t address)
{
	return &directory[address.v / PAGE_SIZE_2M % ARRAY_SIZE(directory)];
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	(void)start;
	made_private += size;
	return 0;
}

int platform_page_accept(va_t address, bool size_2m)
{
	(void)address;
	(void)size_2m;
	return ++accepted == fail_after ? ERR_UNCHANGED : 0;
}

int access_zero(void *destination, uint64_t size)
{
	(void)destination;
	(void)size;
	return 0;
}

static int init(struct memory_map *map)
{
	static const struct page_range none = { 0, 0 };

	made_private = accepted = fail_after = 0;
	return memory_pages_init(map, &none);
}

static struct memory_map ram(uint64_t low_end, uint64_t high_end)
{
	struct memory_map map = { .range = { { 0, low_end }, { 4 * GIB, high_end } }, .count = high_end > 4 * GIB ? 2 : 1 };

	return map;
}

TEST(sizes_that_fit_the_region)
{
	static const uint64_t sizes[] = { 512 * MIB, GIB, 2 * GIB, 18 * GIB };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct memory_map map = sizes[i] > 2 * GIB ? ram(2 * GIB, sizes[i]) : ram(sizes[i], 0);
		uint64_t memory = sizes[i] > 2 * GIB ? sizes[i] - 2 * GIB : sizes[i];

		CHECK_EQ(init(&map), 0);
		CHECK_EQ(memory_pages_size(), (memory + MONITOR_SIZE) / PAGE_SIZE_2M * PAGE_STATE_BYTES_PER_BLOCK);
		CHECK_EQ(made_private, 0);
		CHECK_EQ(page_state_get(&memory_pages, gpa(0)), PAGE_UNVALIDATED);
		CHECK_EQ(page_state_get(&memory_pages, gpa(sizes[i] - PAGE_SIZE)), PAGE_UNVALIDATED);
		CHECK_EQ(page_state_get(&memory_pages, gpa(sizes[i])), PAGE_OUTSIDE);
		CHECK_EQ(page_state_get(&memory_pages, gpa(MONITOR_GPA)), PAGE_MONITOR);
		CHECK_EQ(page_state_get(&memory_pages, gpa(0xA0000)), PAGE_DEVICE);
		CHECK(!memory_map_contains(&map, 0xA0000, PAGE_SIZE));
	}
}

/* RAM that the host puts where the monitor is belongs to the monitor: whatever of it overlaps, the guest never gets it. */
TEST(memory_map_over_the_monitor)
{
	static const struct page_range over[] = { { MONITOR_GPA, MONITOR_END },
						  { MONITOR_GPA - 4 * MIB, MONITOR_GPA + PAGE_SIZE },
						  { MONITOR_END - PAGE_SIZE, MONITOR_END + 4 * MIB },
						  { MONITOR_GPA - 4 * MIB, MONITOR_END + 4 * MIB },
						  { MONITOR_GPA + 4 * MIB, MONITOR_GPA + 6 * MIB } };

	for (unsigned i = 0; i < ARRAY_SIZE(over); i++) {
		struct memory_map map = { .range = { { 0, 512 * MIB }, over[i] }, .count = 2 };

		CHECK_EQ(init(&map), 0);
		for (uint64_t at = MONITOR_GPA; at < MONITOR_END; at += PAGE_SIZE) {
			CHECK_EQ(page_state_get(&memory_pages, gpa(at)), PAGE_MONITOR);
			CHECK(!memory_map_contains(&map, at, PAGE_SIZE));
		}
	}
}

TEST(memory_map_with_nothing_but_the_monitor)
{
	struct memory_map map = { .range = { { MONITOR_GPA, MONITOR_END } }, .count = 1 };

	CHECK_EQ(init(&map), ERR_FORMAT);
}

/* The map goes to the end of RAM only when it is large, and what it takes is the monitor's. */
TEST(large_maps_come_from_the_end_of_ram)
{
	struct memory_map map = ram(2 * GIB, 4 * GIB + 16 * GIB);
	uint64_t size = (18 * GIB + MONITOR_SIZE) / PAGE_SIZE_2M * PAGE_STATE_BYTES_PER_BLOCK;

	CHECK(size > REGION_FREE / 3);
	/* Initialising it would write to memory that is not there: the end is in the last step before. */
	made_private = accepted = 0;
	fail_after = 3;
	CHECK_EQ(memory_pages_init(&map, &(struct page_range){ 0, 0 }), ERR_UNCHANGED);
	CHECK_EQ(memory_pages_size(), size);
	CHECK_EQ(made_private, align_up(size, PAGE_SIZE_2M));
	CHECK_EQ(accepted, 3);
}

TEST(more_ram_than_there_are_addresses_for)
{
	struct memory_map map = ram(2 * GIB, 4 * GIB + 2048 * GIB);

	CHECK_EQ(init(&map), ERR_NO_MEMORY);
	CHECK_EQ(made_private, 0);
}

TEST(blocks_are_taken_from_the_end)
{
	struct memory_map map = ram(512 * MIB + 3 * PAGE_SIZE, 0);
	void *memory = NULL;

	REQUIRE(init(&map) == 0);
	CHECK_EQ(memory_take_blocks(&map, 3 * MIB, &memory), 0);
	CHECK(memory != NULL);
	CHECK_EQ(made_private, 4 * MIB);
	CHECK_EQ(accepted, 2);
	CHECK_EQ(page_state_get(&memory_pages, gpa(508 * MIB)), PAGE_MONITOR);
	CHECK_EQ(page_state_get(&memory_pages, gpa(512 * MIB - PAGE_SIZE)), PAGE_MONITOR);
	CHECK_EQ(page_state_get(&memory_pages, gpa(508 * MIB - PAGE_SIZE)), PAGE_UNVALIDATED);
	CHECK_EQ(page_state_get(&memory_pages, gpa(512 * MIB)), PAGE_UNVALIDATED);
	CHECK(!memory_map_contains(&map, 508 * MIB, PAGE_SIZE));
	CHECK(memory_map_contains(&map, 512 * MIB, 3 * PAGE_SIZE));
	CHECK_EQ(memory_take_blocks(&map, 512 * MIB, &memory), ERR_NO_MEMORY);
	CHECK_EQ(memory_take_blocks(&map, ~0ull, &memory), ERR_NO_MEMORY);
}
