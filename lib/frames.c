/* SPDX-License-Identifier: MIT */
#include "lib/frames.h"

#include "lib/string.h"

#define WORD_BITS 64u

static bool used(const struct frames *frames, uint64_t index)
{
	return (frames->bitmap[index / WORD_BITS] >> (index % WORD_BITS) & 1u) != 0;
}

/* Length of the run of frames in the wanted state that starts at index, at most limit. */
static uint64_t run_length(const struct frames *frames, uint64_t index, uint64_t limit, bool in_use)
{
	uint64_t length = 0;

	while (length < limit && index + length < frames->count && used(frames, index + length) == in_use)
		length++;
	return length;
}

static void mark(struct frames *frames, uint64_t index, uint64_t count, bool in_use)
{
	for (uint64_t i = index; i < index + count; i++) {
		if (in_use)
			frames->bitmap[i / WORD_BITS] |= 1ull << (i % WORD_BITS);
		else
			frames->bitmap[i / WORD_BITS] &= ~(1ull << (i % WORD_BITS));
	}
	frames->free_count = in_use ? frames->free_count - count : frames->free_count + count;
}

static int index_of(const struct frames *frames, pa_t start, uint64_t count, uint64_t *index)
{
	if (!is_aligned(start.v, PAGE_SIZE) || start.v < frames->base || count == 0)
		return ERR_ADDRESS;
	*index = (start.v - frames->base) / PAGE_SIZE;
	if (*index >= frames->count || count > frames->count - *index)
		return ERR_ADDRESS;
	return 0;
}

int frames_init(struct frames *frames, pa_t base, uint64_t count, uint64_t *bitmap)
{
	uint64_t bytes, end;

	if (count == 0 || !is_aligned(base.v, PAGE_SIZE) || !checked_mul(count, PAGE_SIZE, &bytes) ||
	    !checked_add(base.v, bytes, &end))
		return ERR_INVALID;
	frames->base = base.v;
	frames->count = count;
	frames->free_count = count;
	frames->bitmap = bitmap;
	memset(bitmap, 0, FRAMES_BITMAP_WORDS(count) * sizeof(bitmap[0]));
	return 0;
}

int frames_reserve(struct frames *frames, pa_t start, uint64_t count)
{
	uint64_t index;
	int error = index_of(frames, start, count, &index);

	if (error != 0)
		return error;
	if (run_length(frames, index, count, false) != count)
		return ERR_STATE;
	mark(frames, index, count, true);
	return 0;
}

/* First frame from index on that is not in use; frames->count or more: there is none. */
static uint64_t next_free(const struct frames *frames, uint64_t index)
{
	while (index < frames->count) {
		uint64_t unused = ~frames->bitmap[index / WORD_BITS] >> (index % WORD_BITS);

		if (unused != 0)
			return index + (uint64_t)__builtin_ctzll(unused);
		index = (index / WORD_BITS + 1u) * WORD_BITS;
	}
	return index;
}

int frames_allocate(struct frames *frames, uint64_t count, pa_t *out)
{
	if (count == 0)
		return ERR_INVALID;
	if (count > frames->free_count)
		return ERR_NO_MEMORY;
	for (uint64_t index = next_free(frames, 0); index < frames->count;) {
		uint64_t length = run_length(frames, index, count, false);

		if (length == count) {
			mark(frames, index, count, true);
			*out = pa(frames->base + index * PAGE_SIZE);
			return 0;
		}
		index = next_free(frames, index + length);
	}
	return ERR_NO_MEMORY;
}

int frames_free(struct frames *frames, pa_t start, uint64_t count)
{
	uint64_t index;
	int error = index_of(frames, start, count, &index);

	if (error != 0)
		return error;
	if (run_length(frames, index, count, true) != count)
		return ERR_STATE;
	mark(frames, index, count, false);
	return 0;
}
