/* SPDX-License-Identifier: MIT */
/*
 * health.h - continuous tests of a noise source that delivers 64-bit words (NIST SP 800-90B, section 4.4).
 *
 * Repetition count: no word follows itself, and none is all zeros or all ones (a stuck or failed source; a good one does
 * that once in 2^62 words). Adaptive proportion, on bytes: in windows of HEALTH_WINDOW bytes the first one occurs fewer
 * than HEALTH_CUTOFF times; for a source of at least 4 bits a byte the chance of a false alarm is below 2^-30 a window.
 */
#ifndef LIB_HEALTH_H
#define LIB_HEALTH_H

#include "lib/types.h"

#define HEALTH_WINDOW 512u
#define HEALTH_CUTOFF 73u

struct health {
	uint64_t last;
	bool any;     /* last is a word of the source */
	bool failed;  /* for good */
	uint8_t first;
	uint32_t seen, matches; /* in the present window */
};

void health_init(struct health *health);

/* Looks at the next word. False: the source must not be used any more, now or later. */
bool health_word(struct health *health, uint64_t word) __must_check;

#endif
