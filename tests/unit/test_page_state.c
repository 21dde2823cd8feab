/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "lib/page_state.h"
#include "tests/unit/page_state_model.h"
#include "tests/unit/unit.h"

#define STEPS 30000u

static uint64_t random_state = 0x9E3779B97F4A7C15ull;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545F4914F6CDD1Dull;
}

static struct page_model model;

TEST(sizes)
{
	static const struct page_range one = { 0, PAGE_SIZE },
				       two = { PAGE_SIZE_2M - PAGE_SIZE, PAGE_SIZE_2M + PAGE_SIZE };
	uint64_t bytes = 0;

	CHECK_EQ(page_state_size(&one, 1, &bytes), 0);
	CHECK_EQ(bytes, PAGE_STATE_BYTES_PER_BLOCK);
	CHECK_EQ(page_state_size(&two, 1, &bytes), 0);
	CHECK_EQ(bytes, 2 * PAGE_STATE_BYTES_PER_BLOCK);
}

TEST(ranges_in_one_block_share_it)
{
	static const struct page_range range[] = { { 0, PAGE_SIZE },
						   { 2 * PAGE_SIZE, 3 * PAGE_SIZE },
						   { PAGE_SIZE_2M - PAGE_SIZE, PAGE_SIZE_2M },
						   { PAGE_SIZE_2M, PAGE_SIZE_2M + PAGE_SIZE } };
	uint64_t bytes = 0;

	CHECK_EQ(page_state_size(range, ARRAY_SIZE(range), &bytes), 0);
	CHECK_EQ(bytes, 2 * PAGE_STATE_BYTES_PER_BLOCK);
}

TEST(bad_ranges)
{
	static const struct page_range bad[][2] = {
		{ { 0, 0 }, { PAGE_SIZE, 2 * PAGE_SIZE } },
		{ { PAGE_SIZE, 0 }, { PAGE_SIZE, 2 * PAGE_SIZE } },
		{ { 1, PAGE_SIZE }, { PAGE_SIZE, 2 * PAGE_SIZE } },
		{ { 0, PAGE_SIZE + 8 }, { 2 * PAGE_SIZE, 3 * PAGE_SIZE } },
		{ { 0, 2 * PAGE_SIZE }, { PAGE_SIZE, 3 * PAGE_SIZE } },
		{ { 2 * PAGE_SIZE, 3 * PAGE_SIZE }, { 0, PAGE_SIZE } },
	};
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(page_state_size(bad[i], 2, &bytes), ERR_INVALID);
	CHECK_EQ(page_state_size(bad[0], 0, &bytes), ERR_INVALID);
}

TEST(ranges_that_do_not_fit)
{
	static struct page_range many[PAGE_STATE_SPAN_MAX + 1];
	static const struct page_range top = { 0xFFFFFFFFFFE00000ull, 0xFFFFFFFFFFFFF000ull };
	uint64_t bytes;

	for (uint64_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct page_range){ 2 * i * PAGE_SIZE_2M, 2 * i * PAGE_SIZE_2M + PAGE_SIZE };
	CHECK_EQ(page_state_size(many, PAGE_STATE_SPAN_MAX, &bytes), 0);
	CHECK_EQ(bytes, PAGE_STATE_SPAN_MAX * PAGE_STATE_BYTES_PER_BLOCK);
	CHECK_EQ(page_state_size(many, PAGE_STATE_SPAN_MAX + 1, &bytes), ERR_OVERFLOW);
	CHECK_EQ(page_state_size(&top, 1, &bytes), ERR_OVERFLOW);
}

TEST(memory_that_is_too_small)
{
	static const struct page_range range = { 0, PAGE_SIZE_2M };
	static uint8_t memory[PAGE_STATE_BYTES_PER_BLOCK];
	struct page_state_map map;

	CHECK_EQ(page_state_init(&map, &range, 1, memory, sizeof(memory) - 1), ERR_NO_MEMORY);
	CHECK_EQ(page_state_init(&map, &range, 1, memory, sizeof(memory)), 0);
	CHECK_EQ(page_state_get(&map, gpa(0)), PAGE_UNVALIDATED);
	CHECK_EQ(page_state_get(&map, gpa(PAGE_SIZE_2M - 1)), PAGE_UNVALIDATED);
	CHECK_EQ(page_state_get(&map, gpa(PAGE_SIZE_2M)), PAGE_OUTSIDE);
}

TEST(ends_of_ranges)
{
	model_start(&model);
	for (size_t i = 0; i < ARRAY_SIZE(model_ranges); i++) {
		CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[i].start)), PAGE_UNVALIDATED);
		CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[i].end - 1)), PAGE_UNVALIDATED);
	}
	CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[0].start - 1)), PAGE_OUTSIDE);
	CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[0].end)), PAGE_OUTSIDE);
	CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[1].end)), PAGE_OUTSIDE);
	CHECK_EQ(page_state_get(&model.map, gpa(model_ranges[2].end)), PAGE_OUTSIDE);
	model_compare(&model);
	model_end(&model);
}

TEST(addresses_far_outside)
{
	static const uint64_t far[] = { 0,          PAGE_SIZE,  MODEL_BASE - 1,        1ull << 32, 1ull << 47,
					1ull << 51, 1ull << 63, 0xFFFFFFFFFFFFF000ull, ~0ull };
	enum page_state found, state;

	model_start(&model);
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		CHECK_EQ(page_state_get(&model.map, gpa(far[i])), PAGE_OUTSIDE);
		CHECK_EQ(page_state_claim(&model.map, gpa(far[i]), false, PAGE_OUTSIDE, &found), ERR_ADDRESS);
		CHECK_EQ(found, PAGE_OUTSIDE);
		CHECK_EQ(page_state_claim(&model.map, gpa(align_down(far[i], PAGE_SIZE_2M)), true, PAGE_UNVALIDATED,
					  &found),
			 ERR_ADDRESS);
		CHECK_EQ(page_state_pin(&model.map, gpa(far[i]), &state), ERR_ADDRESS);
		page_state_settle(&model.map, gpa(far[i]), false, PAGE_VALIDATED);
	}
	model_compare(&model);
	model_end(&model);
}

/* Not even a caller that asks for it gets a page that is not RAM. */
TEST(holes_cannot_be_claimed)
{
	enum page_state found;

	model_start(&model);
	CHECK_EQ(page_state_claim(&model.map, gpa(MODEL_BASE), false, PAGE_OUTSIDE, &found), ERR_ADDRESS);
	CHECK_EQ(page_state_claim(&model.map, gpa(MODEL_BASE), true, PAGE_UNVALIDATED, &found), ERR_ADDRESS);
	CHECK_EQ(page_state_claim(&model.map, gpa(MODEL_BASE + 3 * PAGE_SIZE_2M), true, PAGE_OUTSIDE, &found),
		 ERR_ADDRESS);
	CHECK_EQ(page_state_claim(&model.map, gpa(MODEL_BASE + 5 * PAGE_SIZE_2M), true, PAGE_UNVALIDATED, &found),
		 ERR_ADDRESS);
	model_compare(&model);
	model_end(&model);
}

/* After 512 single steps a block can be taken in one. */
TEST(block_becomes_uniform)
{
	uint64_t block = MODEL_BASE + 2 * PAGE_SIZE_2M;
	enum page_state found;

	model_start(&model);
	for (uint32_t i = 0; i < PAGES_PER_2M; i++) {
		CHECK_EQ(page_state_claim(&model.map, gpa(block + i * PAGE_SIZE), false, PAGE_UNVALIDATED, &found), 0);
		page_state_settle(&model.map, gpa(block + i * PAGE_SIZE), false, PAGE_VALIDATED);
		if (i + 1u < PAGES_PER_2M)
			CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_VALIDATED, &found), ERR_SIZE);
	}
	CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_UNVALIDATED, &found), ERR_STATE);
	CHECK_EQ(found, PAGE_VALIDATED);
	CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_VALIDATED, &found), 0);
	CHECK_EQ(page_state_get(&model.map, gpa(block + 7 * PAGE_SIZE)), PAGE_BUSY);
	page_state_settle(&model.map, gpa(block), true, PAGE_UNVALIDATED);
	CHECK_EQ(page_state_get(&model.map, gpa(block + 7 * PAGE_SIZE)), PAGE_UNVALIDATED);
	model_end(&model);
}

/* While one operation is under way on a page, no other starts, on it or on its block. */
TEST(busy_pages_are_left_alone)
{
	uint64_t block = MODEL_BASE + 2 * PAGE_SIZE_2M;
	enum page_state found;

	model_start(&model);
	CHECK_EQ(page_state_claim(&model.map, gpa(block + PAGE_SIZE), false, PAGE_UNVALIDATED, &found), 0);
	CHECK_EQ(page_state_claim(&model.map, gpa(block + PAGE_SIZE), false, PAGE_UNVALIDATED, &found), ERR_STATE);
	CHECK_EQ(found, PAGE_BUSY);
	CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_UNVALIDATED, &found), ERR_ADDRESS);
	CHECK_EQ(found, PAGE_BUSY);
	page_state_settle(&model.map, gpa(block + PAGE_SIZE), false, PAGE_UNVALIDATED);
	CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_UNVALIDATED, &found), 0);
	CHECK_EQ(page_state_claim(&model.map, gpa(block + PAGE_SIZE), false, PAGE_UNVALIDATED, &found), ERR_STATE);
	CHECK_EQ(found, PAGE_BUSY);
	CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_UNVALIDATED, &found), ERR_STATE);
	page_state_settle(&model.map, gpa(block), true, PAGE_VALIDATED);
	CHECK_EQ(page_state_get(&model.map, gpa(block + PAGE_SIZE)), PAGE_VALIDATED);
	model_end(&model);
}

/* Special pages keep their block from being taken as a whole. */
TEST(special_pages_hold_their_block)
{
	static const enum page_state special[] = { PAGE_CAA, PAGE_VMSA, PAGE_MONITOR, PAGE_DEVICE, PAGE_LOST, PAGE_FIXED };
	uint64_t block = MODEL_BASE + 2 * PAGE_SIZE_2M;

	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		enum page_state found;

		model_start(&model);
		page_state_set_range(&model.map, block, block + PAGE_SIZE_2M, PAGE_VALIDATED);
		page_state_set_range(&model.map, block + 9 * PAGE_SIZE, block + 10 * PAGE_SIZE, special[i]);
		CHECK_EQ(page_state_claim(&model.map, gpa(block), true, PAGE_VALIDATED, &found), ERR_ADDRESS);
		CHECK_EQ(found, special[i]);
		CHECK_EQ(page_state_claim(&model.map, gpa(block + 9 * PAGE_SIZE), false, PAGE_VALIDATED, &found),
			 ERR_STATE);
		CHECK_EQ(found, special[i]);
		CHECK_EQ(page_state_claim(&model.map, gpa(block + 8 * PAGE_SIZE), false, PAGE_VALIDATED, &found), 0);
		model_end(&model);
	}
}

TEST(set_range_over_everything)
{
	model_start(&model);
	page_state_set_range(&model.map, 0, ~0ull, PAGE_VALIDATED);
	for (uint32_t i = 0; i < MODEL_PAGES; i++)
		model.state[i] = model.state[i] == PAGE_OUTSIDE ? PAGE_OUTSIDE : PAGE_VALIDATED;
	model_compare(&model);
	page_state_set_range(&model.map, MODEL_BASE, MODEL_BASE, PAGE_LOST);
	page_state_set_range(&model.map, MODEL_BASE + PAGE_SIZE_2M, MODEL_BASE, PAGE_LOST);
	model_compare(&model);
	model_end(&model);
}

TEST(pin_holds_the_state)
{
	enum page_state state;

	model_start(&model);
	CHECK_EQ(page_state_pin(&model.map, gpa(MODEL_BASE + PAGE_SIZE_2M), &state), 0);
	CHECK_EQ(state, PAGE_UNVALIDATED);
	CHECK_EQ(model.map.lock[1], 1);
	page_state_unpin(&model.map, gpa(MODEL_BASE + PAGE_SIZE_2M));
	CHECK_EQ(model.map.lock[1], 0);
	model_end(&model);
}

TEST(names)
{
	CHECK_TEXT(page_state_name(PAGE_VMSA), "VMSA");
	CHECK_TEXT(page_state_name(PAGE_MIXED), "mixed");
	CHECK_TEXT(page_state_name((enum page_state)77), "?");
}

TEST(random_steps_agree_with_the_model)
{
	model_start(&model);
	for (uint32_t i = 0; i < STEPS; i++) {
		model_step(&model, random_u64());
		if (i % 100 == 0)
			model_compare(&model);
		/* Special states pile up; start over now and then. */
		if (i % 3000 == 2999) {
			model_end(&model);
			model_start(&model);
		}
	}
	model_compare(&model);
	model_end(&model);
}

/* Against looking at every page in turn, over spans with holes, uniform and mixed blocks. */
TEST(find_goes_to_the_next_page_in_the_state)
{
	static const struct page_range range[] = { { 3 * PAGE_SIZE, 5 * PAGE_SIZE_2M },
						   { 9 * PAGE_SIZE_2M, 10 * PAGE_SIZE_2M + 7 * PAGE_SIZE } };
	struct page_state_map map;
	uint64_t size;
	void *memory;

	REQUIRE(page_state_size(range, 2, &size) == 0);
	memory = malloc(size);
	REQUIRE(memory != NULL && page_state_init(&map, range, 2, memory, size) == 0);
	page_state_set_range(&map, PAGE_SIZE_2M, 2 * PAGE_SIZE_2M, PAGE_VALIDATED);
	for (uint32_t i = 0; i < 40; i++) {
		uint64_t at = random_u64() % (11 * PAGE_SIZE_2M / PAGE_SIZE) * PAGE_SIZE;

		page_state_set_range(&map, at, at + PAGE_SIZE, random_u64() % 2 == 0 ? PAGE_VALIDATED : PAGE_LOST);
	}
	for (uint32_t i = 0; i < 2000; i++) {
		gpa_t found = gpa(random_u64() % (11 * PAGE_SIZE_2M));
		enum page_state state = random_u64() % 3 == 0 ? PAGE_LOST : PAGE_VALIDATED;
		uint64_t at = align_down(found.v, PAGE_SIZE);

		while (at < 12 * PAGE_SIZE_2M && page_state_get(&map, gpa(at)) != state)
			at += PAGE_SIZE;
		CHECK_EQ(page_state_find(&map, &found, state), at < 12 * PAGE_SIZE_2M);
		if (at < 12 * PAGE_SIZE_2M)
			CHECK_EQ(found.v, at);
	}
	free(memory);
}

/* ---- several at once ---- */

#define CROWD 4u
#define CROWD_ROUNDS 600000u
#define CROWD_PAGES 3u /* the first of one block: few, so that they meet */

static struct page_state_map crowd_map;
static uint32_t crowd_owner[CROWD_PAGES]; /* how many think that they have it */
static uint32_t crowd_clashes, crowd_claims;

/* Counts what a successful claim must exclude. */
static void crowd_hold(uint32_t first, uint32_t count, int by)
{
	for (uint32_t i = first; i < first + count; i++) {
		uint32_t others = __atomic_fetch_add(&crowd_owner[i], (uint32_t)by, __ATOMIC_ACQ_REL);

		if (by > 0 && others != 0)
			__atomic_add_fetch(&crowd_clashes, 1, __ATOMIC_RELAXED);
	}
}

static void crowd_change(uint32_t random)
{
	enum page_state from = random & 1u ? PAGE_VALIDATED : PAGE_UNVALIDATED, found;
	enum page_state to = from == PAGE_VALIDATED ? PAGE_UNVALIDATED : PAGE_VALIDATED;
	bool large = (random >> 1) % 8u == 0;
	uint32_t page = large ? 0 : (random >> 4) % CROWD_PAGES;
	gpa_t address = gpa(PAGE_SIZE_2M + page * PAGE_SIZE);

	if (page_state_claim(&crowd_map, address, large, from, &found) != 0)
		return;
	crowd_hold(page, large ? CROWD_PAGES : 1u, 1);
	__atomic_add_fetch(&crowd_claims, 1, __ATOMIC_RELAXED);
	crowd_hold(page, large ? CROWD_PAGES : 1u, -1);
	page_state_settle(&crowd_map, address, large, to);
}

static void *crowd_member(void *argument)
{
	uint32_t random = *(const uint32_t *)argument;

	for (uint32_t i = 0; i < CROWD_ROUNDS; i++) {
		random = random * 1664525u + 1013904223u;
		crowd_change(random >> 12);
	}
	return NULL;
}

/* Claims exclude each other, of pages and of their whole block; in the end nothing is busy. */
TEST(claims_of_several_threads)
{
	static const struct page_range ram = { 0, 3 * PAGE_SIZE_2M };
	static uint8_t memory[3 * PAGE_STATE_BYTES_PER_BLOCK];
	static uint32_t seed[CROWD] = { 1, 22222, 333333333, 4 };
	pthread_t thread[CROWD];

	REQUIRE(page_state_init(&crowd_map, &ram, 1, memory, sizeof(memory)) == 0);
	for (uint32_t i = 0; i < CROWD; i++)
		REQUIRE(pthread_create(&thread[i], NULL, crowd_member, &seed[i]) == 0);
	for (uint32_t i = 0; i < CROWD; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	CHECK_EQ(crowd_clashes, 0);
	CHECK(crowd_claims > CROWD_ROUNDS / 10);
	for (uint64_t at = PAGE_SIZE_2M; at < 2 * PAGE_SIZE_2M; at += PAGE_SIZE) {
		enum page_state state = page_state_get(&crowd_map, gpa(at));

		CHECK(state == PAGE_VALIDATED || state == PAGE_UNVALIDATED);
	}
}
