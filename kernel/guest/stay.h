/* SPDX-License-Identifier: MIT */
/*
 * stay.h - how long each CPU stayed at VMPL0 without returning to the guest: a histogram, by powers of two.
 *
 * Time is the time-stamp counter's, in units that the host's timer has named: enough to see whether a bound is kept, not
 * to be trusted for more. A stay of the host's making (it did not run the CPU) counts like any other.
 */
#ifndef KERNEL_GUEST_STAY_H
#define KERNEL_GUEST_STAY_H

#include "lib/types.h"

#define STAY_BUCKETS 24u

struct stays {
	uint64_t count[STAY_BUCKETS]; /* [0]: below 1 us; [i]: from 2^(i-1) to below 2^i us; the last: and all above */
};

/* Index of the bucket for a stay; ticks_per_ms is not 0. */
uint32_t stay_bucket(uint64_t ticks, uint64_t ticks_per_ms);

#endif
