/* SPDX-License-Identifier: MIT */
#include "lib/frames.h"
#include "tests/unit/unit.h"

#define BASE 0x8031000ull
#define COUNT 200u
#define STEPS 20000u

static uint64_t bitmap[FRAMES_BITMAP_WORDS(COUNT) + 1];
static struct frames frames;

static uint64_t at(uint64_t index)
{
	return BASE + index * PAGE_SIZE;
}

static void start(void)
{
	memset(bitmap, 0xEE, sizeof(bitmap));
	CHECK_EQ(frames_init(&frames, pa(BASE), COUNT, bitmap), 0);
	CHECK_EQ(frames.free_count, COUNT);
	CHECK_EQ(bitmap[FRAMES_BITMAP_WORDS(COUNT)], 0xEEEEEEEEEEEEEEEEull);
}

TEST(bad_regions)
{
	CHECK_EQ(frames_init(&frames, pa(BASE), 0, bitmap), ERR_INVALID);
	CHECK_EQ(frames_init(&frames, pa(BASE + 1), COUNT, bitmap), ERR_INVALID);
	CHECK_EQ(frames_init(&frames, pa(BASE), ~0ull, bitmap), ERR_INVALID);
	CHECK_EQ(frames_init(&frames, pa(0xFFFFFFFFFFFFF000ull), 1, bitmap), ERR_INVALID);
	CHECK_EQ(frames_init(&frames, pa(0xFFFFFFFFFFFF0000ull), COUNT, bitmap), ERR_INVALID);
}

TEST(words_of_a_bitmap)
{
	CHECK_EQ(FRAMES_BITMAP_WORDS(1), 1);
	CHECK_EQ(FRAMES_BITMAP_WORDS(64), 1);
	CHECK_EQ(FRAMES_BITMAP_WORDS(65), 2);
}

TEST(every_frame_once)
{
	static bool seen[COUNT];
	pa_t frame = pa(7);

	start();
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < COUNT; i++) {
		REQUIRE(frames_allocate(&frames, 1, &frame) == 0);
		REQUIRE(frame.v >= BASE && frame.v < at(COUNT) && is_aligned(frame.v, PAGE_SIZE));
		CHECK(!seen[(frame.v - BASE) / PAGE_SIZE]);
		seen[(frame.v - BASE) / PAGE_SIZE] = true;
	}
	CHECK_EQ(frames.free_count, 0);
	frame = pa(7);
	CHECK_EQ(frames_allocate(&frames, 1, &frame), ERR_NO_MEMORY);
	CHECK_EQ(frame.v, 7);
}

/* A whole word of used frames is passed over, not handed out: whatever the length asked for. */
TEST(full_words)
{
	for (uint64_t length = 1; length <= 66; length++) {
		pa_t frame;

		start();
		REQUIRE(frames_reserve(&frames, pa(at(0)), 128) == 0);
		CHECK_EQ(frames_allocate(&frames, length, &frame), 0);
		CHECK_EQ(frame.v, at(128));
	}
}

TEST(runs)
{
	pa_t frame;

	start();
	CHECK_EQ(frames_allocate(&frames, 0, &frame), ERR_INVALID);
	CHECK_EQ(frames_allocate(&frames, COUNT + 1, &frame), ERR_NO_MEMORY);
	CHECK_EQ(frames_allocate(&frames, ~0ull, &frame), ERR_NO_MEMORY);
	CHECK_EQ(frames_allocate(&frames, COUNT, &frame), 0);
	CHECK_EQ(frame.v, BASE);
	CHECK_EQ(frames_free(&frames, pa(at(70)), 3), 0);
	CHECK_EQ(frames_free(&frames, pa(at(100)), 2), 0);
	CHECK_EQ(frames_allocate(&frames, 4, &frame), ERR_NO_MEMORY);
	CHECK_EQ(frames_allocate(&frames, 2, &frame), 0);
	CHECK_EQ(frame.v, at(70));
	CHECK_EQ(frames_allocate(&frames, 2, &frame), 0);
	CHECK_EQ(frame.v, at(100));
	CHECK_EQ(frames_allocate(&frames, 1, &frame), 0);
	CHECK_EQ(frame.v, at(72));
	CHECK_EQ(frames.free_count, 0);
}

TEST(run_at_the_very_end)
{
	pa_t frame;

	start();
	CHECK_EQ(frames_reserve(&frames, pa(BASE), COUNT - 3), 0);
	CHECK_EQ(frames_allocate(&frames, 3, &frame), 0);
	CHECK_EQ(frame.v, at(COUNT - 3));
}

TEST(reserving)
{
	start();
	CHECK_EQ(frames_reserve(&frames, pa(at(10)), 5), 0);
	CHECK_EQ(frames.free_count, COUNT - 5);
	CHECK_EQ(frames_reserve(&frames, pa(at(14)), 1), ERR_STATE);
	CHECK_EQ(frames_reserve(&frames, pa(at(8)), 3), ERR_STATE);
	CHECK_EQ(frames.free_count, COUNT - 5);
	CHECK_EQ(frames_reserve(&frames, pa(at(8)), 2), 0);
	CHECK_EQ(frames_reserve(&frames, pa(at(COUNT)), 1), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(at(COUNT - 1)), 2), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(BASE - PAGE_SIZE), 1), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(at(20) + 8), 1), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(at(20)), 0), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(at(20)), ~0ull), ERR_ADDRESS);
	CHECK_EQ(frames_reserve(&frames, pa(0xFFFFFFFFFFFFF000ull), 1), ERR_ADDRESS);
}

TEST(freeing)
{
	start();
	CHECK_EQ(frames_free(&frames, pa(at(3)), 1), ERR_STATE);
	CHECK_EQ(frames_reserve(&frames, pa(at(3)), 4), 0);
	CHECK_EQ(frames_free(&frames, pa(at(3)), 5), ERR_STATE);
	CHECK_EQ(frames_free(&frames, pa(at(2)), 2), ERR_STATE);
	CHECK_EQ(frames.free_count, COUNT - 4);
	CHECK_EQ(frames_free(&frames, pa(at(3)), 4), 0);
	CHECK_EQ(frames_free(&frames, pa(at(3)), 4), ERR_STATE);
	CHECK_EQ(frames_free(&frames, pa(at(COUNT)), 1), ERR_ADDRESS);
	CHECK_EQ(frames_free(&frames, pa(at(3) + 1), 1), ERR_ADDRESS);
	CHECK_EQ(frames.free_count, COUNT);
}

static bool model[COUNT];

static bool all(uint64_t first, uint64_t count, bool in_use)
{
	for (uint64_t i = first; i < first + count; i++) {
		if (model[i] != in_use)
			return false;
	}
	return true;
}

static void model_allocate(uint64_t count)
{
	uint64_t first = 0;
	pa_t frame;

	while (first + count <= COUNT && !all(first, count, false))
		first++;
	if (first + count > COUNT) {
		CHECK_EQ(frames_allocate(&frames, count, &frame), ERR_NO_MEMORY);
		return;
	}
	REQUIRE(frames_allocate(&frames, count, &frame) == 0);
	CHECK_EQ(frame.v, at(first));
	for (uint64_t i = first; i < first + count; i++)
		model[i] = true;
}

static void model_change(uint64_t first, uint64_t count, bool in_use)
{
	bool possible = first + count <= COUNT && all(first, count, !in_use);
	int error = in_use ? frames_reserve(&frames, pa(at(first)), count) : frames_free(&frames, pa(at(first)), count);

	CHECK_EQ(error, possible ? 0 : first + count > COUNT ? ERR_ADDRESS : ERR_STATE);
	for (uint64_t i = first; possible && i < first + count; i++)
		model[i] = in_use;
}

TEST(random_steps_agree_with_the_model)
{
	uint64_t seed = 42;

	start();
	memset(model, 0, sizeof(model));
	for (uint32_t step = 0; step < STEPS; step++) {
		uint64_t free_count = 0, first, count;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		first = (seed >> 33) % COUNT;
		count = 1 + (seed >> 50) % ((seed >> 20 & 3u) == 0 ? 40u : 4u);
		switch (seed >> 62) {
		case 0:
			model_allocate(count);
			break;
		case 1:
			model_change(first, count, true);
			break;
		default:
			model_change(first, count, false);
			break;
		}
		for (uint32_t i = 0; i < COUNT; i++)
			free_count += model[i] ? 0 : 1;
		CHECK_EQ(frames.free_count, free_count);
	}
	CHECK_EQ(bitmap[FRAMES_BITMAP_WORDS(COUNT)], 0xEEEEEEEEEEEEEEEEull);
}
