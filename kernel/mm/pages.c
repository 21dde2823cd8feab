/* SPDX-License-Identifier: MIT */
#include "abi/launch.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"

/* A map up to this size comes from the region; a larger one from the RAM behind the region. */
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

/* Takes whole 2 MiB blocks behind the region, accepts them and maps them. */
static int map_behind_region(struct memory_map *map, uint64_t size, void **memory)
{
	uint64_t start = MONITOR_GPA + MONITOR_SIZE;
	uint64_t length = align_up(size, PAGE_SIZE_2M);
	int error;

	/* A host that claims more RAM than the map's addresses can cover gets no guest. */
	if (length > MAP_SIZE_MAX || !memory_map_contains(map, start, length))
		return ERR_NO_MEMORY;
	error = platform_host_make_private(gpa(start), length);
	for (uint64_t offset = 0; error == 0 && offset < length; offset += PAGE_SIZE_2M) {
		va_t where = va(MAP_VA + offset);

		*paging_directory_entry(where) = (start + offset) | PTE_DATA | PTE_LARGE | paging_c_bit;
		error = platform_page_accept(where, true);
		if (error == 0)
			error = access_zero((void *)(uintptr_t)where.v, PAGE_SIZE_2M);
	}
	if (error == 0)
		error = memory_map_remove(map, start, start + length);
	*memory = (void *)(uintptr_t)MAP_VA;
	return error;
}

int memory_pages_init(struct memory_map *map)
{
	struct memory_map all = *map;
	void *memory = NULL;
	uint64_t size;
	int error;

	if (!memory_map_contains(map, MONITOR_GPA, MONITOR_SIZE))
		return ERR_FORMAT;
	error = page_state_size(all.range, all.count, &size);
	if (error == 0)
		error = memory_map_remove(map, MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE);
	if (error != 0)
		return error;
	map_size = size;
	error = size <= MAP_IN_REGION_MAX ? map_from_region(size, &memory) : map_behind_region(map, size, &memory);
	if (error == 0)
		error = page_state_init(&memory_pages, all.range, all.count, memory, size);
	if (error != 0)
		return error;
	page_state_set_range(&memory_pages, MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE, PAGE_MONITOR);
	if (size > MAP_IN_REGION_MAX)
		page_state_set_range(&memory_pages, MONITOR_GPA + MONITOR_SIZE,
				     MONITOR_GPA + MONITOR_SIZE + align_up(size, PAGE_SIZE_2M), PAGE_MONITOR);
	page_state_set_range(&memory_pages, VGA_START, VGA_END, PAGE_DEVICE);
	return memory_map_remove(map, VGA_START, VGA_END);
}
