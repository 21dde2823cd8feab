/* SPDX-License-Identifier: MIT */
/* The monitor's own memory functions, under other names, against the C library's. */
#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#define strlen own_strlen
#define strcmp own_strcmp
#define strncmp own_strncmp
#include "lib/string.c" /* NOLINT(bugprone-suspicious-include): they have these names in no other way */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#include <string.h>

#include "lib/types.h"
#include "tests/unit/unit.h"

#define SIZE 192u
#define SIZE_MAX_TESTED 110u

static uint8_t own[SIZE], expected[SIZE], source[SIZE];

static void fill(void)
{
	for (uint32_t i = 0; i < SIZE; i++) {
		own[i] = expected[i] = (uint8_t)(i * 7u + 1u);
		source[i] = (uint8_t)(~i);
	}
}

static bool alike(void)
{
	return memcmp(own, expected, SIZE) == 0;
}

TEST(copies)
{
	for (uint32_t size = 0; size < SIZE_MAX_TESTED; size++) {
		for (uint32_t to = 0; to < 9; to++) {
			for (uint32_t from = 0; from < 9; from++) {
				fill();
				CHECK(own_memcpy(own + to, source + from, size) == own + to);
				memcpy(expected + to, source + from, size);
				CHECK(alike());
			}
		}
	}
}

TEST(copies_of_overlapping_memory)
{
	for (uint32_t size = 0; size < SIZE_MAX_TESTED; size++) {
		for (uint32_t to = 0; to < 40; to++) {
			fill();
			CHECK(own_memmove(own + to, own + 20, size) == own + to);
			memmove(expected + to, expected + 20, size);
			CHECK(alike());
		}
	}
}

TEST(fills)
{
	for (uint32_t size = 0; size < SIZE_MAX_TESTED; size++) {
		for (uint32_t to = 0; to < 9; to++) {
			fill();
			CHECK(own_memset(own + to, (int)(0x100u + 0x80u + size), size) == own + to);
			memset(expected + to, (int)(0x80u + size), size);
			CHECK(alike());
		}
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

TEST(comparisons)
{
	static const char *const text[] = { "", "a", "ab", "abc", "abd", "\x80", "a\xFF" };

	for (uint32_t i = 0; i < ARRAY_SIZE(text); i++) {
		CHECK_EQ(own_strlen(text[i]), strlen(text[i]));
		for (uint32_t k = 0; k < ARRAY_SIZE(text); k++) {
			CHECK_EQ(sign(own_strcmp(text[i], text[k])), sign(strcmp(text[i], text[k])));
			for (uint32_t size = 0; size < 5; size++)
				CHECK_EQ(sign(own_strncmp(text[i], text[k], size)), sign(strncmp(text[i], text[k], size)));
			CHECK_EQ(sign(own_memcmp(text[i], text[k], 1)), sign(memcmp(text[i], text[k], 1)));
		}
	}
}
