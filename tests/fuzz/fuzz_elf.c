/* SPDX-License-Identifier: MIT */
/* Reader of ELF programs. Odd inputs get a right ELF header in front, so that the program headers are reached. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/exact_copy.h"
#include "tests/unit/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_elf(const uint8_t *data, size_t size)
{
	uint8_t *copy = exact_copy(data, size);
	struct elf_segment segment;
	struct elf_error error;
	struct elf_file file;

	if (elf_open(&file, copy, size, &error) == 0) {
		for (uint32_t i = 0; i < file.segment_count; i++) {
			if (elf_read_segment(&file, i, &segment, &error) != 0 || segment.type != ELF_SEGMENT_LOAD)
				continue;
			/* What the reader accepts must be in the file. */
			for (uint64_t at = 0; at < segment.file_size; at += 61) {
				if (copy[segment.file_offset + at] == 0xA7 && segment.memory_size < segment.file_size)
					abort();
			}
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_elf elf;
	size_t length = size < sizeof(elf.segment) + 1 ? size : sizeof(elf.segment) + 1;

	if (size == 0 || data[0] % 2 == 0) {
		read_elf(data + (size != 0), size - (size != 0));
		return 0;
	}
	elf_begin(&elf, 0x200000);
	elf.header.program_header_count = TEST_ELF_SEGMENTS;
	memcpy(elf.segment, data + 1, length - 1);
	elf_store(&elf);
	read_elf(elf.data, sizeof(elf.data));
	return 0;
}
