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
	struct elf_segment segment;
	struct elf_error error;
	struct elf_file file;
	uint32_t index = any_u32();
	uint64_t size;

	file.data = any_file(&size);
	file.size = size;
	/* What elf_open() promises. */
	ASSUME(file.segment_count <= UINT16_MAX && file.segments_offset <= size &&
	       file.segment_count * 56ull <= size - file.segments_offset);
	int result = elf_read_segment(&file, index, &segment, &error);

	PROVE(IMPLIES(index >= file.segment_count, result == ERR_NOT_FOUND), "no headers but those of the table");
	if (result != 0 || segment.type != ELF_SEGMENT_LOAD)
		return;
	PROVE(segment.file_size <= segment.memory_size, "what is loaded fits");
	PROVE(segment.file_size == 0 || (segment.file_offset <= size && segment.file_size <= size - segment.file_offset), "the content lies inside");
	PROVE(segment.virtual_address <= UINT64_MAX - segment.memory_size && segment.physical_address <= UINT64_MAX - segment.memory_size, "no address wraps");
	CANARY("a segment");
}
