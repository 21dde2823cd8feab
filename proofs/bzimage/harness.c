/* SPDX-License-Identifier: MIT */
/* The reader of Linux images, on a file of any size and content. */
#include "proofs/prover.h"

#include "lib/bzimage.c"

void prove_open(void)
{
	struct bzimage_error error;
	struct bzimage image;
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 40);
	uint8_t *data = __CPROVER_allocate(size, 0);

	if (bzimage_open(&image, data, size, &error) != 0) {
		PROVE(error.text != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(image.kernel_offset < size && image.kernel_size == size - image.kernel_offset, "the kernel lies inside");
	PROVE(image.kernel_size > BZIMAGE_ENTRY_64, "its entry point lies inside");
	PROVE(image.header_end <= size && image.header_end <= BZIMAGE_HEADER_END_MAX, "its header lies inside");
	PROVE(image.init_size >= image.kernel_size, "it fits the memory that it asks for");
	PROVE(image.alignment != 0 && (image.alignment & (image.alignment - 1)) == 0, "its alignment is a power of two");
	CANARY("opened");
}
