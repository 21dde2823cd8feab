/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tests/unit/exact_copy.h"
#include "tests/unit/programs.h"
#include "tests/unit/unit.h"

static int open_copy(const uint8_t *data, size_t size, struct bzimage *image, struct bzimage_error *error)
{
	uint8_t *copy = exact_copy(data, size);
	int result;

	*error = (struct bzimage_error){ "", 0 };
	result = bzimage_open(image, copy, size, error);
	free(copy);
	return result;
}

TEST(reads_the_header)
{
	uint8_t kernel[TEST_KERNEL_SIZE];
	struct bzimage_error error;
	struct bzimage image;

	kernel_make(kernel);
	REQUIRE(open_copy(kernel, sizeof(kernel), &image, &error) == 0);
	CHECK_EQ(image.version, 0x20F);
	CHECK_EQ(image.header_end, 0x26C);
	CHECK_EQ(image.kernel_offset, TEST_KERNEL_SETUP);
	CHECK_EQ(image.kernel_size, TEST_KERNEL_SIZE - TEST_KERNEL_SETUP);
	CHECK_EQ(image.pref_address, 0x1000000);
	CHECK_EQ(image.alignment, 0x200000);
	CHECK(image.relocatable);
	CHECK_EQ(image.init_size, 0x100000);
	CHECK_EQ(image.cmdline_size, 2047);
	CHECK_EQ(image.initrd_addr_max, 0x7FFFFFFF);
}

TEST(truncated_anywhere)
{
	uint8_t kernel[TEST_KERNEL_SIZE];
	struct bzimage_error error;
	struct bzimage image;

	kernel_make(kernel);
	for (size_t size = 0; size < sizeof(kernel); size++)
		CHECK_EQ(open_copy(kernel, size, &image, &error), ERR_FORMAT);
}

TEST(bytes_behind_the_kernel_are_part_of_it)
{
	static uint8_t longer[TEST_KERNEL_SIZE + 100];
	struct bzimage_error error;
	struct bzimage image;

	kernel_make(longer);
	CHECK_EQ(open_copy(longer, sizeof(longer), &image, &error), 0); /* a signature, for instance */
	CHECK_EQ(image.kernel_size, sizeof(longer) - TEST_KERNEL_SETUP);
}

static void check_bad(uint32_t offset, uint32_t value, unsigned bytes, int result)
{
	uint8_t kernel[TEST_KERNEL_SIZE];
	struct bzimage_error error;
	struct bzimage image;

	kernel_make(kernel);
	memcpy(kernel + offset, &value, bytes);
	CHECK_EQ(open_copy(kernel, sizeof(kernel), &image, &error), result);
	CHECK(error.text[0] != '\0');
}

TEST(fields)
{
	check_bad(BZIMAGE_OFF_BOOT_FLAG, 0, 2, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_MAGIC, 0, 4, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_VERSION, 0x20B, 2, ERR_UNSUPPORTED);
	check_bad(BZIMAGE_OFF_LOADFLAGS, 0, 1, ERR_UNSUPPORTED);
	check_bad(BZIMAGE_OFF_XLOADFLAGS, 0x7E, 2, ERR_UNSUPPORTED);
	check_bad(BZIMAGE_OFF_JUMP_LENGTH, 0, 1, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_JUMP_LENGTH, 0xFF, 1, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_SETUP_SECTS, 0xFF, 1, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_INIT_SIZE, 0, 4, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_SYSSIZE, 0xFFFFFFFF, 4, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_KERNEL_ALIGNMENT, 0, 4, ERR_FORMAT);
	check_bad(BZIMAGE_OFF_KERNEL_ALIGNMENT, 3, 4, ERR_FORMAT);
}

TEST(changed_bytes_are_survived)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
	uint8_t kernel[TEST_KERNEL_SIZE];
	struct bzimage_error error;
	struct bzimage image;

	kernel_make(kernel);
	for (size_t at = 0x1F0; at < BZIMAGE_HEADER_END_MAX; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			uint8_t saved = kernel[at];

			kernel[at] = values[i];
			if (open_copy(kernel, sizeof(kernel), &image, &error) == 0) {
				CHECK(image.kernel_offset + image.kernel_size == sizeof(kernel));
				CHECK(image.header_end <= BZIMAGE_HEADER_END_MAX);
			}
			kernel[at] = saved;
		}
	}
}
