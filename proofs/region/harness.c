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

static uint64_t witness; /* a page that nobody chose: its number in the region */
static bool made, reserved, step_failed;

int frames_init(struct frames *which, pa_t base, uint64_t count, uint64_t *words)
{
	PROVE(which == &frames && base.v == paging_region_gpa && count == MONITOR_SIZE / PAGE_SIZE && words == bitmap && !made,
	      "a frame for each page of the region");
	made = true;
	step_failed = any_bool();
	return step_failed ? ERR_INVALID : 0;
}

int frames_reserve(struct frames *which, pa_t start, uint64_t count)
{
	uint64_t first = (start.v - paging_region_gpa) / PAGE_SIZE;

	PROVE(which == &frames && made && !step_failed && count != 0, "after all are made");
	PROVE((start.v & PAGE_MASK) == 0 && first < MONITOR_SIZE / PAGE_SIZE && count <= MONITOR_SIZE / PAGE_SIZE - first, "frames of the region");
	if (witness >= first && witness - first < count) {
		PROVE(!reserved, "once");
		reserved = true;
	}
	step_failed = any_bool();
	return step_failed ? ERR_STATE : 0;
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

static void any_region(void)
{
	paging_region_gpa = any_u64();
	ASSUME(paging_region_gpa >= LAUNCH_REGION_FIRST && paging_region_gpa <= LAUNCH_REGION_END - MONITOR_SIZE);
	ASSUME((paging_region_gpa & PAGE_MASK_2M) == 0);
	witness = any_u64() % (MONITOR_SIZE / PAGE_SIZE);
}

void prove_init(void)
{
	uint64_t image_end = any_u64(), free_end = any_u64();

	any_region();
	first_frame = pa(any_u64());
	int error = memory_frames_init(image_end, free_end);

	PROVE((error == 0) == (made && !step_failed), "an error of the frames', or none; a bad size comes before them");
	if (error != 0) {
		if (!made)
			CANARY("a bad size");
		return;
	}
	PROVE(image_end > LAUNCH_OFF_IMAGE && image_end < free_end && free_end <= MONITOR_SIZE && ((image_end | free_end) & PAGE_MASK) == 0,
	      "whole pages, some of them free");
	PROVE(reserved == (witness < image_end / PAGE_SIZE || witness >= free_end / PAGE_SIZE), "what the image and the host have is not free");
	PROVE(first_frame.v == 0 && free_start == paging_region_gpa + image_end && free_stop == paging_region_gpa + free_end, "all else is");
	CANARY("taken over");
}

void prove_first_frame(void)
{
	pa_t out = pa(7);

	count_wanted = 1;
	first_frame = pa(any_bool() ? 0 : any_u64());
	bool before = first_frame.v != 0;
	int error = memory_first_frame(&out);

	PROVE(IMPLIES(before, error == ERR_STATE && given == 0), "it can be had once");
	if (error != 0) {
		PROVE(before || (refused && first_frame.v == 0), "there is none");
		CANARY("not to be had");
		return;
	}
	PROVE(first_frame.v == out.v && (out.v & PAGE_MASK_2M) != 0 && out_count() == 1, "a frame that is not 2 MiB aligned, and it is known which");
	CANARY("the first");
}

static uint32_t times_private, times_accepted;

int platform_host_make_private(gpa_t start, uint64_t size)
{
	uint64_t page = paging_region_gpa + witness * PAGE_SIZE;

	PROVE(!step_failed && size != 0 && (size & PAGE_MASK) == 0 && start.v >= free_start && size <= free_stop - start.v, "free pages");
	times_private += page >= start.v && page - start.v < size;
	step_failed = any_bool();
	return step_failed ? ERR_HOST : 0;
}

int platform_page_accept(va_t address, bool size_2m)
{
	PROVE(!step_failed && !size_2m, "page by page, up to a failure");
	if (address.v == paging_region_va(pa(paging_region_gpa + witness * PAGE_SIZE)).v) {
		PROVE(times_private == 1, "after the host was told");
		times_accepted++;
	}
	step_failed = any_bool();
	return step_failed ? ERR_UNCHANGED : 0;
}

void prove_accept(void)
{
	uint64_t page;

	any_region();
	page = paging_region_gpa + witness * PAGE_SIZE;
	free_start = paging_region_gpa + any_u16() * PAGE_SIZE;
	free_stop = free_start + any_u8() % 6u * PAGE_SIZE;
	ASSUME(free_start < free_stop && free_stop <= paging_region_gpa + MONITOR_SIZE);
	first_frame = pa(any_bool() ? 0 : any_u64() & ~PAGE_MASK);
	ASSUME(first_frame.v == 0 || (first_frame.v >= free_start && first_frame.v < free_stop));
	bool wanted = page >= free_start && page < free_stop && page != first_frame.v;
	int error = memory_accept_region();

	PROVE((error == 0) == !step_failed, "an error of the platform's, or none");
	PROVE(times_accepted <= (wanted ? 1u : 0u) && times_private <= (wanted ? 1u : 0u), "only what is free, once, and not the first frame");
	PROVE(IMPLIES(error == 0, times_accepted == (wanted ? 1u : 0u)), "all that is free");
	if (error == 0 && first_frame.v > free_start && first_frame.v + PAGE_SIZE < free_stop)
		CANARY("the first frame lies in the middle");
	if (error == 0 && first_frame.v == free_start && free_stop == free_start + PAGE_SIZE)
		CANARY("there is no other");
}

void prove_sizes(void)
{
	frames.count = MONITOR_SIZE / PAGE_SIZE;
	frames.free_count = any_u64();
	ASSUME(frames.free_count <= frames.count); /* proofs/frames */
	PROVE(memory_used() + memory_free_size() == MONITOR_SIZE, "used or free");
	PROVE(memory_free_size() / PAGE_SIZE == frames.free_count, "free");
	CANARY("counted");
}
