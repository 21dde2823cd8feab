/* SPDX-License-Identifier: MIT */
/* Reader of the archive of abi/service.h. Nothing is copied or allocated. */
#ifndef LIB_ARCHIVE_H
#define LIB_ARCHIVE_H

#include "lib/types.h"

struct archive {
	const uint8_t *data;
	uint64_t size;
	uint32_t count;
};

int archive_open(struct archive *archive, const void *data, uint64_t size) __must_check;
int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size) __must_check;

#endif
