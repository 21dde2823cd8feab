/* SPDX-License-Identifier: MIT */
/*
 * Searching the map of pages, and setting ranges of it, over maps of two blocks anywhere. The witness is one page that nobody
 * chose; what holds for it holds for all.
 */
#include "proofs/page_state/harness.c"

/* ---- searching ---- */

void prove_find_in_block(void)
{
	uint64_t address = any_u64(), start = address;
	enum page_state state = any_u8();
	uint32_t index = any_u8() % PAGES_PER_2M, first = (uint32_t)(start >> PAGE_SHIFT & (PAGES_PER_2M - 1u));

	any_map();
	ASSUME(state < PAGE_MIXED && is_aligned(address, PAGE_SIZE) && address <= UINT64_MAX - PAGE_SIZE_2M);
	uint8_t before = in_block(1, index);
	bool found = find_in_block(&map, 1, &address, state);

	PROVE(unlocked() && in_block(1, index) == before, "nothing changes");
	if (!found) {
		PROVE(IMPLIES(index >= first, before != state), "no page from there on is in the state");
		CANARY("none");
		return;
	}
	uint32_t its = (uint32_t)(address >> PAGE_SHIFT & (PAGES_PER_2M - 1u));

	PROVE(address >= start && same_block(address, start) && is_aligned(address, PAGE_SIZE), "a page of the block, not before the first");
	PROVE(in_block(1, its) == state && IMPLIES(index >= first && index < its, before != state), "in that state, and no page before it");
	if (address != start)
		CANARY("a later page");
}

static uint8_t witness_state;
static uint64_t found_at;

static bool its_block(uint64_t block, uint64_t address)
{
	return block == (map.span_count == 2 ? address >= map.span[1].start : (address - map.span[0].start) / PAGE_SIZE_2M);
}

/* What prove_find_in_block() shows of it. */
bool stub_find_in_block(struct page_state_map *of, uint64_t block, uint64_t *address, enum page_state state)
{
	uint64_t from = *address, end = align_down(from, PAGE_SIZE_2M) + PAGE_SIZE_2M, at = any_u64();

	PROVE(covered(from) && is_aligned(from, PAGE_SIZE) && its_block(block, from), "the block of the address");
	if (any_bool()) {
		ASSUME(IMPLIES(witness >= from && witness < end, witness_state != state));
		*address = any_bool() ? from : end;
		return false;
	}
	ASSUME(at >= from && at < end && is_aligned(at, PAGE_SIZE));
	ASSUME(IMPLIES(witness >= from && witness < at, witness_state != state));
	*address = found_at = at;
	return true;
}

void prove_find(void)
{
	gpa_t address = gpa(any_u64());
	uint64_t start = align_down(address.v, PAGE_SIZE);
	enum page_state state = any_u8();

	any_map();
	witness_state = any_u8();
	ASSUME(is_aligned(witness, PAGE_SIZE) && covered(witness));
	if (!page_state_find(&map, &address, state)) {
		PROVE(IMPLIES(witness >= start, witness_state != state), "no page from there on is in the state");
		CANARY("none");
		return;
	}
	PROVE(address.v == found_at && address.v >= start && covered(address.v), "a page of RAM that was found, not before the first");
	PROVE(IMPLIES(witness >= start && witness < address.v, witness_state != state), "and no page before it");
	if (address.v >= map.span[0].start + PAGE_SIZE_2M && start < map.span[0].start)
		CANARY("in the second block");
}

/* ---- setting ---- */

/* What proofs/page_state shows of it. */
void stub_set_in_block(struct page_state_map *of, uint64_t block, uint64_t start, uint64_t end, enum page_state state)
{
	PROVE(start < end && is_aligned(start, PAGE_SIZE) && same_block(start, end - 1), "a part of one block");
	PROVE(covered(start) && its_block(block, start), "the block of its addresses");
	if (witness >= start && witness < end && witness_state != PAGE_OUTSIDE)
		witness_state = (uint8_t)state;
}

void prove_set_range(void)
{
	uint64_t start = any_u64(), end = any_u64();
	enum page_state state = any_u8();

	any_map();
	ASSUME(state > PAGE_OUTSIDE && state < PAGE_MIXED && is_aligned(witness, PAGE_SIZE));
	uint8_t before = witness_state = covered(witness) ? any_u8() : PAGE_OUTSIDE;

	page_state_set_range(&map, start, end, state);
	if (before != PAGE_OUTSIDE && witness < end && witness + PAGE_MASK >= start) {
		PROVE(witness_state == state, "every page of RAM that the range touches is set");
		CANARY("set");
	} else {
		PROVE(witness_state == before, "no other page changes");
		CANARY("not touched");
	}
}
