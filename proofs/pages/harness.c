/* SPDX-License-Identifier: MIT */
/*
 * Giving pages to the guest and taking them back. Each function starts from any state in which map and hardware agree and
 * must leave one: by induction, no sequence of calls gives the guest a page of the monitor's, a save area or a page whose
 * content or validation is not the monitor's doing.
 */
#include "proofs/prover.h"
#include "proofs/witness.h"

#include "kernel/guest/pages.c"

uint32_t vcpu_count(void)
{
	return any_u32();
}

static bool all_flushed;

void platform_planes_flush(void)
{
	all_flushed = true;
}

/* The part of the page that is zeroed: what lies behind the window's address. */
int access_zero(void *destination, uint64_t size)
{
	uint64_t offset = (uint64_t)((uint8_t *)destination - window_memory), length = window_large ? PAGE_SIZE_2M : PAGE_SIZE;

	PROVE(window_open && offset <= length && size <= length - offset, "zeroing stays in the page");
	if (any_bool())
		return ERR_FAULT;
	if (concerns(window_address, window_large)) {
		PROVE(witness_claimed && witness_validated, "only accepted pages are zeroed");
		if (witness - window_address >= offset && witness - window_address + PAGE_SIZE <= offset + size)
			witness_zeroed = true;
	}
	return 0;
}

static uint8_t before;
static uint64_t generation;
static gpa_t address;
static bool large;

static void start(void)
{
	any_witness();
	guest_plane = any_u32();
	flush_generation = any_u32();
	generation = flush_generation;
	address = gpa(any_u64());
	large = any_bool();
	ASSUME(guest_plane >= 1 && guest_plane <= PLATFORM_PLANES);
	/* What protocol and launch pass: aligned, and not the last block of the address space, which is never RAM. */
	ASSUME(is_aligned(address.v, large ? PAGE_SIZE_2M : PAGE_SIZE) && address.v <= UINT64_MAX - 2 * PAGE_SIZE_2M);
	before = witness_state;
}

static void finish(void)
{
	PROVE(!window_open && !witness_claimed, "nothing stays mapped or claimed");
	PROVE(witness_agrees(), "the map says what the hardware does");
	PROVE(IMPLIES(witness_state == PAGE_LOST && before != PAGE_LOST, before == PAGE_UNVALIDATED || before == PAGE_VALIDATED),
	      "only the guest's own pages can be lost");
	PROVE(IMPLIES(before != PAGE_UNVALIDATED && before != PAGE_VALIDATED, witness_state == before),
	      "the monitor's pages, save areas, calling areas and devices never change");
}

static bool is_legacy_rom(void)
{
	return witness >= LEGACY_ROM_START && witness < LEGACY_ROM_END;
}

void prove_give(void)
{
	start();
	int error = guest_page_give(address, large);

	finish();
	if (error == 0 && concerns(address.v, large)) {
		PROVE(before == PAGE_UNVALIDATED && witness_state == PAGE_VALIDATED && witness_perms == 15, "given");
		PROVE(witness_zeroed || is_legacy_rom(), "without what was in it before");
		CANARY("given");
	}
	if (error != 0 && witness_state == PAGE_LOST)
		CANARY("lost");
}

void prove_give_again(void)
{
	start();
	int error = guest_page_give_again(address, large);

	finish();
	if (concerns(address.v, large))
		PROVE(IMPLIES(error == 0, before == PAGE_VALIDATED && witness_state == PAGE_VALIDATED && witness_perms == 15), "given again");
	PROVE(witness_state == before, "no page changes its state");
	if (error == 0)
		CANARY("given again");
}

void prove_take(void)
{
	start();
	int error = guest_page_take(address, large);

	finish();
	if (concerns(address.v, large)) {
		PROVE(IMPLIES(error == 0, witness_state == PAGE_UNVALIDATED && witness_perms == 0 && !witness_validated), "taken");
		PROVE(IMPLIES(before == PAGE_VALIDATED && witness_state == PAGE_LOST, witness_perms == 0), "what is lost is not the guest's any more");
		PROVE(IMPLIES(before == PAGE_VALIDATED && witness_state == PAGE_UNVALIDATED, flush_generation != generation),
		      "the guest flushes before it runs on");
		if (error == 0)
			CANARY("taken");
		if (before == PAGE_VALIDATED && witness_state == PAGE_LOST)
			CANARY("lost");
	}
}

void prove_grant_launched(void)
{
	start();
	/* A page that was launched is accepted, though the map says otherwise until now. */
	if (witness_state == PAGE_UNVALIDATED)
		witness_validated = true;
	bool fixed = any_bool();
	int error = guest_page_grant_launched(address, fixed);

	PROVE(!window_open && !witness_claimed, "nothing stays mapped or claimed");
	PROVE(IMPLIES(before != PAGE_UNVALIDATED, witness_state == before && witness_agrees()), "no other page changes");
	if (error == 0 && concerns(address.v, false)) {
		PROVE(before == PAGE_UNVALIDATED, "granted once");
		PROVE(IMPLIES(!fixed, witness_state == PAGE_VALIDATED && witness_perms == 15), "granted");
		PROVE(IMPLIES(fixed, witness_state == PAGE_FIXED && witness_perms == 1), "a fixed page can be read, no more");
		if (fixed)
			CANARY("granted for reading");
		else
			CANARY("granted");
	}
	PROVE(IMPLIES(error != 0, witness_state == before), "what was not granted is not the guest's");
}

/* ---- taking all back ---- */

#define FINDS_MAX 3u
static uint32_t finds;
static uint64_t walked; /* the walk is done with what lies below */
static uint64_t taken_at, set_lost;
static bool large_failed;
static enum page_state taken_state; /* of what was tried last */

/* What proofs/page_state shows: the first page at or above *at, so none that is left out; it steps over what the witness is not. */
bool page_state_find(struct page_state_map *map, gpa_t *at, enum page_state state)
{
	uint64_t found = any_u32() * PAGE_SIZE;

	PROVE(state == PAGE_VALIDATED && (at->v & PAGE_MASK) == 0, "the guest's pages are looked for");
	PROVE(at->v >= walked, "the walk goes on behind what it found last");
	if (any_bool()) {
		ASSUME(witness_state != PAGE_VALIDATED || witness < at->v);
		return false;
	}
	ASSUME(finds++ < FINDS_MAX && found >= at->v);
	ASSUME(IMPLIES(witness_state == PAGE_VALIDATED && witness >= at->v, found <= witness));
	ASSUME(IMPLIES(found == witness, witness_state == PAGE_VALIDATED));
	at->v = found;
	walked = found;
	taken_at = found;
	taken_state = PAGE_VALIDATED;
	large_failed = false;
	return true;
}

/* What the proof take shows. */
int stub_guest_page_take(gpa_t at, bool size_2m)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_SIZE : any_bool() ? ERR_ADDRESS : ERR_FAULT;

	PROVE(is_aligned(at.v, size_2m ? PAGE_SIZE_2M : PAGE_SIZE) && at.v == taken_at, "what was found is taken, 2 MiB only where they begin");
	PROVE(IMPLIES(size_2m, !large_failed), "then its pages");
	PROVE(taken_state == PAGE_VALIDATED, "what is taken or lost is not tried again");
	taken_state = error == 0 ? PAGE_UNVALIDATED : any_bool() ? PAGE_LOST : PAGE_VALIDATED;
	set_lost += taken_state == PAGE_LOST ? (size_2m ? PAGES_PER_2M : 1u) : 0;
	if (size_2m && taken_state == PAGE_VALIDATED)
		large_failed = true;
	walked = taken_state == PAGE_VALIDATED ? walked : at.v + (size_2m ? PAGE_SIZE_2M : PAGE_SIZE);
	if (!concerns(at.v, size_2m) || taken_state == PAGE_VALIDATED)
		return error;
	ASSUME(witness_state == PAGE_VALIDATED); /* all pages of a block go the same way */
	witness_state = taken_state;
	witness_perms = 0;
	if (taken_state == PAGE_UNVALIDATED) {
		witness_validated = false;
		flush_generation++;
	}
	return error;
}

enum page_state page_state_get(struct page_state_map *map, gpa_t at)
{
	PROVE(at.v == taken_at, "the page that was tried");
	return taken_state;
}

void prove_take_all(void)
{
	start();
	finds = 0;
	walked = set_lost = 0;
	uint64_t lost;
	int error = guest_pages_take_all(&lost);

	PROVE(witness_agrees(), "the map says what the hardware does");
	PROVE(IMPLIES(before != PAGE_VALIDATED, witness_state == before), "no other page changes");
	if (error != 0) {
		PROVE(error == ERR_PERMISSION && taken_state == PAGE_VALIDATED, "a page that may still be the guest's is told");
		CANARY("told");
		return;
	}
	PROVE(witness_state != PAGE_VALIDATED, "no page is left to the guest");
	PROVE(lost == set_lost, "what is lost is counted");
	if (before == PAGE_VALIDATED) {
		PROVE(witness_state == PAGE_UNVALIDATED || (witness_state == PAGE_LOST && lost != 0), "taken, or lost and counted");
		PROVE(witness_perms == 0, "what the guest had is not its any more");
		PROVE(IMPLIES(witness_state == PAGE_UNVALIDATED, flush_generation != generation), "the guest flushes before it runs on");
		if (witness_state == PAGE_UNVALIDATED)
			CANARY("taken");
		else
			CANARY("lost");
	}
	if (finds == FINDS_MAX && lost == 1)
		CANARY("some are lost");
	if (finds == 0)
		CANARY("none");
}

/* One processor: others that flush at the same time are not in this proof. */
void prove_flush(void)
{
	start();
	flush_done = any_u32();
	ASSUME(flush_done <= flush_generation);
	bool needed = flush_done < flush_generation;

	all_flushed = false;
	guest_flush();
	PROVE(IMPLIES(needed, flush_done == flush_generation ? all_flushed : !all_flushed), "done means flushed, unless one vCPU is all there is");
	if (all_flushed)
		CANARY("flushed");
}

void prove_generation(void)
{
	start();
	guest_flush_request();
	PROVE(guest_flush_generation() == generation + 1, "a request is a new generation");
	CANARY("any");
}
