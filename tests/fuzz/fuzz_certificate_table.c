/* SPDX-License-Identifier: MIT */
/* Tables of certificates from an untrusted host: what is accepted lies inside, and the strict check accepts no more. */
#include "lib/certificate_table.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t capacity = (uint32_t)size, length, offset, found;
	uint8_t *copy = malloc(size != 0 ? size : 1); /* its own piece of memory, so that reading past the end shows */
	int error;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	error = certificate_table_size(copy, capacity, &length);
	if (error == 0 && length > capacity)
		abort();
	if (error != 0 && certificate_table_check(copy, capacity) == 0)
		abort();
	if (size >= 16 && certificate_table_find(copy, capacity, copy, &offset, &found) == 0 &&
	    (error != 0 || offset > length || found > length - offset || found == 0))
		abort();
	free(copy);
	return 0;
}
