/* SPDX-License-Identifier: MIT */
/* Copies from and to guest memory: the state of the page is checked while the page is held in it. */
#include "proofs/prover.h"

#include "kernel/mm/guest_memory.c"

struct page_state_map memory_pages;
static uint8_t window[PAGE_SIZE];
#define BUFFER 0x3000u
static uint8_t buffer[BUFFER];
static bool pinned, mapped;
static uint64_t pinned_page;
static enum page_state pinned_state;
static uint32_t copies;
static uint64_t last_page;
static uint64_t copied;
static bool writes_allowed;
static bool all_good; /* every page is the guest's, and every access succeeds */

enum page_state page_state_get(struct page_state_map *map, gpa_t address)
{
	return (enum page_state)(any_u8() % 9u);
}

int page_state_pin(struct page_state_map *map, gpa_t address, enum page_state *state)
{
	PROVE(!pinned, "one page is held at a time");
	if (!all_good && any_bool())
		return ERR_ADDRESS;
	pinned = true;
	pinned_page = address.v & ~PAGE_MASK;
	pinned_state = *state = all_good ? PAGE_VALIDATED : (enum page_state)(any_u8() % 9u);
	return 0;
}

void page_state_unpin(struct page_state_map *map, gpa_t address)
{
	PROVE(pinned && pinned_page == (address.v & ~PAGE_MASK), "what was held is let go");
	pinned = false;
}

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	PROVE(pinned && !mapped && pinned_page == (address.v & ~PAGE_MASK), "what is mapped is held");
	PROVE(IMPLIES(copies != 0, pinned_page == last_page + PAGE_SIZE), "page after page");
	last_page = pinned_page;
	PROVE(pinned_state == PAGE_VALIDATED || pinned_state == PAGE_CAA, "only the guest's memory is mapped");
	mapped = true;
	return va((uint64_t)(uintptr_t)window);
}

void memory_window_unmap(enum window_slot slot)
{
	mapped = false;
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	bool write = __CPROVER_same_object(destination, window);
	const uint8_t *in_window = write ? destination : source;
	uint64_t offset = (uint64_t)(in_window - window);

	PROVE(mapped && __CPROVER_same_object(in_window, window), "one side is the window");
	PROVE(write == writes_allowed, "reading does not write");
	PROVE(size != 0 && offset <= PAGE_SIZE - size, "inside the page");
	PROVE(IMPLIES(pinned_state == PAGE_CAA, offset >= SVSM_CAA_HEADER_SIZE), "the header of a calling area is not touched");
	PROVE(__CPROVER_r_ok(write ? source : destination, size), "the other side is as long");
	PROVE((uint64_t)((write ? (const uint8_t *)source : (const uint8_t *)destination) - buffer) == copied, "byte after byte");
	copies++;
	copied += size;
	return all_good || any_bool() ? 0 : ERR_FAULT;
}

void prove_copy(void)
{
	gpa_t address = gpa(any_u64());
	uint64_t size = any_u64();

	ASSUME(size <= BUFFER); /* the caller's buffer is as long as it says */
	writes_allowed = any_bool();
	int error = writes_allowed ? guest_write(address, buffer, size) : guest_read(address, buffer, size);

	PROVE(!pinned && !mapped, "nothing stays held or mapped");
	PROVE(copies <= 1, "guest memory is accessed once");
	PROVE(IMPLIES(error == 0, copied == size && (address.v & PAGE_MASK) + size <= PAGE_SIZE), "all of it, in one page");
	if (error == 0)
		CANARY("copied");
}

void prove_owns(void)
{
	gpa_t address = gpa(any_u64());
	uint64_t size = any_u64();

	ASSUME(size <= 0x2000 && address.v <= UINT64_MAX - 2 * PAGE_SIZE_2M);
	if (guest_owns_range(address, size) && size != 0)
		CANARY("owned");
	PROVE(!pinned, "nothing stays held");
}

void prove_range(void)
{
	gpa_t address = gpa(any_u64());
	uint64_t size = any_u64();

	ASSUME(size <= BUFFER);
	writes_allowed = any_bool();
	all_good = any_bool();
	int error = writes_allowed ? guest_write_range(address, buffer, size) : guest_read_range(address, buffer, size);

	PROVE(!pinned && !mapped, "nothing stays held or mapped");
	PROVE(IMPLIES(error == 0, copied == size), "all of it");
	PROVE(IMPLIES(all_good && address.v <= UINT64_MAX - size, error == 0), "what is the guest's is copied");
	PROVE(IMPLIES(address.v > UINT64_MAX - size, error != 0 && copies == 0), "nothing wraps");
	if (error == 0 && copies == 4)
		CANARY("parts of the first and last page");
	if (error != 0 && copies == 2)
		CANARY("ends in the middle");
}
