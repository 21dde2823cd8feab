/* SPDX-License-Identifier: MIT */
#include "lib/certificate_table.h"

#include "lib/contract.h"
#include "lib/string.h"

#define ENTRY_SIZE ((uint32_t)sizeof(struct snp_certificate_entry))

struct parsed {
	struct snp_certificate_entry entry[CERTIFICATE_TABLE_MAX];
	uint32_t count;
	uint32_t header; /* bytes of the entries, the last of zeros included */
};

static bool all_zero(const uint8_t *bytes, uint64_t size)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < size; i++)
		any |= bytes[i];
	return any == 0;
}

static int read_entries(const uint8_t *table, uint32_t capacity, struct parsed *parsed)
{
	parsed->count = 0;
	for (uint32_t at = 0; capacity - at >= ENTRY_SIZE; at += ENTRY_SIZE) {
		if (all_zero(table + at, ENTRY_SIZE)) {
			parsed->header = at + ENTRY_SIZE;
			return 0;
		}
		if (parsed->count == CERTIFICATE_TABLE_MAX)
			return ERR_FORMAT;
		memcpy(&parsed->entry[parsed->count++], table + at, ENTRY_SIZE);
	}
	return ERR_FORMAT;
}

static bool overlap_others(const struct parsed *parsed, uint32_t index)
{
	const struct snp_certificate_entry *entry = &parsed->entry[index];

	for (uint32_t i = 0; i < index; i++) {
		if (ranges_overlap(entry->offset, entry->length, parsed->entry[i].offset, parsed->entry[i].length))
			return true;
	}
	return false;
}

static int parse(const uint8_t *table, uint32_t capacity, struct parsed *parsed)
{
	int error = read_entries(table, capacity, parsed);

	if (error != 0)
		return error;
	for (uint32_t i = 0; i < parsed->count; i++) {
		if (!range_within(parsed->entry[i].offset, parsed->entry[i].length, parsed->header, capacity) ||
		    overlap_others(parsed, i))
			return ERR_FORMAT;
	}
	return 0;
}

int certificate_table_size(const uint8_t *table, uint32_t capacity, uint32_t *size)
{
	struct parsed parsed;
	int error = parse(table, capacity, &parsed);

	if (error != 0)
		return error;
	*size = parsed.count == 0 ? 0 : parsed.header;
	for (uint32_t i = 0; i < parsed.count; i++) {
		uint32_t end = parsed.entry[i].offset + parsed.entry[i].length;

		*size = end > *size ? end : *size;
	}
	return 0;
}

/* The certificate that covers a byte, or NULL. */
static const struct snp_certificate_entry *covering(const struct parsed *parsed, uint32_t at)
{
	for (uint32_t i = 0; i < parsed->count; i++) {
		if (at - parsed->entry[i].offset < parsed->entry[i].length)
			return &parsed->entry[i];
	}
	return NULL;
}

int certificate_table_check(const uint8_t *table, uint32_t size)
{
	struct parsed parsed;
	int error = parse(table, size, &parsed);

	if (error != 0)
		return error;
	if (parsed.count == 0)
		return ERR_FORMAT;
	for (uint32_t i = 1; i < parsed.count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (memcmp(parsed.entry[i].guid, parsed.entry[j].guid, sizeof(parsed.entry[i].guid)) == 0)
				return ERR_FORMAT;
		}
	}
	for (uint32_t at = parsed.header; at < size;)
		LOOP_ASSIGNS(at)
		LOOP_INVARIANT(at <= size)
		LOOP_DECREASES(size - at) {
		const struct snp_certificate_entry *entry = covering(&parsed, at);

		if (entry == NULL && table[at] != 0)
			return ERR_FORMAT;
		at = entry == NULL ? at + 1u : entry->offset + entry->length;
	}
	return 0;
}

int certificate_table_find(const uint8_t *table, uint32_t size, const uint8_t guid[16], uint32_t *offset,
			   uint32_t *length)
{
	struct parsed parsed;
	int error = parse(table, size, &parsed);

	if (error != 0)
		return error;
	for (uint32_t i = 0; i < parsed.count; i++) {
		if (memcmp(parsed.entry[i].guid, guid, sizeof(parsed.entry[i].guid)) != 0)
			continue;
		*offset = parsed.entry[i].offset;
		*length = parsed.entry[i].length;
		return 0;
	}
	return ERR_NOT_FOUND;
}
