/* SPDX-License-Identifier: MIT */
#include "lib/madt.h"

#include "lib/contract.h"
#include "lib/string.h"

#define MADT_HEADER_SIZE 44u /* ACPI table header, local APIC address, flags */
#define MADT_LOCAL_APIC 0u
#define MADT_LOCAL_X2APIC 9u
#define MADT_ENABLED 1u

static uint32_t read_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static int add_cpu(struct madt_cpus *cpus, uint32_t apic_id)
{
	for (uint32_t i = 0; i < cpus->count; i++)
		LOOP_ASSIGNS(i) LOOP_INVARIANT(i <= cpus->count) LOOP_DECREASES(cpus->count - i) {
		if (cpus->apic_id[i] == apic_id)
			return ERR_FORMAT;
	}
	if (cpus->count == MADT_CPU_MAX)
		return ERR_OVERFLOW;
	cpus->apic_id[cpus->count++] = apic_id;
	return 0;
}

static int parse_entry(const uint8_t *entry, uint8_t length, struct madt_cpus *cpus)
{
	if (entry[0] == MADT_LOCAL_APIC) {
		if (length != 8)
			return ERR_FORMAT;
		return (read_u32(entry + 4) & MADT_ENABLED) != 0 ? add_cpu(cpus, entry[3]) : 0;
	}
	if (entry[0] == MADT_LOCAL_X2APIC) {
		if (length != 16)
			return ERR_FORMAT;
		return (read_u32(entry + 8) & MADT_ENABLED) != 0 ? add_cpu(cpus, read_u32(entry + 4)) : 0;
	}
	return 0;
}

int madt_parse(const uint8_t *table, size_t size, struct madt_cpus *cpus)
{
	uint8_t sum = 0;
	uint32_t length;

	cpus->count = 0;
	cpus->length = 0;
	if (size < MADT_HEADER_SIZE)
		return ERR_FORMAT;
	if (read_u32(table) == 0)
		return ERR_NOT_FOUND;
	length = read_u32(table + 4);
	if (memcmp(table, "APIC", 4) != 0 || length < MADT_HEADER_SIZE || length > size)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < length; i++)
		LOOP_ASSIGNS(i, sum) LOOP_INVARIANT(i <= length) LOOP_DECREASES(length - i)
		sum = (uint8_t)((sum + table[i]) & 0xFFu);
	if (sum != 0)
		return ERR_FORMAT;
	for (uint32_t at = MADT_HEADER_SIZE; at < length;)
		LOOP_ASSIGNS(at, LOOP_OBJECT(cpus))
		LOOP_INVARIANT(at <= length && cpus->count <= MADT_CPU_MAX)
		LOOP_DECREASES(length - at) {
		uint8_t entry_length;
		int error;

		if (length - at < 2u)
			return ERR_FORMAT;
		entry_length = table[at + 1];
		if (entry_length < 2u || entry_length > length - at)
			return ERR_FORMAT;
		error = parse_entry(table + at, entry_length, cpus);
		if (error != 0)
			return error;
		at += entry_length;
	}
	cpus->length = length;
	return 0;
}
