/* SPDX-License-Identifier: MIT */
/*
 * frames.h - allocator of 4 KiB page frames in one contiguous run of physical memory, kept as a bitmap.
 *
 * Invariants: a frame is handed out at most once until it is freed; only frames that were handed out (or reserved)
 * can be freed; free_count is the number of clear bits. Not locked: the owner serialises.
 * Memory: one bit per frame, given by the caller.
 */
#ifndef LIB_FRAMES_H
#define LIB_FRAMES_H

#include "lib/types.h"

struct frames {
	uint64_t base;  /* physical address of frame 0, page aligned */
	uint64_t count; /* number of frames */
	uint64_t free_count;
	uint64_t *bitmap; /* bit set: in use */
};

#define FRAMES_BITMAP_WORDS(count) (((count) + 63u) / 64u)

/* All frames are free. bitmap (borrowed) has FRAMES_BITMAP_WORDS(count) words. ERR_INVALID: unaligned, empty or wraps. */
int frames_init(struct frames *frames, pa_t base, uint64_t count, uint64_t *bitmap) __must_check;

/* Takes a run of free frames for good. ERR_ADDRESS: not all inside; ERR_STATE: some are in use; nothing changed then. */
int frames_reserve(struct frames *frames, pa_t start, uint64_t count) __must_check;

/* First run of count free frames. ERR_INVALID: count is 0; ERR_NO_MEMORY: there is none, *out is untouched. */
int frames_allocate(struct frames *frames, uint64_t count, pa_t *out) __must_check;

/* Gives frames back. ERR_ADDRESS: not inside or unaligned; ERR_STATE: some are free already; nothing changed then. */
int frames_free(struct frames *frames, pa_t start, uint64_t count) __must_check;

#endif
