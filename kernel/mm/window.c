/* SPDX-License-Identifier: MIT */
#include "kernel/mm/memory.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"

/* 4 MiB for each CPU: the 2 MiB window, then the 4 KiB windows. */
#define WINDOWS_VA (MONITOR_VA + 0x20000000ull)
#define WINDOWS_PER_CPU (2u * PAGE_SIZE_2M)

int memory_windows_init(struct percpu *cpu)
{
	va_t large = va(WINDOWS_VA + cpu->index * WINDOWS_PER_CPU);
	va_t small = va(large.v + PAGE_SIZE_2M);
	pa_t table;
	int error = memory_allocate(1, &table);

	if (error != 0)
		return error;
	paging_install_table(small, table);
	cpu->window_4k = paging_region_pointer(table);
	cpu->window_2m = paging_directory_entry(large);
	cpu->window_va = small;
	return 0;
}

/* Slots are two pages apart, so that a run over the end of one faults. */
static uint32_t slot_index(enum window_slot slot)
{
	return (uint32_t)slot * 2u + 1u;
}

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	struct percpu *cpu = percpu_self();
	va_t where = va(cpu->window_va.v + slot_index(slot) * PAGE_SIZE);

	cpu->window_4k[slot_index(slot)] = align_down(address.v, PAGE_SIZE) | PTE_DATA | paging_c_bit;
	cpu_flush_page(where);
	return where;
}

void memory_window_unmap(enum window_slot slot)
{
	struct percpu *cpu = percpu_self();

	cpu->window_4k[slot_index(slot)] = 0;
	cpu_flush_page(va(cpu->window_va.v + slot_index(slot) * PAGE_SIZE));
}

va_t memory_window_map_2m(gpa_t address)
{
	struct percpu *cpu = percpu_self();
	va_t where = va(cpu->window_va.v - PAGE_SIZE_2M);

	*cpu->window_2m = align_down(address.v, PAGE_SIZE_2M) | PTE_DATA | PTE_LARGE | paging_c_bit;
	cpu_flush_page(where);
	return where;
}

void memory_window_unmap_2m(void)
{
	struct percpu *cpu = percpu_self();

	*cpu->window_2m = 0;
	cpu_flush_page(va(cpu->window_va.v - PAGE_SIZE_2M));
}
