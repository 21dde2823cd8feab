/* SPDX-License-Identifier: MIT */
/* Reader of the Linux boot header. Odd inputs replace the header of a right kernel, its magic numbers stay. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/exact_copy.h"
#include "tests/unit/programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_kernel(const uint8_t *data, size_t size)
{
	uint8_t *copy = exact_copy(data, size);
	struct bzimage_error error;
	struct bzimage image;

	if (bzimage_open(&image, copy, size, &error) == 0) {
		if (image.kernel_offset + image.kernel_size != size || image.kernel_size <= BZIMAGE_ENTRY_64 ||
		    image.header_end > BZIMAGE_HEADER_END_MAX || image.init_size < image.kernel_size)
			abort();
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kernel[TEST_KERNEL_SIZE], saved[TEST_KERNEL_SIZE];
	size_t most = BZIMAGE_HEADER_END_MAX - BZIMAGE_OFF_SETUP_HEADER;

	if (size == 0 || data[0] % 2 == 0) {
		read_kernel(data + (size != 0), size - (size != 0));
		return 0;
	}
	kernel_make(kernel);
	memcpy(saved, kernel, sizeof(saved));
	memcpy(kernel + BZIMAGE_OFF_SETUP_HEADER, data + 1, size - 1 < most ? size - 1 : most);
	memcpy(kernel + BZIMAGE_OFF_BOOT_FLAG, saved + BZIMAGE_OFF_BOOT_FLAG, 2);
	memcpy(kernel + BZIMAGE_OFF_MAGIC, saved + BZIMAGE_OFF_MAGIC, 4);
	read_kernel(kernel, sizeof(kernel));
	return 0;
}
