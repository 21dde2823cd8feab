/* SPDX-License-Identifier: MIT */
#include "kernel/guest/pristine.h"

#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"

#define SHARE_OF_RAM 8u
#define KIB 1024ull
#define PIECE_PAGES 64u /* contiguous ones: the region's free frames have a gap every 2 MiB */
#define PIECE_SIZE (PIECE_PAGES * PAGE_SIZE)
#define PIECES_MAX (384 * KIB * KIB / PIECE_SIZE) /* what memory_take_blocks() has at most */
#define IN_REGION_MAX (18u * PIECE_SIZE)	  /* 4.5 MiB: a copy up to this size is kept in the region */

static uint8_t *piece[PIECES_MAX];
static bool exists;

bool pristine_exists(void)
{
	return exists;
}

/* What the guest can change: fixed pages stay as they are. */
static bool is_copied(const struct launch_range *range)
{
	return range->kind == LAUNCH_RANGE_IMAGE && (range->flags & LAUNCH_RANGE_FLAG_FIXED) == 0;
}

static uint64_t image_size(const struct launch_block *block)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < block->range_count; i++)
		size += is_copied(&block->range[i]) ? block->range[i].size : 0;
	return size;
}

/* The ranges' pages lie one behind the other, in the order of the ranges. ~0: it is none of them. */
static uint64_t offset_of(const struct launch_block *block, uint64_t gpa)
{
	uint64_t offset = 0;

	for (uint32_t i = 0; i < block->range_count; i++) {
		const struct launch_range *range = &block->range[i];

		if (!is_copied(range))
			continue;
		if (gpa >= range->gpa && gpa - range->gpa < range->size)
			return offset + (gpa - range->gpa);
		offset += range->size;
	}
	return ~0ull;
}

static uint8_t *place(uint64_t offset)
{
	return piece[offset / PIECE_SIZE] + offset % PIECE_SIZE;
}

const uint8_t *pristine_page(const struct launch_block *block, uint64_t gpa)
{
	uint64_t offset = offset_of(block, gpa);

	return !exists || offset == ~0ull ? NULL : place(offset);
}

static int take_from_region(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		pa_t start;
		int error = memory_allocate(PIECE_PAGES, &start);

		if (error != 0) {
			while (i-- > 0)
				memory_free(paging_region_pa(piece[i]), PIECE_PAGES);
			return error;
		}
		piece[i] = paging_region_pointer(start);
	}
	return 0;
}

/* Firmware takes all that it is told of for RAM, so its copy is kept out of it. */
static int take(struct memory_map *map, uint64_t size)
{
	uint32_t count = (uint32_t)(align_up(size, PIECE_SIZE) / PIECE_SIZE);
	void *memory = NULL;
	int error;

	if (size <= IN_REGION_MAX && take_from_region(count) == 0)
		return 0;
	if (size > memory_map_total(map) / SHARE_OF_RAM)
		return ERR_NO_MEMORY;
	error = memory_take_blocks(map, size, &memory);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < count; i++)
		piece[i] = (uint8_t *)memory + (uint64_t)i * PIECE_SIZE;
	return 0;
}

static int copy_range(const struct launch_block *block, const struct launch_range *range)
{
	int error = 0;

	for (uint64_t at = range->gpa; error == 0 && at < range->gpa + range->size; at += PAGE_SIZE) {
		va_t where = memory_window_map(WINDOW_COPY, gpa(at));

		error = access_copy(place(offset_of(block, at)), (const void *)(uintptr_t)where.v, PAGE_SIZE);
		memory_window_unmap(WINDOW_COPY);
	}
	return error;
}

void pristine_save(const struct launch_block *block, struct memory_map *map)
{
	uint64_t size = image_size(block);
	int error = 0;

	if (size == 0)
		return;
	if (take(map, size) != 0) {
		log_line("no memory for a copy of the image (%llu KiB): a reset of the guest will end the VM",
			 (unsigned long long)(size / KIB));
		return;
	}
	for (uint32_t i = 0; i < block->range_count && error == 0; i++) {
		if (is_copied(&block->range[i]))
			error = copy_range(block, &block->range[i]);
	}
	exists = error == 0; /* a page that cannot be read cannot be granted either: the launch will say which */
}
