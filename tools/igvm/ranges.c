/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "layout.h"

int launch_range_add(struct launch_block *block, uint64_t gpa, uint64_t size, uint32_t kind, uint32_t flags)
{
	struct launch_range *last = block->range_count ? &block->range[block->range_count - 1] : NULL;

	if (last && last->gpa + last->size == gpa && last->kind == kind && last->flags == flags) {
		last->size += size;
		return 0;
	}
	if (block->range_count == LAUNCH_RANGE_MAX) {
		report("the guest's image falls into more than %u ranges of memory", LAUNCH_RANGE_MAX);
		return ERR_INVALID;
	}
	block->range[block->range_count++] = (struct launch_range){ gpa, size, kind, flags };
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct launch_range *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	return 0;
}

int launch_ranges_finish(struct launch_block *block)
{
	uint32_t count = block->range_count;

	qsort(block->range, count, sizeof(block->range[0]), compare_ranges);
	block->range_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct launch_range range = block->range[i];

		if (ranges_overlap(range.gpa, range.size, block->region_gpa, MONITOR_SIZE)) {
			report("guest memory 0x%" PRIx64 "-0x%" PRIx64 " overlaps the monitor", range.gpa,
			       range.gpa + range.size - 1);
			return ERR_INVALID;
		}
		if (i + 1 < count && ranges_overlap(range.gpa, range.size, block->range[i + 1].gpa, 1)) {
			report("two parts of the guest's image overlap at address 0x%" PRIx64, block->range[i + 1].gpa);
			return ERR_INVALID;
		}
		/* Never writes ahead of i: merging only makes the list shorter. */
		if (launch_range_add(block, range.gpa, range.size, range.kind, range.flags) != 0)
			return ERR_INVALID;
	}
	for (uint32_t i = block->range_count; i < count; i++)
		block->range[i] = (struct launch_range){ 0 };
	return 0;
}
