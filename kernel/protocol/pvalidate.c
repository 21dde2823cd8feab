/* SPDX-License-Identifier: MIT */
#include "kernel/guest/pages.h"
#include "kernel/mm/memory.h"
#include "kernel/protocol/protocol.h"
#include "kernel/x86/percpu.h"
#include "lib/pvalidate_list.h"

/* Pages that one call works on before it lets the guest run again: bounds the time away from the guest. */
#define PAGES_PER_CALL 8192u
#define NEXT_OFFSET offsetof(struct svsm_pvalidate_header, next)

static uint64_t entry_result(int error)
{
	switch (error) {
	case ERR_UNCHANGED:
		return SVSM_ERR_CORE_NO_CHANGE;
	case ERR_SIZE:
		return SVSM_ERR_CORE_FAIL_SIZEMISMATCH;
	case ERR_PERMISSION:
		return SVSM_ERR_CORE_FAIL_PERMISSION;
	case ERR_INVALID:
		return SVSM_ERR_CORE_FAIL_INPUT;
	default:
		return protocol_result(error);
	}
}

/*
 * "No change" can be ignored on request, but it never makes the monitor validate a page twice: what is validated is
 * zeroed and granted again, and what is not stays so.
 */
static uint64_t run_entry(const struct pvalidate_entry *entry)
{
	int error;

	if (!entry->validate) {
		error = guest_page_take(entry->address, entry->size_2m);
		return error == ERR_UNCHANGED && entry->ignore_cf ? SVSM_SUCCESS : entry_result(error);
	}
	error = guest_page_give(entry->address, entry->size_2m);
	if (error == ERR_UNCHANGED && entry->ignore_cf)
		error = guest_page_give_again(entry->address, entry->size_2m);
	return entry_result(error);
}

/* Runs entries from *next on; *next is left at the first one that is not done. */
static uint64_t run_list(const uint64_t *raw, uint16_t entries, uint16_t *next)
{
	uint32_t pages = 0;

	while (*next < entries) {
		struct pvalidate_entry entry;
		uint64_t result;

		if (pvalidate_entry_decode(raw[*next], &entry) != 0)
			return SVSM_ERR_INVALID_PARAMETER;
		if (pages >= PAGES_PER_CALL)
			return SVSM_ERR_INCOMPLETE;
		result = run_entry(&entry);
		if (result != SVSM_SUCCESS)
			return result;
		pages += entry.size_2m ? PAGES_PER_2M : 1u;
		(*next)++;
	}
	return SVSM_SUCCESS;
}

uint64_t protocol_core_pvalidate(gpa_t request)
{
	uint64_t *raw = percpu_self()->scratch; /* a page: more than any list */
	struct svsm_pvalidate_header header;
	uint64_t result;
	uint32_t capacity;
	int error;

	if (pvalidate_list_capacity(request, &capacity) != 0)
		return SVSM_ERR_INVALID_PARAMETER;
	error = guest_read(request, &header, sizeof(header));
	if (error != 0)
		return protocol_result(error);
	if (pvalidate_list_check(&header, capacity) != 0)
		return SVSM_ERR_INVALID_PARAMETER;
	error = guest_read(gpa(request.v + sizeof(header)), raw, header.entries * sizeof(uint64_t));
	if (error != 0)
		return protocol_result(error);
	result = run_list(raw, header.entries, &header.next);
	error = guest_write(gpa(request.v + NEXT_OFFSET), &header.next, sizeof(header.next));
	return error != 0 && result == SVSM_SUCCESS ? protocol_result(error) : result;
}
