/* SPDX-License-Identifier: MIT */
/* programs.h - small ELF programs and a kernel-like bzImage, made in memory for tests of their readers and of the builder. */
#ifndef TESTS_UNIT_PROGRAMS_H
#define TESTS_UNIT_PROGRAMS_H

#include <string.h>

#include "lib/bzimage.h"
#include "lib/elf.h"

#define TEST_ELF_SEGMENTS 4u
#define TEST_ELF_SIZE 0x4000u

/* An ELF file with up to four segments; content of segment i is at file offset 0x1000 * (i + 1) at most. */
struct test_elf {
	uint8_t data[TEST_ELF_SIZE];
	struct elf_header header;
	struct elf_segment segment[TEST_ELF_SEGMENTS];
};

/* Stores the structures into the file. */
static inline void elf_store(struct test_elf *elf)
{
	memcpy(elf->data, &elf->header, sizeof(elf->header));
	memcpy(elf->data + sizeof(elf->header), elf->segment, sizeof(elf->segment));
}

static inline void elf_begin(struct test_elf *elf, uint64_t entry)
{
	static const uint8_t ident[16] = { 0x7F, 'E', 'L', 'F', 2, 1, 1 };

	memset(elf, 0, sizeof(*elf));
	memcpy(elf->header.ident, ident, sizeof(ident));
	elf->header.type = ELF_TYPE_EXEC;
	elf->header.machine = ELF_MACHINE_X86_64;
	elf->header.version = 1;
	elf->header.entry = entry;
	elf->header.program_headers_offset = sizeof(elf->header);
	elf->header.header_size = sizeof(elf->header);
	elf->header.program_header_size = sizeof(struct elf_segment);
	elf_store(elf);
}

/* Adds a PT_LOAD; its content is file_size bytes of 0x11 * (number of the segment + 1). */
static inline void elf_add(struct test_elf *elf, uint64_t address, uint64_t file_size, uint64_t memory_size,
			   uint32_t flags)
{
	uint32_t index = elf->header.program_header_count++;

	elf->segment[index] = (struct elf_segment){
		.type = ELF_SEGMENT_LOAD,
		.flags = flags,
		.file_offset = file_size ? 0x1000u + 0x800u * index : 0,
		.virtual_address = address,
		.physical_address = address,
		.file_size = file_size,
		.memory_size = memory_size,
		.alignment = 0x1000,
	};
	if (file_size != 0)
		memset(elf->data + elf->segment[index].file_offset, (int)(0x11u * (index + 1)), file_size);
	elf_store(elf);
}

#define TEST_KERNEL_SIZE 0x3000u
#define TEST_KERNEL_SETUP 0x400u /* one setup sector besides the boot sector */

/* A bzImage of protocol 2.15 without code: all bytes of the protected-mode part are 0x5A. */
static inline void kernel_make(uint8_t kernel[TEST_KERNEL_SIZE])
{
	const uint16_t boot_flag = 0xAA55, version = 0x20F, xloadflags = 0x7F;
	const uint32_t magic = BZIMAGE_MAGIC, alignment = 0x200000, init_size = 0x100000, cmdline_size = 2047,
		       initrd_max = 0x7FFFFFFF, units = (TEST_KERNEL_SIZE - TEST_KERNEL_SETUP) / 16;
	const uint64_t pref_address = 0x1000000;

	memset(kernel, 0, TEST_KERNEL_SETUP);
	memset(kernel + TEST_KERNEL_SETUP, 0x5A, TEST_KERNEL_SIZE - TEST_KERNEL_SETUP);
	kernel[BZIMAGE_OFF_SETUP_SECTS] = TEST_KERNEL_SETUP / 512 - 1;
	memcpy(kernel + BZIMAGE_OFF_SYSSIZE, &units, 4);
	memcpy(kernel + BZIMAGE_OFF_BOOT_FLAG, &boot_flag, 2);
	kernel[BZIMAGE_OFF_JUMP_LENGTH] = 0x26C - BZIMAGE_OFF_MAGIC;
	memcpy(kernel + BZIMAGE_OFF_MAGIC, &magic, 4);
	memcpy(kernel + BZIMAGE_OFF_VERSION, &version, 2);
	kernel[BZIMAGE_OFF_LOADFLAGS] = BZIMAGE_LOADED_HIGH;
	memcpy(kernel + BZIMAGE_OFF_INITRD_ADDR_MAX, &initrd_max, 4);
	memcpy(kernel + BZIMAGE_OFF_KERNEL_ALIGNMENT, &alignment, 4);
	kernel[BZIMAGE_OFF_RELOCATABLE] = 1;
	memcpy(kernel + BZIMAGE_OFF_XLOADFLAGS, &xloadflags, 2);
	memcpy(kernel + BZIMAGE_OFF_CMDLINE_SIZE, &cmdline_size, 4);
	memcpy(kernel + BZIMAGE_OFF_PREF_ADDRESS, &pref_address, 8);
	memcpy(kernel + BZIMAGE_OFF_INIT_SIZE, &init_size, 4);
}

#endif
