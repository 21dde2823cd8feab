/* SPDX-License-Identifier: MIT */
#include "lib/archive.h"

#include "lib/string.h"

void archive_entry(const struct archive *archive, uint32_t index, struct archive_entry *entry)
{
	memcpy(entry, archive->data + sizeof(struct archive_header) + index * sizeof(*entry), sizeof(*entry));
}

static bool name_is_good(const struct archive *archive, uint32_t index, const char *name)
{
	struct archive_entry other;

	if (name[0] == 0 || name[SERVICE_NAME_MAX - 1] != 0)
		return false;
	for (uint32_t i = 0; i < index; i++) {
		archive_entry(archive, i, &other);
		if (strcmp(other.name, name) == 0)
			return false;
	}
	return true;
}

/* *end: first byte behind the file before, and behind this one. */
static bool entry_is_good(const struct archive *archive, uint32_t index, uint64_t *end)
{
	struct archive_entry entry;
	uint64_t entry_end;

	archive_entry(archive, index, &entry);
	if (!name_is_good(archive, index, entry.name) || !is_aligned(entry.offset, PAGE_SIZE) || entry.offset < *end ||
	    !checked_add(entry.offset, entry.size, &entry_end) || entry_end > archive->size)
		return false;
	*end = entry_end;
	return true;
}

int archive_open(struct archive *archive, const void *data, uint64_t size)
{
	struct archive_header header;
	uint64_t end;

	*archive = (struct archive){ .data = NULL };
	if (size < sizeof(header))
		return ERR_FORMAT;
	memcpy(&header, data, sizeof(header));
	if (header.magic != ARCHIVE_MAGIC || header.reserved != 0 || header.size != size || !is_aligned(size, PAGE_SIZE) ||
	    header.count > ARCHIVE_FILES_MAX)
		return ERR_FORMAT;
	*archive = (struct archive){ .data = data, .size = size, .count = header.count };
	end = sizeof(header) + header.count * sizeof(struct archive_entry);
	for (uint32_t i = 0; i < header.count; i++) {
		if (!entry_is_good(archive, i, &end)) {
			*archive = (struct archive){ .data = NULL };
			return ERR_FORMAT;
		}
	}
	return 0;
}

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	for (uint32_t i = 0; i < archive->count; i++) {
		struct archive_entry entry;

		archive_entry(archive, i, &entry);
		if (strcmp(entry.name, name) != 0)
			continue;
		*offset = entry.offset;
		*size = entry.size;
		return 0;
	}
	return ERR_NOT_FOUND;
}
