/* SPDX-License-Identifier: MIT */
#include "abi/igvm.h"
#include "lib/memory_map.h"
#include "tests/unit/unit.h"

#define LIMIT (1ull << 47)
#define RAM IGVM_MEMORY_TYPE_MEMORY
#define RESERVED IGVM_MEMORY_TYPE_RESERVED

static struct memory_map map;

static int parse(const struct igvm_memory_map_entry *entries, uint32_t max)
{
	return memory_map_parse(&map, entries, max, LIMIT);
}

static void check_range(uint32_t i, uint64_t start, uint64_t end)
{
	CHECK_EQ(map.range[i].start, start);
	CHECK_EQ(map.range[i].end, end);
}

/* What holds for every map that was accepted. */
static void check_invariants(uint64_t limit)
{
	uint64_t previous = 0, total = 0;

	CHECK(map.count >= 1 && map.count <= MEMORY_MAP_MAX);
	for (uint32_t i = 0; i < map.count; i++) {
		CHECK(map.range[i].start < map.range[i].end);
		CHECK(i == 0 || map.range[i].start > previous);
		CHECK_EQ((map.range[i].start | map.range[i].end) & PAGE_MASK, 0);
		previous = map.range[i].end;
		total += map.range[i].end - map.range[i].start;
	}
	CHECK(previous <= limit);
	CHECK_EQ(memory_map_total(&map), total);
}

TEST(as_qemu_gives_it)
{
	static const struct igvm_memory_map_entry entries[] = { { 0, 0x80000, RAM, 0, 0 },
								{ 0xB0000, 0x10000, RESERVED, 0, 0 },
								{ 0x100000, 0x40000, RAM, 0, 0 },
								{ 0, 0, 0, 0, 0 } };

	REQUIRE(parse(entries, 4) == 0);
	CHECK_EQ(map.count, 2);
	check_range(0, 0, 0x80000000);
	check_range(1, 0x100000000, 0x140000000);
	check_invariants(LIMIT);
	CHECK(memory_map_contains(&map, 0, 0x80000000));
	CHECK(!memory_map_contains(&map, 0, 0x80000001));
	CHECK(memory_map_contains(&map, 0x7FFFFFFF, 1));
	CHECK(!memory_map_contains(&map, 0x80000000, 1));
	CHECK(!memory_map_contains(&map, 0x7FFFF000, 0x2000));
	CHECK(!memory_map_contains(&map, 0x1000, 0));
	CHECK(!memory_map_contains(&map, 0x1000, ~0ull));
	CHECK(!memory_map_contains(&map, ~0ull, 2));
}

TEST(neighbours_become_one)
{
	static const struct igvm_memory_map_entry entries[] = {
		{ 1, 2, RAM, 0, 0 }, { 3, 1, RAM, 0, 0 }, { 4, 1, RESERVED, 0, 0 }, { 5, 1, RAM, 0, 0 }
	};

	REQUIRE(parse(entries, 4) == 0);
	CHECK_EQ(map.count, 2);
	check_range(0, 0x1000, 0x4000);
	check_range(1, 0x5000, 0x6000);
}

TEST(map_ends_at_the_terminator)
{
	static const struct igvm_memory_map_entry entries[] = { { 1, 1, RAM, 0, 0 },
								{ 0, 0, 0, 0, 0 },
								{ 0, 1, RAM, 0, 0 } };

	REQUIRE(parse(entries, 3) == 0);
	CHECK_EQ(map.count, 1);
	REQUIRE(parse(entries, 1) == 0);
	CHECK_EQ(map.count, 1);
}

TEST(maps_without_memory)
{
	static const struct igvm_memory_map_entry none[] = { { 0, 0, 0, 0, 0 }, { 1, 1, RAM, 0, 0 } };
	static const struct igvm_memory_map_entry reserved[] = { { 0, 5, RESERVED, 0, 0 }, { 5, 5, 2, 0, 0 } };

	CHECK_EQ(parse(none, 2), ERR_FORMAT);
	CHECK_EQ(parse(none, 0), ERR_FORMAT);
	CHECK_EQ(parse(reserved, 2), ERR_FORMAT);
}

TEST(malformed_maps)
{
	static const struct igvm_memory_map_entry bad[][2] = {
		{ { 5, 5, RAM, 0, 0 }, { 9, 1, RAM, 0, 0 } }, /* overlap */
		{ { 5, 5, RAM, 0, 0 }, { 9, 5, RESERVED, 0, 0 } }, /* ... with what is no memory */
		{ { 5, 5, RESERVED, 0, 0 }, { 9, 5, RAM, 0, 0 } }, /* ... the other way round */
		{ { 5, 5, RAM, 0, 0 }, { 1, 1, RAM, 0, 0 } }, /* order */
		{ { 5, 5, RAM, 0, 0 }, { 5, 5, RAM, 0, 0 } }, /* twice */
		{ { LIMIT >> 12, 1, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } }, /* limit */
		{ { (LIMIT >> 12) - 1, 2, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } }, /* over it */
		{ { 1ull << 52, 1, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } }, /* start wraps */
		{ { ~0ull, 1, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } },
		{ { 1, 1ull << 52, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } }, /* size wraps */
		{ { 1, ~0ull, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } },
		{ { 0x8000000000000ull, 0x8000000000000ull, RAM, 0, 0 }, { 0, 0, 0, 0, 0 } }, /* sum wraps to 0 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(parse(bad[i], 2), ERR_FORMAT);
}

TEST(memory_up_to_the_limit)
{
	static const struct igvm_memory_map_entry entries[] = { { 0, LIMIT >> 12, RAM, 0, 0 } };

	REQUIRE(parse(entries, 1) == 0);
	check_range(0, 0, LIMIT);
	check_invariants(LIMIT);
}

static void many_ranges(uint32_t count)
{
	static struct igvm_memory_map_entry entries[MEMORY_MAP_MAX + 2];

	for (uint32_t i = 0; i < count; i++)
		entries[i] = (struct igvm_memory_map_entry){ .start_page = 4ull * i, .page_count = 3, .type = RAM };
	CHECK_EQ(parse(entries, count), count <= MEMORY_MAP_MAX ? 0 : ERR_OVERFLOW);
}

TEST(many_ranges_are_bounded)
{
	many_ranges(MEMORY_MAP_MAX);
	check_invariants(LIMIT);
	many_ranges(MEMORY_MAP_MAX + 1);
}

static void start_three(void)
{
	map = (struct memory_map){ .range = { { 0x10000, 0x20000 }, { 0x30000, 0x40000 }, { 0x50000, 0x60000 } },
				   .count = 3 };
}

TEST(removing)
{
	start_three();
	CHECK_EQ(memory_map_remove(&map, 0x34000, 0x36000), 0);
	CHECK_EQ(map.count, 4);
	check_range(1, 0x30000, 0x34000);
	check_range(2, 0x36000, 0x40000);
	start_three();
	CHECK_EQ(memory_map_remove(&map, 0x30000, 0x40000), 0);
	CHECK_EQ(map.count, 2);
	start_three();
	CHECK_EQ(memory_map_remove(&map, 0x18000, 0x58000), 0);
	CHECK_EQ(map.count, 2);
	check_range(0, 0x10000, 0x18000);
	check_range(1, 0x58000, 0x60000);
	start_three();
	CHECK_EQ(memory_map_remove(&map, 0, ~0ull), 0);
	CHECK_EQ(map.count, 0);
}

TEST(removing_nothing)
{
	start_three();
	CHECK_EQ(memory_map_remove(&map, 0x20000, 0x30000), 0);
	CHECK_EQ(memory_map_remove(&map, 0x34000, 0x34000), 0);
	CHECK_EQ(memory_map_remove(&map, 0x36000, 0x34000), 0);
	CHECK_EQ(memory_map_remove(&map, 0x60000, 0x70000), 0);
	CHECK_EQ(map.count, 3);
	check_range(0, 0x10000, 0x20000);
	check_range(1, 0x30000, 0x40000);
	check_range(2, 0x50000, 0x60000);
}

TEST(removing_from_a_full_map)
{
	many_ranges(MEMORY_MAP_MAX);
	CHECK_EQ(memory_map_remove(&map, 0x1000, 0x2000), ERR_OVERFLOW);
	CHECK_EQ(map.count, MEMORY_MAP_MAX);
	check_range(0, 0, 0x3000);
	CHECK_EQ(memory_map_remove(&map, 0, 0x3000), 0);
	CHECK_EQ(map.count, MEMORY_MAP_MAX - 1);
}

/* ---- the guest's map ---- */

static struct guest_map guest;

static void check_entry(uint32_t i, uint64_t start, uint64_t end, uint32_t type)
{
	CHECK_EQ(guest.entry[i].start, start);
	CHECK_EQ(guest.entry[i].end, end);
	CHECK_EQ(guest.entry[i].type, type);
}

static void start_guest(void)
{
	start_three();
	guest_map_init(&guest, &map);
	CHECK_EQ(guest.count, 3);
}

TEST(marking_splits)
{
	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x34000, 0x36000, E820_ACPI), 0);
	CHECK_EQ(guest.count, 5);
	check_entry(1, 0x30000, 0x34000, E820_RAM);
	check_entry(2, 0x34000, 0x36000, E820_ACPI);
	check_entry(3, 0x36000, 0x40000, E820_RAM);
}

TEST(marking_joins)
{
	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x34000, 0x36000, E820_RESERVED), 0);
	CHECK_EQ(guest_map_mark(&guest, 0x36000, 0x38000, E820_RESERVED), 0);
	CHECK_EQ(guest.count, 5);
	check_entry(2, 0x34000, 0x38000, E820_RESERVED);
	CHECK_EQ(guest_map_mark(&guest, 0x34000, 0x38000, E820_RAM), 0);
	CHECK_EQ(guest.count, 3);
	check_entry(1, 0x30000, 0x40000, E820_RAM);
}

TEST(marking_what_was_not_there)
{
	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x70000, 0x80000, E820_RESERVED), 0);
	check_entry(3, 0x70000, 0x80000, E820_RESERVED);
	CHECK_EQ(guest_map_mark(&guest, 0, 0x1000, E820_RESERVED), 0);
	check_entry(0, 0, 0x1000, E820_RESERVED);
	CHECK_EQ(guest_map_mark(&guest, 0x24000, 0x28000, E820_RESERVED), 0);
	check_entry(2, 0x24000, 0x28000, E820_RESERVED);
	CHECK_EQ(guest.count, 6);
}

TEST(marking_across_entries)
{
	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x18000, 0x58000, E820_RESERVED), 0);
	CHECK_EQ(guest.count, 3);
	check_entry(0, 0x10000, 0x18000, E820_RAM);
	check_entry(1, 0x18000, 0x58000, E820_RESERVED);
	check_entry(2, 0x58000, 0x60000, E820_RAM);
	CHECK_EQ(guest_map_mark(&guest, 0, 0x100000, E820_ACPI), 0);
	CHECK_EQ(guest.count, 1);
}

TEST(marking_nothing)
{
	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x34000, 0x34000, E820_ACPI), ERR_INVALID);
	CHECK_EQ(guest_map_mark(&guest, 0x36000, 0x34000, E820_ACPI), ERR_INVALID);
	CHECK_EQ(guest.count, 3);
}

TEST(marking_in_a_full_map)
{
	map = (struct memory_map){ .range = { { 0, 0x1000000 } }, .count = 1 };
	guest_map_init(&guest, &map);
	for (uint64_t i = 0; guest.count + 2 <= GUEST_MAP_MAX; i++)
		CHECK_EQ(guest_map_mark(&guest, 0x1000 + i * 0x2000, 0x2000 + i * 0x2000, E820_RESERVED), 0);
	CHECK_EQ(guest.count, GUEST_MAP_MAX - 1);
	/* One more at the end fits, two in the middle do not. */
	struct guest_map before = guest;
	CHECK_EQ(guest_map_mark(&guest, 0xFFF000, 0x1000000, E820_ACPI), 0);
	CHECK_EQ(guest.count, GUEST_MAP_MAX);
	guest = before;
	CHECK_EQ(guest_map_mark(&guest, 0xF00000, 0xF01000, E820_ACPI), ERR_OVERFLOW);
	/* The structure was read or copied as a whole: its padding is equal, too. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
	CHECK_EQ(memcmp(&guest, &before, sizeof(guest)), 0);
}

TEST(writing_e820)
{
	static uint8_t out[3 * E820_ENTRY_SIZE + 1];
	uint32_t count = 99, type;
	uint64_t start, size;

	start_guest();
	memset(out, 0xEE, sizeof(out));
	CHECK_EQ(guest_map_write_e820(&guest, out, 2, &count), ERR_OVERFLOW);
	CHECK_EQ(out[0], 0xEE);
	CHECK_EQ(guest_map_write_e820(&guest, out, 3, &count), 0);
	CHECK_EQ(count, 3);
	memcpy(&start, out + 20, 8);
	memcpy(&size, out + 28, 8);
	memcpy(&type, out + 36, 4);
	CHECK_EQ(start, 0x30000);
	CHECK_EQ(size, 0x10000);
	CHECK_EQ(type, E820_RAM);
	CHECK_EQ(out[60], 0xEE);
}

TEST(writing_igvm)
{
	static struct igvm_memory_map_entry out[5];

	start_guest();
	CHECK_EQ(guest_map_mark(&guest, 0x5F000, 0x60000, E820_RESERVED), 0);
	memset(out, 0xEE, sizeof(out));
	CHECK_EQ(guest_map_write_igvm(&guest, out, 4), ERR_OVERFLOW);
	CHECK_EQ(guest_map_write_igvm(&guest, out, 5), 0);
	CHECK_EQ(out[1].start_page, 0x30);
	CHECK_EQ(out[1].page_count, 0x10);
	CHECK_EQ(out[1].type, RAM);
	CHECK_EQ(out[3].start_page, 0x5F);
	CHECK_EQ(out[3].type, RESERVED);
	CHECK_EQ(out[4].page_count, 0);
	/* What was written can be read again. */
	CHECK_EQ(parse(out, 5), 0);
	check_range(2, 0x50000, 0x5F000);
}

/* Random marks against one type per page. */
TEST(random_marks_agree_with_pages)
{
	static uint32_t page[256];
	uint64_t seed = 12345;

	map = (struct memory_map){ .range = { { 0x8000, 0x70000 }, { 0x80000, 0xF8000 } }, .count = 2 };
	guest_map_init(&guest, &map);
	for (uint32_t i = 0; i < 256; i++)
		page[i] = (i >= 8 && i < 0x70) || (i >= 0x80 && i < 0xF8) ? E820_RAM : 0;
	for (uint32_t step = 0; step < 3000; step++) {
		uint32_t start, end, type;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		start = (uint32_t)(seed >> 33) % 256u;
		end = start + 1u + (uint32_t)(seed >> 45) % 24u;
		end = end > 256 ? 256 : end;
		type = 1u + (uint32_t)(seed >> 60) % 3u;
		if (guest_map_mark(&guest, start * PAGE_SIZE, end * PAGE_SIZE, type) != 0)
			continue;
		for (uint32_t i = start; i < end; i++)
			page[i] = type;
		for (uint32_t i = 0, at = 0; i < 256; i++) {
			while (at < guest.count && guest.entry[at].end <= i * PAGE_SIZE)
				at++;
			bool inside = at < guest.count && guest.entry[at].start <= i * PAGE_SIZE;
			CHECK_EQ(inside ? guest.entry[at].type : 0, page[i]);
		}
	}
}
