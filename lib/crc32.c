/* SPDX-License-Identifier: MIT */
/* One table step per nibble: 64 bytes of table instead of 1024, fast enough for headers. */
#include "lib/crc32.h"

#include "lib/contract.h"

static const uint32_t nibble_table[16] = {
	0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
	0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t crc32_extend(uint32_t checksum, const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint32_t crc = ~checksum;

	for (size_t i = 0; i < size; i++)
		LOOP_ASSIGNS(i, crc)
		LOOP_INVARIANT(i <= size)
		LOOP_DECREASES(size - i) {
		crc ^= byte[i];
		crc = (crc >> 4) ^ nibble_table[crc & 15u];
		crc = (crc >> 4) ^ nibble_table[crc & 15u];
	}
	return ~crc;
}
