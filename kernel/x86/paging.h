/* SPDX-License-Identifier: MIT */
/*
 * paging.h - the monitor's own page tables.
 *
 * The image builder made them (include/abi/launch.h); they map the monitor's region and nothing else. What is added
 * later lies in the same gigabyte: MONITOR_VA + MONITOR_SIZE up to MONITOR_VA + 1 GiB. Table pages come from the
 * monitor's region, so their virtual address follows from their physical one.
 *
 * Invariants: no leaf is writable and executable; no leaf maps memory outside the monitor's region but the page-state
 * map and the guest windows; guard pages stay unmapped.
 */
#ifndef KERNEL_X86_PAGING_H
#define KERNEL_X86_PAGING_H

#include "abi/launch.h"
#include "lib/types.h"

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_ADDRESS_MASK 0x000FFFFFFFFFF000ull
/* A writable data leaf without the C-bit: shared. */
#define PTE_DATA (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NO_EXECUTE)

/* Mask of the C-bit, and where the region lies: read back from CR3 once at start. */
extern uint64_t paging_c_bit;
extern uint64_t paging_region_gpa;

static inline va_t paging_region_va(pa_t address)
{
	return va(address.v - paging_region_gpa + MONITOR_VA);
}

#ifdef CASHEW_HOST
/* Stand-ins for programs on the host: the region is an array. */
void *paging_region_pointer(pa_t address);
pa_t paging_region_pa(const void *pointer);
#else

static inline void *paging_region_pointer(pa_t address)
{
	return (void *)(uintptr_t)(address.v - paging_region_gpa + MONITOR_VA);
}

/* Physical address of something in the monitor's region. */
static inline pa_t paging_region_pa(const void *pointer)
{
	return pa((uint64_t)(uintptr_t)pointer - MONITOR_VA + paging_region_gpa);
}
#endif

/* Finds C-bit and region, removes the identity mapping of the entry stub. */
void paging_init(uint32_t c_bit_position);

/* Turns on supervisor-mode protection as far as the (checked) CPUID leaf 7 offers it. */
void paging_protect_cpu(bool smep, bool smap, bool umip);

/* The root's entry for the monitor's own half of every address space. */
uint64_t paging_kernel_slot(void);

/* The leaf entry of a page of the region. */
uint64_t *paging_region_entry(va_t address);

/* Changes a page of the region between private and shared; the content is undefined afterwards. */
void paging_region_set_shared(va_t address, bool shared);

/* Page-directory entry for an address in the monitor's gigabyte. */
uint64_t *paging_directory_entry(va_t address);

/* Makes a page-table page (zeroed, from the region) serve the 2 MiB at address. */
void paging_install_table(va_t address, pa_t table);

#endif
