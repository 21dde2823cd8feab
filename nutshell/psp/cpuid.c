/* SPDX-License-Identifier: MIT */
/*
 * What CPUID says in the emulated machine: QEMU's processor, without what the emulation cannot give (nested
 * virtualisation, XSAVE and everything behind it), with SEV-SNP on top.
 */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/psp.h"

#define MAX_STANDARD 0xBu
#define GUEST_BITS 39u
#define MAX_EXTENDED 0x8000001Fu
#define VMPLS 4u

static const uint32_t default_leaves[][2] = {
	{ 0, 0 },	   { 1, 0 },	      { 2, 0 },	         { 5, 0 },	    { 6, 0 },	       { 7, 0 },
	{ 0xB, 0 },	   { 0xB, 1 },	      { 0x80000000, 0 }, { 0x80000001, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 },
	{ 0x80000004, 0 }, { 0x80000005, 0 }, { 0x80000006, 0 }, { 0x80000007, 0 }, { 0x80000008, 0 }, { 0x8000001E, 0 },
	{ 0x8000001F, 0 },
};

static void standard(uint32_t leaf, uint32_t out[4])
{
	switch (leaf) {
	case 0:
		out[0] = MAX_STANDARD;
		break;
	case 1:
		/* No MONITOR, x2APIC, XSAVE, OSXSAVE, AVX, F16C, FMA; with the hypervisor bit. */
		out[2] &= ~(1u << 3 | 1u << 12 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 29);
		out[2] |= 1u << 31 | 1u << 30;
		break;
	case 5:
	case 6:
		memset(out, 0, 4 * sizeof(out[0]));
		break;
	case 7:
		/* No AVX2, INVPCID, AVX-512, SHA stays; no PKU, shadow stacks, 5-level paging, IBT. */
		out[1] &= ~(1u << 5 | 1u << 10 | 0xDC230000u);
		out[2] &= ~(1u << 3 | 1u << 4 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 16);
		out[3] &= ~(1u << 20);
		break;
	default:
		break;
	}
}

static void extended(uint32_t leaf, uint32_t out[4])
{
	switch (leaf) {
	case 0x80000000u:
		out[0] = MAX_EXTENDED;
		break;
	case 0x80000001u:
		out[2] &= ~(1u << 2 | 1u << 22); /* SVM, topology extensions */
		break;
	case 0x80000007u:
		out[3] |= 1u << 8; /* invariant TSC */
		break;
	case 0x80000008u:
		/* Guests put their devices below the second number: Nutshell reaches no more than 512 GiB. */
		out[0] = (out[0] & ~0xFF00FFu) | (machine_c_bit() < 48u ? machine_c_bit() : 48u) |
			 (machine_c_bit() < GUEST_BITS ? machine_c_bit() : GUEST_BITS) << 16;
		out[1] = machine_without_invlpgb ? 0 : CPUID_ADDRESS_SIZES_EBX_INVLPGB;
		out[3] = machine_without_invlpgb ? 0 : MACHINE_INVLPGB_MAX;
		break;
	case 0x8000000Au:
		memset(out, 0, 4 * sizeof(out[0]));
		break;
	case CPUID_SEV_LEAF:
		out[0] = CPUID_SEV_EAX_SEV | CPUID_SEV_EAX_ES | CPUID_SEV_EAX_SNP | CPUID_SEV_EAX_VMPL |
			 CPUID_SEV_EAX_RMPQUERY;
		out[1] = machine_c_bit() | 1u << CPUID_SEV_EBX_REDUCED_SHIFT | VMPLS << CPUID_SEV_EBX_VMPL_SHIFT |
			 CPUID_SEV_EBX_COHERENCY_SFW_NO;
		out[2] = 1;
		out[3] = 1;
		break;
	default:
		if (leaf > 0x8000001Eu || (leaf > 0x8000000Au && leaf < 0x80000019u))
			memset(out, 0, 4 * sizeof(out[0]));
		break;
	}
}

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint64_t xcr0, uint64_t xss, uint32_t out[4])
{
	(void)xcr0;
	(void)xss;
	memset(out, 0, 4 * sizeof(out[0]));
	if (leaf > MAX_STANDARD && leaf < 0x80000000u)
		return;
	if (leaf > MAX_EXTENDED)
		return;
	asm_cpuid(leaf, subleaf, out);
	if (leaf < 0x80000000u)
		standard(leaf, out);
	else
		extended(leaf, out);
}

static void fill_row(struct snp_cpuid_entry *entry, uint32_t leaf, uint32_t subleaf)
{
	uint32_t out[4];

	machine_cpuid(leaf, subleaf, entry->xcr0_in, entry->xss_in, out);
	*entry = (struct snp_cpuid_entry){ .eax_in = leaf,
					   .ecx_in = subleaf,
					   .xcr0_in = entry->xcr0_in,
					   .xss_in = entry->xss_in,
					   .eax = out[0],
					   .ebx = out[1],
					   .ecx = out[2],
					   .edx = out[3] };
}

const char *psp_fill_cpuid(struct snp_cpuid_page *page)
{
	bool sev = false;

	if (page->count > SNP_CPUID_MAX_ENTRIES)
		return "the CPUID page has more than 64 entries";
	if (page->count == 0) {
		memset(page, 0, sizeof(*page));
		page->count = ARRAY_SIZE(default_leaves);
		for (uint32_t i = 0; i < page->count; i++) {
			page->entry[i].eax_in = default_leaves[i][0];
			page->entry[i].ecx_in = default_leaves[i][1];
		}
	}
	for (uint32_t i = 0; i < page->count; i++) {
		fill_row(&page->entry[i], page->entry[i].eax_in, page->entry[i].ecx_in);
		sev = sev || page->entry[i].eax_in == CPUID_SEV_LEAF;
	}
	return sev ? NULL : "the CPUID page does not ask for leaf 8000001F, which gives the C-bit";
}
