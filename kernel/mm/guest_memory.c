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

static int copy_range(gpa_t address, uint8_t *buffer, uint64_t size, bool write)
{
	uint64_t end;

	if (!checked_add(address.v, size, &end))
		return ERR_ADDRESS;
	while (address.v < end) {
		uint64_t room = PAGE_SIZE - (address.v & PAGE_MASK), left = end - address.v;
		uint64_t chunk = left < room ? left : room;
		int error = copy(address, buffer, chunk, write);

		if (error != 0)
			return error;
		address.v += chunk;
		buffer += chunk;
	}
	return 0;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	return copy(address, out, size, false);
}

int guest_write(gpa_t address, const void *data, uint64_t size)
{
	return copy(address, (void *)(uintptr_t)data, size, true);
}

int guest_read_range(gpa_t address, void *out, uint64_t size)
{
	return copy_range(address, out, size, false);
}

int guest_write_range(gpa_t address, const void *data, uint64_t size)
{
	return copy_range(address, (void *)(uintptr_t)data, size, true);
}

bool guest_owns_range(gpa_t address, uint64_t size)
{
	uint64_t end;

	if (size == 0)
		return true;
	if (!checked_add(address.v, size, &end))
		return false;
	for (uint64_t at = align_down(address.v, PAGE_SIZE); at < end; at += PAGE_SIZE) {
		if (page_state_get(&memory_pages, gpa(at)) != PAGE_VALIDATED)
			return false;
	}
	return true;
}
