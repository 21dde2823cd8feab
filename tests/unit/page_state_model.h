/* SPDX-License-Identifier: MIT */
/*
 * page_state_model.h - an executable model of lib/page_state.h: one state per page in a plain array and nothing else.
 *
 * model_step() does one operation, chosen by a number, on both, and traps when they disagree. Used by the unit test with
 * random numbers and by the fuzzer with its own.
 */
#ifndef TESTS_UNIT_PAGE_STATE_MODEL_H
#define TESTS_UNIT_PAGE_STATE_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/page_state.h"

#define MODEL_BASE 0x40000000ull
#define MODEL_BLOCKS 6u
#define MODEL_PAGES (MODEL_BLOCKS * PAGES_PER_2M)

/* Two ranges with ragged ends; the last page of the second block and the whole fourth block are a hole. */
static const struct page_range model_ranges[] = {
	{ MODEL_BASE + 3 * PAGE_SIZE, MODEL_BASE + 2 * PAGE_SIZE_2M - PAGE_SIZE },
	{ MODEL_BASE + 2 * PAGE_SIZE_2M, MODEL_BASE + 3 * PAGE_SIZE_2M },
	{ MODEL_BASE + 4 * PAGE_SIZE_2M, MODEL_BASE + 5 * PAGE_SIZE_2M + 100 * PAGE_SIZE },
};

struct page_model {
	struct page_state_map map;
	uint8_t *memory;
	uint64_t size;
	uint8_t state[MODEL_PAGES];
};

static inline void model_require(bool good, const char *what, uint64_t address)
{
	if (good)
		return;
	fprintf(stderr, "page_state differs from the model: %s at 0x%llx\n", what, (unsigned long long)address);
	abort();
}

static inline void model_start(struct page_model *model)
{
	int error = page_state_size(model_ranges, ARRAY_SIZE(model_ranges), &model->size);

	model_require(error == 0, "size", 0);
	model->memory = malloc(model->size);
	model_require(model->memory != NULL, "memory", 0);
	memset(model->memory, 0xEE, model->size);
	error = page_state_init(&model->map, model_ranges, ARRAY_SIZE(model_ranges), model->memory, model->size);
	model_require(error == 0, "init", 0);
	memset(model->state, PAGE_OUTSIDE, sizeof(model->state));
	for (size_t i = 0; i < ARRAY_SIZE(model_ranges); i++) {
		for (uint64_t at = model_ranges[i].start; at < model_ranges[i].end; at += PAGE_SIZE)
			model->state[(at - MODEL_BASE) / PAGE_SIZE] = PAGE_UNVALIDATED;
	}
}

static inline void model_end(struct page_model *model)
{
	free(model->memory);
}

static inline uint64_t model_address(uint32_t page)
{
	return MODEL_BASE + page * PAGE_SIZE;
}

static inline void model_compare(struct page_model *model)
{
	for (uint32_t i = 0; i < MODEL_PAGES; i++)
		model_require(page_state_get(&model->map, gpa(model_address(i))) == model->state[i], "state",
			      model_address(i));
	for (uint64_t i = 0; i < model->map.block_count; i++)
		model_require(model->map.lock[i] == 0, "lock left held, block", i);
}

static inline int model_claim_page(struct page_model *model, uint32_t page, enum page_state from)
{
	if (model->state[page] == PAGE_OUTSIDE)
		return ERR_ADDRESS;
	return model->state[page] == from ? 0 : ERR_STATE;
}

static inline int model_claim_block(struct page_model *model, uint32_t first, enum page_state from)
{
	bool uniform = true, simple = true;

	for (uint32_t i = first; i < first + PAGES_PER_2M; i++) {
		uniform = uniform && model->state[i] == model->state[first];
		simple = simple && (model->state[i] == PAGE_UNVALIDATED || model->state[i] == PAGE_VALIDATED);
	}
	if (uniform && model->state[first] != PAGE_OUTSIDE)
		return model->state[first] == from ? 0 : ERR_STATE;
	return simple ? ERR_SIZE : ERR_ADDRESS;
}

/* Claims, and settles at once or by a later step: one claim at most is open, as for one CPU. */
static inline void model_claim(struct page_model *model, uint32_t page, bool large, enum page_state from,
			       enum page_state to)
{
	uint32_t first = large ? page / PAGES_PER_2M * PAGES_PER_2M : page, count = large ? PAGES_PER_2M : 1;
	uint64_t address = model_address(first);
	enum page_state found = PAGE_MIXED, state;
	int expected = large ? model_claim_block(model, first, from) : model_claim_page(model, first, from);
	int error = page_state_claim(&model->map, gpa(address), large, from, &found);

	model_require(error == expected, "result of a claim", address);
	if (error == ERR_STATE)
		model_require(found == model->state[first], "found", address);
	if (error != 0)
		return;
	for (uint32_t i = first; i < first + count; i++) {
		state = page_state_get(&model->map, gpa(model_address(i)));
		model_require(state == PAGE_BUSY, "claimed page is not busy", model_address(i));
	}
	model_require(page_state_claim(&model->map, gpa(address), false, from, &found) == ERR_STATE &&
			      found == PAGE_BUSY,
		      "second claim", address);
	page_state_settle(&model->map, gpa(address), large, to);
	memset(&model->state[first], (int)to, count);
}

static inline void model_set_range(struct page_model *model, uint32_t first, uint32_t count, enum page_state state)
{
	page_state_set_range(&model->map, model_address(first), model_address(first + count), state);
	for (uint32_t i = first; i < first + count && i < MODEL_PAGES; i++) {
		if (model->state[i] != PAGE_OUTSIDE)
			model->state[i] = (uint8_t)state;
	}
}

static inline void model_pin(struct page_model *model, uint32_t page)
{
	enum page_state state = PAGE_MIXED;
	int error = page_state_pin(&model->map, gpa(model_address(page) + 0x123), &state);

	model_require(error == (model->state[page] == PAGE_OUTSIDE && state == PAGE_OUTSIDE ? error : 0), "pin",
		      model_address(page));
	model_require(state == model->state[page], "pinned state", model_address(page));
	if (error == 0)
		page_state_unpin(&model->map, gpa(model_address(page)));
}

/* States that pages are claimed from and settled in. */
static inline enum page_state model_pick_state(uint32_t number)
{
	static const enum page_state state[] = { PAGE_UNVALIDATED, PAGE_VALIDATED, PAGE_UNVALIDATED, PAGE_VALIDATED,
						 PAGE_CAA,         PAGE_VMSA,      PAGE_LOST,        PAGE_MONITOR,
						 PAGE_FIXED };

	return state[number % ARRAY_SIZE(state)];
}

static inline void model_step(struct page_model *model, uint64_t number)
{
	uint32_t page = (uint32_t)(number >> 16) % MODEL_PAGES;
	enum page_state from = model_pick_state((uint32_t)(number >> 8)),
			to = model_pick_state((uint32_t)(number >> 12));

	switch (number & 0xFu) {
	case 0:
		model_set_range(model, page, (uint32_t)(number >> 40) % 1200u, to);
		break;
	case 1:
	case 2:
		model_pin(model, page);
		break;
	case 3:
	case 4:
	case 5:
		model_claim(model, page, true, from, to);
		break;
	default:
		/* Few pages of a block, so that they meet. */
		if ((number >> 60) != 0)
			page = page / PAGES_PER_2M * PAGES_PER_2M + page % 8u;
		model_claim(model, page, false, from, to);
		break;
	}
}

#endif
