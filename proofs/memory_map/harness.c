/* SPDX-License-Identifier: MIT */
/* The VM's memory map. Maps of two ranges stand for longer ones: every loop treats its ranges one by one. */
#include "proofs/prover.h"

#include "lib/memory_map.h"
#undef MEMORY_MAP_MAX
#define MEMORY_MAP_MAX 2u
#undef GUEST_MAP_MAX
#define GUEST_MAP_MAX 3u

#include "lib/memory_map.c"
#include "proofs/string.h"

/* A map as memory_map_parse() makes them: sorted, page aligned, apart. */
static bool is_good(const struct memory_map *map)
{
	if (map->count > MEMORY_MAP_MAX)
		return false;
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < map->count; i++) {
		if (map->range[i].start >= map->range[i].end)
			return false;
		if (i > 0 && map->range[i - 1].end > map->range[i].start)
			return false;
	}
	return true;
}

static bool holds(const struct memory_map *map, uint64_t at)
{
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < map->count; i++) {
		if (at >= map->range[i].start && at < map->range[i].end)
			return true;
	}
	return false;
}

#define ENTRIES 2u

void prove_parse(void)
{
	struct igvm_memory_map_entry entry[ENTRIES];
	struct memory_map map;
	uint32_t max = any_u32(), which = any_u32();
	uint64_t limit = any_u64(), at = any_u64();

	ASSUME(max <= ENTRIES && which < max);
	int error = memory_map_parse(&map, entry, max, limit);

	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_OVERFLOW, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(is_good(&map) && map.count >= 1, "sorted, not empty, apart");
	PROVE(map.range[map.count - 1].end <= limit, "below the limit");
	if (holds(&map, at) && entry[0].page_count != 0) {
		bool told = false;

		for (uint32_t i = 0; i < ENTRIES && i < max && entry[i].page_count != 0; i++)
			told = told || (entry[i].type == IGVM_MEMORY_TYPE_MEMORY && at >> PAGE_SHIFT >= entry[i].start_page &&
					(at >> PAGE_SHIFT) - entry[i].start_page < entry[i].page_count);
		PROVE(told, "nothing is RAM that the host did not call RAM");
		CANARY("RAM");
	}
}

void prove_contains(void)
{
	struct memory_map map;
	uint64_t start = any_u64(), size = any_u64(), at = any_u64();

	ASSUME(is_good(&map));
	if (memory_map_contains(&map, start, size)) {
		PROVE(size != 0 && start <= UINT64_MAX - size, "the range does not wrap");
		PROVE(IMPLIES(at >= start && at < start + size, holds(&map, at)), "every byte is RAM");
		CANARY("inside");
	}
	ASSUME(map.count == 0 || map.range[map.count - 1].end <= 1ull << 52);
	PROVE(memory_map_total(&map) <= 1ull << 52, "the sum is that of separate ranges");
}

void prove_remove(void)
{
	struct memory_map map, before;
	uint64_t start = any_u64(), end = any_u64(), at = any_u64();

	ASSUME(is_good(&map));
	before = map;
	if (memory_map_remove(&map, start, end) != 0) {
		PROVE(map.count == before.count && holds(&map, at) == holds(&before, at), "a refusal changes nothing");
		CANARY("no room for the pieces");
		return;
	}
	PROVE(is_good(&map), "sorted, not empty, apart");
	PROVE(holds(&map, at) == (holds(&before, at) && (at < start || at >= end)), "exactly the range is gone");
	if (map.count > before.count)
		CANARY("one becomes two");
	if (map.count < before.count)
		CANARY("one is gone");
}

/* ---- the guest's map ---- */

#define NOTHING 0u

static bool is_guest_map(const struct guest_map *map)
{
	if (map->count > GUEST_MAP_MAX)
		return false;
	for (uint32_t i = 0; i < GUEST_MAP_MAX && i < map->count; i++) {
		if (map->entry[i].start >= map->entry[i].end || map->entry[i].type == NOTHING)
			return false;
		if (i > 0 && map->entry[i - 1].end > map->entry[i].start)
			return false;
	}
	return true;
}

static uint32_t type_at(const struct guest_map *map, uint64_t at)
{
	for (uint32_t i = 0; i < GUEST_MAP_MAX && i < map->count; i++) {
		if (at >= map->entry[i].start && at < map->entry[i].end)
			return map->entry[i].type;
	}
	return NOTHING;
}

void prove_written(void)
{
	struct memory_map ram;
	struct guest_map map;
	struct igvm_memory_map_entry out[GUEST_MAP_MAX + 1];
	uint8_t e820[GUEST_MAP_MAX * E820_ENTRY_SIZE];
	uint32_t max = any_u32(), count, which = any_u32();
	uint64_t at = any_u64(), size;

	ASSUME(is_good(&ram));
	guest_map_init(&map, &ram);
	PROVE(is_guest_map(&map) && (type_at(&map, at) == E820_RAM) == holds(&ram, at), "the RAM, and nothing else");
	ASSUME(max <= GUEST_MAP_MAX && which < map.count);
	if (guest_map_write_igvm(&map, out, max + 1u) == 0) {
		PROVE(out[which].start_page == map.entry[which].start / PAGE_SIZE &&
			      out[which].type == IGVM_MEMORY_TYPE_MEMORY && out[map.count].page_count == 0,
		      "as many entries, and an end");
		PROVE(map.count <= max, "with room for them");
		CANARY("IGVM entries");
	}
	if (guest_map_write_e820(&map, e820, max, &count) == 0) {
		memcpy(&size, e820 + which * E820_ENTRY_SIZE + 8u, sizeof(size));
		PROVE(count <= max, "with room for them");
		PROVE(count == map.count && size == map.entry[which].end - map.entry[which].start, "as many entries");
		CANARY("e820 entries");
	}
}
