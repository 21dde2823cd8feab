/* SPDX-License-Identifier: MIT */
#include "kernel/guest/pristine.h"

#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/x86/access.h"

#define SHARE_OF_RAM 8u
#define KIB 1024ull

static uint8_t *copy;

bool pristine_exists(void)
{
	return copy != NULL;
}

static uint64_t image_size(const struct launch_block *block)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < block->range_count; i++)
		size += block->range[i].kind == LAUNCH_RANGE_IMAGE ? block->range[i].size : 0;
	return size;
}

/* The ranges' pages lie one behind the other, in the order of the ranges. ~0: it is none of them. */
static uint64_t offset_of(const struct launch_block *block, uint64_t gpa)
{
	uint64_t offset = 0;

	for (uint32_t i = 0; i < block->range_count; i++) {
		const struct launch_range *range = &block->range[i];

		if (range->kind != LAUNCH_RANGE_IMAGE)
			continue;
		if (gpa >= range->gpa && gpa - range->gpa < range->size)
			return offset + (gpa - range->gpa);
		offset += range->size;
	}
	return ~0ull;
}

const uint8_t *pristine_page(const struct launch_block *block, uint64_t gpa)
{
	uint64_t offset = offset_of(block, gpa);

	return copy == NULL || offset == ~0ull ? NULL : copy + offset;
}

static int copy_range(const struct launch_block *block, const struct launch_range *range)
{
	int error = 0;

	for (uint64_t at = range->gpa; error == 0 && at < range->gpa + range->size; at += PAGE_SIZE) {
		va_t where = memory_window_map(WINDOW_COPY, gpa(at));

		error = access_copy(copy + offset_of(block, at), (const void *)(uintptr_t)where.v, PAGE_SIZE);
		memory_window_unmap(WINDOW_COPY);
	}
	return error;
}

void pristine_save(const struct launch_block *block, struct memory_map *map)
{
	uint64_t size = image_size(block);
	void *memory = NULL;
	int error = 0;

	if (size == 0)
		return;
	if (size > memory_map_total(map) / SHARE_OF_RAM || memory_take_blocks(map, size, &memory) != 0) {
		log_line("no memory for a copy of the image (%llu KiB): a reset of the guest will end the VM",
			 (unsigned long long)(size / KIB));
		return;
	}
	copy = memory;
	for (uint32_t i = 0; i < block->range_count && error == 0; i++) {
		if (block->range[i].kind == LAUNCH_RANGE_IMAGE)
			error = copy_range(block, &block->range[i]);
	}
	if (error != 0)
		copy = NULL; /* a page that cannot be read cannot be granted either: the launch will say which */
}
