/* SPDX-License-Identifier: MIT */
#include "nutshell/cpu/memory.h"

#include "lib/string.h"

#define FOUR_GIB 0x100000000ull
#define EXTRA_PAGES ((FOUR_GIB - EXTRA_START) / PAGE_SIZE)

static struct memory_layout layout;
static uint8_t *extra_block[EXTRA_PAGES / PAGES_PER_2M]; /* NULL: no RAM there */
static uint8_t extra_backed[EXTRA_PAGES];
static uint64_t pool_next;
static uint8_t *rom_shadow;
static uint8_t *launch_vmsa;

extern uint8_t image_start[];

void *phys_to_virt(uint64_t spa)
{
	return (void *)(uintptr_t)(PHYS_BASE + spa);
}

uint64_t image_to_phys(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer - (uint64_t)(uintptr_t)image_start + layout.low_end;
}

uint64_t machine_low_ram_end(void)
{
	return layout.low_end;
}

uint64_t machine_low_devices_start(void)
{
	return layout.hidden_end;
}

uint64_t machine_high_ram_end(void)
{
	return layout.high_end;
}

static bool in_extra_window(uint64_t gpa)
{
	return gpa >= EXTRA_START && gpa < FOUR_GIB;
}

static bool extra_is_ram(uint64_t gpa, uint64_t size)
{
	if (!range_within(gpa, size, EXTRA_START, FOUR_GIB))
		return false;
	for (uint64_t at = align_down(gpa, PAGE_SIZE); at < gpa + size; at += PAGE_SIZE) {
		if (!extra_backed[(at - EXTRA_START) / PAGE_SIZE])
			return false;
	}
	return true;
}

void machine_back_page(uint64_t gpa)
{
	uint64_t block = (gpa - EXTRA_START) / PAGE_SIZE_2M;

	if (!in_extra_window(gpa) || (gpa >= DEVICES_START && gpa < DEVICES_END))
		return;
	if (extra_block[block] == NULL) {
		/* Whole and aligned, so that it can become one large entry of the reverse map. */
		if (!is_aligned(pool_next, PAGE_SIZE_2M))
			(void)machine_alloc_pages((align_up(pool_next, PAGE_SIZE_2M) - pool_next) / PAGE_SIZE);
		extra_block[block] = machine_alloc_pages(PAGES_PER_2M);
	}
	extra_backed[(gpa - EXTRA_START) / PAGE_SIZE] = 1;
}

bool machine_is_ram(uint64_t gpa, uint64_t size)
{
	if (in_extra_window(gpa))
		return extra_is_ram(gpa, size);
	if (gpa == LAUNCH_VMSA_GPA)
		return size == PAGE_SIZE;
	if (range_within(gpa, size, 0xA0000, LEGACY_ROM_START))
		return false;
	return range_within(gpa, size, 0, layout.low_end) || range_within(gpa, size, FOUR_GIB, layout.high_end);
}

uint64_t memory_private_spa(uint64_t gpa)
{
	gpa = align_down(gpa, PAGE_SIZE);
	if (gpa == LAUNCH_VMSA_GPA)
		return virt_to_phys_map(launch_vmsa);
	if (gpa >= LEGACY_ROM_START && gpa < LEGACY_ROM_END)
		return virt_to_phys_map(rom_shadow + (gpa - LEGACY_ROM_START));
	if (in_extra_window(gpa))
		return extra_backed[(gpa - EXTRA_START) / PAGE_SIZE] != 0 ?
			       virt_to_phys_map(extra_block[(gpa - EXTRA_START) / PAGE_SIZE_2M]) +
				       (gpa & PAGE_MASK_2M) :
			       ~0ull;
	return machine_is_ram(gpa, PAGE_SIZE) ? gpa : ~0ull;
}

uint64_t machine_shared_spa(uint64_t gpa)
{
	return in_extra_window(gpa) && extra_is_ram(gpa, 1) ? memory_private_spa(gpa) + (gpa & PAGE_MASK) : gpa;
}

void *machine_ram_page(uint64_t gpa)
{
	uint64_t spa = memory_private_spa(gpa);

	return spa == ~0ull ? NULL : phys_to_virt(spa);
}

uint64_t memory_page_count(void)
{
	return (layout.low_end + (layout.high_end - FOUR_GIB)) / PAGE_SIZE + EXTRA_PAGES + 1u;
}

uint64_t memory_page_index(uint64_t gpa)
{
	gpa = align_down(gpa, PAGE_SIZE);
	if (gpa == LAUNCH_VMSA_GPA)
		return memory_page_count() - 1u;
	if (!machine_is_ram(gpa, PAGE_SIZE))
		return ~0ull;
	if (in_extra_window(gpa))
		return memory_page_count() - 1u - (FOUR_GIB - gpa) / PAGE_SIZE;
	return gpa < FOUR_GIB ? gpa / PAGE_SIZE : (layout.low_end + (gpa - FOUR_GIB)) / PAGE_SIZE;
}

void *machine_alloc_pages(uint64_t count)
{
	void *pages = phys_to_virt(pool_next);

	if (count > (layout.hidden_end - pool_next) / PAGE_SIZE)
		machine_stop(STOP_INTERNAL, "out of hidden memory: give QEMU more (-m) than the guest's RAM plus 64 MiB "
			     "and 16 MiB for each GiB");
	pool_next += count * PAGE_SIZE;
	memset(pages, 0, count * PAGE_SIZE);
	return pages;
}

void memory_init(const struct memory_layout *new_layout, uint64_t pool)
{
	layout = *new_layout;
	pool_next = pool;
	rom_shadow = machine_alloc_pages((LEGACY_ROM_END - LEGACY_ROM_START) / PAGE_SIZE);
	memcpy(rom_shadow, phys_to_virt(LEGACY_ROM_START), LEGACY_ROM_END - LEGACY_ROM_START);
	launch_vmsa = machine_alloc_pages(1);
}
