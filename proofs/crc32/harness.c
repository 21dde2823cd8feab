/* SPDX-License-Identifier: MIT */
/* The checksum, beside a model that goes bit by bit, and over data of any size. */
#include "proofs/prover.h"

#include "lib/crc32.c"

#define BYTES 2u

/* IEEE 802.3, reflected. */
static uint32_t bitwise(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (uint32_t i = 0; i < 8; i++)
		crc = (crc & 1u) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
	return crc;
}

void prove_model(void)
{
	uint8_t data[BYTES];
	uint32_t checksum = any_u32(), crc = ~checksum;
	uint8_t size = any_u8() % (BYTES + 1u);

	data[0] = any_u8();
	data[1] = any_u8();
	uint32_t result = crc32_extend(checksum, data, size);

	for (uint32_t i = 0; i < size; i++)
		crc = bitwise(crc, data[i]);
	PROVE(result == ~crc, "the checksum is that of the standard");
	if (size == BYTES) {
		PROVE(result == crc32_extend(crc32_extend(checksum, data, 1), data + 1, 1), "a part and the rest are the whole");
		CANARY("two bytes");
	} else {
		CANARY("less");
	}
}

void prove_any(void)
{
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 40);
	uint32_t result = crc32_extend(any_u32(), __CPROVER_allocate(size, 0), size);

	if (result != 0)
		CANARY("a checksum");
}
