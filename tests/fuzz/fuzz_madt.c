/* SPDX-License-Identifier: MIT */
/* The MADT that the host writes. Also tried with a correct checksum, so that entries are reached. */
#include <string.h>

#include "lib/madt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t table[4096];
	struct madt_cpus cpus;
	uint32_t length;
	uint8_t sum = 0;

	(void)madt_parse(data, size, &cpus);
	if (size < 44 || size > sizeof(table))
		return 0;
	memcpy(table, data, size);
	memcpy(table, "APIC", 4);
	length = (uint32_t)size;
	memcpy(table + 4, &length, sizeof(length));
	table[9] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)(0u - sum);
	if (madt_parse(table, size, &cpus) == 0 && (cpus.count > MADT_CPU_MAX || cpus.length != size))
		__builtin_trap();
	return 0;
}
