/* SPDX-License-Identifier: MIT */
/*
 * igvm_file.h - makes IGVM files for tests, good and bad ones. Nothing is checked but the buffer's size: a test may
 * put in what no builder would write. Use: file_begin(), file_header()..., file_content()..., file_finish().
 * Contents are placed behind FILE_HEADERS_MAX, so that their offsets are known before the headers are complete.
 */
#ifndef TESTS_UNIT_IGVM_FILE_H
#define TESTS_UNIT_IGVM_FILE_H

#include <string.h>

#include "abi/igvm.h"
#include "lib/crc32.h"
#include "lib/types.h"

#define FILE_HEADERS_MAX 0x800u
#define FILE_PAGES_MAX 6u
#define FILE_SIZE_MAX (FILE_HEADERS_MAX + FILE_PAGES_MAX * 4096u)

struct test_file {
	uint8_t data[FILE_SIZE_MAX];
	uint32_t version;
	uint32_t fixed_size;
	uint32_t headers_end;
	uint32_t size;
};

static inline void file_begin(struct test_file *file, uint32_t version)
{
	memset(file, 0, sizeof(*file));
	file->version = version;
	file->fixed_size = version == 2 ? sizeof(struct igvm_fixed_header_v2) : sizeof(struct igvm_fixed_header);
	file->headers_end = file->fixed_size;
	file->size = FILE_HEADERS_MAX;
}

/* Appends a variable header; returns its offset. */
static inline uint32_t file_header(struct test_file *file, uint32_t type, const void *body, uint32_t size)
{
	struct igvm_variable_header header = { type, size };
	uint32_t offset = file->headers_end;

	if (offset + sizeof(header) + align_up(size, 8) > FILE_HEADERS_MAX)
		return 0;
	memcpy(file->data + offset, &header, sizeof(header));
	if (size != 0)
		memcpy(file->data + offset + sizeof(header), body, size);
	file->headers_end += (uint32_t)(sizeof(header) + align_up(size, 8));
	return offset;
}

/* Appends a page full of this byte; returns its offset, 0 when there is no room. */
static inline uint32_t file_content(struct test_file *file, uint8_t byte)
{
	uint32_t offset = file->size;

	if (offset + 4096u > FILE_SIZE_MAX)
		return 0;
	memset(file->data + offset, byte, 4096);
	file->size += 4096;
	return offset;
}

/* Computes the checksum over whatever the headers hold now. */
static inline void file_checksum(struct test_file *file)
{
	struct igvm_fixed_header fixed;
	uint32_t checksum;

	memcpy(&fixed, file->data, sizeof(fixed));
	fixed.checksum = 0;
	memcpy(file->data, &fixed, sizeof(fixed));
	checksum = crc32_extend(0, file->data, file->fixed_size);
	fixed.checksum = crc32_extend(checksum, file->data + file->fixed_size, file->headers_end - file->fixed_size);
	memcpy(file->data, &fixed, sizeof(fixed));
}

static inline void file_finish(struct test_file *file)
{
	struct igvm_fixed_header_v2 fixed = {
		.v1 = {
			.magic = IGVM_MAGIC,
			.format_version = file->version,
			.variable_header_offset = file->fixed_size,
			.variable_header_size = file->headers_end - file->fixed_size,
			.total_file_size = file->size,
		},
		.architecture = IGVM_ARCH_X64,
		.page_size = 4096,
	};

	memcpy(file->data, &fixed, file->fixed_size);
	file_checksum(file);
}

static inline void file_platform(struct test_file *file, uint32_t mask)
{
	struct igvm_supported_platform platform = { .compatibility_mask = mask,
						    .platform_type = IGVM_PLATFORM_SEV_SNP,
						    .platform_version = 1 };
	struct igvm_guest_policy policy = { 0x30000, mask, 0 };

	file_header(file, IGVM_VHT_SUPPORTED_PLATFORM, &platform, sizeof(platform));
	file_header(file, IGVM_VHT_GUEST_POLICY, &policy, sizeof(policy));
}

static inline uint32_t file_page(struct test_file *file, uint64_t gpa, uint32_t mask, uint32_t content)
{
	struct igvm_page_data page = { .gpa = gpa, .compatibility_mask = mask, .file_offset = content };

	return file_header(file, IGVM_VHT_PAGE_DATA, &page, sizeof(page));
}

static inline uint32_t file_area(struct test_file *file, uint32_t index, uint64_t size)
{
	struct igvm_parameter_area area = { size, index, 0 };

	return file_header(file, IGVM_VHT_PARAMETER_AREA, &area, sizeof(area));
}

static inline uint32_t file_parameter(struct test_file *file, uint32_t type, uint32_t index, uint32_t offset)
{
	struct igvm_parameter parameter = { index, offset };

	return file_header(file, type, &parameter, sizeof(parameter));
}

static inline uint32_t file_insert(struct test_file *file, uint64_t gpa, uint32_t mask, uint32_t index)
{
	struct igvm_parameter_insert insert = { gpa, mask, index };

	return file_header(file, IGVM_VHT_PARAMETER_INSERT, &insert, sizeof(insert));
}

static inline uint32_t file_context(struct test_file *file, uint64_t gpa, uint32_t mask, uint32_t content)
{
	struct igvm_vp_context context = { .gpa = gpa, .compatibility_mask = mask, .file_offset = content };

	return file_header(file, IGVM_VHT_VP_CONTEXT, &context, sizeof(context));
}

/* A small complete file with one of everything. */
static inline void file_sample(struct test_file *file, uint32_t version)
{
	const struct igvm_required_memory memory = { .gpa = 0x100000,
						     .compatibility_mask = 1,
						     .number_of_bytes = 0x2000 };
	uint32_t content;

	file_begin(file, version);
	content = file_content(file, 0xA5);
	file_platform(file, 1);
	file_header(file, IGVM_VHT_REQUIRED_MEMORY, &memory, sizeof(memory));
	file_area(file, 0, 4096);
	file_parameter(file, IGVM_VHT_VP_COUNT_PARAMETER, 0, 0);
	file_parameter(file, IGVM_VHT_MADT | IGVM_TYPE_OPTIONAL, 0, 8);
	file_insert(file, 0x3000, 1, 0);
	file_page(file, 0x1000, 1, content);
	file_page(file, 0x2000, 1, content);
	file_context(file, IGVM_KVM_VMSA_GPA, 1, file_content(file, 0));
	file_finish(file);
}

#endif
