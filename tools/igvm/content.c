/* SPDX-License-Identifier: MIT */
#include "content.h"

static const uint8_t zeros[PAGE_SIZE];

static const uint8_t *page_content(const struct source *source, const struct igvm_header *header, uint64_t gpa)
{
	struct igvm_page_data page;
	struct igvm_error error;
	const uint8_t *content;

	if (igvm_read_page_data(&source->file, header, &page, &error) != 0 || gpa < page.gpa ||
	    gpa - page.gpa >= igvm_page_data_size(&page))
		return NULL;
	if (page.file_offset == 0)
		return zeros;
	if (igvm_file_data(&source->file, header, page.file_offset, igvm_page_data_size(&page), &content, &error) != 0)
		return NULL;
	return content + (gpa - page.gpa);
}

static const uint8_t *context_content(const struct source *source, const struct igvm_header *header)
{
	struct igvm_vp_context context;
	struct igvm_error error;
	const uint8_t *content;

	if (igvm_read_vp_context(&source->file, header, &context, &error) != 0 ||
	    igvm_file_data(&source->file, header, context.file_offset, PAGE_SIZE, &content, &error) != 0)
		return NULL;
	return content;
}

const uint8_t *content_of_directive(const struct source *source, uint64_t offset, uint32_t type, uint64_t gpa)
{
	struct igvm_header header = { .type = type, .offset = offset };

	if (type == IGVM_VHT_PAGE_DATA) {
		header.length = sizeof(struct igvm_page_data);
		return page_content(source, &header, gpa);
	}
	if (type != IGVM_VHT_VP_CONTEXT)
		return NULL;
	header.length = sizeof(struct igvm_vp_context);
	return context_content(source, &header);
}

const uint8_t *content_at(const struct source *source, uint32_t mask, uint64_t gpa)
{
	for (size_t i = 0; i < source->summary.extent_count; i++) {
		const struct extent *extent = &source->summary.extent[i];

		if ((extent->mask & mask) == 0 || gpa < extent->gpa || gpa - extent->gpa >= extent->size)
			continue;
		if (extent->type == IGVM_VHT_PAGE_DATA && extent->data_type == IGVM_PAGE_TYPE_SECRETS)
			return NULL;
		return content_of_directive(source, extent->offset, extent->type, gpa);
	}
	return NULL;
}
