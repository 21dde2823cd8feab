/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha384.h"
#include "util.h"

struct chain {
	const struct igvm_file *file;
	struct igvm_error *error;
	uint32_t mask;
	enum zero_pages zero_pages;
	bool ambiguous;
	uint8_t digest[SNP_DIGEST_SIZE];
	/* Sizes of parameter areas, by their place in the list. */
	struct igvm_parameter_area *area;
	size_t area_count;
};

/* One step of the chain. content is NULL for page types whose content is not measured. */
static void extend(struct chain *chain, uint8_t type, uint64_t gpa, const void *content)
{
	struct snp_page_info info = { .length = sizeof(info), .page_type = type, .gpa = gpa };

	memcpy(info.digest_cur, chain->digest, SNP_DIGEST_SIZE);
	if (content)
		sha384(content, PAGE_SIZE, info.contents);
	sha384(&info, sizeof(info), chain->digest);
}

static int extend_page_data(struct chain *chain, const struct igvm_header *header)
{
	static const uint8_t zeros[PAGE_SIZE];
	const uint8_t *content = NULL;
	struct igvm_page_data page;
	uint8_t type = SNP_PAGE_TYPE_NORMAL;
	int result = igvm_read_page_data(chain->file, header, &page, chain->error);

	if (result != 0)
		return result;
	if ((page.compatibility_mask & chain->mask) == 0 || (page.flags & IGVM_PAGE_FLAG_SHARED))
		return 0;
	if (page.data_type == IGVM_PAGE_TYPE_SECRETS)
		type = SNP_PAGE_TYPE_SECRETS;
	else if (page.data_type != IGVM_PAGE_TYPE_NORMAL)
		type = SNP_PAGE_TYPE_CPUID;
	else if (page.flags & IGVM_PAGE_FLAG_UNMEASURED)
		type = SNP_PAGE_TYPE_UNMEASURED;
	if (page.file_offset != 0) {
		result = igvm_file_data(chain->file, header, page.file_offset, igvm_page_data_size(&page), &content,
					chain->error);
		if (result != 0)
			return result;
	} else if (type == SNP_PAGE_TYPE_NORMAL) {
		chain->ambiguous = true;
		if (chain->zero_pages == ZERO_PAGES_NATIVE)
			type = SNP_PAGE_TYPE_ZERO;
	}
	for (uint64_t done = 0; done < igvm_page_data_size(&page); done += PAGE_SIZE) {
		const uint8_t *measured = content ? content + done : zeros;

		extend(chain, type, page.gpa + done, type == SNP_PAGE_TYPE_NORMAL ? measured : NULL);
	}
	return 0;
}

static int remember_area(struct chain *chain, const struct igvm_header *header)
{
	struct igvm_parameter_area area;
	int result = igvm_read_parameter_area(chain->file, header, &area, chain->error);

	if (result == 0) {
		chain->area = reallocate(chain->area, (chain->area_count + 1) * sizeof(area));
		chain->area[chain->area_count++] = area;
	}
	return result;
}

static int extend_insert(struct chain *chain, const struct igvm_header *header)
{
	struct igvm_parameter_insert insert;
	int result = igvm_read_parameter_insert(chain->file, header, &insert, chain->error);

	if (result != 0 || (insert.compatibility_mask & chain->mask) == 0)
		return result;
	for (size_t i = 0; i < chain->area_count; i++) {
		if (chain->area[i].parameter_area_index != insert.parameter_area_index)
			continue;
		for (uint64_t done = 0; done < chain->area[i].number_of_bytes; done += PAGE_SIZE)
			extend(chain, SNP_PAGE_TYPE_UNMEASURED, insert.gpa + done, NULL);
		return 0;
	}
	*chain->error =
		(struct igvm_error){ "inserts a parameter area that does not exist", header->offset, header->type };
	return ERR_FORMAT;
}

static int extend_vp_context(struct chain *chain, const struct igvm_header *header)
{
	struct igvm_vp_context context;
	const uint8_t *content;
	int result = igvm_read_vp_context(chain->file, header, &context, chain->error);

	if (result != 0 || (context.compatibility_mask & chain->mask) == 0)
		return result;
	result = igvm_file_data(chain->file, header, context.file_offset, PAGE_SIZE, &content, chain->error);
	if (result == 0)
		extend(chain, SNP_PAGE_TYPE_VMSA, context.gpa, content);
	return result;
}

static int extend_directive(struct chain *chain, const struct igvm_header *header)
{
	switch (header->type) {
	case IGVM_VHT_PAGE_DATA:
		return extend_page_data(chain, header);
	case IGVM_VHT_PARAMETER_AREA:
		return remember_area(chain, header);
	case IGVM_VHT_PARAMETER_INSERT:
		return extend_insert(chain, header);
	case IGVM_VHT_VP_CONTEXT:
		return extend_vp_context(chain, header);
	default:
		return 0;
	}
}

int digest_compute(const struct igvm_file *file, uint32_t mask, enum zero_pages zero_pages,
		   uint8_t digest[SNP_DIGEST_SIZE], bool *ambiguous, struct igvm_error *error)
{
	struct chain chain = { .file = file, .error = error, .mask = mask, .zero_pages = zero_pages };
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		result = extend_directive(&chain, &header);
		if (result != 0)
			break;
	}
	free(chain.area);
	memcpy(digest, chain.digest, SNP_DIGEST_SIZE);
	*ambiguous = chain.ambiguous;
	return result == ERR_NOT_FOUND ? 0 : result;
}

void digest_format(const uint8_t digest[SNP_DIGEST_SIZE], char *text)
{
	for (size_t i = 0; i < SNP_DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
