/* SPDX-License-Identifier: MIT */
#include "extents.h"

#include <stdlib.h>
#include <string.h>

const char *extent_name(const struct extent *extent)
{
	if (extent->type == IGVM_VHT_PARAMETER_INSERT)
		return "parameters, written by the host";
	if (extent->type == IGVM_VHT_VP_CONTEXT)
		return "context of a processor (VMSA), measured";
	if (extent->data_type == IGVM_PAGE_TYPE_SECRETS)
		return "secrets page";
	if (extent->data_type != IGVM_PAGE_TYPE_NORMAL)
		return "CPUID page";
	if (extent->flags & IGVM_PAGE_FLAG_SHARED)
		return "shared with the host";
	if (extent->flags & IGVM_PAGE_FLAG_UNMEASURED)
		return "not measured";
	return extent->zeros ? "measured, no content" : "measured";
}

static bool continues(const struct extent *a, const struct extent *b)
{
	return a->gpa + a->size == b->gpa && a->mask == b->mask && a->type == b->type && a->data_type == b->data_type &&
	       a->flags == b->flags && a->zeros == b->zeros && a->type == IGVM_VHT_PAGE_DATA;
}

size_t extent_run(const struct extent *list, size_t count, size_t i, uint64_t *end)
{
	size_t next = i + 1;

	while (next < count && continues(&list[next - 1], &list[next]))
		next++;
	*end = list[next - 1].gpa + list[next - 1].size;
	return next;
}

static int compare(const void *a, const void *b)
{
	const struct extent *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

struct extent *extents_by_address(const struct summary *summary)
{
	struct extent *sorted = allocate(summary->extent_count * sizeof(*sorted));

	if (summary->extent_count != 0) {
		memcpy(sorted, summary->extent, summary->extent_count * sizeof(*sorted));
		qsort(sorted, summary->extent_count, sizeof(*sorted), compare);
	}
	return sorted;
}
