/* SPDX-License-Identifier: MIT */
/* exact_copy.h - input of a parser in memory of exactly its size, so that the sanitizer sees a read behind its end. */
#ifndef TESTS_UNIT_EXACT_COPY_H
#define TESTS_UNIT_EXACT_COPY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint8_t *exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size != 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	return copy;
}

#endif
