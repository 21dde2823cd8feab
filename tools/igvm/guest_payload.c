/* SPDX-License-Identifier: MIT */
/* A program without an operating system: a static ELF, entered in long mode with memory mapped one to one. */
#include <inttypes.h>

#include "guest.h"
#include "lib/elf.h"

static int add_segment(struct layout *layout, const char *path, const struct blob *file,
		       const struct elf_segment *segment)
{
	uint64_t start = segment->virtual_address;
	uint64_t content_end = align_up(start + segment->file_size, PAGE_SIZE);
	uint64_t end;

	if (!is_aligned(start, PAGE_SIZE)) {
		report("payload %s: segment at 0x%" PRIx64 " does not start at a page", path, start);
		return ERR_INVALID;
	}
	if (!range_within(start, segment->memory_size, GUEST_PAYLOAD_FIRST, GUEST_INITRD)) {
		report("payload %s: segment 0x%" PRIx64 "-0x%" PRIx64 " lies outside 0x%" PRIx64 "-0x%" PRIx64, path,
		       start, start + segment->memory_size - 1, (uint64_t)GUEST_PAYLOAD_FIRST,
		       (uint64_t)GUEST_INITRD - 1);
		return ERR_INVALID;
	}
	end = align_up(start + segment->memory_size, PAGE_SIZE);
	if (segment->file_size != 0 &&
	    guest_add_content(layout, start, file->data + segment->file_offset, segment->file_size, 0, "payload") != 0)
		return ERR_INVALID;
	if (end > content_end)
		return launch_range_add(&layout->block, content_end, end - content_end, LAUNCH_RANGE_ZERO, 0);
	return 0;
}

static int add_segments(struct layout *layout, const char *path, const struct blob *file, uint64_t *entry)
{
	struct elf_segment segment;
	struct elf_error error;
	struct elf_file elf;
	bool entry_found = false;

	if (elf_open(&elf, file->data, file->size, &error) != 0)
		goto out_format;
	for (uint32_t i = 0; i < elf.segment_count; i++) {
		if (elf_read_segment(&elf, i, &segment, &error) != 0)
			goto out_format;
		if (segment.type != ELF_SEGMENT_LOAD || segment.memory_size == 0 || segment.flags == 0)
			continue;
		if (add_segment(layout, path, file, &segment) != 0)
			return ERR_INVALID;
		if (elf.entry - segment.virtual_address < segment.file_size)
			entry_found = true;
	}
	if (!entry_found) {
		report("payload %s: entry point 0x%" PRIx64 " lies in no segment", path, elf.entry);
		return ERR_INVALID;
	}
	*entry = elf.entry;
	return 0;

out_format:
	report("payload %s: %s (at offset 0x%" PRIx64 ")", path, error.text, error.offset);
	return ERR_FORMAT;
}

int guest_add_payload(struct layout *layout, const char *path)
{
	static const uint8_t empty_map[PAGE_SIZE];
	uint64_t entry = 0;
	struct blob file;
	int result;

	if (blob_read(&file, "payload", path) != 0)
		return ERR_INVALID;
	result = add_segments(layout, path, &file, &entry);
	blob_free(&file);
	if (result != 0)
		return result;
	layout->block.flags |= LAUNCH_FLAG_TEST;
	layout->block.map_kind = LAUNCH_MAP_IGVM;
	layout->block.map_gpa = GUEST_MEMORY_MAP;
	layout->block.map_size = sizeof(empty_map);
	if (guest_add_content(layout, GUEST_MEMORY_MAP, empty_map, sizeof(empty_map), 0, "memory map") != 0)
		return ERR_INVALID;
	return guest_add_common(layout, entry);
}
