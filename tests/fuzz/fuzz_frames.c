/* SPDX-License-Identifier: MIT */
/* Sequences of allocations, reservations and frees against one flag per frame. */
#include <string.h>

#include "lib/frames.h"

#define BASE 0x10000ull
#define COUNT 130u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool used[COUNT];

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void set(uint64_t address, uint64_t count, bool in_use)
{
	uint64_t first = (address - BASE) / PAGE_SIZE;

	require(address >= BASE && count <= COUNT && first + count <= COUNT);
	for (uint64_t i = first; i < first + count; i++) {
		require(used[i] != in_use);
		used[i] = in_use;
	}
}

static void step(struct frames *frames, const uint8_t *data)
{
	/* From a few frames below the region to far behind it, some unaligned. */
	uint64_t count = data[1], address = BASE - 4 * PAGE_SIZE + data[2] * PAGE_SIZE + (data[0] >> 7);
	uint64_t free_count = 0;
	pa_t out;

	switch (data[0] & 3u) {
	case 0:
		if (frames_allocate(frames, count, &out) == 0)
			set(out.v, count, true);
		break;
	case 1:
		if (frames_reserve(frames, pa(address), count) == 0)
			set(address, count, true);
		break;
	default:
		if (frames_free(frames, pa(address), count) == 0)
			set(address, count, false);
		break;
	}
	for (uint32_t i = 0; i < COUNT; i++)
		free_count += used[i] ? 0 : 1;
	require(frames->free_count == free_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t bitmap[FRAMES_BITMAP_WORDS(COUNT)];
	struct frames frames;

	memset(used, 0, sizeof(used));
	require(frames_init(&frames, pa(BASE), COUNT, bitmap) == 0);
	for (; size >= 3; data += 3, size -= 3)
		step(&frames, data);
	return 0;
}
