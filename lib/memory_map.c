/* SPDX-License-Identifier: MIT */
#include "lib/memory_map.h"

#include "lib/string.h"

int memory_map_parse(struct memory_map *map, const struct igvm_memory_map_entry *entry, uint32_t max, uint64_t limit)
{
	uint64_t previous_end = 0;

	map->count = 0;
	for (uint32_t i = 0; i < max && entry[i].page_count != 0; i++) {
		uint64_t start, size, end;

		if (!checked_mul(entry[i].start_page, PAGE_SIZE, &start) ||
		    !checked_mul(entry[i].page_count, PAGE_SIZE, &size) || !checked_add(start, size, &end))
			return ERR_FORMAT;
		if (start < previous_end || end > limit)
			return ERR_FORMAT;
		previous_end = end;
		if (entry[i].type != IGVM_MEMORY_TYPE_MEMORY)
			continue;
		if (map->count > 0 && map->range[map->count - 1].end == start) {
			map->range[map->count - 1].end = end;
			continue;
		}
		if (map->count == MEMORY_MAP_MAX)
			return ERR_OVERFLOW;
		map->range[map->count++] = (struct page_range){ .start = start, .end = end };
	}
	return map->count == 0 ? ERR_FORMAT : 0;
}

static int append(struct memory_map *map, uint64_t start, uint64_t end)
{
	if (start >= end)
		return 0;
	if (map->count == MEMORY_MAP_MAX)
		return ERR_OVERFLOW;
	map->range[map->count++] = (struct page_range){ .start = start, .end = end };
	return 0;
}

int memory_map_remove(struct memory_map *map, uint64_t start, uint64_t end)
{
	struct memory_map result = { .count = 0 };

	for (uint32_t i = 0; i < map->count; i++) {
		const struct page_range *range = &map->range[i];
		uint64_t left_end = range->end < start ? range->end : start;
		uint64_t right_start = range->start > end ? range->start : end;

		if (start >= end || range->end <= start || range->start >= end) {
			if (append(&result, range->start, range->end) != 0)
				return ERR_OVERFLOW;
			continue;
		}
		if (append(&result, range->start, left_end) != 0 || append(&result, right_start, range->end) != 0)
			return ERR_OVERFLOW;
	}
	*map = result;
	return 0;
}

bool memory_map_contains(const struct memory_map *map, uint64_t start, uint64_t size)
{
	for (uint32_t i = 0; i < map->count; i++) {
		if (range_within(start, size, map->range[i].start, map->range[i].end))
			return true;
	}
	return false;
}

uint64_t memory_map_total(const struct memory_map *map)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < map->count; i++)
		total += map->range[i].end - map->range[i].start;
	return total;
}

void guest_map_init(struct guest_map *guest, const struct memory_map *map)
{
	guest->count = map->count;
	for (uint32_t i = 0; i < map->count; i++)
		guest->entry[i] = (struct guest_map_entry){ .start = map->range[i].start,
							    .end = map->range[i].end,
							    .type = E820_RAM };
}

static int append_entry(struct guest_map *guest, uint64_t start, uint64_t end, uint32_t type)
{
	struct guest_map_entry *last = guest->count == 0 ? NULL : &guest->entry[guest->count - 1];

	if (start >= end)
		return 0;
	if (last != NULL && last->end == start && last->type == type) {
		last->end = end;
		return 0;
	}
	if (guest->count == GUEST_MAP_MAX)
		return ERR_OVERFLOW;
	guest->entry[guest->count++] = (struct guest_map_entry){ .start = start, .end = end, .type = type };
	return 0;
}

int guest_map_mark(struct guest_map *guest, uint64_t start, uint64_t end, uint32_t type)
{
	struct guest_map result = { .count = 0 };
	bool placed = false;

	if (start >= end)
		return ERR_INVALID;
	for (uint32_t i = 0; i < guest->count; i++) {
		const struct guest_map_entry *entry = &guest->entry[i];
		uint64_t left_end = entry->end < start ? entry->end : start;
		uint64_t right_start = entry->start > end ? entry->start : end;

		if (append_entry(&result, entry->start, left_end, entry->type) != 0)
			return ERR_OVERFLOW;
		if (!placed && entry->end > start) {
			if (append_entry(&result, start, end, type) != 0)
				return ERR_OVERFLOW;
			placed = true;
		}
		if (append_entry(&result, right_start, entry->end, entry->type) != 0)
			return ERR_OVERFLOW;
	}
	if (!placed && append_entry(&result, start, end, type) != 0)
		return ERR_OVERFLOW;
	*guest = result;
	return 0;
}

int guest_map_write_e820(const struct guest_map *guest, uint8_t *out, uint32_t max, uint32_t *count)
{
	if (guest->count > max)
		return ERR_OVERFLOW;
	for (uint32_t i = 0; i < guest->count; i++) {
		const struct guest_map_entry *entry = &guest->entry[i];
		uint64_t size = entry->end - entry->start;

		memcpy(out, &entry->start, 8);
		memcpy(out + 8, &size, 8);
		memcpy(out + 16, &entry->type, 4);
		out += E820_ENTRY_SIZE;
	}
	*count = guest->count;
	return 0;
}

int guest_map_write_igvm(const struct guest_map *guest, struct igvm_memory_map_entry *out, uint32_t max)
{
	if (guest->count >= max)
		return ERR_OVERFLOW;
	memset(out, 0, (guest->count + 1u) * sizeof(out[0]));
	for (uint32_t i = 0; i < guest->count; i++) {
		out[i].start_page = guest->entry[i].start / PAGE_SIZE;
		out[i].page_count = (guest->entry[i].end - guest->entry[i].start) / PAGE_SIZE;
		out[i].type = (uint16_t)(guest->entry[i].type == E820_RAM ? IGVM_MEMORY_TYPE_MEMORY :
										    IGVM_MEMORY_TYPE_RESERVED);
	}
	return 0;
}
