/* SPDX-License-Identifier: MIT */
/*
 * Frames of the monitor's region: the lock, the alignment and that nothing is kept back. The allocator (proofs/frames) is
 * replaced: it hands out any frame that is not out, as often as it likes, and refuses whenever it likes.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#include "lib/types.h"
static uint64_t flushed;
static inline void cpu_flush_page(va_t address)
{
	flushed = address.v;
}

#define memset zero
#include <stddef.h>
static void *zero(void *destination, int byte, size_t size);
#include "kernel/mm/frames.c"
#undef memset

uint64_t paging_c_bit, paging_region_gpa;
static bool locked_wanted; /* the lock is to be held around the allocator */

static bool held(void)
{
	return frames_lock.taken == 1;
}

#define TAKEN_MAX 4u
static pa_t out_frame[TAKEN_MAX];
static bool out_now[TAKEN_MAX];
static uint32_t given, returned;
static uint64_t count_wanted;
static bool refused;

int frames_allocate(struct frames *which, uint64_t count, pa_t *out)
{
	PROVE(which == &frames && count == count_wanted && !refused, "as many as are wanted");
	PROVE(!locked_wanted || held(), "under the lock");
	ASSUME(given < TAKEN_MAX);
	refused = any_bool();
	if (refused)
		return any_bool() ? ERR_NO_MEMORY : ERR_INVALID;
	out_frame[given] = pa(any_u64() & ~PAGE_MASK);
	for (uint32_t i = 0; i < given; i++)
		ASSUME(out_frame[i].v != out_frame[given].v);
	*out = out_frame[given];
	out_now[given] = true;
	given++;
	return 0;
}

static bool freed_twice;
static pa_t freed;

int frames_free(struct frames *which, pa_t start, uint64_t count)
{
	bool found = false;

	PROVE(which == &frames && count == count_wanted, "as many as were taken");
	PROVE(!locked_wanted || held(), "under the lock");
	freed = start;
	returned++;
	for (uint32_t i = 0; i < TAKEN_MAX; i++) {
		if (out_now[i] && out_frame[i].v == start.v && !found) {
			found = true;
			out_now[i] = false;
		}
	}
	if (given > 0)
		PROVE(found, "only what was taken is given back, once");
	freed_twice = given == 0 && any_bool();
	return freed_twice ? ERR_STATE : 0;
}

int frames_init(struct frames *which, pa_t base, uint64_t count, uint64_t *words)
{
	return 0;
}
int frames_reserve(struct frames *which, pa_t start, uint64_t count)
{
	return 0;
}

static uint32_t out_count(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < TAKEN_MAX; i++)
		count += out_now[i] ? 1 : 0;
	return count;
}

static uint8_t page[1];
static pa_t pointed;
static uint64_t zeroed;

void *paging_region_pointer(pa_t address)
{
	pointed = address;
	return page;
}

static void *zero(void *destination, int byte, size_t size)
{
	PROVE(destination == page && byte == 0 && !held(), "the frames are zeroed, without the lock");
	zeroed = size;
	return destination;
}

void prove_allocate(void)
{
	pa_t out = pa(7);

	count_wanted = any_bool() ? 1 : any_u64() >> 12;
	locked_wanted = true;
	int error = memory_allocate(count_wanted, &out);

	PROVE(!held(), "the lock is free again");
	PROVE((error == 0) == !refused, "an error of the allocator's, or none");
	PROVE(out_count() == (error == 0 ? 1 : 0), "what was only passed over is given back");
	PROVE(IMPLIES(error == 0, pointed.v == out.v && zeroed == count_wanted * PAGE_SIZE), "all of it is zeroed");
	PROVE(IMPLIES(error == 0 && count_wanted == 1, (out.v & PAGE_MASK_2M) != 0),
	      "a single frame is not 2 MiB aligned");
	if (error == 0 && given == 3)
		CANARY("two are passed over");
	if (error != 0 && given == 1)
		CANARY("one is passed over, and there is no other");
}

void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(code == TERMINATE_PANIC && freed_twice && !held(), "only when a frame was freed twice");
	CANARY("freed twice");
	ASSUME(false);
}

void prove_free(void)
{
	pa_t start = pa(any_u64());

	count_wanted = any_u64();
	locked_wanted = true;
	memory_free(start, count_wanted);
	PROVE(!held() && !freed_twice && returned == 1 && freed.v == start.v, "given back once, or the VM ends");
	CANARY("freed");
}

static uint64_t entry;
static va_t entry_of;

uint64_t *paging_region_entry(va_t address)
{
	entry_of = address;
	return &entry;
}

void prove_guard(void)
{
	va_t address = va(any_u64());

	entry = any_u64();
	memory_make_guard(address);
	PROVE(entry == 0 && entry_of.v == address.v && flushed == address.v,
	      "nothing is mapped there any more, on this processor");
	CANARY("unmapped");
}
