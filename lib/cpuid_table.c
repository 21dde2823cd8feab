/* SPDX-License-Identifier: MIT */
#include "lib/cpuid_table.h"

int cpuid_table_check(const struct snp_cpuid_page *page)
{
	if (page->count == 0 || page->count > SNP_CPUID_MAX_ENTRIES)
		return ERR_FORMAT;
	if (page->reserved_1 != 0 || page->reserved_2 != 0)
		return ERR_FORMAT;
	return 0;
}

int cpuid_table_lookup(const struct snp_cpuid_page *page, uint32_t leaf, uint32_t subleaf, struct cpuid_result *result)
{
	uint32_t count = page->count <= SNP_CPUID_MAX_ENTRIES ? page->count : SNP_CPUID_MAX_ENTRIES;

	for (uint32_t i = 0; i < count; i++) {
		const struct snp_cpuid_entry *entry = &page->entry[i];

		if (entry->eax_in == leaf && entry->ecx_in == subleaf) {
			*result = (struct cpuid_result){ entry->eax, entry->ebx, entry->ecx, entry->edx };
			return 0;
		}
	}
	*result = (struct cpuid_result){ 0 };
	return ERR_NOT_FOUND;
}

int cpuid_table_c_bit(const struct snp_cpuid_page *page, uint32_t *position)
{
	struct cpuid_result sev;
	int error = cpuid_table_lookup(page, CPUID_SEV_LEAF, 0, &sev);

	if (error != 0)
		return error;
	if ((sev.ebx & CPUID_SEV_EBX_CBIT_MASK) < 32u)
		return ERR_FORMAT;
	*position = sev.ebx & CPUID_SEV_EBX_CBIT_MASK;
	return 0;
}
