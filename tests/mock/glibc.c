/* SPDX-License-Identifier: MIT */
#include "tests/mock/glibc.h"

#include <stdlib.h>
#include <string.h>

struct sized_buffer {
	uint16_t size;
	uint8_t data[];
};

void MemoryPad2B(struct sized_buffer *buffer, uint16_t size);

uint32_t glibc_pads;

__attribute__((weak)) unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
	return strtoul(text, end, base);
}

/* As in services/vtpm/shim.c, which is for musl. */
void MemoryPad2B(struct sized_buffer *buffer, uint16_t size)
{
	glibc_pads++;
	if (size <= buffer->size)
		return;
	memset(&buffer->data[buffer->size], 0, (size_t)(size - buffer->size));
	buffer->size = size;
}
