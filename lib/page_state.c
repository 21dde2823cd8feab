/* SPDX-License-Identifier: MIT */
#include "lib/page_state.h"

#include "lib/string.h"

static void lock_block(struct page_state_map *map, uint64_t block)
{
	while (__atomic_exchange_n(&map->lock[block], 1, __ATOMIC_ACQUIRE) != 0) {
		while (__atomic_load_n(&map->lock[block], __ATOMIC_RELAXED) != 0)
			__builtin_ia32_pause();
	}
}

static void unlock_block(struct page_state_map *map, uint64_t block)
{
	__atomic_store_n(&map->lock[block], 0, __ATOMIC_RELEASE);
}

static bool find_block(const struct page_state_map *map, uint64_t address, uint64_t *block)
{
	for (uint32_t i = 0; i < map->span_count; i++) {
		const struct page_state_span *span = &map->span[i];

		if (address >= span->start && address < span->end) {
			*block = span->first_block + (address - span->start) / PAGE_SIZE_2M;
			return true;
		}
	}
	return false;
}

static uint32_t page_index(uint64_t address)
{
	return (uint32_t)(address / PAGE_SIZE) % PAGES_PER_2M;
}

/* Gives every page byte of a uniform block its state, so that one of them can differ. */
static void make_mixed(struct page_state_map *map, uint64_t block)
{
	if (map->summary[block] == PAGE_MIXED)
		return;
	memset(&map->page[block * PAGES_PER_2M], map->summary[block], PAGES_PER_2M);
	map->summary[block] = PAGE_MIXED;
}

/* Restores the summary of a block whose pages have become alike; UNVALIDATED and VALIDATED are the states that matter. */
static void try_uniform(struct page_state_map *map, uint64_t block)
{
	const uint8_t *page = &map->page[block * PAGES_PER_2M];

	for (uint32_t i = 1; i < PAGES_PER_2M; i++) {
		if (page[i] != page[0])
			return;
	}
	map->summary[block] = page[0];
}

/* Splits the ranges into spans of whole blocks; neighbours in one block share a span. */
static int make_spans(struct page_state_map *map, const struct page_range *range, uint32_t count)
{
	map->span_count = 0;
	map->block_count = 0;
	if (count == 0)
		return ERR_INVALID;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t start = align_down(range[i].start, PAGE_SIZE_2M), end;

		if (range[i].start >= range[i].end || ((range[i].start | range[i].end) & PAGE_MASK) != 0)
			return ERR_INVALID;
		if (i > 0 && range[i].start < range[i - 1].end)
			return ERR_INVALID;
		if (!checked_add(range[i].end, PAGE_MASK_2M, &end))
			return ERR_OVERFLOW;
		end = align_down(end, PAGE_SIZE_2M);
		struct page_state_span *last = map->span_count == 0 ? NULL : &map->span[map->span_count - 1];
		if (last != NULL && start <= last->end) {
			map->block_count += end > last->end ? (end - last->end) / PAGE_SIZE_2M : 0;
			last->end = end > last->end ? end : last->end;
			continue;
		}
		if (map->span_count == PAGE_STATE_SPAN_MAX)
			return ERR_OVERFLOW;
		map->span[map->span_count++] =
			(struct page_state_span){ .start = start, .end = end, .first_block = map->block_count };
		map->block_count += (end - start) / PAGE_SIZE_2M;
	}
	return 0;
}

int page_state_size(const struct page_range *range, uint32_t count, uint64_t *bytes)
{
	struct page_state_map map;
	int error = make_spans(&map, range, count);

	if (error != 0)
		return error;
	return checked_mul(map.block_count, PAGE_STATE_BYTES_PER_BLOCK, bytes) ? 0 : ERR_OVERFLOW;
}

/* [start, end), inside one block, is RAM. */
static void cover_in_block(struct page_state_map *map, uint64_t block, uint64_t start, uint64_t end)
{
	if (end - start == PAGE_SIZE_2M) {
		map->summary[block] = PAGE_UNVALIDATED;
		return;
	}
	make_mixed(map, block);
	memset(&map->page[block * PAGES_PER_2M + page_index(start)], PAGE_UNVALIDATED, (end - start) / PAGE_SIZE);
}

static int cover(struct page_state_map *map, const struct page_range *range)
{
	for (uint64_t at = range->start; at < range->end;) {
		uint64_t block_end = align_down(at, PAGE_SIZE_2M) + PAGE_SIZE_2M, block;
		uint64_t end = block_end < range->end ? block_end : range->end;

		if (!find_block(map, at, &block))
			return ERR_INVALID;
		cover_in_block(map, block, at, end);
		at = end;
	}
	return 0;
}

int page_state_init(struct page_state_map *map, const struct page_range *range, uint32_t count, void *memory,
		    uint64_t size)
{
	uint64_t needed;
	int error = page_state_size(range, count, &needed);

	if (error != 0)
		return error;
	if (size < needed)
		return ERR_NO_MEMORY;
	error = make_spans(map, range, count);
	if (error != 0)
		return error;
	map->summary = memory;
	map->lock = map->summary + map->block_count;
	map->page = map->lock + map->block_count;
	memset(map->summary, PAGE_OUTSIDE, map->block_count);
	memset(map->lock, 0, map->block_count);
	for (uint32_t i = 0; i < count && error == 0; i++)
		error = cover(map, &range[i]);
	return error;
}

static enum page_state state_locked(const struct page_state_map *map, uint64_t block, uint64_t address)
{
	if (map->summary[block] != PAGE_MIXED)
		return (enum page_state)map->summary[block];
	return (enum page_state)map->page[block * PAGES_PER_2M + page_index(address)];
}

enum page_state page_state_get(struct page_state_map *map, gpa_t address)
{
	enum page_state state;
	uint64_t block;

	if (!find_block(map, address.v, &block))
		return PAGE_OUTSIDE;
	lock_block(map, block);
	state = state_locked(map, block, address.v);
	unlock_block(map, block);
	return state;
}

/* The first page of the block from address on; false: none. */
static bool find_in_block(struct page_state_map *map, uint64_t block, uint64_t *address, enum page_state state)
{
	uint64_t end = align_down(*address, PAGE_SIZE_2M) + PAGE_SIZE_2M;
	bool found = false;

	lock_block(map, block);
	if (map->summary[block] != PAGE_MIXED)
		found = map->summary[block] == state;
	else
		for (; *address < end && !found; *address += found ? 0 : PAGE_SIZE)
			found = state_locked(map, block, *address) == state;
	unlock_block(map, block);
	return found;
}

bool page_state_find(struct page_state_map *map, gpa_t *address, enum page_state state)
{
	uint64_t at = align_down(address->v, PAGE_SIZE);

	for (uint32_t i = 0; i < map->span_count; i++) {
		const struct page_state_span *span = &map->span[i];

		at = at > span->start ? at : span->start;
		while (at < span->end) {
			uint64_t next = align_down(at, PAGE_SIZE_2M) + PAGE_SIZE_2M;

			if (find_in_block(map, span->first_block + (at - span->start) / PAGE_SIZE_2M, &at, state)) {
				address->v = at;
				return true;
			}
			at = next;
		}
	}
	return false;
}

static void set_in_block(struct page_state_map *map, uint64_t block, uint64_t start, uint64_t end,
			 enum page_state state)
{
	lock_block(map, block);
	if (end - start == PAGE_SIZE_2M && map->summary[block] != PAGE_MIXED &&
	    map->summary[block] != PAGE_OUTSIDE) {
		map->summary[block] = (uint8_t)state;
	} else {
		uint8_t *page;

		make_mixed(map, block);
		page = &map->page[block * PAGES_PER_2M];
		for (uint64_t at = start; at < end; at += PAGE_SIZE) {
			if (page[page_index(at)] != PAGE_OUTSIDE)
				page[page_index(at)] = (uint8_t)state;
		}
		try_uniform(map, block);
	}
	unlock_block(map, block);
}

void page_state_set_range(struct page_state_map *map, uint64_t start, uint64_t end, enum page_state state)
{
	start = align_down(start, PAGE_SIZE);
	for (uint32_t i = 0; i < map->span_count; i++) {
		const struct page_state_span *span = &map->span[i];
		uint64_t at = start > span->start ? start : span->start;
		uint64_t last = end < span->end ? end : span->end;

		while (at < last) {
			uint64_t block_end = align_down(at, PAGE_SIZE_2M) + PAGE_SIZE_2M;
			uint64_t stop = block_end < last ? block_end : last;

			set_in_block(map, span->first_block + (at - span->start) / PAGE_SIZE_2M, at, stop, state);
			at = stop;
		}
	}
}

static int claim_page(struct page_state_map *map, uint64_t block, uint64_t address, enum page_state from,
		      enum page_state *found)
{
	*found = state_locked(map, block, address);
	if (*found == PAGE_OUTSIDE)
		return ERR_ADDRESS;
	if (*found != from)
		return ERR_STATE;
	make_mixed(map, block);
	map->page[block * PAGES_PER_2M + page_index(address)] = PAGE_BUSY;
	return 0;
}

static int claim_block(struct page_state_map *map, uint64_t block, enum page_state from, enum page_state *found)
{
	if (map->summary[block] == PAGE_MIXED)
		try_uniform(map, block);
	if (map->summary[block] != PAGE_MIXED) {
		*found = (enum page_state)map->summary[block];
		if (*found == PAGE_OUTSIDE)
			return ERR_ADDRESS;
		if (*found != from)
			return ERR_STATE;
		map->summary[block] = PAGE_BUSY;
		return 0;
	}
	for (uint32_t i = 0; i < PAGES_PER_2M; i++) {
		*found = (enum page_state)map->page[block * PAGES_PER_2M + i];
		if (*found != PAGE_UNVALIDATED && *found != PAGE_VALIDATED)
			return ERR_ADDRESS;
	}
	return ERR_SIZE;
}

int page_state_claim(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state from,
		     enum page_state *found)
{
	uint64_t block;
	int error;

	*found = PAGE_OUTSIDE;
	if (!find_block(map, address.v, &block))
		return ERR_ADDRESS;
	lock_block(map, block);
	error = size_2m ? claim_block(map, block, from, found) : claim_page(map, block, address.v, from, found);
	unlock_block(map, block);
	return error;
}

void page_state_settle(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state to)
{
	uint64_t block;

	if (!find_block(map, address.v, &block))
		return;
	lock_block(map, block);
	if (size_2m && map->summary[block] == PAGE_BUSY) {
		map->summary[block] = (uint8_t)to;
	} else if (!size_2m && map->summary[block] == PAGE_MIXED) {
		map->page[block * PAGES_PER_2M + page_index(address.v)] = (uint8_t)to;
	}
	unlock_block(map, block);
}

int page_state_pin(struct page_state_map *map, gpa_t address, enum page_state *state)
{
	uint64_t block;

	*state = PAGE_OUTSIDE;
	if (!find_block(map, address.v, &block))
		return ERR_ADDRESS;
	lock_block(map, block);
	*state = state_locked(map, block, address.v);
	return 0;
}

void page_state_unpin(struct page_state_map *map, gpa_t address)
{
	uint64_t block;

	if (find_block(map, address.v, &block))
		unlock_block(map, block);
}

const char *page_state_name(enum page_state state)
{
	static const char *const name[] = { "outside", "unvalidated", "validated", "calling area", "VMSA",
					    "monitor", "device",      "busy",      "lost",         "fixed",
					    "mixed" };

	return (size_t)state < ARRAY_SIZE(name) ? name[state] : "?";
}
