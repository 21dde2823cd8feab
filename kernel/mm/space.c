/* SPDX-License-Identifier: MIT */
#include "kernel/mm/space.h"

#include "kernel/mm/memory.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"

#define ENTRIES PAGES_PER_2M
#define PTE_OWN (1ull << 9) /* bits that are software's */
#define PTE_MOVABLE (1ull << 10)
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)
#define KERNEL_SLOT 511u

static uint64_t *table_at(pa_t table)
{
	return paging_region_pointer(table);
}

static pa_t entry_frame(uint64_t entry)
{
	return pa(entry & PTE_ADDRESS_MASK & ~paging_c_bit);
}

static void set_table(pa_t table, uint64_t index, pa_t next)
{
	table_at(table)[index] = next.v | PTE_TABLE | paging_c_bit;
}

int space_create(struct space *space)
{
	pa_t page[3];
	uint32_t count = 0;

	while (count < ARRAY_SIZE(page)) {
		if (memory_allocate(1, &page[count]) != 0)
			goto out_free;
		count++;
	}
	*space = (struct space){ .root = page[0], .middle = page[1], .directory = page[2], .table_pages = 3 };
	table_at(space->root)[KERNEL_SLOT] = paging_kernel_slot();
	set_table(space->root, 0, space->middle);
	set_table(space->middle, 0, space->directory);
	return 0;

out_free:
	while (count > 0)
		memory_free(page[--count], 1);
	return ERR_NO_MEMORY;
}

static void free_pages(uint64_t *table)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		if ((table[i] & PTE_OWN) == 0)
			continue;
		memset(paging_region_pointer(entry_frame(table[i])), 0, PAGE_SIZE);
		memory_free(entry_frame(table[i]), 1);
	}
}

void space_destroy(struct space *space)
{
	uint64_t *directory = table_at(space->directory);

	for (uint32_t i = 0; i < ENTRIES; i++) {
		if ((directory[i] & PTE_PRESENT) == 0)
			continue;
		free_pages(table_at(entry_frame(directory[i])));
		memory_free(entry_frame(directory[i]), 1);
	}
	memory_free(space->directory, 1);
	memory_free(space->middle, 1);
	memory_free(space->root, 1);
	*space = (struct space){ .own_pages = 0 };
}

uint64_t space_root(const struct space *space)
{
	return space->root.v | paging_c_bit;
}

/* The leaf entry of an address; NULL when it is outside or has no page table. */
static uint64_t *find_entry(const struct space *space, va_t address)
{
	uint64_t entry;

	if (address.v < SPACE_START || address.v >= SPACE_END)
		return NULL;
	entry = table_at(space->directory)[address.v / PAGE_SIZE_2M];
	if ((entry & PTE_PRESENT) == 0)
		return NULL;
	return &table_at(entry_frame(entry))[address.v / PAGE_SIZE % ENTRIES];
}

static int add_table(struct space *space, va_t address)
{
	pa_t table;

	if (memory_allocate(1, &table) != 0)
		return ERR_NO_MEMORY;
	set_table(space->directory, address.v / PAGE_SIZE_2M, table);
	space->table_pages++;
	return 0;
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	uint64_t bits = PTE_PRESENT | PTE_USER | PTE_ACCESSED | (own ? PTE_OWN : 0) | (movable ? PTE_MOVABLE : 0);
	uint64_t *entry;

	if (!is_aligned(address.v, PAGE_SIZE) || address.v < SPACE_START || address.v >= SPACE_END - PAGE_SIZE)
		return ERR_ADDRESS;
	entry = find_entry(space, address);
	if (entry == NULL) {
		if (add_table(space, address) != 0)
			return ERR_NO_MEMORY;
		entry = find_entry(space, address);
	}
	if (entry == NULL || *entry != 0)
		return ERR_ADDRESS;
	if (access == SPACE_WRITE)
		bits |= PTE_WRITE | PTE_DIRTY;
	if (access != SPACE_EXECUTE)
		bits |= PTE_NO_EXECUTE;
	*entry = frame.v | bits | paging_c_bit;
	space->own_pages += own ? 1u : 0u;
	return 0;
}

bool space_is_movable(const struct space *space, va_t address)
{
	const uint64_t *entry = find_entry(space, address);
	const uint64_t wanted = PTE_PRESENT | PTE_OWN | PTE_MOVABLE;

	return is_aligned(address.v, PAGE_SIZE) && entry != NULL && (*entry & wanted) == wanted;
}

int space_take(struct space *space, va_t address, pa_t *frame)
{
	uint64_t *entry = find_entry(space, address);

	if (!space_is_movable(space, address))
		return ERR_ADDRESS;
	*frame = entry_frame(*entry);
	*entry = 0;
	space->own_pages--;
	return 0;
}

void space_unmap(struct space *space, va_t address)
{
	uint64_t *entry = find_entry(space, address);

	if (entry != NULL && (*entry & PTE_OWN) == 0)
		*entry = 0;
}

int space_find(const struct space *space, uint64_t pages, va_t *address)
{
	const uint64_t *entry = NULL;
	uint64_t run = 0, step;

	for (uint64_t at = SPACE_FIND_START; at < SPACE_FIND_END; at += step) {
		/* Entries of one table lie side by side. */
		if (entry == NULL || is_aligned(at, PAGE_SIZE_2M))
			entry = find_entry(space, va(at));
		else
			entry++;
		/* Without a page table all of its 2 MiB are free. */
		step = entry == NULL ? PAGE_SIZE_2M : PAGE_SIZE;
		run = entry == NULL || *entry == 0 ? run + step : 0;
		if (run / PAGE_SIZE >= pages) {
			*address = va(at + step - run);
			return 0;
		}
	}
	return ERR_NO_MEMORY;
}

void *space_pointer(const struct space *space, va_t address, bool write)
{
	const uint64_t *entry = find_entry(space, address);

	if (entry == NULL || (*entry & PTE_PRESENT) == 0 || (write && (*entry & PTE_WRITE) == 0))
		return NULL;
	return (uint8_t *)paging_region_pointer(entry_frame(*entry)) + (address.v & PAGE_MASK);
}

static int copy(const struct space *space, uint64_t address, uint8_t *buffer, uint64_t size, bool write)
{
	while (size > 0) {
		uint64_t room = PAGE_SIZE - (address & PAGE_MASK);
		uint64_t chunk = size < room ? size : room;
		void *page = space_pointer(space, va(address), write);

		if (page == NULL)
			return ERR_ADDRESS;
		if (write)
			memcpy(page, buffer, chunk);
		else
			memcpy(buffer, page, chunk);
		address += chunk;
		buffer += chunk;
		size -= chunk;
	}
	return 0;
}

int space_read(const struct space *space, va_t address, void *out, uint64_t size)
{
	return copy(space, address.v, out, size, false);
}

int space_write(const struct space *space, va_t address, const void *data, uint64_t size)
{
	return copy(space, address.v, (uint8_t *)(uintptr_t)data, size, true);
}
