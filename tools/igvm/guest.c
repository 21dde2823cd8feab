/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <string.h>

#include "abi/igvm.h"

/* Descriptors as the Linux boot protocol demands: code 0x10, data 0x18. */
#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
#define DESCRIPTOR_CODE 0x00AF9B000000FFFFull
#define DESCRIPTOR_DATA 0x00CF93000000FFFFull
#define ATTRIBUTES_CODE 0xA9Bu
#define ATTRIBUTES_DATA 0xC93u
#define GUEST_PAT 0x0007040600070406ull /* as after reset */

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_COUNT 512u

int guest_add_content(struct layout *layout, uint64_t gpa, const void *data, size_t size, uint32_t flags,
		      const char *owner)
{
	image_add(&layout->image, gpa, data, size, IGVM_PAGE_TYPE_NORMAL, owner);
	return launch_range_add(&layout->block, gpa, align_up(size, PAGE_SIZE), LAUNCH_RANGE_IMAGE, flags);
}

static int add_gdt(struct layout *layout)
{
	const uint64_t gdt[4] = { 0, 0, DESCRIPTOR_CODE, DESCRIPTOR_DATA };

	layout->guest_vmsa.gdtr.base = GUEST_GDT;
	layout->guest_vmsa.gdtr.limit = sizeof(gdt) - 1;
	return guest_add_content(layout, GUEST_GDT, gdt, sizeof(gdt), 0, "GDT");
}

/* Identity map of 0 to 4 GiB. The monitor adds the C-bit, whose place only the machine knows. */
static int add_page_tables(struct layout *layout)
{
	uint64_t table[GUEST_PAGE_TABLE_PAGES][PTE_COUNT];

	memset(table, 0, sizeof(table));
	table[0][0] = (GUEST_PAGE_TABLES + PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
	for (uint32_t gigabyte = 0; gigabyte < 4; gigabyte++) {
		table[1][gigabyte] =
			(GUEST_PAGE_TABLES + (2 + gigabyte) * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
		for (uint32_t i = 0; i < PTE_COUNT; i++)
			table[2 + gigabyte][i] = (gigabyte * PTE_COUNT + i) * PAGE_SIZE_2M | PTE_PRESENT | PTE_WRITE |
						 PTE_ACCESSED | PTE_DIRTY | PTE_LARGE;
	}
	layout->block.cbit_gpa = GUEST_PAGE_TABLES;
	layout->block.cbit_size = sizeof(table);
	layout->guest_vmsa.cr3 = GUEST_PAGE_TABLES;
	return guest_add_content(layout, GUEST_PAGE_TABLES, table, sizeof(table), 0, "page tables");
}

/* The level is left out: the policy has it, and the monitor fills it in. */
static void set_context(struct vmsa *vmsa)
{
	const struct vmsa_segment code = { SELECTOR_CODE, ATTRIBUTES_CODE, 0xFFFFFFFF, 0 };
	const struct vmsa_segment data = { SELECTOR_DATA, ATTRIBUTES_DATA, 0xFFFFFFFF, 0 };

	vmsa->cs = code;
	vmsa->ds = vmsa->es = vmsa->ss = data;
	vmsa->fs = vmsa->gs = data;
	vmsa->ldtr = (struct vmsa_segment){ 0, 0x082, 0xFFFF, 0 };
	vmsa->tr = (struct vmsa_segment){ 0, 0x08B, 0xFFFF, 0 };
	vmsa->efer = EFER_LME | EFER_LMA | EFER_SVME;
	vmsa->cr0 = 0x80000011;
	vmsa->cr4 = 0x20;
	vmsa->dr6 = 0xFFFF0FF0;
	vmsa->dr7 = 0x400;
	vmsa->rflags = 2;
	vmsa->g_pat = GUEST_PAT;
	vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
	vmsa->xcr0 = 1;
	vmsa->mxcsr = 0x1F80;
	vmsa->x87_fcw = 0x37F;
	vmsa->x87_ftw = 0x5555;
}

int guest_add_common(struct layout *layout, uint64_t entry)
{
	struct launch_block *block = &layout->block;

	set_context(&layout->guest_vmsa);
	layout->guest_vmsa.rip = entry;
	if (add_gdt(layout) != 0 || add_page_tables(layout) != 0)
		return ERR_INVALID;
	if (launch_range_add(block, GUEST_SECRETS, PAGE_SIZE, LAUNCH_RANGE_SECRETS, LAUNCH_RANGE_FLAG_RESERVED) != 0 ||
	    launch_range_add(block, GUEST_CPUID, PAGE_SIZE, LAUNCH_RANGE_CPUID, LAUNCH_RANGE_FLAG_RESERVED) != 0 ||
	    launch_range_add(block, GUEST_CAA, PAGE_SIZE, LAUNCH_RANGE_CAA, LAUNCH_RANGE_FLAG_RESERVED) != 0)
		return ERR_INVALID;
	return 0;
}
