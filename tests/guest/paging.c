/* SPDX-License-Identifier: MIT */
#include "tests/guest/paging.h"

#include "lib/types.h"
#include "tests/guest/cpu.h"

#define PTE_TABLE 0x03ull /* present, writable */
#define PTE_PAGE 0x63ull /* ... accessed, dirty */
#define PTE_LARGE 0x80ull
#define ENTRIES 512u
#define IMAGE_BASE 0x00200000ull
#define WINDOW_VA (1ull << 39)

uint64_t paging_c_bit;

static uint64_t root[ENTRIES] __attribute__((aligned(4096)));
static uint64_t pointers[ENTRIES] __attribute__((aligned(4096)));
static uint64_t directory[4][ENTRIES] __attribute__((aligned(4096)));
static uint64_t image_table[ENTRIES] __attribute__((aligned(4096)));
static uint64_t window_pointers[ENTRIES] __attribute__((aligned(4096)));
static uint64_t window_directory[ENTRIES] __attribute__((aligned(4096)));
static uint64_t window_table[ENTRIES] __attribute__((aligned(4096)));

static uint64_t table_entry(const uint64_t *table)
{
	return (uint64_t)(uintptr_t)table | paging_c_bit | PTE_TABLE;
}

void paging_init(uint32_t c_bit_position)
{
	paging_c_bit = 1ull << c_bit_position;
	for (uint64_t i = 0; i < 4; i++) {
		pointers[i] = table_entry(directory[i]);
		for (uint64_t j = 0; j < ENTRIES; j++)
			directory[i][j] = (i * ENTRIES + j) * PAGE_SIZE_2M | paging_c_bit | PTE_PAGE | PTE_LARGE;
	}
	for (uint64_t i = 0; i < ENTRIES; i++)
		image_table[i] = (IMAGE_BASE + i * PAGE_SIZE) | paging_c_bit | PTE_PAGE;
	directory[0][IMAGE_BASE / PAGE_SIZE_2M] = table_entry(image_table);
	root[0] = table_entry(pointers);
	root[1] = table_entry(window_pointers);
	window_pointers[0] = table_entry(window_directory);
	window_directory[0] = table_entry(window_table);
	cpu_write_cr3((uint64_t)(uintptr_t)root | paging_c_bit);
}

void paging_set_shared(const void *page, bool shared)
{
	uint64_t gpa = (uint64_t)(uintptr_t)page;
	uint64_t entry = align_down(gpa, PAGE_SIZE) | PTE_PAGE;

	image_table[gpa / PAGE_SIZE % ENTRIES] = shared ? entry : entry | paging_c_bit;
	cpu_invalidate(page);
}

void *paging_window(uint32_t slot, uint64_t gpa, bool shared)
{
	/* Every second page, so that running over the end of one faults. */
	uint64_t index = slot * 2u + 1u;
	void *where = (void *)(uintptr_t)(WINDOW_VA + index * PAGE_SIZE);

	window_table[index] = align_down(gpa, PAGE_SIZE) | PTE_PAGE | (shared ? 0 : paging_c_bit);
	cpu_invalidate(where);
	return where;
}
