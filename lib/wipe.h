/* SPDX-License-Identifier: MIT */
/* wipe.h - overwriting secrets so that no compiler leaves it out. */
#ifndef LIB_WIPE_H
#define LIB_WIPE_H

#include "lib/types.h"

static inline void wipe(void *memory, uint64_t size)
{
	volatile uint8_t *bytes = memory;

	for (uint64_t i = 0; i < size; i++)
		bytes[i] = 0;
}

#endif
