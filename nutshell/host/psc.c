/* SPDX-License-Identifier: MIT */
/* Page state changes that guests ask for (56421, 2.3.1 and 4.1.6). */
#include "lib/string.h"
#include "nutshell/host/host.h"

uint8_t *host_shared_page(uint64_t gpa)
{
	const struct rmp_entry *entry = rmp_lookup(gpa);

	gpa = align_down(gpa, PAGE_SIZE);
	/* Only real memory can be shared: the launch's save area has an address behind all of it. */
	if (entry == NULL || entry->assigned != 0 || !range_within(gpa, PAGE_SIZE, 0, machine_high_ram_end()))
		return NULL;
	return phys_to_virt(machine_shared_spa(gpa));
}

bool host_set_private(uint64_t gpa, bool size_2m)
{
	return rmp_update(gpa, size_2m, true) == 0;
}

bool host_set_shared(uint64_t gpa, bool size_2m)
{
	return rmp_update(gpa, size_2m, false) == 0;
}

/* Pages of the run that are in the wanted state; all of them must be RAM, or the result is ~0. */
static uint64_t count_in_state(uint64_t gpa, uint64_t pages, bool assigned)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < pages; i++) {
		const struct rmp_entry *entry = rmp_lookup(gpa + i * PAGE_SIZE);

		if (entry == NULL)
			return ~0ull;
		count += (entry->assigned != 0) == assigned;
	}
	return count;
}

static bool any_validated(uint64_t gpa)
{
	for (uint64_t i = 0; i < PAGES_PER_2M; i++) {
		if (rmp_lookup(gpa + i * PAGE_SIZE)->validated != 0)
			return true;
	}
	return false;
}

static bool update(uint64_t gpa, bool size_2m, bool assigned)
{
	return assigned ? host_set_private(gpa, size_2m) : host_set_shared(gpa, size_2m);
}

/* What is in the wanted state already is left alone: a repeated request must not lose content. */
static bool change_state(uint64_t gpa, bool size_2m, bool assigned)
{
	uint64_t pages = size_2m ? PAGES_PER_2M : 1;
	uint64_t there = count_in_state(gpa, pages, assigned);

	if (there == ~0ull)
		return false;
	/* A whole block becomes one large entry, unless that would take validated pages away. */
	if (there == 0 || (size_2m && assigned && !any_validated(gpa)))
		return update(gpa, size_2m, assigned);
	for (uint64_t at = gpa; at < gpa + pages * PAGE_SIZE; at += PAGE_SIZE) {
		if (count_in_state(at, 1, assigned) == 0 && !update(at, false, assigned))
			return false;
	}
	return true;
}

static bool change(uint64_t gpa, uint64_t operation, bool size_2m)
{
	switch (operation) {
	case PSC_OP_PRIVATE:
		return change_state(gpa, size_2m, true);
	case PSC_OP_SHARED:
		return change_state(gpa, size_2m, false);
	case PSC_OP_PSMASH:
		return rmp_psmash(gpa) == 0;
	default: /* UNSMASH is a hint */
		return true;
	}
}

uint64_t host_psc_msr(uint64_t request)
{
	uint64_t operation = request >> PSC_ENTRY_OP_SHIFT & PSC_ENTRY_OP_MASK;
	uint64_t gpa = request & PSC_ENTRY_GPA_MASK;

	if ((operation != PSC_OP_PRIVATE && operation != PSC_OP_SHARED) || !change(gpa, operation, false))
		return GHCB_MSR_PSC_RSP | 1ull << 63;
	return GHCB_MSR_PSC_RSP;
}

static uint64_t run_entry(uint64_t entry)
{
	uint64_t operation = entry >> PSC_ENTRY_OP_SHIFT & PSC_ENTRY_OP_MASK;
	uint64_t gpa = entry & PSC_ENTRY_GPA_MASK;
	uint64_t done = entry & PSC_ENTRY_CUR_PAGE_MASK;
	bool size_2m = (entry & PSC_ENTRY_2M) != 0;

	if ((entry & PSC_ENTRY_RESERVED) != 0 || operation < PSC_OP_PRIVATE || operation > PSC_OP_UNSMASH)
		return PSC_ERROR_ENTRY;
	if (size_2m ? !is_aligned(gpa, PAGE_SIZE_2M) || done > PAGES_PER_2M : done > 1)
		return PSC_ERROR_ENTRY;
	return change(gpa, operation, size_2m) ? 0 : PSC_ERROR_GENERIC;
}

void nae_psc(struct event *event)
{
	static struct psc_desc list; /* under the one lock */
	struct psc_header *header = &list.header;
	uint8_t *place = event_scratch(event, sizeof(list));

	if (place == NULL) {
		event_malformed(event, GHCB_REASON_INVALID_SCRATCH);
		return;
	}
	memcpy(&list, place, sizeof(list));
	/* The reserved field is not looked at, as in KVM: OVMF does not clear it. */
	if (header->end_entry >= PSC_ENTRY_MAX || header->cur_entry > header->end_entry) {
		event->result = PSC_ERROR_HEADER;
		return;
	}
	while (header->cur_entry <= header->end_entry) {
		event->result = run_entry(list.entry[header->cur_entry]);
		if (event->result != 0)
			break;
		header->cur_entry++;
	}
	/* An entry may have taken the list's own page, or the GHCB, from the host. */
	place = host_shared_page(event->ghcb_gpa) != NULL ? event_scratch(event, sizeof(list)) : NULL;
	if (place != NULL)
		memcpy(place, &header->cur_entry, sizeof(header->cur_entry));
}
