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
