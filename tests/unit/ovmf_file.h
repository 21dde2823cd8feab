/* SPDX-License-Identifier: MIT */
/*
 * ovmf_file.h - a firmware file as OVMF lays it out, made for tests: ovmf_file_make() gives a right one, whose parts a
 * test then spoils. Shared by the unit tests and the fuzz target.
 */
#ifndef TESTS_UNIT_OVMF_FILE_H
#define TESTS_UNIT_OVMF_FILE_H

#include <stdint.h>
#include <string.h>

#include "abi/ovmf.h"

#define OVMF_FILE_SIZE 0x4000u
#define OVMF_FILE_SEV 0x3000u  /* offset of the SEV descriptor */
#define OVMF_FILE_IGVM 0x3800u /* offset of the IGVM descriptor */

struct ovmf_file {
	uint8_t data[OVMF_FILE_SIZE];
	uint32_t table; /* offset of the table's first byte so far */
};

static inline void ovmf_file_put_u16(struct ovmf_file *file, uint32_t offset, uint16_t value)
{
	memcpy(file->data + offset, &value, sizeof(value));
}

static inline void ovmf_file_put_u32(struct ovmf_file *file, uint32_t offset, uint32_t value)
{
	memcpy(file->data + offset, &value, sizeof(value));
}

/* The footer, last in the file and first to be written. */
static inline void ovmf_file_begin(struct ovmf_file *file)
{
	static const uint8_t footer[OVMF_GUID_SIZE] = OVMF_GUID_FOOTER;

	memset(file, 0, sizeof(*file));
	file->table = OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END - OVMF_ENTRY_OVERHEAD;
	memcpy(file->data + OVMF_FILE_SIZE - OVMF_FOOTER_FROM_END, footer, sizeof(footer));
	ovmf_file_put_u16(file, file->table, OVMF_ENTRY_OVERHEAD);
}

/* One more entry, in front of the others. Returns the offset of its data. */
static inline uint32_t ovmf_file_add(struct ovmf_file *file, const uint8_t *guid, const void *data, uint32_t size)
{
	file->table -= OVMF_ENTRY_OVERHEAD + size;
	memcpy(file->data + file->table, data, size);
	ovmf_file_put_u16(file, file->table + size, (uint16_t)(size + OVMF_ENTRY_OVERHEAD));
	memcpy(file->data + file->table + size + 2, guid, OVMF_GUID_SIZE);
	ovmf_file_put_u16(file, OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END - OVMF_ENTRY_OVERHEAD,
			  (uint16_t)(OVMF_FILE_SIZE - OVMF_TABLE_END_FROM_END - file->table));
	return file->table;
}

static inline void ovmf_file_descriptor(struct ovmf_file *file, uint32_t offset, const char *signature, uint32_t version)
{
	memcpy(file->data + offset, signature, 4);
	ovmf_file_put_u32(file, offset + 4, sizeof(struct ovmf_descriptor));
	ovmf_file_put_u32(file, offset + 8, version);
	ovmf_file_put_u32(file, offset + 12, 0);
}

static inline uint32_t ovmf_file_count(const struct ovmf_file *file, uint32_t descriptor)
{
	uint32_t count;

	memcpy(&count, file->data + descriptor + 12, sizeof(count));
	return count;
}

static inline void ovmf_file_set_section(struct ovmf_file *file, uint32_t descriptor, uint32_t index, uint32_t base,
					 uint32_t size, uint32_t type)
{
	const struct ovmf_descriptor_entry entry = { base, size, type };

	memcpy(file->data + descriptor + sizeof(struct ovmf_descriptor) + index * sizeof(entry), &entry, sizeof(entry));
}

static inline void ovmf_file_section(struct ovmf_file *file, uint32_t descriptor, uint32_t base, uint32_t size,
				     uint32_t type)
{
	uint32_t count = ovmf_file_count(file, descriptor);

	ovmf_file_set_section(file, descriptor, count, base, size, type);
	ovmf_file_put_u32(file, descriptor + 12, count + 1);
	ovmf_file_put_u32(file, descriptor + 4, (uint32_t)(sizeof(struct ovmf_descriptor) +
							   (count + 1) * sizeof(struct ovmf_descriptor_entry)));
}

static inline void ovmf_file_add_pointers(struct ovmf_file *file)
{
	static const uint8_t sev[] = OVMF_GUID_SEV_METADATA, igvm[] = OVMF_GUID_IGVM_METADATA,
			     reset[] = OVMF_GUID_SEV_RESET_BLOCK, secret[] = OVMF_GUID_SEV_SECRET,
			     hashes[] = OVMF_GUID_SEV_HASH_TABLE, other[OVMF_GUID_SIZE] = { 1, 2, 3 };
	const uint32_t from_end[2] = { OVMF_FILE_SIZE - OVMF_FILE_SEV, OVMF_FILE_SIZE - OVMF_FILE_IGVM };
	const uint32_t reset_data = 0x80B004, secret_data[2] = { 0x810000, 0xC00 }, hash_data[2] = { 0x810C00, 0x400 };

	ovmf_file_add(file, sev, &from_end[0], 4);
	ovmf_file_add(file, other, "some data", 9);
	ovmf_file_add(file, reset, &reset_data, 4);
	ovmf_file_add(file, secret, secret_data, 8);
	ovmf_file_add(file, hashes, hash_data, 8);
	ovmf_file_add(file, igvm, &from_end[1], 4);
}

/* A right file, with the sections and parameters of OVMF 2026.08. */
static inline void ovmf_file_make(struct ovmf_file *file)
{
	ovmf_file_begin(file);
	ovmf_file_add_pointers(file);
	ovmf_file_descriptor(file, OVMF_FILE_SEV, OVMF_SEV_SIGNATURE, OVMF_SEV_VERSION);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x800000, 0x9000, OVMF_SEV_MEMORY);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x80A000, 0x3000, OVMF_SEV_MEMORY);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x80D000, 0x1000, OVMF_SEV_SECRETS);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x80E000, 0x1000, OVMF_SEV_CPUID);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x80F000, 0x1000, OVMF_SEV_CAA);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x811000, 0x1F000, OVMF_SEV_MEMORY);
	ovmf_file_section(file, OVMF_FILE_SEV, 0x810000, 0x1000, OVMF_SEV_KERNEL_HASHES);
	ovmf_file_descriptor(file, OVMF_FILE_IGVM, OVMF_IGVM_SIGNATURE, OVMF_IGVM_VERSION);
	ovmf_file_section(file, OVMF_FILE_IGVM, 0x812000, 0x1000, OVMF_IGVM_PARAMETERS);
	ovmf_file_section(file, OVMF_FILE_IGVM, 0, 0xC0, OVMF_IGVM_MEMORY_MAP);
	ovmf_file_section(file, OVMF_FILE_IGVM, 0xC0, 16, OVMF_IGVM_VP_COUNT);
	ovmf_file_section(file, OVMF_FILE_IGVM, 0x813000, 0x1000, OVMF_IGVM_HOBS);
}

#endif
