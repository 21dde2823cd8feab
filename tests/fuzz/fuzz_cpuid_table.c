/* SPDX-License-Identifier: MIT */
/* Any page as CPUID table: look-ups stay inside it and agree with each other. */
#include <string.h>

#include "lib/cpuid_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snp_cpuid_page page;
	struct cpuid_result result;
	uint32_t position = 0;
	int error;

	memset(&page, 0, sizeof(page));
	memcpy(&page, data, size < sizeof(page) ? size : sizeof(page));
	if (cpuid_table_check(&page) == 0 && (page.count == 0 || page.count > SNP_CPUID_MAX_ENTRIES))
		__builtin_trap();
	for (uint32_t i = 0; i < page.count && i < SNP_CPUID_MAX_ENTRIES; i++) {
		if (cpuid_table_lookup(&page, page.entry[i].eax_in, page.entry[i].ecx_in, &result) != 0)
			__builtin_trap();
	}
	error = cpuid_table_c_bit(&page, &position);
	if (error == 0 && (position < 32 || position > 63))
		__builtin_trap();
	return 0;
}
