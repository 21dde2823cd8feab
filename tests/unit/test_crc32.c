/* SPDX-License-Identifier: MIT */
#include "lib/crc32.h"
#include "tests/unit/unit.h"

TEST(known_values)
{
	CHECK_EQ(crc32_extend(0, "", 0), 0);
	CHECK_EQ(crc32_extend(0, "123456789", 9), 0xCBF43926u);
	CHECK_EQ(crc32_extend(0, "a", 1), 0xE8B7BE43u);
	CHECK_EQ(crc32_extend(0, "The quick brown fox jumps over the lazy dog", 43), 0x414FA339u);
}

TEST(parts_give_the_checksum_of_the_whole)
{
	uint8_t data[300];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 3);
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		uint32_t checksum = crc32_extend(0, data, cut);

		CHECK_EQ(crc32_extend(checksum, data + cut, sizeof(data) - cut), crc32_extend(0, data, sizeof(data)));
	}
}

TEST(every_bit_counts)
{
	uint8_t data[64] = { 0 };
	uint32_t checksum = crc32_extend(0, data, sizeof(data));

	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		data[bit / 8] = (uint8_t)(1u << bit % 8);
		CHECK(crc32_extend(0, data, sizeof(data)) != checksum);
		data[bit / 8] = 0;
	}
}
