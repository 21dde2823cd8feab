/* SPDX-License-Identifier: MIT */
/* The allocator of frames. The witness is one frame that nobody chose. */
#include "proofs/prover.h"

#include "lib/frames.c"

#ifndef FRAMES
#define FRAMES 66u /* two words of the bitmap */
#endif
#define WORDS FRAMES_BITMAP_WORDS(FRAMES)

static uint64_t bitmap[WORDS];
static struct frames frames;
static uint64_t witness;

static void any_frames(void)
{
	frames.base = any_u64() & ~PAGE_MASK;
	ASSUME(frames.base <= 1ull << 52);
	frames.count = FRAMES;
	frames.bitmap = bitmap;
	frames.free_count = any_u64();
	ASSUME(frames.free_count <= FRAMES);
	for (uint32_t i = 0; i < WORDS; i++)
		bitmap[i] = any_u64();
	witness = any_u64();
	ASSUME(witness < FRAMES);
}

static bool taken(uint64_t index)
{
	return (bitmap[index / 64] >> (index % 64) & 1) != 0;
}

static bool in_run(pa_t start, uint64_t count)
{
	uint64_t address = frames.base + witness * PAGE_SIZE;

	return address >= start.v && address - start.v < count * PAGE_SIZE;
}

void prove_init(void)
{
	pa_t base = pa(any_u64());
	uint64_t count = any_u64();

	ASSUME(count <= FRAMES);
	if (frames_init(&frames, base, count, bitmap) != 0)
		return;
	witness = any_u64();
	ASSUME(witness < count);
	PROVE(!taken(witness) && frames.free_count == count && frames.base == base.v, "all frames are free");
	PROVE(base.v <= UINT64_MAX - count * PAGE_SIZE && (base.v & PAGE_MASK) == 0, "the frames lie in the address space");
	CANARY("made");
}

/* Runs of up to two frames. */
void prove_reserve(void)
{
	pa_t start = pa(any_u64());
	uint64_t count = any_u64();

	any_frames();
	ASSUME(count <= 2 || count > FRAMES);
	bool before = taken(witness);
	uint64_t free_before = frames.free_count;

	ASSUME(free_before >= 3);
	int error = frames_reserve(&frames, start, count);
	if (error != 0) {
		PROVE(taken(witness) == before && frames.free_count == free_before, "a refusal changes nothing");
		CANARY("refused");
		return;
	}
	PROVE(IMPLIES(in_run(start, count), !before && taken(witness)), "what was free is taken");
	PROVE(IMPLIES(!in_run(start, count), taken(witness) == before), "no other frame changes");
	PROVE(frames.free_count == free_before - count, "the count is right");
	CANARY("reserved");
}

void prove_free(void)
{
	pa_t start = pa(any_u64());
	uint64_t count = any_u64();

	any_frames();
	ASSUME(count <= 2 || count > FRAMES);
	bool before = taken(witness);
	uint64_t free_before = frames.free_count;
	int error = frames_free(&frames, start, count);

	if (error != 0) {
		PROVE(taken(witness) == before && frames.free_count == free_before, "a refusal changes nothing");
		CANARY("refused");
		return;
	}
	PROVE(IMPLIES(in_run(start, count), before && !taken(witness)), "what was taken is free: nothing is freed twice");
	PROVE(IMPLIES(!in_run(start, count), taken(witness) == before), "no other frame changes");
	CANARY("freed");
}

void prove_allocate(void)
{
	pa_t start = pa(7);
	uint64_t count = any_u64();

	any_frames();
	bool before = taken(witness);
	uint64_t free_before = frames.free_count;
	int error = frames_allocate(&frames, count, &start);

	if (error != 0) {
		PROVE(start.v == 7 && taken(witness) == before && frames.free_count == free_before, "a refusal changes nothing");
		CANARY("refused");
		return;
	}
	PROVE(start.v >= frames.base && (start.v & PAGE_MASK) == 0 && start.v - frames.base <= (FRAMES - count) * PAGE_SIZE, "frames of the allocator");
	PROVE(IMPLIES(in_run(start, count), !before && taken(witness)), "nobody had them before");
	PROVE(IMPLIES(!in_run(start, count), taken(witness) == before), "no other frame changes");
	CANARY("allocated");
}
