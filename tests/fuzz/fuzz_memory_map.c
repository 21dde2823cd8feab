/* SPDX-License-Identifier: MIT */
/* The host's memory map, what the monitor cuts out of it, and the map that the guest gets. */
#include <string.h>

#include "abi/launch.h"
#include "lib/memory_map.h"
#include "tests/mock/region.h"

#define ENTRIES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void check_map(const struct memory_map *map, uint64_t limit)
{
	for (uint32_t i = 0; i < map->count; i++) {
		require(map->range[i].start < map->range[i].end && map->range[i].end <= limit);
		require(((map->range[i].start | map->range[i].end) & PAGE_MASK) == 0);
		require(i == 0 || map->range[i].start > map->range[i - 1].end);
	}
}

static void check_guest_map(const struct guest_map *guest)
{
	require(guest->count <= GUEST_MAP_MAX);
	for (uint32_t i = 0; i < guest->count; i++) {
		require(guest->entry[i].start < guest->entry[i].end);
		require(i == 0 || guest->entry[i].start >= guest->entry[i - 1].end);
	}
}

static void mark(struct guest_map *guest, const uint8_t *data)
{
	uint16_t start, pages;

	memcpy(&start, data, sizeof(start));
	memcpy(&pages, data + 2, sizeof(pages));
	(void)guest_map_mark(guest, start * PAGE_SIZE, (start + (uint64_t)pages) * PAGE_SIZE, 1u + data[4] % 3u);
	check_guest_map(guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct igvm_memory_map_entry entries[ENTRIES], written[GUEST_MAP_MAX + 1];
	static uint8_t e820[GUEST_MAP_MAX * E820_ENTRY_SIZE];
	struct memory_map map;
	struct guest_map guest;
	uint32_t used = (uint32_t)(size < sizeof(entries) ? size : sizeof(entries)), count;
	uint64_t limit = 1ull << 47;

	memset(entries, 0, sizeof(entries));
	memcpy(entries, data, used);
	if (memory_map_parse(&map, entries, ENTRIES, limit) != 0)
		return 0;
	require(map.count > 0 && map.count <= MEMORY_MAP_MAX);
	check_map(&map, limit);
	guest_map_init(&guest, &map);
	check_guest_map(&guest);
	if (memory_map_remove(&map, MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE) == 0) {
		for (uint32_t i = 0; i < map.count; i++)
			require(!ranges_overlap(map.range[i].start, map.range[i].end - map.range[i].start, MONITOR_GPA,
						MONITOR_SIZE));
	}
	for (uint32_t at = 0; at + 5 <= used; at += 5)
		mark(&guest, data + at);
	require(guest_map_write_igvm(&guest, written, GUEST_MAP_MAX + 1) == 0);
	require(guest_map_write_e820(&guest, e820, GUEST_MAP_MAX, &count) == 0 && count == guest.count);
	return 0;
}
