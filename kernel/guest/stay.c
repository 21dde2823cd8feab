/* SPDX-License-Identifier: MIT */
#include "kernel/guest/stay.h"

#define US_PER_MS 1000u

uint32_t stay_bucket(uint64_t ticks, uint64_t ticks_per_ms)
{
	uint64_t us = ticks / ticks_per_ms * US_PER_MS + ticks % ticks_per_ms * US_PER_MS / ticks_per_ms;
	uint32_t bucket = 0;

	while (us != 0 && bucket < STAY_BUCKETS - 1u) {
		us >>= 1;
		bucket++;
	}
	return bucket;
}
