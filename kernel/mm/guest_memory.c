/* SPDX-License-Identifier: MIT */
#include "abi/svsm.h"
#include "kernel/mm/memory.h"
#include "kernel/x86/access.h"

/*
 * The page stays pinned in its state for the length of the copy, so that another vCPU cannot turn it into something
 * else between the check and the access.
 */
static int copy(gpa_t address, void *buffer, uint64_t size, bool write)
{
	enum page_state state;
	uint64_t offset = address.v & PAGE_MASK;
	int error;

	if (size == 0 || size > PAGE_SIZE - offset)
		return ERR_ADDRESS;
	error = page_state_pin(&memory_pages, address, &state);
	if (error != 0)
		return error;
	if (state == PAGE_VALIDATED || (state == PAGE_CAA && offset >= SVSM_CAA_HEADER_SIZE)) {
		uint8_t *page = (uint8_t *)(uintptr_t)memory_window_map(WINDOW_COPY, address).v;

		error = write ? access_copy(page + offset, buffer, size) : access_copy(buffer, page + offset, size);
		memory_window_unmap(WINDOW_COPY);
	} else {
		error = ERR_ADDRESS;
	}
	page_state_unpin(&memory_pages, address);
	return error;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	return copy(address, out, size, false);
}

int guest_write(gpa_t address, const void *data, uint64_t size)
{
	return copy(address, (void *)(uintptr_t)data, size, true);
}
