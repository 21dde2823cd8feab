/* SPDX-License-Identifier: MIT */
/*
 * The page-state map. A map of one or two blocks stands for all: no function looks at more than the block of its address,
 * and where the blocks lie is arbitrary; that each address has its own block is proved for itself. The witness is one page that nobody chose; what holds for it holds for all.
 */
#include "proofs/prover.h"

#include "lib/page_state.c"
#include "proofs/string.h"

#ifndef BLOCKS
#define BLOCKS 2u
#endif

static struct page_state_map map;
static uint8_t summary[BLOCKS], lock[BLOCKS], page[BLOCKS * PAGES_PER_2M];
static uint64_t witness;

/* Any map that keeps the header's invariants, with every block unlocked. */
static void any_map(void)
{
	uint64_t first = any_u64(), second = any_u64();

	ASSUME(is_aligned(first | second, PAGE_SIZE_2M));
	ASSUME(first <= UINT64_MAX - 2 * PAGE_SIZE_2M && second <= UINT64_MAX - PAGE_SIZE_2M);
	map.block_count = BLOCKS;
	if (BLOCKS == 1) {
		map.span_count = 1;
		map.span[0] = (struct page_state_span){ first, first + PAGE_SIZE_2M, 0 };
	} else if (any_bool()) {
		map.span_count = 1;
		map.span[0] = (struct page_state_span){ first, first + 2 * PAGE_SIZE_2M, 0 };
	} else {
		ASSUME(second > first + PAGE_SIZE_2M);
		map.span_count = 2;
		map.span[0] = (struct page_state_span){ first, first + PAGE_SIZE_2M, 0 };
		map.span[1] = (struct page_state_span){ second, second + PAGE_SIZE_2M, 1 };
	}
	__CPROVER_havoc_object(summary);
	__CPROVER_havoc_object(page);
	map.summary = summary;
	map.lock = lock;
	map.page = page;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		ASSUME(summary[i] <= PAGE_MIXED);
		lock[i] = 0;
	}
	witness = any_u64();
}

static bool covered(uint64_t address)
{
	return (address >= map.span[0].start && address < map.span[0].end) ||
	       (map.span_count == 2 && address >= map.span[1].start && address < map.span[1].end);
}

static bool same_block(uint64_t a, uint64_t b)
{
	return (a & ~PAGE_MASK_2M) == (b & ~PAGE_MASK_2M);
}

static bool same_page(uint64_t a, uint64_t b)
{
	return a >> PAGE_SHIFT == b >> PAGE_SHIFT;
}

/* The specification of a page's state, written without the code's helpers. */
static uint8_t state_of(uint64_t address)
{
	uint32_t block = 0;

	if (!covered(address))
		return PAGE_OUTSIDE;
	if (BLOCKS == 1)
		block = 0;
	else if (map.span_count == 2)
		block = address >= map.span[1].start && address < map.span[1].end;
	else
		block = address - map.span[0].start >= PAGE_SIZE_2M;
	if (summary[block] != PAGE_MIXED)
		return summary[block];
	return page[block * PAGES_PER_2M + (address >> PAGE_SHIFT & (PAGES_PER_2M - 1u))];
}

static bool unlocked(void)
{
	return lock[0] == 0 && lock[BLOCKS - 1] == 0;
}

void prove_get(void)
{
	enum page_state state;
	uint64_t address = any_u64();

	any_map();
	uint8_t before = state_of(witness), wanted = state_of(address);

	state = page_state_get(&map, gpa(address));
	PROVE(state == wanted, "the state is that of the page");
	PROVE(state_of(witness) == before && unlocked(), "nothing changes");
	if (covered(address))
		CANARY("a page in RAM");
	else
		CANARY("a page outside");
}

void prove_claim(void)
{
	uint64_t address = any_u64();
	enum page_state found;

	any_map();
	int error = page_state_claim(&map, gpa(address), any_bool(), any_u8(), &found);

	PROVE(unlocked(), "the lock is free again");
	PROVE(IMPLIES(!covered(address), error == ERR_ADDRESS && found == PAGE_OUTSIDE), "only RAM is claimed");
	if (error == 0)
		CANARY("claimed");
}

/* State of a page of one block: the witness is an index here. */
static uint8_t in_block(uint64_t block, uint32_t index)
{
	return summary[block] != PAGE_MIXED ? summary[block] : page[block * PAGES_PER_2M + index];
}

void prove_claim_page(void)
{
	enum page_state from = any_u8(), found;
	uint64_t address = any_u64();
	uint32_t index = any_u32(), other = any_u32();

	any_map();
	ASSUME(from != PAGE_BUSY && from < PAGE_MIXED && from != PAGE_OUTSIDE && index < PAGES_PER_2M && other < PAGES_PER_2M);
	bool its = index == (address >> PAGE_SHIFT & (PAGES_PER_2M - 1u));
	uint8_t before = in_block(1, index), neighbour = in_block(0, other);
	int error = claim_page(&map, 1, address, from, &found);

	PROVE(in_block(0, other) == neighbour, "the block beside it does not change");
	PROVE(IMPLIES(its, found == before), "the state that was found is reported");
	PROVE(error == 0 || error == ERR_STATE || error == ERR_ADDRESS, "a documented error");
	if (error != 0) {
		PROVE(in_block(1, index) == before && IMPLIES(its, before != from), "a refused claim changes no page");
		CANARY("refused");
		return;
	}
	PROVE(IMPLIES(its, before == from), "the page was as asked");
	PROVE(in_block(1, index) == (its ? PAGE_BUSY : before), "it is busy, and no other page changes");
	CANARY("claimed");
}

void prove_claim_block(void)
{
	enum page_state from = any_u8(), found;
	uint32_t index = any_u32(), other = any_u32();
	int error;

	any_map();
	ASSUME(from != PAGE_BUSY && from < PAGE_MIXED && from != PAGE_OUTSIDE && index < PAGES_PER_2M && other < PAGES_PER_2M);
	uint8_t before = in_block(1, index), neighbour = in_block(0, other);

	error = claim_block(&map, 1, from, &found);
	PROVE(in_block(0, other) == neighbour, "the block beside it does not change");
	PROVE(error == 0 || error == ERR_STATE || error == ERR_SIZE || error == ERR_ADDRESS, "a documented error");
	if (error == 0) {
		PROVE(before == from && in_block(1, index) == PAGE_BUSY, "all pages were as asked, and are busy");
		CANARY("a block was claimed");
		return;
	}
	PROVE(in_block(1, index) == before, "a refused claim changes no page");
	PROVE(IMPLIES(error == ERR_STATE, found == before && found != from), "all are in one other state");
	PROVE(IMPLIES(error == ERR_SIZE, before == PAGE_UNVALIDATED || before == PAGE_VALIDATED), "only the guest's pages differ");
	if (error == ERR_SIZE)
		CANARY("the pages differ");
	else
		CANARY("refused");
}

void prove_settle(void)
{
	uint64_t address = any_u64();
	bool large = any_bool();
	enum page_state to = any_u8();

	any_map();
	ASSUME(to > PAGE_OUTSIDE && to < PAGE_MIXED);
	/* The contract: what is settled was claimed before, in the same size. */
	ASSUME(!covered(address) || state_of(address) == PAGE_BUSY);
	uint8_t before = state_of(witness);
	bool concerned = covered(witness) && (large ? same_block(witness, address) : same_page(witness, address));

	ASSUME(IMPLIES(concerned, before == PAGE_BUSY));
	page_state_settle(&map, gpa(address), large, to);
	PROVE(unlocked(), "the lock is free again");
	PROVE(IMPLIES(!concerned, state_of(witness) == before), "no other page changes");
	PROVE(state_of(witness) == before || state_of(witness) == to, "a page is in its old state or in the new one");
	if (concerned && state_of(witness) == to)
		CANARY("settled");
}

void prove_pin(void)
{
	uint64_t address = any_u64();
	enum page_state state;
	int error;

	any_map();
	uint8_t before = state_of(witness), wanted = state_of(address);

	error = page_state_pin(&map, gpa(address), &state);
	PROVE((error == 0) == covered(address) && (error == 0 || error == ERR_ADDRESS), "RAM can be pinned, nothing else");
	PROVE(state == wanted, "the state is that of the page");
	if (error == 0) {
		PROVE(!unlocked(), "the block is locked");
		page_state_unpin(&map, gpa(address));
		CANARY("pinned");
	}
	PROVE(unlocked() && state_of(witness) == before, "nothing has changed");
}

void prove_set_in_block(void)
{
	uint64_t start = any_u64(), end = any_u64(), block_start = any_u64();
	enum page_state state = any_u8();
	uint32_t index = any_u32(), other = any_u32();

	any_map();
	for (uint32_t i = 0; i < BLOCKS * PAGES_PER_2M; i++)
		ASSUME(page[i] < PAGE_MIXED);
	ASSUME(state > PAGE_OUTSIDE && state < PAGE_MIXED && index < PAGES_PER_2M && other < PAGES_PER_2M);
	/* The part of [start, end) that lies in one block. */
	ASSUME(is_aligned(block_start, PAGE_SIZE_2M) && block_start <= UINT64_MAX - PAGE_SIZE_2M);
	ASSUME(start < end && start >= block_start && end <= block_start + PAGE_SIZE_2M && is_aligned(start, PAGE_SIZE));
	uint8_t before = in_block(1, index), neighbour = in_block(0, other);
	uint64_t address = block_start + index * PAGE_SIZE;

	set_in_block(&map, 1, start, end, state);
	PROVE(unlocked() && in_block(0, other) == neighbour, "the block beside it does not change");
	if (before == PAGE_OUTSIDE)
		PROVE(in_block(1, index) == PAGE_OUTSIDE, "what is no RAM stays so");
	else
		PROVE(in_block(1, index) == (address >= start && address < end ? state : before), "the range is set, nothing else");
	if (before != state && in_block(1, index) == state)
		CANARY("a page was set");
}

/* ---- making the map: ranges anywhere ---- */

#define RANGES 2u

void prove_size(void)
{
	struct page_range range[RANGES];
	struct page_state_map made;
	uint32_t count = any_u32();
	uint64_t bytes;

	ASSUME(count <= RANGES);
	int error = page_state_size(range, count, &bytes);
	if (error != 0) {
		PROVE(error == ERR_INVALID || error == ERR_OVERFLOW, "a documented error");
		CANARY("refused");
		return;
	}
	error = make_spans(&made, range, count);
	PROVE(error == 0 && made.span_count > 0 && made.span_count <= count, "as many spans as ranges, or fewer");
	PROVE(bytes == made.block_count * PAGE_STATE_BYTES_PER_BLOCK, "the size is that of the blocks");
	/* A page of a range has a block, below block_count. */
	uint32_t which = any_u32();
	uint64_t address = any_u64(), block;

	ASSUME(which < count && address >= range[which].start && address < range[which].end);
	PROVE(find_block(&made, address, &block), "every page has a block");
	PROVE(block < made.block_count, "inside the memory");
	/* Different blocks of memory never share one. */
	uint64_t other = any_u64(), other_block;

	if (find_block(&made, other, &other_block))
		PROVE((block == other_block) == same_block(address, other), "a block belongs to one place");
	CANARY("made");
}

/* A block that is RAM in part, or all of it; before, it was not or in another part. */
void prove_cover_in_block(void)
{
	uint64_t start = any_u64(), end = any_u64(), block_start = any_u64();
	uint32_t index = any_u32(), other = any_u32();

	any_map();
	ASSUME(index < PAGES_PER_2M && other < PAGES_PER_2M);
	ASSUME(is_aligned(block_start, PAGE_SIZE_2M) && block_start <= UINT64_MAX - PAGE_SIZE_2M && is_aligned(start | end, PAGE_SIZE));
	ASSUME(start < end && start >= block_start && end <= block_start + PAGE_SIZE_2M);
	uint8_t before = in_block(1, index), neighbour = in_block(0, other);
	uint64_t address = block_start + index * PAGE_SIZE;

	cover_in_block(&map, 1, start, end);
	PROVE(in_block(1, index) == (address >= start && address < end ? PAGE_UNVALIDATED : before), "the pages are RAM, the others are as they were");
	PROVE(in_block(0, other) == neighbour && unlocked(), "the block beside it does not change");
	PROVE(summary[1] <= PAGE_MIXED, "a summary");
	if (end - start == PAGE_SIZE_2M)
		CANARY("a whole block");
	else
		CANARY("a part");
}

static uint64_t covered_to, pieces;

void stub_cover_in_block(struct page_state_map *which, uint64_t block, uint64_t start, uint64_t end)
{
	uint64_t wanted = map.span_count == 2 ? start >= map.span[1].start && start < map.span[1].end : start - map.span[0].start >= PAGE_SIZE_2M;

	PROVE(which == &map && start == covered_to && start < end, "one piece after the other");
	PROVE(same_block(start, end - 1u) && block == wanted, "inside one block, and in that one");
	covered_to = end;
	pieces++;
}

void prove_cover(void)
{
	struct page_range range = { any_u64(), any_u64() };

	any_map();
	ASSUME(is_aligned(range.start | range.end, PAGE_SIZE) && range.start < range.end && range.end - range.start <= 2 * PAGE_SIZE_2M &&
	       range.end <= UINT64_MAX - PAGE_MASK_2M); /* others are refused before */
	covered_to = range.start;
	pieces = 0;
	int error = cover(&map, &range);
	PROVE((error == 0) == (covered_to == range.end) && covered_to <= range.end, "all of the range and no more");
	PROVE(error == 0 || (error == ERR_INVALID && !covered(covered_to)), "only what is outside of the map is refused");
	if (error == 0 && pieces == 2)
		CANARY("over two blocks");
	if (error != 0)
		CANARY("outside");
}

static const struct page_range *ranges;
static uint32_t ranges_covered, witness_block;
static struct page_state_map new_map;
static uint8_t memory[3u * PAGE_STATE_BYTES_PER_BLOCK];

int stub_cover(struct page_state_map *which, const struct page_range *range)
{
	PROVE(which == &new_map && range == ranges + ranges_covered, "one range after the other");
	if (ranges_covered == 0 && witness_block < new_map.block_count)
		PROVE(new_map.summary[witness_block] == PAGE_OUTSIDE && new_map.lock[witness_block] == 0, "nothing is RAM at first, nothing is locked");
	ranges_covered++;
	return 0; /* make_spans() has made a place for each page: proof size */
}

void prove_init(void)
{
	struct page_range range[RANGES];
	uint32_t count = any_u32();
	uint64_t size = any_u64(), needed;

	ASSUME(count <= RANGES && size <= sizeof(memory));
	__CPROVER_havoc_object(memory);
	ranges = range;
	ranges_covered = 0;
	witness_block = any_u32();
	int wanted = page_state_size(range, count, &needed);
	int error = page_state_init(&new_map, range, count, memory, size);

	PROVE(error == (wanted != 0 ? wanted : size < needed ? ERR_NO_MEMORY : 0), "as documented");
	PROVE(ranges_covered == (error == 0 ? count : 0), "every range is RAM, or nothing is made");
	if (error != 0) {
		if (wanted == 0)
			CANARY("too little memory");
		return;
	}
	PROVE(new_map.block_count * PAGE_STATE_BYTES_PER_BLOCK == needed && needed <= size, "as large as said");
	PROVE(new_map.summary == memory && new_map.lock == memory + new_map.block_count && new_map.page == memory + 2 * new_map.block_count,
	      "summaries, locks and pages, one after the other in the memory");
	CANARY("made");
}

void prove_name(void)
{
	const char *name = page_state_name(any_u32());

	PROVE(name != NULL && name[0] != 0, "every value has a name");
	CANARY("named");
}
