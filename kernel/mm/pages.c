/* SPDX-License-Identifier: MIT */
#include "abi/launch.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"

/* A map up to this size comes from the region; a larger one from the end of RAM. */
#define MAP_IN_REGION_MAX 0x180000ull
#define MAP_VA (MONITOR_VA + 0x10000000ull)
#define MAP_SIZE_MAX 0x10000000ull /* up to the guest windows: enough for 1 TiB of RAM */
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

/* Takes whole 2 MiB blocks from the end of RAM, accepts them and maps them; *taken is where they are. */
static int map_from_guest(struct memory_map *map, uint64_t size, void **memory, struct page_range *taken)
{
	uint64_t length = align_up(size, PAGE_SIZE_2M);
	uint64_t end = align_down(map->range[map->count - 1].end, PAGE_SIZE_2M);
	uint64_t start = end - length;
	int error;

	/* A host that claims more RAM than the map's addresses can cover gets no guest. */
	if (length > MAP_SIZE_MAX || length > end || !memory_map_contains(map, start, length))
		return ERR_NO_MEMORY;
	error = platform_host_make_private(gpa(start), length);
	for (uint64_t offset = 0; error == 0 && offset < length; offset += PAGE_SIZE_2M) {
		va_t where = va(MAP_VA + offset);

		*paging_directory_entry(where) = (start + offset) | PTE_DATA | PTE_LARGE | paging_c_bit;
		error = platform_page_accept(where, true);
		if (error == 0)
			error = access_zero((void *)(uintptr_t)where.v, PAGE_SIZE_2M);
	}
	*memory = (void *)(uintptr_t)MAP_VA;
	*taken = (struct page_range){ start, end };
	return error;
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
	const struct page_range monitor = { MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE };
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
	error = map_size <= MAP_IN_REGION_MAX ? map_from_region(map_size, &memory) :
						map_from_guest(map, map_size, &memory, &taken);
	if (error == 0)
		error = page_state_init(&memory_pages, tracked.range, tracked.count, memory, map_size);
	if (error != 0)
		return error;
	page_state_set_range(&memory_pages, MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE, PAGE_MONITOR);
	page_state_set_range(&memory_pages, taken.start, taken.end, PAGE_MONITOR);
	page_state_set_range(&memory_pages, VGA_START, VGA_END, PAGE_DEVICE);
	error = memory_map_remove(map, taken.start, taken.end);
	return error != 0 ? error : memory_map_remove(map, VGA_START, VGA_END);
}
