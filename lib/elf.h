/* SPDX-License-Identifier: MIT */
/*
 * elf.h - reader of static 64-bit ELF programs: the header and the program headers, bounds-checked, nothing else.
 *
 * The file lies whole in memory; nothing is allocated and nothing in it is trusted. Sources: ELF-64 object file format,
 * System V ABI for x86-64.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

#define ELF_TYPE_EXEC 2u
#define ELF_MACHINE_X86_64 62u
#define ELF_SEGMENT_LOAD 1u
#define ELF_FLAG_EXECUTE (1u << 0)
#define ELF_FLAG_WRITE (1u << 1)
#define ELF_FLAG_READ (1u << 2)

struct elf_header {
	uint8_t ident[16]; /* 7F 'E' 'L' 'F', class 2 (64-bit), data 1 (little-endian), version 1 */
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t program_headers_offset;
	uint64_t section_headers_offset;
	uint32_t flags;
	uint16_t header_size;
	uint16_t program_header_size;
	uint16_t program_header_count;
	uint16_t section_header_size;
	uint16_t section_header_count;
	uint16_t section_names_index;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF header");

struct elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t file_offset;
	uint64_t virtual_address;
	uint64_t physical_address;
	uint64_t file_size;
	uint64_t memory_size;
	uint64_t alignment;
};
_Static_assert(sizeof(struct elf_segment) == 56, "ELF program header");

/* What is wrong and where in the file; filled by functions that return ERR_FORMAT. */
struct elf_error {
	const char *text;
	uint64_t offset;
};

struct elf_file {
	const uint8_t *data;
	uint64_t size;
	uint64_t entry;
	uint64_t segments_offset;
	uint32_t segment_count;
};

/* Opens the program in data[0..size): ERR_FORMAT when it is not a static x86-64 ELF executable or is cut off. */
__must_check int elf_open(struct elf_file *file, const void *data, uint64_t size, struct elf_error *error);

/*
 * Copies program header number index. For PT_LOAD it also checks that the content lies in the file, that file_size <=
 * memory_size and that the addresses do not wrap. ERR_NOT_FOUND when index >= segment_count.
 */
__must_check int elf_read_segment(const struct elf_file *file, uint32_t index, struct elf_segment *segment,
				  struct elf_error *error);

#endif
