/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tests/unit/exact_copy.h"
#include "tests/unit/programs.h"
#include "tests/unit/unit.h"

#define ADDRESS 0x200000ull

static struct test_elf sample(void)
{
	struct test_elf elf;

	elf_begin(&elf, ADDRESS + 4);
	elf_add(&elf, ADDRESS, 0x100, 0x100, ELF_FLAG_READ | ELF_FLAG_EXECUTE);
	elf_add(&elf, ADDRESS + 0x1000, 0x80, 0x2000, ELF_FLAG_READ | ELF_FLAG_WRITE);
	elf_add(&elf, ADDRESS + 0x3000, 0, 0x1000, 0);
	return elf;
}

/* Opens a copy of exactly this size and touches all contents of segments. */
static int read_elf(const uint8_t *data, size_t size, struct elf_error *error)
{
	uint8_t *copy = exact_copy(data, size);
	struct elf_segment segment;
	struct elf_file file;
	int result;

	*error = (struct elf_error){ "", 0 };
	result = elf_open(&file, copy, size, error);
	for (uint32_t i = 0; result == 0 && i < file.segment_count; i++) {
		result = elf_read_segment(&file, i, &segment, error);
		if (result == 0 && segment.type == ELF_SEGMENT_LOAD && segment.file_size != 0 &&
		    copy[segment.file_offset + segment.file_size - 1] == 0xEE)
			result = ERR_INVALID;
	}
	free(copy);
	return result;
}

TEST(reads_segments)
{
	struct test_elf elf = sample();
	struct elf_segment segment;
	struct elf_error error;
	struct elf_file file;

	REQUIRE(elf_open(&file, elf.data, sizeof(elf.data), &error) == 0);
	CHECK_EQ(file.entry, ADDRESS + 4);
	CHECK_EQ(file.segment_count, 3);
	REQUIRE(elf_read_segment(&file, 1, &segment, &error) == 0);
	CHECK_EQ(segment.virtual_address, ADDRESS + 0x1000);
	CHECK_EQ(segment.file_size, 0x80);
	CHECK_EQ(segment.memory_size, 0x2000);
	CHECK_EQ(segment.flags, ELF_FLAG_READ | ELF_FLAG_WRITE);
	CHECK_EQ(file.data[segment.file_offset], 0x22);
	CHECK_EQ(elf_read_segment(&file, 3, &segment, &error), ERR_NOT_FOUND);
	CHECK_EQ(elf_read_segment(&file, 0xFFFFFFFF, &segment, &error), ERR_NOT_FOUND);
}

TEST(truncated_anywhere)
{
	struct test_elf elf = sample();
	uint64_t used = elf.segment[1].file_offset + elf.segment[1].file_size;
	struct elf_error error;

	for (size_t size = 0; size < used; size++)
		CHECK_EQ(read_elf(elf.data, size, &error), ERR_FORMAT);
	CHECK_EQ(read_elf(elf.data, used, &error), 0);
}

TEST(changed_bytes_are_survived)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
	struct test_elf elf = sample();
	struct elf_error error;

	for (size_t at = 0; at < sizeof(elf.header) + sizeof(elf.segment); at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			uint8_t saved = elf.data[at];

			elf.data[at] = values[i];
			if (read_elf(elf.data, sizeof(elf.data), &error) != 0)
				CHECK(error.text[0] != '\0');
			elf.data[at] = saved;
		}
	}
}

TEST(header_fields)
{
	struct elf_error error;

#define BAD_HEADER(field, value, where) \
	do { \
		struct test_elf elf = sample(); \
		elf.header.field = (value); \
		elf_store(&elf); \
		CHECK_EQ(read_elf(elf.data, sizeof(elf.data), &error), ERR_FORMAT); \
		CHECK_EQ(error.offset, where); \
	} while (0)
	BAD_HEADER(ident[0], 0, 0);
	BAD_HEADER(ident[4], 1, 4); /* 32 bits */
	BAD_HEADER(ident[5], 2, 4); /* big-endian */
	BAD_HEADER(type, 3, 16); /* shared object */
	BAD_HEADER(machine, 183, 18);
	BAD_HEADER(program_header_size, 32, 54);
	BAD_HEADER(program_header_count, 0, 32);
	BAD_HEADER(program_header_count, 0xFFFF, 32);
	BAD_HEADER(program_headers_offset, 0, 32);
	BAD_HEADER(program_headers_offset, UINT64_MAX - 8, 32);
	BAD_HEADER(program_headers_offset, TEST_ELF_SIZE - 100, 32);
#undef BAD_HEADER
}

TEST(segment_fields)
{
	struct elf_error error;

#define BAD_SEGMENT(field, value) \
	do { \
		struct test_elf elf = sample(); \
		elf.segment[1].field = (value); \
		elf_store(&elf); \
		CHECK_EQ(read_elf(elf.data, sizeof(elf.data), &error), ERR_FORMAT); \
		CHECK_EQ(error.offset, sizeof(elf.header) + sizeof(struct elf_segment)); \
	} while (0)
	BAD_SEGMENT(file_size, 0x2001); /* more than in memory */
	BAD_SEGMENT(memory_size, 0x7F);
	BAD_SEGMENT(file_offset, TEST_ELF_SIZE - 0x7F);
	BAD_SEGMENT(file_offset, UINT64_MAX - 4);
	BAD_SEGMENT(virtual_address, UINT64_MAX - 0x100);
	BAD_SEGMENT(physical_address, UINT64_MAX - 0x100);
	BAD_SEGMENT(memory_size, UINT64_MAX);
#undef BAD_SEGMENT
}

TEST(other_segment_types_are_not_judged)
{
	struct test_elf elf = sample();
	struct elf_error error;

	elf.segment[1].type = 4; /* a note */
	elf.segment[1].file_offset = UINT64_MAX;
	elf_store(&elf);
	CHECK_EQ(read_elf(elf.data, sizeof(elf.data), &error), 0);
}
