/* SPDX-License-Identifier: MIT */
/* The reader of programs, on a file of any size and content. */
#include "proofs/prover.h"

#include "lib/elf.c"

static uint8_t *any_file(uint64_t *size)
{
	*size = any_u64();
	ASSUME(*size <= 1ull << 40);
	return __CPROVER_allocate(*size, 0);
}

void prove_open(void)
{
	struct elf_file file;
	struct elf_error error;
	uint64_t size;
	uint8_t *data = any_file(&size);

	if (elf_open(&file, data, size, &error) != 0) {
		PROVE(error.text != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(file.data == data && file.size == size && file.segment_count >= 1, "the file that was given");
	PROVE(file.segments_offset <= size && file.segment_count * 56ull <= size - file.segments_offset, "all program headers lie inside");
	CANARY("opened");
}

void prove_segment(void)
{
	struct elf_file file;
	struct elf_error error;
	struct elf_segment segment;
	uint64_t size;
	uint8_t *data = any_file(&size);

	/* As elf_open() leaves it. */
	file.data = data;
	file.size = size;
	file.segment_count = any_u16();
	file.segments_offset = any_u64();
	ASSUME(file.segments_offset <= size && file.segment_count * 56ull <= size - file.segments_offset);
	int result = elf_read_segment(&file, any_u32(), &segment, &error);

	PROVE(result == 0 || result == ERR_NOT_FOUND || result == ERR_FORMAT, "a documented error");
	PROVE(IMPLIES(result == ERR_FORMAT, error.text != NULL), "a refusal has a reason");
	if (result == ERR_FORMAT)
		CANARY("refused");
	if (result != 0 || segment.type != ELF_SEGMENT_LOAD)
		return;
	PROVE(segment.file_size <= segment.memory_size, "there is room for the content");
	PROVE(segment.file_size == 0 || (segment.file_offset < size && segment.file_size <= size - segment.file_offset),
	      "the content lies inside the file");
	PROVE(segment.virtual_address <= UINT64_MAX - segment.memory_size &&
		      segment.physical_address <= UINT64_MAX - segment.memory_size,
	      "addresses do not wrap");
	CANARY("read");
}
