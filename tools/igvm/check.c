/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct igvm_file *file;
	struct summary *summary;
	struct igvm_error *error;
	uint32_t *inserted; /* per area: masks for which it was inserted */
	size_t extent_capacity;
};

static int fail(struct walk *walk, const struct igvm_header *header, const char *text)
{
	*walk->error = (struct igvm_error){ text, header->offset, header->type };
	return ERR_FORMAT;
}

static int add_platform(struct walk *walk, const struct igvm_header *header)
{
	struct summary *summary = walk->summary;
	struct igvm_supported_platform platform;
	int result = igvm_read_platform(walk->file, header, &platform, walk->error);

	if (result != 0)
		return result;
	if (summary->masks & platform.compatibility_mask)
		return fail(walk, header, "two platforms have the same compatibility mask");
	summary->masks |= platform.compatibility_mask;
	summary->platform = reallocate(summary->platform, (summary->platform_count + 1) * sizeof(platform));
	summary->platform[summary->platform_count++] = platform;
	return 0;
}

static int check_mask(struct walk *walk, const struct igvm_header *header, uint32_t mask)
{
	if ((mask & walk->summary->masks) == 0)
		return fail(walk, header, "belongs to no platform of this file");
	return 0;
}

static int add_policy(struct walk *walk, const struct igvm_header *header)
{
	struct summary *summary = walk->summary;
	struct igvm_guest_policy policy;
	int result = igvm_read_policy(walk->file, header, &policy, walk->error);

	if (result == 0)
		result = check_mask(walk, header, policy.compatibility_mask);
	if (result == 0) {
		summary->policy = reallocate(summary->policy, (summary->policy_count + 1) * sizeof(policy));
		summary->policy[summary->policy_count++] = policy;
	}
	return result;
}

/* Index in the list, or area_count. */
static size_t find_area(const struct summary *summary, uint32_t index)
{
	size_t i = 0;

	while (i < summary->area_count && summary->area[i].parameter_area_index != index)
		i++;
	return i;
}

static int add_area(struct walk *walk, const struct igvm_header *header)
{
	struct summary *summary = walk->summary;
	struct igvm_parameter_area area;
	const uint8_t *content;
	int result = igvm_read_parameter_area(walk->file, header, &area, walk->error);

	if (result != 0)
		return result;
	if (find_area(summary, area.parameter_area_index) != summary->area_count)
		return fail(walk, header, "index of a parameter area is used twice");
	if (area.file_offset != 0) {
		result = igvm_file_data(walk->file, header, area.file_offset, area.number_of_bytes, &content,
					walk->error);
		if (result != 0)
			return result;
	}
	summary->area = reallocate(summary->area, (summary->area_count + 1) * sizeof(area));
	walk->inserted = reallocate(walk->inserted, (summary->area_count + 1) * sizeof(*walk->inserted));
	walk->inserted[summary->area_count] = 0;
	summary->area[summary->area_count++] = area;
	return 0;
}

static int check_parameter(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_parameter parameter;
	size_t area;
	int result = igvm_read_parameter(walk->file, header, &parameter, walk->error);

	if (result != 0)
		return result;
	area = find_area(walk->summary, parameter.parameter_area_index);
	if (walk->inserted == NULL || area == walk->summary->area_count)
		return fail(walk, header, "parameter goes to an area that does not exist");
	if (walk->inserted[area] != 0)
		return fail(walk, header, "parameter goes to an area that is inserted already");
	if (!range_within(parameter.byte_offset, sizeof(uint32_t), 0, walk->summary->area[area].number_of_bytes))
		return fail(walk, header, "parameter lies outside its area");
	return 0;
}

static int add_extent(struct walk *walk, const struct extent *extent)
{
	struct summary *summary = walk->summary;
	uint64_t end;

	if (!checked_add(extent->gpa, extent->size, &end)) {
		*walk->error = (struct igvm_error){ "reaches beyond the address space", extent->offset, extent->type };
		return ERR_FORMAT;
	}
	if (summary->extent_count == walk->extent_capacity) {
		walk->extent_capacity = walk->extent_capacity ? 2 * walk->extent_capacity : 1024;
		summary->extent = reallocate(summary->extent, walk->extent_capacity * sizeof(*extent));
	}
	summary->extent[summary->extent_count++] = *extent;
	return 0;
}

static int add_insert(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_parameter_insert insert;
	size_t area;
	int result = igvm_read_parameter_insert(walk->file, header, &insert, walk->error);

	if (result == 0)
		result = check_mask(walk, header, insert.compatibility_mask);
	if (result != 0)
		return result;
	area = find_area(walk->summary, insert.parameter_area_index);
	if (walk->inserted == NULL || area == walk->summary->area_count)
		return fail(walk, header, "inserts a parameter area that does not exist");
	if (walk->inserted[area] & insert.compatibility_mask)
		return fail(walk, header, "inserts a parameter area for the second time");
	walk->inserted[area] |= insert.compatibility_mask;
	return add_extent(walk, &(struct extent){
					.gpa = insert.gpa,
					.size = walk->summary->area[area].number_of_bytes,
					.mask = insert.compatibility_mask,
					.type = IGVM_VHT_PARAMETER_INSERT,
					.offset = header->offset,
				});
}

static int add_page(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_page_data page;
	const uint8_t *content;
	int result = igvm_read_page_data(walk->file, header, &page, walk->error);

	if (result == 0)
		result = check_mask(walk, header, page.compatibility_mask);
	if (result == 0 && page.file_offset != 0)
		result = igvm_file_data(walk->file, header, page.file_offset, igvm_page_data_size(&page), &content,
					walk->error);
	if (result != 0)
		return result;
	return add_extent(walk, &(struct extent){
					.gpa = page.gpa,
					.size = igvm_page_data_size(&page),
					.mask = page.compatibility_mask,
					.type = IGVM_VHT_PAGE_DATA,
					.data_type = page.data_type,
					.flags = page.flags,
					.zeros = page.file_offset == 0,
					.offset = header->offset,
				});
}

static bool is_snp(const struct summary *summary, uint32_t mask)
{
	for (size_t i = 0; i < summary->platform_count; i++) {
		if ((summary->platform[i].compatibility_mask & mask) &&
		    summary->platform[i].platform_type == IGVM_PLATFORM_SEV_SNP)
			return true;
	}
	return false;
}

static int add_context(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_vp_context context;
	const uint8_t *content;
	int result = igvm_read_vp_context(walk->file, header, &context, walk->error);

	if (result == 0)
		result = check_mask(walk, header, context.compatibility_mask);
	/* Other platforms have contexts of other sizes and at no address. */
	if (result != 0 || !is_snp(walk->summary, context.compatibility_mask))
		return result;
	result = igvm_file_data(walk->file, header, context.file_offset, PAGE_SIZE, &content, walk->error);
	if (result != 0)
		return result;
	return add_extent(walk, &(struct extent){
					.gpa = context.gpa,
					.size = PAGE_SIZE,
					.mask = context.compatibility_mask,
					.type = IGVM_VHT_VP_CONTEXT,
					.offset = header->offset,
				});
}

static int check_required_memory(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_required_memory memory;
	int result = igvm_read_required_memory(walk->file, header, &memory, walk->error);

	return result == 0 ? check_mask(walk, header, memory.compatibility_mask) : result;
}

static int check_header(struct walk *walk, const struct igvm_header *header)
{
	if (igvm_type_is_parameter(header->type))
		return check_parameter(walk, header);
	switch (header->type) {
	case IGVM_VHT_SUPPORTED_PLATFORM:
		return add_platform(walk, header);
	case IGVM_VHT_GUEST_POLICY:
		return add_policy(walk, header);
	case IGVM_VHT_PARAMETER_AREA:
		return add_area(walk, header);
	case IGVM_VHT_PARAMETER_INSERT:
		return add_insert(walk, header);
	case IGVM_VHT_PAGE_DATA:
		return add_page(walk, header);
	case IGVM_VHT_VP_CONTEXT:
		return add_context(walk, header);
	case IGVM_VHT_REQUIRED_MEMORY:
		return check_required_memory(walk, header);
	default:
		return 0;
	}
}

static int compare_extents(const void *a, const void *b)
{
	const struct extent *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return 0;
}

/* No two extents that one platform loads may share an address. */
static int check_overlaps(const struct summary *summary, uint32_t mask, struct igvm_error *error)
{
	struct extent *sorted = allocate(summary->extent_count * sizeof(*sorted));
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < summary->extent_count; i++) {
		if (summary->extent[i].mask & mask)
			sorted[count++] = summary->extent[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare_extents);
	for (size_t i = 1; i < count && result == 0; i++) {
		const struct extent *before = &sorted[i - 1], *extent = &sorted[i];

		if (ranges_overlap(before->gpa, before->size, extent->gpa, extent->size)) {
			const struct extent *later = before->offset > extent->offset ? before : extent;

			*error = (struct igvm_error){ "covers an address that an earlier header covers too",
						      later->offset, later->type };
			result = ERR_FORMAT;
		}
	}
	free(sorted);
	return result;
}

int check_file(const struct igvm_file *file, struct summary *summary, struct igvm_error *error)
{
	struct walk walk = { .file = file, .summary = summary, .error = error };
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	memset(summary, 0, sizeof(*summary));
	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		result = check_header(&walk, &header);
		if (result != 0)
			break;
	}
	free(walk.inserted);
	if (result != ERR_NOT_FOUND)
		return result;
	if (summary->platform_count == 0) {
		*error = (struct igvm_error){ "names no supported platform", file->headers_offset, 0 };
		return ERR_FORMAT;
	}
	for (size_t i = 0; i < summary->platform_count; i++) {
		result = check_overlaps(summary, summary->platform[i].compatibility_mask, error);
		if (result != 0)
			return result;
	}
	return 0;
}

void summary_free(struct summary *summary)
{
	free(summary->platform);
	free(summary->policy);
	free(summary->area);
	free(summary->extent);
	memset(summary, 0, sizeof(*summary));
}

void report_igvm_error(const char *path, const struct igvm_error *error)
{
	if (error->type == 0)
		report("%s: %s (at offset 0x%" PRIx64 ")", path, error->text, error->offset);
	else
		report("%s: %s (%s, type 0x%" PRIx32 ", at offset 0x%" PRIx64 ")", path, error->text,
		       igvm_type_name(error->type), error->type, error->offset);
}
