/* SPDX-License-Identifier: MIT */
/*
 * page_state.h - the state of every guest page, with a summary for each 2 MiB block.
 *
 * The map covers the RAM ranges that it was made for; every other address is PAGE_OUTSIDE. It is the monitor's own
 * record of what the reverse map must say: a page is validated at most once, belongs to one owner, and changes state
 * only by a transition that was checked here first.
 *
 * States and legal transitions:
 *
 *     UNVALIDATED --claim--> BUSY --settle--> VALIDATED --claim--> BUSY --settle--> UNVALIDATED
 *     VALIDATED   --claim--> BUSY --settle--> CAA or VMSA, and back the same way
 *     BUSY --settle--> LOST: an operation ended half-way; validating such a page again could validate a second
 *                      physical page for the same address, so it never happens
 *     UNVALIDATED --claim--> BUSY --settle--> FIXED: at the launch
 *     MONITOR, DEVICE, LOST, FIXED: for ever
 *
 * A claim marks the pages BUSY so that no other vCPU starts a second operation on them while the instructions run;
 * the claimer settles them in the state that the hardware reached. Nobody waits for a BUSY page: the second caller
 * gets an error.
 *
 * Invariants: a block whose summary is not PAGE_MIXED has all 512 pages in the summary's state (its page bytes are
 * then meaningless); a block that reaches beyond RAM is PAGE_MIXED.
 *
 * Locks: one byte lock per block, held only inside these functions. No two are held at once.
 * Memory: 514 bytes per 2 MiB of RAM, given by the caller.
 */
#ifndef LIB_PAGE_STATE_H
#define LIB_PAGE_STATE_H

#include "lib/types.h"

enum page_state {
	PAGE_OUTSIDE = 0,     /* not RAM of this VM */
	PAGE_UNVALIDATED = 1, /* guest RAM; shared, or private and not validated: the host's affair */
	PAGE_VALIDATED = 2,   /* validated, the guest has all permissions */
	PAGE_CAA = 3,         /* validated, a calling area: the guest may use it but not take it back */
	PAGE_VMSA = 4,        /* a guest vCPU's save area: the guest may at most read it */
	PAGE_MONITOR = 5,     /* the monitor's own */
	PAGE_DEVICE = 6,      /* inside the RAM range, but not memory */
	PAGE_BUSY = 7,        /* claimed: an operation is under way */
	PAGE_LOST = 8,        /* validated or not, the guest reaches it no more: never used again */
	PAGE_FIXED = 9,       /* validated, launched content that the guest can read and nobody can change */
	PAGE_MIXED = 10,      /* summary only: ask the pages */
};

#define PAGE_STATE_SPAN_MAX 16u
#define PAGE_STATE_BYTES_PER_BLOCK (PAGES_PER_2M + 2u)

struct page_state_span {
	uint64_t start; /* 2 MiB aligned */
	uint64_t end;
	uint64_t first_block;
};

struct page_state_map {
	struct page_state_span span[PAGE_STATE_SPAN_MAX];
	uint32_t span_count;
	uint64_t block_count;
	uint8_t *summary; /* one per block */
	uint8_t *lock;    /* one per block */
	uint8_t *page;    /* 512 per block */
};

/* A range of RAM, page aligned, end exclusive. */
struct page_range {
	uint64_t start;
	uint64_t end;
};

/*
 * Bytes of memory that a map over these ranges needs. Ranges are sorted and do not overlap.
 * ERR_INVALID: not sorted, overlapping, empty or unaligned; ERR_OVERFLOW: too many or too large.
 */
int page_state_size(const struct page_range *range, uint32_t count, uint64_t *bytes) __must_check;

/*
 * Makes the map over the ranges, all pages UNVALIDATED. memory (borrowed for the map's life) has the size that
 * page_state_size() said. Errors as there, and ERR_NO_MEMORY when size is too small.
 */
int page_state_init(struct page_state_map *map, const struct page_range *range, uint32_t count, void *memory,
		    uint64_t size) __must_check;

/* State of the page that holds the address; PAGE_OUTSIDE when it is not covered. */
enum page_state page_state_get(struct page_state_map *map, gpa_t address);

/*
 * Finds the first page at or above *address that is in the state; *address is its address then. Ranges are stepped over in
 * blocks where all pages are alike. False: there is none.
 */
bool page_state_find(struct page_state_map *map, gpa_t *address, enum page_state state) __must_check;

/*
 * Sets every page of [start, end) that lies in RAM, whatever its state was. For the time before the guest runs.
 */
void page_state_set_range(struct page_state_map *map, uint64_t start, uint64_t end, enum page_state state);

/*
 * Claims one page, or with size_2m a whole aligned block: when all are in the state from, they become BUSY.
 * ERR_STATE: they are all in another state, *found says which; nothing changed. (one page is always "all")
 * ERR_SIZE: a block whose pages differ, but are all UNVALIDATED or VALIDATED; nothing changed.
 * ERR_ADDRESS: outside RAM, or some pages of the block are neither; nothing changed, *found is one of them.
 */
int page_state_claim(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state from,
		     enum page_state *found) __must_check;

/* Ends a claim: the pages, all BUSY by this caller's claim, go to the state to. */
void page_state_settle(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state to);

/*
 * Holds a page in its present state for a short access: on success the block is locked, and *state says the page's
 * state; the caller must call page_state_unpin() soon and take no other lock between. ERR_ADDRESS: outside RAM.
 */
int page_state_pin(struct page_state_map *map, gpa_t address, enum page_state *state) __must_check;
void page_state_unpin(struct page_state_map *map, gpa_t address);

/* Name for messages. */
const char *page_state_name(enum page_state state);

#endif
