/* SPDX-License-Identifier: MIT */
#include "abi/launch.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"

/*
 * A map up to this part of the region's free memory comes from there: that is enough for 16 GiB of RAM beside firmware's
 * copy and a vTPM. A larger one comes from the end of RAM, which firmware that does not read the guest's map takes for its own.
 */
#define MAP_PART_OF_REGION 3u
#define MAP_VA (MONITOR_VA + 0x10000000ull)
#define MAP_SIZE_MAX 0x10000000ull /* up to the guest windows: enough for 1 TiB of RAM */
#define BLOCKS_VA (MONITOR_VA + 0x28000000ull) /* behind the guest windows */
#define BLOCKS_SIZE_MAX 0x18000000ull
#define VGA_START 0xA0000ull
#define VGA_END 0xC0000ull

struct page_state_map memory_pages;
static uint64_t map_size;

uint64_t memory_pages_size(void)
{
	return map_size;
}

static int map_from_region(uint64_t size, void **memory)
{
	pa_t start;
	int error = memory_allocate(align_up(size, PAGE_SIZE) / PAGE_SIZE, &start);

	if (error == 0)
		*memory = paging_region_pointer(start);
	return error;
}

/*
 * Takes whole 2 MiB blocks from the end of RAM, accepts, maps and zeroes them; *taken is where they are. A host that claims
 * more RAM than the monitor's addresses can cover gets no guest.
 */
static int take(const struct memory_map *map, uint64_t size, va_t where, uint64_t room, struct page_range *taken)
{
	uint64_t end = map->count == 0 ? 0 : align_down(map->range[map->count - 1].end, PAGE_SIZE_2M);
	uint64_t length, start;
	int error;

	if (size > room || align_up(size, PAGE_SIZE_2M) > end)
		return ERR_NO_MEMORY;
	length = align_up(size, PAGE_SIZE_2M);
	start = end - length;
	if (!memory_map_contains(map, start, length))
		return ERR_NO_MEMORY;
	error = platform_host_make_private(gpa(start), length);
	for (uint64_t offset = 0; error == 0 && offset < length; offset += PAGE_SIZE_2M) {
		va_t block = va(where.v + offset);

		*paging_directory_entry(block) = (start + offset) | PTE_DATA | PTE_LARGE | paging_c_bit;
		error = platform_page_accept(block, true);
		if (error == 0)
			error = access_zero((void *)(uintptr_t)block.v, PAGE_SIZE_2M);
	}
	*taken = (struct page_range){ start, end };
	return error;
}

int memory_take_blocks(struct memory_map *map, uint64_t size, void **memory)
{
	struct page_range taken;
	int error = take(map, size, va(BLOCKS_VA), BLOCKS_SIZE_MAX, &taken);

	if (error != 0)
		return error;
	page_state_set_range(&memory_pages, taken.start, taken.end, PAGE_MONITOR);
	*memory = (void *)(uintptr_t)BLOCKS_VA;
	return memory_map_remove(map, taken.start, taken.end);
}

/* Puts a range that the map does not have in its place. */
static int insert(struct memory_map *map, const struct page_range *range)
{
	uint32_t place = map->count;

	if (range->start >= range->end)
		return 0;
	if (map->count == MEMORY_MAP_MAX)
		return ERR_OVERFLOW;
	for (; place > 0 && map->range[place - 1].start > range->start; place--)
		map->range[place] = map->range[place - 1];
	map->range[place] = *range;
	map->count++;
	return 0;
}

/* Everything whose state is tracked: RAM, the monitor, the firmware. RAM that a host puts over the others is not RAM. */
static int find_tracked(struct memory_map *map, const struct page_range *firmware, struct memory_map *tracked)
{
	const struct page_range monitor = { paging_region_gpa, paging_region_gpa + MONITOR_SIZE };
	int error = memory_map_remove(map, monitor.start, monitor.end);

	if (error == 0)
		error = memory_map_remove(map, firmware->start, firmware->end);
	if (error != 0)
		return error;
	if (map->count == 0)
		return ERR_FORMAT;
	*tracked = *map;
	error = insert(tracked, &monitor);
	return error != 0 ? error : insert(tracked, firmware);
}

int memory_pages_init(struct memory_map *map, const struct page_range *firmware)
{
	struct page_range taken = { 0, 0 };
	struct memory_map tracked;
	void *memory = NULL;
	int error = find_tracked(map, firmware, &tracked);

	if (error == 0)
		error = page_state_size(tracked.range, tracked.count, &map_size);
	if (error != 0)
		return error;
	if (map_size <= memory_free_size() / MAP_PART_OF_REGION) {
		error = map_from_region(map_size, &memory);
	} else {
		error = take(map, map_size, va(MAP_VA), MAP_SIZE_MAX, &taken);
		memory = (void *)(uintptr_t)MAP_VA;
	}
	if (error == 0)
		error = page_state_init(&memory_pages, tracked.range, tracked.count, memory, map_size);
	if (error != 0)
		return error;
	page_state_set_range(&memory_pages, paging_region_gpa, paging_region_gpa + MONITOR_SIZE, PAGE_MONITOR);
	page_state_set_range(&memory_pages, taken.start, taken.end, PAGE_MONITOR);
	page_state_set_range(&memory_pages, VGA_START, VGA_END, PAGE_DEVICE);
	error = memory_map_remove(map, taken.start, taken.end);
	return error != 0 ? error : memory_map_remove(map, VGA_START, VGA_END);
}
