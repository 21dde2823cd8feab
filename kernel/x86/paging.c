/* SPDX-License-Identifier: MIT */
#include "kernel/x86/paging.h"

#include "kernel/x86/cpu.h"

#define DIRECTORY_PAGE 2u /* index among the launch page tables */

uint64_t paging_c_bit;
uint64_t paging_region_gpa;

static uint64_t *launch_table(uint32_t index)
{
	return (uint64_t *)(uintptr_t)(MONITOR_VA + LAUNCH_OFF_PAGE_TABLES + index * PAGE_SIZE);
}

void paging_init(uint32_t c_bit_position)
{
	paging_c_bit = 1ull << c_bit_position;
	paging_region_gpa = (cpu_read_cr3() & PTE_ADDRESS_MASK & ~paging_c_bit) - LAUNCH_OFF_PAGE_TABLES;
	launch_table(0)[0] = 0;
	cpu_write_cr3(cpu_read_cr3());
}

uint64_t paging_kernel_slot(void)
{
	return launch_table(0)[511];
}

void paging_protect_cpu(bool smep, bool smap, bool umip)
{
	uint64_t cr4 = cpu_read_cr4();

	cr4 |= (smep ? CR4_SMEP : 0) | (smap ? CR4_SMAP : 0) | (umip ? CR4_UMIP : 0);
	cpu_write_cr4(cr4);
}

uint64_t *paging_directory_entry(va_t address)
{
	return &launch_table(DIRECTORY_PAGE)[address.v / PAGE_SIZE_2M % 512u];
}

uint64_t *paging_region_entry(va_t address)
{
	uint64_t table = *paging_directory_entry(address) & PTE_ADDRESS_MASK & ~paging_c_bit;
	uint64_t *entry = paging_region_pointer(pa(table));

	return &entry[address.v / PAGE_SIZE % 512u];
}

void paging_region_set_shared(va_t address, bool shared)
{
	uint64_t *entry = paging_region_entry(address);

	*entry = shared ? *entry & ~paging_c_bit : *entry | paging_c_bit;
	cpu_flush_page(address);
}

void paging_install_table(va_t address, pa_t table)
{
	*paging_directory_entry(address) =
		table.v | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | paging_c_bit;
}
