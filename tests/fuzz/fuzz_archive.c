/* SPDX-License-Identifier: MIT */
/* An archive of services that is anything: what is accepted lies inside, in order, and is found by its name. */
#include <stdlib.h>
#include <string.h>

#include "lib/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void check(const struct archive *archive)
{
	uint64_t end = sizeof(struct archive_header) + archive->count * sizeof(struct archive_entry);

	for (uint32_t i = 0; i < archive->count; i++) {
		struct archive_entry entry;
		uint64_t offset, size;

		archive_entry(archive, i, &entry);
		require(entry.offset >= end && entry.size <= archive->size - entry.offset);
		end = entry.offset + entry.size;
		require(archive_find(archive, entry.name, &offset, &size) == 0);
		require(offset == entry.offset && size == entry.size);
	}
}

/* Small inputs are given what they need to be looked at: whole pages, magic number and size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_header header;
	struct archive archive;
	size_t whole = align_up(size, PAGE_SIZE);
	uint8_t *copy;

	if (archive_open(&archive, data, size) == 0)
		check(&archive);
	if (size < sizeof(header))
		return 0;
	copy = calloc(1, whole);
	require(copy != NULL);
	memcpy(copy, data, size);
	memcpy(&header, copy, sizeof(header));
	header.magic = ARCHIVE_MAGIC;
	header.reserved = 0;
	header.size = whole;
	header.count %= ARCHIVE_FILES_MAX + 2u;
	memcpy(copy, &header, sizeof(header));
	if (archive_open(&archive, copy, whole) == 0)
		check(&archive);
	free(copy);
	return 0;
}
