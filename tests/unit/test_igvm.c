/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "lib/igvm.h"
#include "tests/unit/exact_copy.h"
#include "tests/unit/igvm_file.h"
#include "tests/unit/unit.h"

/*
 * Reads all that can be read. The copy has exactly the size of the file, so that the address sanitizer sees every
 * access beyond it.
 */
static int read_all(const uint8_t *data, size_t size, unsigned *headers, struct igvm_error *error)
{
	uint8_t *copy = exact_copy(data, size);
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_file file;
	int result;

	*headers = 0;
	result = igvm_open(&file, copy, size, error);
	while (result == 0 && (result = igvm_next(&file, &cursor, &header, error)) == 0) {
		struct igvm_supported_platform platform;
		struct igvm_guest_policy policy;
		struct igvm_parameter_area area;
		struct igvm_page_data page;
		struct igvm_parameter_insert insert;
		struct igvm_vp_context context;
		struct igvm_required_memory memory;
		struct igvm_parameter parameter;
		const uint8_t *content;

		(*headers)++;
		if (header.type == IGVM_VHT_SUPPORTED_PLATFORM)
			result = igvm_read_platform(&file, &header, &platform, error);
		if (header.type == IGVM_VHT_GUEST_POLICY)
			result = igvm_read_policy(&file, &header, &policy, error);
		if (header.type == IGVM_VHT_PARAMETER_AREA)
			result = igvm_read_parameter_area(&file, &header, &area, error);
		if (header.type == IGVM_VHT_PARAMETER_INSERT)
			result = igvm_read_parameter_insert(&file, &header, &insert, error);
		if (header.type == IGVM_VHT_REQUIRED_MEMORY)
			result = igvm_read_required_memory(&file, &header, &memory, error);
		if (igvm_type_is_parameter(header.type))
			result = igvm_read_parameter(&file, &header, &parameter, error);
		if (header.type == IGVM_VHT_PAGE_DATA) {
			result = igvm_read_page_data(&file, &header, &page, error);
			if (result == 0 && page.file_offset != 0)
				result = igvm_file_data(&file, &header, page.file_offset, igvm_page_data_size(&page),
							&content, error);
			if (result == 0 && page.file_offset != 0)
				result = content[igvm_page_data_size(&page) - 1] == 0x77 ? ERR_INVALID : 0;
		}
		if (header.type == IGVM_VHT_VP_CONTEXT) {
			result = igvm_read_vp_context(&file, &header, &context, error);
			if (result == 0)
				result = igvm_file_data(&file, &header, context.file_offset, 4096, &content, error);
			if (result == 0)
				result = content[4095] == 0x77 ? ERR_INVALID : 0;
		}
		if (result != 0)
			break;
	}
	free(copy);
	return result == ERR_NOT_FOUND ? 0 : result;
}

static int read_file(const struct test_file *file, struct igvm_error *error)
{
	unsigned headers;

	*error = (struct igvm_error){ "", 0, 0 };
	return read_all(file->data, file->size, &headers, error);
}

TEST(reads_both_versions)
{
	for (uint32_t version = 1; version <= 2; version++) {
		struct test_file sample;
		struct igvm_error error;
		unsigned headers;

		file_sample(&sample, version);
		CHECK_EQ(read_all(sample.data, sample.size, &headers, &error), 0);
		CHECK_EQ(headers, 10);
	}
}

TEST(fields_arrive)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_page_data page;
	struct igvm_parameter parameter;
	struct igvm_error error;
	struct igvm_file file;
	struct test_file sample;
	const uint8_t *content;
	unsigned pages = 0;

	file_sample(&sample, 1);
	REQUIRE(igvm_open(&file, sample.data, sample.size, &error) == 0);
	CHECK_EQ(file.version, 1);
	CHECK_EQ(file.page_size, 4096);
	CHECK_EQ(file.size, sample.size);
	while (igvm_next(&file, &cursor, &header, &error) == 0) {
		if (header.type == IGVM_VHT_MADT) {
			CHECK(header.optional);
			REQUIRE(igvm_read_parameter(&file, &header, &parameter, &error) == 0);
			CHECK_EQ(parameter.byte_offset, 8);
		}
		if (header.type != IGVM_VHT_PAGE_DATA)
			continue;
		pages++;
		CHECK(!header.optional);
		REQUIRE(igvm_read_page_data(&file, &header, &page, &error) == 0);
		CHECK_EQ(page.gpa, pages * 0x1000);
		REQUIRE(igvm_file_data(&file, &header, page.file_offset, 4096, &content, &error) == 0);
		CHECK_EQ(content[0], 0xA5);
		CHECK_EQ(content[4095], 0xA5);
		CHECK_EQ(igvm_read_parameter(&file, &header, &parameter, &error), ERR_INVALID);
	}
	CHECK_EQ(pages, 2);
	CHECK_EQ(igvm_next(&file, &cursor, &header, &error), ERR_NOT_FOUND);
}

TEST(every_truncation_is_refused)
{
	for (uint32_t version = 1; version <= 2; version++) {
		struct test_file sample;
		struct igvm_error error;
		unsigned headers;

		file_sample(&sample, version);
		for (size_t size = 0; size < sample.size; size++)
			CHECK_EQ(read_all(sample.data, size, &headers, &error), ERR_FORMAT);
	}
}

TEST(bytes_behind_the_file_are_ignored)
{
	struct test_file sample;
	struct igvm_error error;
	unsigned headers;

	file_sample(&sample, 1);
	CHECK_EQ(read_all(sample.data, sample.size + 100, &headers, &error), 0);
}

TEST(every_flipped_header_bit_is_noticed)
{
	struct test_file sample;
	struct igvm_error error;

	file_sample(&sample, 1);
	for (uint32_t bit = 0; bit < 8 * sample.headers_end; bit++) {
		sample.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(read_file(&sample, &error) != 0);
		CHECK(error.text[0] != '\0');
		CHECK(error.offset < sample.size);
		sample.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK_EQ(read_file(&sample, &error), 0);
}

/* With a right checksum: nothing may be accessed beyond the file, whatever the value. */
TEST(every_changed_byte_is_survived)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
	struct test_file sample, changed;
	struct igvm_error error;

	file_sample(&sample, 2);
	for (uint32_t at = 0; at < sample.headers_end; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			changed = sample;
			changed.data[at] = values[i];
			file_checksum(&changed);
			if (read_file(&changed, &error) != 0)
				CHECK(error.text[0] != '\0');
		}
	}
}

TEST(fixed_header_fields)
{
	static const struct {
		uint32_t offset, value;
		int result;
	} cases[] = {
		{ 0, 0x4D564748, ERR_FORMAT },
		{ 4, 0, ERR_UNSUPPORTED }, /* version */
		{ 4, 3, ERR_UNSUPPORTED },
		{ 8, 16, ERR_FORMAT }, /* variable headers: inside the fixed header, not aligned, outside */
		{ 8, 36, ERR_FORMAT },
		{ 8, 0xFFFFFFF8, ERR_FORMAT },
		{ 12, 0, ERR_FORMAT }, /* ... empty, beyond the file */
		{ 12, 0xFFFFFFFF, ERR_FORMAT },
		{ 16, 0, ERR_FORMAT }, /* total size */
		{ 16, 0xFFFFFFFF, ERR_FORMAT },
		{ 24, 1, ERR_UNSUPPORTED }, /* architecture */
		{ 28, 16384, ERR_UNSUPPORTED }, /* page size */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test_file sample;
		struct igvm_error error;

		file_sample(&sample, 2);
		memcpy(sample.data + cases[i].offset, &cases[i].value, 4);
		file_checksum(&sample);
		CHECK_EQ(read_file(&sample, &error), cases[i].result);
		CHECK_EQ(error.type, 0);
	}
}

TEST(wrong_checksum)
{
	struct test_file sample;
	struct igvm_error error;

	file_sample(&sample, 1);
	sample.data[20] ^= 1;
	CHECK_EQ(read_file(&sample, &error), ERR_FORMAT);
	CHECK_EQ(error.offset, 20);
}

/* A file whose only headers are the platform's and this one. */
static int read_with(uint32_t type, const void *body, uint32_t size, struct igvm_error *error)
{
	struct test_file file;

	file_begin(&file, 1);
	file_platform(&file, 1);
	file_content(&file, 1);
	file_header(&file, type, body, size);
	file_finish(&file);
	return read_file(&file, error);
}

TEST(lengths_are_strict)
{
	static const struct {
		uint32_t type, size;
	} types[] = {
		{ IGVM_VHT_GUEST_POLICY, 16 },     { IGVM_VHT_RELOCATABLE_REGION, 48 },
		{ IGVM_VHT_PARAMETER_AREA, 16 },   { IGVM_VHT_PAGE_DATA, 24 },
		{ IGVM_VHT_PARAMETER_INSERT, 16 }, { IGVM_VHT_VP_CONTEXT, 20 },
		{ IGVM_VHT_REQUIRED_MEMORY, 24 },  { IGVM_VHT_VP_COUNT_PARAMETER, 8 },
		{ IGVM_VHT_MEMORY_MAP, 8 },        { IGVM_VHT_MADT, 8 },
		{ IGVM_VHT_ENVIRONMENT_INFO, 8 },  { IGVM_VHT_SNP_ID_BLOCK, 0x2B8 },
	};
	uint8_t body[0x300] = { 0 };
	struct igvm_error error;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		for (uint32_t size = 0; size < types[i].size + 20; size++) {
			if (size == types[i].size)
				continue;
			CHECK_EQ(read_with(types[i].type, body, size, &error), ERR_FORMAT);
			CHECK_EQ(error.type, types[i].type);
		}
	}
}

TEST(unknown_types_must_be_optional)
{
	struct igvm_error error;
	uint8_t body[5] = { 0 };

	CHECK_EQ(read_with(0x3FF, body, sizeof(body), &error), ERR_UNSUPPORTED);
	CHECK_EQ(error.type, 0x3FF);
	CHECK_EQ(read_with(0x3FF | IGVM_TYPE_OPTIONAL, body, sizeof(body), &error), 0);
	CHECK_EQ(read_with(0x7FFFFFFF, body, 0, &error), ERR_UNSUPPORTED);
	CHECK_EQ(read_with(0xFFFFFFFF, body, 0, &error), 0);
}

TEST(sections_must_be_in_order)
{
	struct test_file file;
	struct igvm_error error;

	file_begin(&file, 1);
	file_area(&file, 0, 4096);
	file_platform(&file, 1);
	file_finish(&file);
	CHECK_EQ(read_file(&file, &error), ERR_FORMAT);
	CHECK_EQ(error.type, IGVM_VHT_SUPPORTED_PLATFORM);
	CHECK(error.offset > file.fixed_size);
}

TEST(a_header_may_not_leave_its_section)
{
	struct test_file file;
	struct igvm_error error;
	uint32_t length, offset;

	for (length = 9; length != 0; length = length == 9 ? 0xFFFFFFF9 : length == 0xFFFFFFF9 ? 0xFFFFFFFF : 0) {
		file_begin(&file, 1);
		file_platform(&file, 1);
		offset = file_parameter(&file, 0x3FF | IGVM_TYPE_OPTIONAL, 0, 0);
		memcpy(file.data + offset + 4, &length, sizeof(length));
		file_finish(&file);
		CHECK_EQ(read_file(&file, &error), ERR_FORMAT);
		CHECK_EQ(error.offset, offset);
	}
	/* Four bytes at the end are no header. */
	file_begin(&file, 1);
	file_platform(&file, 1);
	file.headers_end += 4;
	file_finish(&file);
	CHECK_EQ(read_file(&file, &error), ERR_FORMAT);
	CHECK_EQ(error.offset, file.headers_end - 4);
}

TEST(page_data_fields)
{
	const struct igvm_page_data good = { .gpa = 0x1000, .compatibility_mask = 1, .file_offset = FILE_HEADERS_MAX };
	struct igvm_page_data page;
	struct igvm_error error;

#define BAD_PAGE(field, value) \
	do { \
		page = good; \
		page.field = (value); \
		CHECK_EQ(read_with(IGVM_VHT_PAGE_DATA, &page, sizeof(page), &error), ERR_FORMAT); \
		CHECK_EQ(error.type, IGVM_VHT_PAGE_DATA); \
	} while (0)
	CHECK_EQ(read_with(IGVM_VHT_PAGE_DATA, &good, sizeof(good), &error), 0);
	BAD_PAGE(gpa, 0x1001);
	BAD_PAGE(gpa, 0xFFFFFFFFFFFFF000);
	BAD_PAGE(flags, IGVM_PAGE_FLAG_2M); /* not aligned */
	BAD_PAGE(flags, 8);
	BAD_PAGE(data_type, 4);
	BAD_PAGE(reserved, 1);
	BAD_PAGE(file_offset, FILE_HEADERS_MAX + 1);
	BAD_PAGE(file_offset, 0xFFFFFFFF);
	BAD_PAGE(file_offset, 1); /* the headers */
	BAD_PAGE(file_offset, 24);
#undef BAD_PAGE
	page = good;
	page.gpa = 0x200000;
	page.flags = IGVM_PAGE_FLAG_2M; /* aligned, but the file has only 4 KiB */
	CHECK_EQ(read_with(IGVM_VHT_PAGE_DATA, &page, sizeof(page), &error), ERR_FORMAT);
	page.file_offset = 0;
	CHECK_EQ(read_with(IGVM_VHT_PAGE_DATA, &page, sizeof(page), &error), 0);
	CHECK_EQ(igvm_page_data_size(&page), 0x200000);
}

TEST(other_fields)
{
	const struct igvm_parameter_area areas[] = {
		{ 0, 0, 0 }, { 4095, 0, 0 }, { 4097, 0, 0 }, { 0x100000000, 0, 0 }
	};
	const struct igvm_parameter_insert insert = { 0x1800, 1, 0 };
	const struct igvm_vp_context contexts[] = {
		{ .gpa = 0x800, .compatibility_mask = 1, .file_offset = FILE_HEADERS_MAX },
		{ .gpa = 0x1000, .compatibility_mask = 1, .file_offset = FILE_HEADERS_MAX, .reserved = 1 },
		{ .gpa = 0x1000, .compatibility_mask = 1, .file_offset = 0 },
	};
	const struct igvm_required_memory memories[] = {
		{ .gpa = 1, .number_of_bytes = 0x1000 },
		{ .gpa = 0x1000, .number_of_bytes = 1 },
		{ .gpa = 0xFFFFFFFFFFFFF000, .number_of_bytes = 0x1000 },
	};
	const struct igvm_guest_policy policy = { 0x30000, 1, 1 };
	struct igvm_error error;

	for (size_t i = 0; i < ARRAY_SIZE(areas); i++)
		CHECK_EQ(read_with(IGVM_VHT_PARAMETER_AREA, &areas[i], sizeof(areas[i]), &error), ERR_FORMAT);
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++)
		CHECK_EQ(read_with(IGVM_VHT_VP_CONTEXT, &contexts[i], sizeof(contexts[i]), &error), ERR_FORMAT);
	for (size_t i = 0; i < ARRAY_SIZE(memories); i++)
		CHECK_EQ(read_with(IGVM_VHT_REQUIRED_MEMORY, &memories[i], sizeof(memories[i]), &error), ERR_FORMAT);
	CHECK_EQ(read_with(IGVM_VHT_PARAMETER_INSERT, &insert, sizeof(insert), &error), ERR_FORMAT);
	CHECK_EQ(read_with(IGVM_VHT_GUEST_POLICY, &policy, sizeof(policy), &error), ERR_FORMAT);
}

TEST(platform_masks_have_one_bit)
{
	static const uint32_t bad[] = { 0, 3, 0xFFFFFFFF };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct test_file file;
		struct igvm_error error;

		file_begin(&file, 1);
		file_platform(&file, bad[i]);
		file_finish(&file);
		CHECK_EQ(read_file(&file, &error), ERR_FORMAT);
		CHECK_EQ(error.offset, 24 + 8);
	}
}

TEST(names)
{
	CHECK_TEXT(igvm_type_name(IGVM_VHT_PAGE_DATA), "PAGE_DATA");
	CHECK_TEXT(igvm_type_name(0x999), "unknown");
	CHECK(igvm_type_known(IGVM_VHT_ENVIRONMENT_INFO));
	CHECK(!igvm_type_known(0x306));
	CHECK(igvm_type_is_parameter(IGVM_VHT_SRAT));
	CHECK(!igvm_type_is_parameter(IGVM_VHT_PAGE_DATA));
}
