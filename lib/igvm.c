/* SPDX-License-Identifier: MIT */
#include "lib/igvm.h"

#include "lib/contract.h"
#include "lib/crc32.h"
#include "lib/string.h"

#define PLATFORM_FIRST 0x001u
#define PLATFORM_LAST 0x100u
#define INITIALIZATION_FIRST 0x101u
#define INITIALIZATION_LAST 0x200u
#define DIRECTIVE_FIRST 0x301u
#define DIRECTIVE_LAST 0x400u

#define HEADER_ALIGNMENT 8u

struct type_info {
	uint32_t type;
	uint32_t body_size; /* 0: this reader does not decode the body */
	bool parameter;
	const char *name;
};

static const struct type_info type_table[] = {
	{ IGVM_VHT_SUPPORTED_PLATFORM, sizeof(struct igvm_supported_platform), false, "SUPPORTED_PLATFORM" },
	{ IGVM_VHT_GUEST_POLICY, sizeof(struct igvm_guest_policy), false, "GUEST_POLICY" },
	{ IGVM_VHT_RELOCATABLE_REGION, 48, false, "RELOCATABLE_REGION" },
	{ IGVM_VHT_PAGE_TABLE_RELOCATION, 32, false, "PAGE_TABLE_RELOCATION" },
	{ IGVM_VHT_PARAMETER_AREA, sizeof(struct igvm_parameter_area), false, "PARAMETER_AREA" },
	{ IGVM_VHT_PAGE_DATA, sizeof(struct igvm_page_data), false, "PAGE_DATA" },
	{ IGVM_VHT_PARAMETER_INSERT, sizeof(struct igvm_parameter_insert), false, "PARAMETER_INSERT" },
	{ IGVM_VHT_VP_CONTEXT, sizeof(struct igvm_vp_context), false, "VP_CONTEXT" },
	{ IGVM_VHT_REQUIRED_MEMORY, sizeof(struct igvm_required_memory), false, "REQUIRED_MEMORY" },
	{ IGVM_VHT_VP_COUNT_PARAMETER, sizeof(struct igvm_parameter), true, "VP_COUNT_PARAMETER" },
	{ IGVM_VHT_SRAT, sizeof(struct igvm_parameter), true, "SRAT" },
	{ IGVM_VHT_MADT, sizeof(struct igvm_parameter), true, "MADT" },
	{ IGVM_VHT_MMIO_RANGES, sizeof(struct igvm_parameter), true, "MMIO_RANGES" },
	{ IGVM_VHT_SNP_ID_BLOCK, sizeof(struct igvm_snp_id_block), false, "SNP_ID_BLOCK" },
	{ IGVM_VHT_MEMORY_MAP, sizeof(struct igvm_parameter), true, "MEMORY_MAP" },
	{ IGVM_VHT_ERROR_RANGE, 16, false, "ERROR_RANGE" },
	{ IGVM_VHT_COMMAND_LINE, sizeof(struct igvm_parameter), true, "COMMAND_LINE" },
	{ IGVM_VHT_SLIT, sizeof(struct igvm_parameter), true, "SLIT" },
	{ IGVM_VHT_PPTT, sizeof(struct igvm_parameter), true, "PPTT" },
	{ IGVM_VHT_VBS_MEASUREMENT, 0, false, "VBS_MEASUREMENT" },
	{ IGVM_VHT_DEVICE_TREE, sizeof(struct igvm_parameter), true, "DEVICE_TREE" },
	{ IGVM_VHT_ENVIRONMENT_INFO, sizeof(struct igvm_parameter), true, "ENVIRONMENT_INFO" },
};

static int fail(struct igvm_error *error, int code, const char *text, uint64_t offset, uint32_t type)
{
	error->text = text;
	error->offset = offset;
	error->type = type;
	return code;
}

static const struct type_info *find_type(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_table); i++) {
		if (type_table[i].type == type)
			return &type_table[i];
	}
	return NULL;
}

const char *igvm_type_name(uint32_t type)
{
	const struct type_info *info = find_type(type);
	return info ? info->name : "unknown";
}

bool igvm_type_known(uint32_t type)
{
	return find_type(type) != NULL;
}

bool igvm_type_is_parameter(uint32_t type)
{
	const struct type_info *info = find_type(type);
	return info && info->parameter;
}

/* 1, 2, 3 in the order the sections must have; 0 for a type that belongs to none. */
static uint32_t section_of(uint32_t type)
{
	if (type >= PLATFORM_FIRST && type <= PLATFORM_LAST)
		return 1;
	if (type >= INITIALIZATION_FIRST && type <= INITIALIZATION_LAST)
		return 2;
	if (type >= DIRECTIVE_FIRST && type <= DIRECTIVE_LAST)
		return 3;
	return 0;
}

static uint32_t compute_checksum(const struct igvm_file *file, uint32_t fixed_size)
{
	struct igvm_fixed_header_v2 fixed;
	uint32_t checksum;

	memcpy(&fixed, file->data, fixed_size);
	fixed.v1.checksum = 0;
	checksum = crc32_extend(0, &fixed, fixed_size);
	return crc32_extend(checksum, file->data + file->headers_offset, (size_t)file->headers_size);
}

static int read_fixed_header(struct igvm_file *file, const void *data, uint64_t size, struct igvm_error *error)
{
	struct igvm_fixed_header_v2 fixed;
	uint32_t fixed_size = sizeof(fixed.v1);

	if (size < sizeof(fixed.v1))
		return fail(error, ERR_FORMAT, "shorter than an IGVM fixed header", size, 0);
	memcpy(&fixed.v1, data, sizeof(fixed.v1));
	if (fixed.v1.magic != IGVM_MAGIC)
		return fail(error, ERR_FORMAT, "not an IGVM file: bad magic number", 0, 0);
	if (fixed.v1.format_version != 1 && fixed.v1.format_version != 2)
		return fail(error, ERR_UNSUPPORTED, "unknown format version", 4, 0);
	file->architecture = IGVM_ARCH_X64;
	file->page_size = (uint32_t)PAGE_SIZE;
	if (fixed.v1.format_version == 2) {
		if (size < sizeof(fixed))
			return fail(error, ERR_FORMAT, "shorter than an IGVM fixed header", size, 0);
		memcpy(&fixed, data, sizeof(fixed));
		fixed_size = sizeof(fixed);
		file->architecture = fixed.architecture;
		file->page_size = fixed.page_size;
	}
	if (fixed.v1.total_file_size > size)
		return fail(error, ERR_FORMAT, "file is truncated: shorter than its header says", 16, 0);
	if (fixed.v1.variable_header_offset < fixed_size ||
	    !is_aligned(fixed.v1.variable_header_offset, HEADER_ALIGNMENT))
		return fail(error, ERR_FORMAT, "variable headers overlap the fixed header or are not aligned", 8, 0);
	if (!range_within(fixed.v1.variable_header_offset, fixed.v1.variable_header_size, fixed_size,
			  fixed.v1.total_file_size))
		return fail(error, ERR_FORMAT, "variable headers are empty or reach beyond the file", 12, 0);
	file->data = data;
	file->size = fixed.v1.total_file_size;
	file->version = fixed.v1.format_version;
	file->checksum = fixed.v1.checksum;
	file->headers_offset = fixed.v1.variable_header_offset;
	file->headers_size = fixed.v1.variable_header_size;
	if (compute_checksum(file, fixed_size) != fixed.v1.checksum)
		return fail(error, ERR_FORMAT, "checksum of the headers is wrong", 20, 0);
	if (file->architecture != IGVM_ARCH_X64)
		return fail(error, ERR_UNSUPPORTED, "not for x86-64", 24, 0);
	if (file->page_size != PAGE_SIZE)
		return fail(error, ERR_UNSUPPORTED, "page size is not 4096", 28, 0);
	return 0;
}

int igvm_next(const struct igvm_file *file, struct igvm_cursor *cursor, struct igvm_header *header,
	      struct igvm_error *error)
{
	uint64_t offset = file->headers_offset + cursor->consumed;
	uint64_t left = file->headers_size - cursor->consumed;
	struct igvm_variable_header raw;
	uint64_t padded;

	if (cursor->consumed >= file->headers_size)
		return ERR_NOT_FOUND;
	if (left < sizeof(raw))
		return fail(error, ERR_FORMAT, "variable header is cut off", offset, 0);
	memcpy(&raw, file->data + offset, sizeof(raw));
	header->type = raw.type & ~IGVM_TYPE_OPTIONAL;
	header->optional = (raw.type & IGVM_TYPE_OPTIONAL) != 0;
	header->length = raw.length;
	header->offset = offset;
	left -= sizeof(raw);
	if (raw.length > left)
		return fail(error, ERR_FORMAT, "variable header is longer than the header section", offset,
			    header->type);
	padded = align_up(raw.length, HEADER_ALIGNMENT);
	cursor->consumed += sizeof(raw) + (padded < left ? padded : left);
	return 0;
}

/* All headers: sections in order, body sizes as the types demand, nothing unknown that must be known. */
static int check_headers(const struct igvm_file *file, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	uint32_t section = 0;
	int result;

	while ((result = igvm_next(file, &cursor, &header, error)) == 0)
		LOOP_ASSIGNS(cursor, header, section, result, LOOP_OBJECT(error))
		LOOP_INVARIANT(cursor.consumed <= file->headers_size && section <= 3)
		LOOP_DECREASES(file->headers_size - cursor.consumed) {
		const struct type_info *info = find_type(header.type);
		uint32_t its_section = section_of(header.type);

		if (!info && !header.optional)
			return fail(error, ERR_UNSUPPORTED, "unknown type that is not optional", header.offset,
				    header.type);
		if (its_section != 0 && its_section < section)
			return fail(error, ERR_FORMAT, "out of order: platforms, initialization, directives",
				    header.offset, header.type);
		if (its_section != 0)
			section = its_section;
		if (info && info->body_size != 0 && info->body_size != header.length)
			return fail(error, ERR_FORMAT, "length is not that of its type", header.offset, header.type);
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

int igvm_open(struct igvm_file *file, const void *data, uint64_t size, struct igvm_error *error)
{
	int result = read_fixed_header(file, data, size, error);

	if (result == 0)
		result = check_headers(file, error);
	return result;
}

/* Copies the body of a header whose type and length are as expected. */
static int copy_body(const struct igvm_file *file, const struct igvm_header *header, uint32_t type, void *body,
		     uint32_t size, struct igvm_error *error)
{
	uint64_t start;

	if (header->type != type)
		return fail(error, ERR_INVALID, "read as another type", header->offset, header->type);
	if (header->length != size)
		return fail(error, ERR_FORMAT, "length is not that of its type", header->offset, header->type);
	if (!checked_add(header->offset, sizeof(struct igvm_variable_header), &start) ||
	    !range_within(start, size, file->headers_offset, file->headers_offset + file->headers_size))
		return fail(error, ERR_FORMAT, "body lies outside the variable headers", header->offset, header->type);
	memcpy(body, file->data + start, size);
	return 0;
}

static int fail_field(const struct igvm_header *header, size_t field_offset, const char *text, struct igvm_error *error)
{
	return fail(error, ERR_FORMAT, text, header->offset + sizeof(struct igvm_variable_header) + field_offset,
		    header->type);
}

int igvm_read_platform(const struct igvm_file *file, const struct igvm_header *header,
		       struct igvm_supported_platform *platform, struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_SUPPORTED_PLATFORM, platform, sizeof(*platform), error);
	uint32_t mask;

	if (result != 0)
		return result;
	mask = platform->compatibility_mask;
	if (mask == 0 || (mask & (mask - 1)) != 0)
		return fail_field(header, 0, "compatibility mask of a platform must have exactly one bit", error);
	return 0;
}

int igvm_read_policy(const struct igvm_file *file, const struct igvm_header *header, struct igvm_guest_policy *policy,
		     struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_GUEST_POLICY, policy, sizeof(*policy), error);

	if (result == 0 && policy->reserved != 0)
		return fail_field(header, offsetof(struct igvm_guest_policy, reserved), "reserved field is not zero",
				  error);
	return result;
}

int igvm_read_parameter_area(const struct igvm_file *file, const struct igvm_header *header,
			     struct igvm_parameter_area *area, struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_PARAMETER_AREA, area, sizeof(*area), error);

	if (result == 0 && (area->number_of_bytes == 0 || !is_aligned(area->number_of_bytes, PAGE_SIZE)))
		return fail_field(header, 0, "size of a parameter area must be a multiple of the page size", error);
	/* Parameters have 32-bit offsets, so that nobody needs more; and nobody has to allocate it. */
	if (result == 0 && area->number_of_bytes > UINT32_MAX)
		return fail_field(header, 0, "parameter area is larger than 4 GiB", error);
	return result;
}

uint64_t igvm_page_data_size(const struct igvm_page_data *page)
{
	return page->flags & IGVM_PAGE_FLAG_2M ? PAGE_SIZE_2M : PAGE_SIZE;
}

int igvm_read_page_data(const struct igvm_file *file, const struct igvm_header *header, struct igvm_page_data *page,
			struct igvm_error *error)
{
	const uint32_t known_flags = IGVM_PAGE_FLAG_2M | IGVM_PAGE_FLAG_UNMEASURED | IGVM_PAGE_FLAG_SHARED;
	int result = copy_body(file, header, IGVM_VHT_PAGE_DATA, page, sizeof(*page), error);
	uint64_t end;

	if (result != 0)
		return result;
	if (!is_aligned(page->gpa, igvm_page_data_size(page)))
		return fail_field(header, 0, "page address is not aligned", error);
	if (!checked_add(page->gpa, igvm_page_data_size(page), &end))
		return fail_field(header, 0, "page reaches beyond the address space", error);
	if (page->flags & ~known_flags)
		return fail_field(header, offsetof(struct igvm_page_data, flags), "unknown page flag", error);
	if (page->data_type > IGVM_PAGE_TYPE_CPUID_XF)
		return fail_field(header, offsetof(struct igvm_page_data, data_type), "unknown page type", error);
	if (page->reserved != 0)
		return fail_field(header, offsetof(struct igvm_page_data, reserved), "reserved field is not zero",
				  error);
	return 0;
}

int igvm_read_parameter_insert(const struct igvm_file *file, const struct igvm_header *header,
			       struct igvm_parameter_insert *insert, struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_PARAMETER_INSERT, insert, sizeof(*insert), error);

	if (result == 0 && !is_aligned(insert->gpa, PAGE_SIZE))
		return fail_field(header, 0, "page address is not aligned", error);
	return result;
}

int igvm_read_vp_context(const struct igvm_file *file, const struct igvm_header *header,
			 struct igvm_vp_context *context, struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_VP_CONTEXT, context, sizeof(*context), error);

	if (result != 0)
		return result;
	if (!is_aligned(context->gpa, PAGE_SIZE))
		return fail_field(header, 0, "address of the VP context is not aligned", error);
	if (context->reserved != 0)
		return fail_field(header, offsetof(struct igvm_vp_context, reserved), "reserved field is not zero",
				  error);
	return 0;
}

int igvm_read_required_memory(const struct igvm_file *file, const struct igvm_header *header,
			      struct igvm_required_memory *memory, struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_REQUIRED_MEMORY, memory, sizeof(*memory), error);
	uint64_t end;

	if (result != 0)
		return result;
	if (!is_aligned(memory->gpa, PAGE_SIZE) || !is_aligned(memory->number_of_bytes, PAGE_SIZE))
		return fail_field(header, 0, "range is not page aligned", error);
	if (!checked_add(memory->gpa, memory->number_of_bytes, &end))
		return fail_field(header, 0, "range reaches beyond the address space", error);
	return 0;
}

int igvm_read_id_block(const struct igvm_file *file, const struct igvm_header *header, struct igvm_snp_id_block *block,
		       struct igvm_error *error)
{
	int result = copy_body(file, header, IGVM_VHT_SNP_ID_BLOCK, block, sizeof(*block), error);

	if (result != 0)
		return result;
	if (block->author_key_enabled > 1)
		return fail_field(header, offsetof(struct igvm_snp_id_block, author_key_enabled),
				  "author key must be enabled or not: 1 or 0", error);
	if ((block->reserved[0] | block->reserved[1] | block->reserved[2]) != 0 || block->id_public_key.reserved != 0 ||
	    block->author_public_key.reserved != 0)
		return fail_field(header, offsetof(struct igvm_snp_id_block, reserved), "reserved field is not zero",
				  error);
	return 0;
}

int igvm_read_parameter(const struct igvm_file *file, const struct igvm_header *header,
			struct igvm_parameter *parameter, struct igvm_error *error)
{
	if (!igvm_type_is_parameter(header->type))
		return fail(error, ERR_INVALID, "read as another type", header->offset, header->type);
	return copy_body(file, header, header->type, parameter, sizeof(*parameter), error);
}

int igvm_file_data(const struct igvm_file *file, const struct igvm_header *header, uint64_t offset, uint64_t size,
		   const uint8_t **data, struct igvm_error *error)
{
	uint64_t fixed_size =
		file->version == 2 ? sizeof(struct igvm_fixed_header_v2) : sizeof(struct igvm_fixed_header);

	if (!range_within(offset, size, fixed_size, file->size))
		return fail(error, ERR_FORMAT, "data lies outside the file", header->offset, header->type);
	if (ranges_overlap(offset, size, file->headers_offset, file->headers_size))
		return fail(error, ERR_FORMAT, "data overlaps the headers", header->offset, header->type);
	*data = file->data + offset;
	return 0;
}
