/* SPDX-License-Identifier: MIT */
/*
 * archive.h - reader of the archive of services (layout in abi/service.h). It lies whole in memory; nothing is copied or
 * allocated, and nothing in it is trusted until archive_open() has checked all of it.
 */
#ifndef LIB_ARCHIVE_H
#define LIB_ARCHIVE_H

#include "abi/service.h"
#include "lib/types.h"

struct archive {
	const uint8_t *data; /* borrowed */
	uint64_t size;
	uint32_t count;
};

/*
 * ERR_FORMAT: wrong magic number or sizes; a name that is empty, not ended, or there twice; a file that does not start at
 * a page boundary, overlaps the one before it, or does not end inside. *archive is empty then.
 */
int archive_open(struct archive *archive, const void *data, uint64_t size) __must_check;

/* Entry number index < count. */
void archive_entry(const struct archive *archive, uint32_t index, struct archive_entry *entry);

/* Offset of the file's first byte and its length. ERR_NOT_FOUND. */
int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size) __must_check;

#endif
