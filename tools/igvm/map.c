/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "extents.h"

#define BAR_WIDTH 16u

/* One mark for up to 4 KiB, one more for each doubling: 16 stand for 128 MiB and more. */
static void print_bar(uint64_t pages, char mark)
{
	unsigned length = 1;

	while (length < BAR_WIDTH && pages > 1) {
		pages /= 2;
		length++;
	}
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		putchar(i < length ? mark : ' ');
}

static char mark_of(const struct extent *extent)
{
	if (extent->type == IGVM_VHT_PARAMETER_INSERT || (extent->flags & IGVM_PAGE_FLAG_UNMEASURED) != 0)
		return '?';
	if ((extent->flags & IGVM_PAGE_FLAG_SHARED) != 0)
		return 's';
	if (extent->type == IGVM_VHT_VP_CONTEXT)
		return 'V';
	return extent->data_type == IGVM_PAGE_TYPE_NORMAL ? '#' : 'P';
}

static void print_size(uint64_t pages)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t size = pages * 4;
	unsigned unit = 0;

	while (size >= 10240 && unit + 1 < ARRAY_SIZE(units)) {
		size /= 1024;
		unit++;
	}
	printf("%5" PRIu64 " %s", size, units[unit]);
}

static void print_gap(uint64_t from, uint64_t to)
{
	printf("                  |                  | ");
	print_size((to - from) / PAGE_SIZE);
	puts("  nothing: the loader leaves it alone");
}

void map_print(const struct summary *summary)
{
	struct extent *sorted = extents_by_address(summary);
	uint64_t end = 0;

	puts("\nguest memory, by address   (# measured  P filled by the security processor  V VMSA  ? not measured  s shared)\n"
	     "                  +------------------+");
	for (size_t i = 0; i < summary->extent_count;) {
		const struct extent *first = &sorted[i];
		uint64_t pages;

		if (first->gpa > end)
			print_gap(end, first->gpa);
		i = extent_run(sorted, summary->extent_count, i, &end);
		pages = (end - first->gpa) / PAGE_SIZE;
		printf("  0x%012" PRIx64 "  | ", first->gpa);
		print_bar(pages, mark_of(first));
		printf(" | ");
		print_size(pages);
		printf("  %s", extent_name(first));
		if (summary->platform_count > 1)
			printf(", mask 0x%" PRIx32, first->mask);
		printf("  (%" PRIu64 " page%s)\n", pages, pages == 1 ? "" : "s");
	}
	puts("                  +------------------+");
	free(sorted);
}
