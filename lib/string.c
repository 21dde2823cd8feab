/* SPDX-License-Identifier: MIT */
#include "lib/string.h"

#include <stdint.h>

/* Eight bytes at any address, of an object of any type. */
typedef uint64_t word_t __attribute__((may_alias, aligned(1)));

#define BYTES_OF_WORD 0x0101010101010101ull
#define BLOCK (4 * sizeof(word_t))

/* All is read before anything is written. */
static void copy_block(word_t *to, const word_t *from)
{
	uint64_t first = from[0], second = from[1], third = from[2], fourth = from[3];

	to[0] = first;
	to[1] = second;
	to[2] = third;
	to[3] = fourth;
}

/* Upwards: right for overlapping memory, too, when the destination is the lower one. */
static void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t i = 0;

	for (; size - i >= BLOCK; i += BLOCK)
		copy_block((word_t *)(to + i), (const word_t *)(from + i));
	for (; size - i >= sizeof(word_t); i += sizeof(word_t))
		*(word_t *)(to + i) = *(const word_t *)(from + i);
	for (; i < size; i++)
		to[i] = from[i];
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
	copy_up(destination, source, size);
	return destination;
}

void *memmove(void *destination, const void *source, size_t size)
{
	uint8_t *to = destination;
	const uint8_t *from = source;

	if ((uintptr_t)to <= (uintptr_t)from) {
		copy_up(to, from, size);
	} else {
		for (size_t i = size; i > 0; i--)
			to[i - 1] = from[i - 1];
	}
	return destination;
}

void *memset(void *destination, int byte, size_t size)
{
	uint8_t *to = destination;
	uint64_t word = (uint8_t)byte * BYTES_OF_WORD;
	size_t i = 0;

	for (; size - i >= BLOCK; i += BLOCK) {
		word_t *block = (word_t *)(to + i);

		block[0] = block[1] = block[2] = block[3] = word;
	}
	for (; size - i >= sizeof(word_t); i += sizeof(word_t))
		*(word_t *)(to + i) = word;
	for (; i < size; i++)
		to[i] = (uint8_t)byte;
	return destination;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a, *right = b;

	for (size_t i = 0; i < size; i++) {
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *string)
{
	size_t length = 0;

	while (string[length] != '\0')
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (a[i] != b[i] || a[i] == '\0')
			return (unsigned char)a[i] - (unsigned char)b[i];
	}
	return 0;
}
