/* SPDX-License-Identifier: MIT */
/*
 * launch.h - what the image builder lays out and what the monitor finds: one contract, both sides include it.
 *
 * The monitor owns MONITOR_SIZE bytes of guest physical memory, its region, at an address that the image's recipe names.
 * It is mapped at MONITOR_VA, so va = gpa - region + MONITOR_VA for every page of the region. Offsets below count from the
 * region's start.
 *
 * Usually it lies in the gap between the PCI window of a PC and its interrupt controllers, where a PC has nothing: the
 * image asks the loader for memory there (REQUIRED_MEMORY), and the guest's RAM has no hole. Linux lives with one, OVMF
 * does not: it takes all addresses from 1 MiB to the end of RAM below 4 GiB for RAM. The monitor starts in 32-bit mode, so
 * the region lies below 4 GiB.
 *
 * Trust: the launch block, the guest context, the policy page and everything else that the builder writes is measured. The three
 * parameter pages are written by the host: they are copied, checked, and then only the copy is used.
 */
#ifndef ABI_LAUNCH_H
#define ABI_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#define MONITOR_VA 0xFFFFFFFF80000000ull
#define MONITOR_SIZE 0x01000000ull
/* A region starts at a multiple of 2 MiB, because page states have summaries of such blocks, and lies between these. */
#define LAUNCH_REGION_FIRST 0x00200000ull
#define LAUNCH_REGION_END 0xFEC00000ull /* interrupt controllers of a PC */

#define LAUNCH_OFF_BLOCK 0x00000u       /* struct launch_block, measured, mapped read-only */
#define LAUNCH_OFF_GUEST_VMSA 0x01000u  /* struct vmsa: the guest's first context, measured, mapped read-only */
#define LAUNCH_OFF_CPUID 0x02000u       /* CPUID page */
#define LAUNCH_OFF_SECRETS 0x03000u     /* secrets page */
#define LAUNCH_OFF_PARAM_GENERAL 0x04000u /* host: u32 VP count at 0, u32 environment info at 4 */
#define LAUNCH_OFF_PARAM_MEMORY 0x05000u  /* host: IGVM memory map, one page */
#define LAUNCH_OFF_PARAM_MADT 0x06000u    /* host: ACPI MADT, one page; all zero when absent */
#define LAUNCH_OFF_POLICY 0x07000u        /* struct policy_page (abi/policy.h), measured, mapped read-only */
#define LAUNCH_OFF_PAGE_TABLES 0x08000u   /* LAUNCH_PAGE_TABLE_PAGES pages, the root is the first */
#define LAUNCH_PAGE_TABLE_PAGES 14u
#define LAUNCH_OFF_IMAGE 0x16000u /* first byte of the ELF's first segment may not lie below this */

/*
 * Page tables as the builder makes them (no C-bit; the entry stub sets it in every present entry):
 *   page 0 root; 1 PDPT and 2 PD of the high half; 3 to 10 PT of the region (8 x 2 MiB);
 *   11 PDPT, 12 PD, 13 PT: one identity-mapped page, the one that holds the entry stub (removed by the monitor).
 * Every page of the region is mapped at its MONITOR_VA: pages of ELF segments with the segment's permissions (never
 * writable and executable; a segment without permissions is a guard: not mapped), the launch block, the
 * guest context and the policy read-only, all others (page tables, parameter pages, free memory) read-write and not executable.
 */

#define LAUNCH_MAGIC 0x31574843u /* "CHW1" */
#define LAUNCH_VERSION 6u

/* Bit 0 is not used. What a user may choose at each start stands in the policy page instead. */
#define LAUNCH_FLAG_VALIDATE_ALL (1u << 1) /* direct boot: hand over all RAM validated */
#define LAUNCH_FLAG_TEST (1u << 2)         /* a test payload is inside: print a line per refused call */

/* What a range of guest memory is for. Ranges are page aligned, sorted by address and do not overlap. */
#define LAUNCH_RANGE_IMAGE 1u   /* launched (measured) content: validated already; grant to the guest */
#define LAUNCH_RANGE_ZERO 2u    /* to be validated, zeroed and granted before the guest starts */
#define LAUNCH_RANGE_SECRETS 3u /* as ZERO, then filled with the guest's secrets page */
#define LAUNCH_RANGE_CPUID 4u   /* as ZERO, then filled with the CPUID table */
#define LAUNCH_RANGE_CAA 5u     /* as ZERO; calling area of the first vCPU */
#define LAUNCH_RANGE_MADT 6u    /* as ZERO, then filled with the checked MADT of the host, if there is one */
#define LAUNCH_RANGE_MAX 32u

/*
 * Firmware: ranges of kind IMAGE may also lie here, outside RAM. They are the guest's memory like any other, but never
 * part of the map that it gets. No other range may.
 */
#define LAUNCH_FIRMWARE_START 0xFF000000ull
#define LAUNCH_FIRMWARE_END 0x100000000ull

#define LAUNCH_RANGE_FLAG_RESERVED (1u << 0) /* not RAM in the map that the guest gets */
#define LAUNCH_RANGE_FLAG_ACPI (1u << 1)     /* ACPI tables in the map that the guest gets */
/*
 * Kind IMAGE outside RAM only: the guest may read it, and neither change it nor give it back. Such pages stay through a reset
 * as they were launched. OVMF's flash of variables is this: its driver looks at it as at shared memory, upon which a host
 * takes the private page away, and a page that could have been written to would be lost for the next start.
 */
#define LAUNCH_RANGE_FLAG_FIXED (1u << 2)

struct launch_range {
	uint64_t gpa;
	uint64_t size;
	uint32_t kind;
	uint32_t flags;
};

/* How the guest learns its memory map. */
#define LAUNCH_MAP_NONE 0u
#define LAUNCH_MAP_E820 1u /* Linux boot_params at map_gpa: e820_entries at 0x1E8, e820_table at 0x2D0 */
#define LAUNCH_MAP_IGVM 2u /* array of igvm_memory_map_entry at map_gpa, map_size bytes */

struct launch_block {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;    /* LAUNCH_FLAG_* */
	uint32_t map_kind; /* LAUNCH_MAP_* */
	uint64_t image_end;  /* offset in the region of the first byte behind the ELF image; page aligned */
	uint64_t map_gpa;
	uint64_t map_size;   /* bytes, for LAUNCH_MAP_IGVM */
	uint64_t cbit_gpa;   /* guest page tables: the monitor sets the C-bit in each present entry, */
	uint64_t cbit_size;  /* ... and in CR3 of the guest context; 0: none */
	uint64_t region_gpa; /* where this image's region lies */
	uint64_t free_end;   /* offset in the region: what lies behind is the host's save area of the boot processor, not
	                        free memory; MONITOR_SIZE, or less on hosts that want it there */
	uint32_t range_count;
	uint32_t reserved;
	struct launch_range range[LAUNCH_RANGE_MAX];
	char image_name[64]; /* NUL-terminated, for the log */
	uint64_t archive_offset; /* in the region: archive of services (abi/service.h), mapped read-only, page aligned */
	uint64_t archive_size;   /* bytes, whole pages; 0: none */
	uint64_t vp_count_gpa;   /* the guest finds its number of vCPUs here, u32; 0: it does not ask */
};
_Static_assert(sizeof(struct launch_block) <= 4096, "the launch block is one page");

#endif
