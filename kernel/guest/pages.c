/* SPDX-License-Identifier: MIT */
#include "kernel/guest/pages.h"

#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/access.h"

/* Read-only memory of the legacy PC on some hosts: writing zeros there would never end. */
#define LEGACY_ROM_START 0xC0000ull
#define LEGACY_ROM_END 0x100000ull

uint32_t guest_plane;
static uint64_t flush_generation; /* requests so far */
static uint64_t flush_done;       /* every request up to this number has reached all CPUs */

uint64_t guest_flush_generation(void)
{
	return __atomic_load_n(&flush_generation, __ATOMIC_ACQUIRE);
}

void guest_flush_request(void)
{
	__atomic_add_fetch(&flush_generation, 1, __ATOMIC_ACQ_REL);
}

/* Callers at the same time flush for each other: whoever begins after a request serves it. */
void guest_flush(void)
{
	uint64_t wanted = guest_flush_generation();
	uint64_t done = __atomic_load_n(&flush_done, __ATOMIC_ACQUIRE);

	if (vcpu_count() == 1 || done >= wanted)
		return;
	platform_planes_flush();
	while (done < wanted && !__atomic_compare_exchange_n(&flush_done, &done, wanted, false, __ATOMIC_ACQ_REL,
							     __ATOMIC_ACQUIRE))
		;
}

static va_t map_page(gpa_t address, bool size_2m)
{
	return size_2m ? memory_window_map_2m(address) : memory_window_map(WINDOW_PAGE, address);
}

static void unmap_page(bool size_2m)
{
	if (size_2m)
		memory_window_unmap_2m();
	else
		memory_window_unmap(WINDOW_PAGE);
}

static uint64_t bytes(bool size_2m)
{
	return size_2m ? PAGE_SIZE_2M : PAGE_SIZE;
}

/* Zeroes what is mapped at where, leaving the legacy ROM range alone. */
static int zero(va_t where, gpa_t address, bool size_2m)
{
	uint8_t *page = (uint8_t *)(uintptr_t)where.v;
	uint64_t end = address.v + bytes(size_2m);
	int error = 0;

	if (!ranges_overlap(address.v, bytes(size_2m), LEGACY_ROM_START, LEGACY_ROM_END - LEGACY_ROM_START))
		return access_zero(page, bytes(size_2m));
	if (address.v < LEGACY_ROM_START)
		error = access_zero(page, LEGACY_ROM_START - address.v);
	if (error == 0 && end > LEGACY_ROM_END)
		error = access_zero(page + (LEGACY_ROM_END - address.v), end - LEGACY_ROM_END);
	return error;
}

static int zero_and_grant(va_t where, gpa_t address, bool size_2m)
{
	int error = zero(where, address, size_2m);

	return error != 0 ? error : platform_page_label(where, size_2m, guest_plane, LABEL_GUEST_RWX);
}

/* Another vCPU's claim, or a page that is not the guest's to give away. */
static int claim(gpa_t address, bool size_2m, enum page_state from, enum page_state unchanged)
{
	enum page_state found;
	int error = page_state_claim(&memory_pages, address, size_2m, from, &found);

	if (error == ERR_STATE)
		return found == unchanged ? ERR_UNCHANGED : ERR_ADDRESS;
	return error;
}

static void settle(gpa_t address, bool size_2m, enum page_state after)
{
	if (after == PAGE_LOST)
		log_line("page 0x%llx%s is lost: the host changed it while it was being given or taken",
			 (unsigned long long)address.v, size_2m ? " (2 MiB)" : "");
	page_state_settle(&memory_pages, address, size_2m, after);
}

int guest_page_give(gpa_t address, bool size_2m)
{
	int error = claim(address, size_2m, PAGE_UNVALIDATED, PAGE_VALIDATED);
	enum page_state after = PAGE_UNVALIDATED;
	va_t where;

	if (error != 0)
		return error;
	where = map_page(address, size_2m);
	error = platform_page_accept(where, size_2m);
	if (error == 0) {
		after = PAGE_VALIDATED;
		error = zero_and_grant(where, address, size_2m);
		if (error != 0)
			after = platform_page_release(where, size_2m) == 0 ? PAGE_UNVALIDATED : PAGE_LOST;
	}
	unmap_page(size_2m);
	settle(address, size_2m, after);
	return error;
}

int guest_page_give_again(gpa_t address, bool size_2m)
{
	int error = claim(address, size_2m, PAGE_VALIDATED, PAGE_UNVALIDATED);

	if (error != 0)
		return error;
	error = zero_and_grant(map_page(address, size_2m), address, size_2m);
	unmap_page(size_2m);
	page_state_settle(&memory_pages, address, size_2m, PAGE_VALIDATED);
	return error;
}

/* Revokes and rescinds what is mapped at where; the state that the page is in afterwards. */
static enum page_state take_mapped(va_t where, bool size_2m, int *error)
{
	*error = platform_page_label(where, size_2m, guest_plane, LABEL_NONE);
	guest_flush_request();
	if (*error == 0) {
		*error = platform_page_release(where, size_2m);
		if (*error == 0)
			return PAGE_UNVALIDATED;
		if (*error != ERR_SIZE)
			return PAGE_LOST;
	}
	/* Still validated, as far as anyone can tell: the guest keeps it. */
	return platform_page_label(where, size_2m, guest_plane, LABEL_GUEST_RWX) == ERR_PERMISSION ? PAGE_LOST :
												     PAGE_VALIDATED;
}

int guest_page_take(gpa_t address, bool size_2m)
{
	int error = claim(address, size_2m, PAGE_VALIDATED, PAGE_UNVALIDATED);
	enum page_state after;

	if (error != 0)
		return error;
	after = take_mapped(map_page(address, size_2m), size_2m, &error);
	unmap_page(size_2m);
	settle(address, size_2m, after);
	return error;
}

int guest_pages_take_all(uint64_t *lost)
{
	gpa_t at = gpa(0);

	*lost = 0;
	while (page_state_find(&memory_pages, &at, PAGE_VALIDATED)) {
		bool size_2m = is_aligned(at.v, PAGE_SIZE_2M);
		int error = guest_page_take(at, size_2m);

		if (error != 0 && size_2m && page_state_get(&memory_pages, at) == PAGE_VALIDATED) {
			size_2m = false;
			error = guest_page_take(at, false);
		}
		if (error != 0 && page_state_get(&memory_pages, at) != PAGE_LOST)
			return ERR_PERMISSION;
		if (error != 0)
			*lost += bytes(size_2m) / PAGE_SIZE;
		at.v += bytes(size_2m);
	}
	return 0;
}

int guest_page_grant_launched(gpa_t address, bool fixed)
{
	int error = claim(address, false, PAGE_UNVALIDATED, PAGE_VALIDATED);
	enum page_state granted = fixed ? PAGE_FIXED : PAGE_VALIDATED;

	if (error != 0)
		return error;
	error = platform_page_label(map_page(address, false), false, guest_plane, fixed ? LABEL_GUEST_READ : LABEL_GUEST_RWX);
	unmap_page(false);
	page_state_settle(&memory_pages, address, false, error == 0 ? granted : PAGE_UNVALIDATED);
	return error;
}
