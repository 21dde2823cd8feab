/* SPDX-License-Identifier: MIT */
/*
 * witness.h - one page of the guest's address space that nobody chose, with its state in the monitor's map and what the
 * hardware's reverse map says of it. What holds for it holds for every page.
 *
 * The functions of lib/page_state.h are replaced by what proofs/page_state shows of them; instructions may fail whenever
 * the host likes, and then have done nothing. The rules of the reverse map are the manual's: only an accepted page has
 * permissions, and a page that is accepted or given up loses those of the levels below the monitor.
 */
#ifndef PROOFS_WITNESS_H
#define PROOFS_WITNESS_H

#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "lib/page_state.h"

static uint8_t window_memory[PAGE_SIZE_2M]; /* where windows are; nothing looks at what is in it */
#define WHERE ((uint64_t)(uintptr_t)window_memory)

static uint64_t witness; /* its address, page aligned */
static uint8_t witness_state;
static bool witness_validated, witness_vmsa;
static uint8_t witness_perms; /* of the guest's level: 0, 1 (read), 15 */
static bool witness_claimed;  /* by the code under proof */
static bool witness_zeroed;   /* since it was accepted */

static bool window_open;
static bool window_large;
static uint64_t window_address;

struct page_state_map memory_pages;

/* What the map says is what the hardware does: what every function must keep. */
static bool witness_agrees(void)
{
	switch (witness_state) {
	case PAGE_UNVALIDATED:
		return !witness_validated && witness_perms == 0 && !witness_vmsa;
	case PAGE_VALIDATED:
		return witness_validated && !witness_vmsa;
	case PAGE_CAA:
		return witness_validated && !witness_vmsa;
	case PAGE_FIXED:
		return witness_validated && (witness_perms & 14) == 0 && !witness_vmsa;
	case PAGE_VMSA:
		return witness_validated && (witness_perms & 14) == 0 && witness_vmsa;
	case PAGE_MONITOR:
		return witness_validated && witness_perms == 0;
	case PAGE_OUTSIDE:
	case PAGE_DEVICE:
		return !witness_validated && witness_perms == 0;
	case PAGE_LOST:
		return witness_perms == 0 && !witness_vmsa; /* for ever: a reset does not look at it */
	default:
		return false;
	}
}

static void any_witness(void)
{
	witness = any_u64() & ~PAGE_MASK;
	witness_state = any_u8();
	witness_validated = any_bool();
	witness_vmsa = any_bool();
	witness_perms = any_u8();
	witness_claimed = false;
	ASSUME(witness_state != PAGE_BUSY && witness_state < PAGE_MIXED);
	ASSUME(witness_perms == 0 || witness_perms == 1 || witness_perms == 15);
	ASSUME(witness_agrees());
}

static bool concerns(uint64_t address, bool size_2m)
{
	uint64_t mask = size_2m ? PAGE_MASK_2M : PAGE_MASK;

	return (witness & ~mask) == (address & ~mask);
}

/* ---- lib/page_state.h ---- */

int page_state_claim(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state from, enum page_state *found)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_STATE : any_bool() ? ERR_SIZE : ERR_ADDRESS;

	PROVE(from == PAGE_UNVALIDATED || from == PAGE_VALIDATED || from == PAGE_CAA || from == PAGE_VMSA,
	      "nobody claims the monitor's, a device's or a lost page");
	*found = any_u8();
	ASSUME(*found <= PAGE_FIXED);
	if (concerns(address.v, size_2m)) {
		ASSUME(IMPLIES(error == 0, witness_state == from));
		ASSUME(IMPLIES(error == ERR_STATE, *found == witness_state && *found != from));
		if (!size_2m)
			ASSUME((error == 0) == (witness_state == from) && error != ERR_SIZE);
		if (error == 0) {
			witness_state = PAGE_BUSY;
			witness_claimed = true;
		}
	}
	return error;
}

void page_state_settle(struct page_state_map *map, gpa_t address, bool size_2m, enum page_state to)
{
	PROVE(to == PAGE_UNVALIDATED || to == PAGE_VALIDATED || to == PAGE_CAA || to == PAGE_VMSA || to == PAGE_LOST ||
	      to == PAGE_FIXED, "a page settles in a state that is the guest's");
	if (concerns(address.v, size_2m)) {
		PROVE(witness_claimed && witness_state == PAGE_BUSY, "what is settled was claimed");
		witness_state = (uint8_t)to;
		witness_claimed = false;
	}
}

/* ---- windows: one at a time, on a page that was claimed ---- */

static va_t open_window(gpa_t address, bool size_2m)
{
	PROVE(!window_open, "one window at a time");
	window_open = true;
	window_large = size_2m;
	window_address = address.v & ~(size_2m ? PAGE_MASK_2M : PAGE_MASK);
	return va(WHERE);
}

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	return open_window(address, false);
}

void memory_window_unmap(enum window_slot slot)
{
	window_open = false;
}

va_t memory_window_map_2m(gpa_t address)
{
	return open_window(address, true);
}

void memory_window_unmap_2m(void)
{
	window_open = false;
}

static bool in_window(va_t where, bool size_2m)
{
	PROVE(window_open && where.v == WHERE && size_2m == window_large, "instructions act on what is mapped");
	return concerns(window_address, size_2m);
}

/* ---- instructions ---- */

int platform_page_accept(va_t where, bool size_2m)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_FAULT : any_bool() ? ERR_SIZE : any_bool() ? ERR_INVALID : ERR_UNCHANGED;

	if (!in_window(where, size_2m))
		return error;
	PROVE(witness_claimed, "only claimed pages are accepted");
	PROVE(!witness_validated, "no page is validated twice");
	if (error == 0) {
		witness_validated = true;
		witness_perms = 0;
		witness_zeroed = false;
	}
	return error;
}

int platform_page_release(va_t where, bool size_2m)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_FAULT : any_bool() ? ERR_SIZE : ERR_UNCHANGED;

	if (!in_window(where, size_2m))
		return error;
	PROVE(witness_claimed, "only claimed pages are given up");
	if (error == 0) {
		witness_validated = false;
		witness_perms = 0;
		witness_vmsa = false;
	}
	return error;
}

int platform_page_label(va_t where, bool size_2m, uint32_t plane, enum platform_label label)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_FAULT : any_bool() ? ERR_SIZE : ERR_PERMISSION;

	if (!in_window(where, size_2m))
		return error;
	PROVE(witness_claimed, "only claimed pages get a label");
	ASSUME(IMPLIES(error == ERR_PERMISSION, !witness_validated)); /* VMPL0 has all permissions of a page that is accepted */
	if (error == 0) {
		PROVE(IMPLIES(label == LABEL_VMSA, witness_perms == 0), "a save area was taken from the guest first");
		witness_perms = label == LABEL_GUEST_RWX ? 15 : label == LABEL_VMSA || label == LABEL_GUEST_READ ? 1 : 0;
		witness_vmsa = label == LABEL_VMSA || label == LABEL_OWN_VMSA;
	}
	return error;
}

void log_line(const char *format, ...)
{
}

#endif
