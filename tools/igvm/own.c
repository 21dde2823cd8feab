/* SPDX-License-Identifier: MIT */
#include "own.h"

#include <string.h>

#include "lib/policy.h"

struct found {
	const uint8_t *content;
	struct igvm_header header;
	uint64_t gpa, offset;
};

/* Next page with content behind the cursor; ERR_NOT_FOUND: none. */
static int next_page(const struct igvm_file *file, struct igvm_cursor *cursor, struct found *found,
		     struct igvm_error *error)
{
	struct igvm_page_data page;
	int result;

	while ((result = igvm_next(file, cursor, &found->header, error)) == 0) {
		if (found->header.type != IGVM_VHT_PAGE_DATA)
			continue;
		result = igvm_read_page_data(file, &found->header, &page, error);
		if (result != 0)
			return result;
		if (page.file_offset == 0 || page.data_type != IGVM_PAGE_TYPE_NORMAL)
			continue;
		found->gpa = page.gpa;
		found->offset = page.file_offset;
		return igvm_file_data(file, &found->header, page.file_offset, PAGE_SIZE, &found->content, error);
	}
	return result;
}

static int find_block(const struct igvm_file *file, struct own_pages *own, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct found found;
	int result;

	while ((result = next_page(file, &cursor, &found, error)) == 0) {
		memcpy(&own->block, found.content, sizeof(own->block));
		if (own->block.magic != LAUNCH_MAGIC)
			continue;
		if (own->block.version != LAUNCH_VERSION) {
			*error = (struct igvm_error){ "launch block of another version of the monitor",
						      found.header.offset, found.header.type };
			return ERR_UNSUPPORTED;
		}
		if (own->block.region_gpa + LAUNCH_OFF_BLOCK == found.gpa && own->block.range_count <= LAUNCH_RANGE_MAX)
			return 0;
	}
	return result;
}

static int find_policy(const struct igvm_file *file, struct own_pages *own, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct found found;
	const char *wrong;
	int result;

	while ((result = next_page(file, &cursor, &found, error)) == 0) {
		if (found.gpa != own->block.region_gpa + LAUNCH_OFF_POLICY)
			continue;
		memcpy(&own->policy, found.content, sizeof(own->policy));
		own->policy_offset = found.offset;
		own->policy_header = found.header;
		wrong = policy_check(&own->policy);
		*error = (struct igvm_error){ wrong, found.header.offset, found.header.type };
		return wrong == NULL ? 0 : ERR_FORMAT;
	}
	if (result == ERR_NOT_FOUND) {
		*error = (struct igvm_error){ "launch block, but no policy page", file->headers_offset, 0 };
		return ERR_FORMAT;
	}
	return result;
}

int own_find(const struct igvm_file *file, struct own_pages *own, struct igvm_error *error)
{
	int result = find_block(file, own, error);

	return result == 0 ? find_policy(file, own, error) : result;
}
