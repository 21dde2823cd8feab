/* SPDX-License-Identifier: MIT */
#include "lib/elf.h"

#include "lib/string.h"

static int fail(struct elf_error *error, const char *text, uint64_t offset)
{
	error->text = text;
	error->offset = offset;
	return ERR_FORMAT;
}

int elf_open(struct elf_file *file, const void *data, uint64_t size, struct elf_error *error)
{
	static const uint8_t ident[7] = { 0x7F, 'E', 'L', 'F', 2, 1, 1 };
	struct elf_header header;
	uint64_t table_size;

	if (size < sizeof(header))
		return fail(error, "shorter than an ELF header", size);
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.ident, ident, 4) != 0)
		return fail(error, "not an ELF file: bad magic number", 0);
	if (memcmp(header.ident, ident, sizeof(ident)) != 0)
		return fail(error, "not a 64-bit little-endian ELF file", 4);
	if (header.type != ELF_TYPE_EXEC)
		return fail(error, "not a statically linked executable", offsetof(struct elf_header, type));
	if (header.machine != ELF_MACHINE_X86_64)
		return fail(error, "not for x86-64", offsetof(struct elf_header, machine));
	if (header.program_header_size != sizeof(struct elf_segment))
		return fail(error, "unknown size of program headers", offsetof(struct elf_header, program_header_size));
	table_size = (uint64_t)header.program_header_count * sizeof(struct elf_segment);
	if (!range_within(header.program_headers_offset, table_size, sizeof(header), size))
		return fail(error, "program headers are missing or lie outside the file",
			    offsetof(struct elf_header, program_headers_offset));
	file->data = data;
	file->size = size;
	file->entry = header.entry;
	file->segments_offset = header.program_headers_offset;
	file->segment_count = header.program_header_count;
	return 0;
}

int elf_read_segment(const struct elf_file *file, uint32_t index, struct elf_segment *segment, struct elf_error *error)
{
	uint64_t offset, end;

	if (index >= file->segment_count)
		return ERR_NOT_FOUND;
	offset = file->segments_offset + (uint64_t)index * sizeof(*segment);
	memcpy(segment, file->data + offset, sizeof(*segment));
	if (segment->type != ELF_SEGMENT_LOAD)
		return 0;
	if (segment->file_size > segment->memory_size)
		return fail(error, "segment is larger in the file than in memory", offset);
	if (segment->file_size != 0 && !range_within(segment->file_offset, segment->file_size, 0, file->size))
		return fail(error, "content of a segment lies outside the file", offset);
	if (!checked_add(segment->virtual_address, segment->memory_size, &end) ||
	    !checked_add(segment->physical_address, segment->memory_size, &end))
		return fail(error, "addresses of a segment wrap", offset);
	return 0;
}
