/* SPDX-License-Identifier: MIT */
#include "abi/launch.h"
#include "abi/terminate.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/spinlock.h"
#include "lib/frames.h"
#include "lib/string.h"

#define REGION_PAGES (MONITOR_SIZE / PAGE_SIZE)

static struct spinlock frames_lock;
static struct frames frames;
static uint64_t bitmap[FRAMES_BITMAP_WORDS(REGION_PAGES)];
static uint64_t free_start, free_stop; /* first page that the image does not cover, and where free memory ends */
static pa_t first_frame;               /* 0: not taken yet (no frame lies there) */

int memory_frames_init(uint64_t image_end, uint64_t free_end)
{
	if (!is_aligned(image_end, PAGE_SIZE) || image_end <= LAUNCH_OFF_IMAGE || free_end > MONITOR_SIZE ||
	    !is_aligned(free_end, PAGE_SIZE) || image_end >= free_end)
		return ERR_INVALID;
	first_frame = pa(0);
	free_start = paging_region_gpa + image_end;
	free_stop = paging_region_gpa + free_end;
	if (frames_init(&frames, pa(paging_region_gpa), REGION_PAGES, bitmap) != 0)
		return ERR_INVALID;
	if (free_end < MONITOR_SIZE && frames_reserve(&frames, pa(free_stop), (MONITOR_SIZE - free_end) / PAGE_SIZE) != 0)
		return ERR_INVALID;
	return frames_reserve(&frames, pa(paging_region_gpa), image_end / PAGE_SIZE);
}

/* No single frame is 2 MiB aligned: it may become a save area, and some processors cannot use such a one. */
static int take_frames(uint64_t count, pa_t *out)
{
	pa_t passed[MONITOR_SIZE / PAGE_SIZE_2M + 1u];
	uint32_t passed_count = 0;
	int error = frames_allocate(&frames, count, out);

	while (error == 0 && count == 1 && is_aligned(out->v, PAGE_SIZE_2M) && passed_count < ARRAY_SIZE(passed)) {
		passed[passed_count++] = *out;
		error = frames_allocate(&frames, 1, out);
	}
	while (passed_count > 0) {
		int back = frames_free(&frames, passed[--passed_count], 1);

		error = error != 0 ? error : back;
	}
	return error;
}

int memory_first_frame(pa_t *out)
{
	int error;

	if (first_frame.v != 0)
		return ERR_STATE;
	error = take_frames(1, out);
	if (error == 0)
		first_frame = *out;
	return error;
}

/* [start, end), which may be empty. */
static int accept(uint64_t start, uint64_t end)
{
	int error = start < end ? platform_host_make_private(gpa(start), end - start) : 0;

	for (uint64_t at = start; error == 0 && at < end; at += PAGE_SIZE)
		error = platform_page_accept(paging_region_va(pa(at)), false);
	return error;
}

/* The first frame need not be the lowest that is free: see take_frames(). */
int memory_accept_region(void)
{
	int error;

	if (first_frame.v == 0)
		return accept(free_start, free_stop);
	error = accept(free_start, first_frame.v);
	return error != 0 ? error : accept(first_frame.v + PAGE_SIZE, free_stop);
}

int memory_allocate(uint64_t count, pa_t *out)
{
	int error;

	spinlock_acquire(&frames_lock);
	error = take_frames(count, out);
	spinlock_release(&frames_lock);
	if (error == 0)
		memset(paging_region_pointer(*out), 0, count * PAGE_SIZE);
	return error;
}

void memory_free(pa_t start, uint64_t count)
{
	int error;

	spinlock_acquire(&frames_lock);
	error = frames_free(&frames, start, count);
	spinlock_release(&frames_lock);
	/* guards (bug): a frame has one owner, who gives it back once */
	if (error != 0)
		log_panic(TERMINATE_PANIC, "frame 0x%llx freed twice", (unsigned long long)start.v);
}

uint64_t memory_free_size(void)
{
	return frames.free_count * PAGE_SIZE;
}

uint64_t memory_used(void)
{
	return (frames.count - frames.free_count) * PAGE_SIZE;
}

void memory_make_guard(va_t address)
{
	*paging_region_entry(address) = 0;
	cpu_flush_page(address);
}
