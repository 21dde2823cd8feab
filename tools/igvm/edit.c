/* SPDX-License-Identifier: MIT */
#include "edit.h"

#include <string.h>

#include "lib/crc32.h"

static uint32_t fixed_size(const struct igvm_file *file)
{
	return file->version == 2 ? sizeof(struct igvm_fixed_header_v2) : sizeof(struct igvm_fixed_header);
}

static uint64_t padded_size(uint32_t length)
{
	return sizeof(struct igvm_variable_header) + align_up(length, 8);
}

static bool is_dropped(const struct igvm_file *file, const struct igvm_header *header, const struct edit *edit)
{
	uint32_t mask;

	if (header->type != edit->drop_type || edit->drop_mask == 0 || header->length < sizeof(mask))
		return false;
	memcpy(&mask, file->data + header->offset + sizeof(struct igvm_variable_header), sizeof(mask));
	return (mask & edit->drop_mask) != 0;
}

/* Where the body of a header has a file offset; 0: nowhere. False: unknown. */
static bool offset_field(uint32_t type, uint32_t *field)
{
	*field = 0;
	switch (type) {
	case IGVM_VHT_PAGE_DATA:
		*field = offsetof(struct igvm_page_data, file_offset);
		return true;
	case IGVM_VHT_PARAMETER_AREA:
		*field = offsetof(struct igvm_parameter_area, file_offset);
		return true;
	case IGVM_VHT_VP_CONTEXT:
		*field = offsetof(struct igvm_vp_context, file_offset);
		return true;
	default:
		return igvm_type_known(type);
	}
}

struct plan {
	uint64_t headers_size; /* of the new file */
	uint64_t first;	       /* lowest offset of contents in the old file */
	bool unknown;	       /* a header that may point to contents in a way that is not known here */
	struct igvm_header unknown_header;
};

static int make_plan(const struct igvm_file *file, const struct edit *edit, struct plan *plan, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	*plan = (struct plan){ .first = file->size };
	if (edit->add_type != 0)
		plan->headers_size = padded_size(edit->add_size);
	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		uint32_t field, offset;

		if (is_dropped(file, &header, edit))
			continue;
		plan->headers_size += padded_size(header.length);
		if (!offset_field(header.type, &field)) {
			plan->unknown = true;
			plan->unknown_header = header;
		} else if (field != 0) {
			memcpy(&offset, file->data + header.offset + sizeof(struct igvm_variable_header) + field,
			       sizeof(offset));
			if (offset != 0 && offset < plan->first)
				plan->first = offset;
		}
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

static void copy_header(const struct igvm_file *file, const struct igvm_header *header, uint64_t shift, uint8_t *to)
{
	uint32_t field, offset;

	memcpy(to, file->data + header->offset, sizeof(struct igvm_variable_header) + header->length);
	if (!offset_field(header->type, &field) || field == 0)
		return;
	to += sizeof(struct igvm_variable_header) + field;
	memcpy(&offset, to, sizeof(offset));
	if (offset == 0)
		return;
	offset += (uint32_t)shift;
	memcpy(to, &offset, sizeof(offset));
}

static int copy_headers(const struct igvm_file *file, const struct edit *edit, uint64_t shift, uint8_t *to,
			struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		if (is_dropped(file, &header, edit))
			continue;
		copy_header(file, &header, shift, to);
		to += padded_size(header.length);
	}
	if (edit->add_type != 0) {
		const struct igvm_variable_header added = { edit->add_type, edit->add_size };

		memcpy(to, &added, sizeof(added));
		memcpy(to + sizeof(added), edit->add_body, edit->add_size);
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

static void set_fixed_header(const struct igvm_file *file, uint64_t headers_size, struct blob *out)
{
	struct igvm_fixed_header fixed;
	uint32_t size = fixed_size(file);

	memcpy(out->data, file->data, size);
	memcpy(&fixed, out->data, sizeof(fixed));
	fixed.variable_header_offset = size;
	fixed.variable_header_size = (uint32_t)headers_size;
	fixed.total_file_size = (uint32_t)out->size;
	fixed.checksum = 0;
	memcpy(out->data, &fixed, sizeof(fixed));
	fixed.checksum = crc32_extend(crc32_extend(0, out->data, size), out->data + size, (size_t)headers_size);
	memcpy(out->data, &fixed, sizeof(fixed));
}

static int refuse(struct igvm_error *error, const char *text, const struct igvm_header *header)
{
	*error = (struct igvm_error){ text, header->offset, header->type };
	return ERR_UNSUPPORTED;
}

int edit_file(const struct igvm_file *file, const struct edit *edit, struct blob *out, struct igvm_error *error)
{
	const struct igvm_header none = { .offset = file->headers_offset };
	uint64_t end, shift = 0;
	struct plan plan;
	int result = make_plan(file, edit, &plan, error);

	*out = (struct blob){ NULL, 0 };
	if (result != 0)
		return result;
	end = fixed_size(file) + plan.headers_size;
	if (plan.first < file->headers_offset)
		return refuse(error, "contents stand in front of the headers: cannot be edited", &none);
	if (end > plan.first)
		shift = align_up(end - plan.first, PAGE_SIZE);
	if (shift != 0 && plan.unknown)
		return refuse(error, "contents must move, and this header may point to them in an unknown way",
			      &plan.unknown_header);
	if (file->size + shift > UINT32_MAX)
		return refuse(error, "the file would be larger than 4 GiB", &none);
	out->size = file->size + shift;
	out->data = allocate(out->size);
	memcpy(out->data + plan.first + shift, file->data + plan.first, file->size - plan.first);
	result = copy_headers(file, edit, shift, out->data + fixed_size(file), error);
	set_fixed_header(file, plan.headers_size, out);
	return result;
}
