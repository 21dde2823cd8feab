/* SPDX-License-Identifier: MIT */
#include "lib/archive.h"

#include "abi/service.h"
#include "lib/string.h"

int archive_open(struct archive *archive, const void *data, uint64_t size)
{
	struct archive_header header;

	if (size < sizeof(header))
		return ERR_FORMAT;
	memcpy(&header, data, sizeof(header));
	if (header.magic != ARCHIVE_MAGIC || header.count > ARCHIVE_FILES_MAX || header.size != size)
		return ERR_FORMAT;
	*archive = (struct archive){ .data = data, .size = size, .count = header.count };
	return 0;
}

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	for (uint32_t i = 0; i < archive->count; i++) {
		struct archive_entry entry;

		memcpy(&entry, archive->data + sizeof(struct archive_header) + i * sizeof(entry), sizeof(entry));
		if (strncmp(entry.name, name, sizeof(entry.name)) != 0)
			continue;
		*offset = entry.offset;
		*size = entry.size;
		return 0;
	}
	return ERR_NOT_FOUND;
}
