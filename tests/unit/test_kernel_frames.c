/* SPDX-License-Identifier: MIT */
/* The frames of the monitor's region: what the image and the host keep of it, and that a frame has one owner. */
#include <setjmp.h>
#include <stdlib.h>

#include "abi/launch.h"
#include "abi/terminate.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/paging.h"
#include "tests/unit/unit.h"

#define IMAGE_END (LAUNCH_OFF_IMAGE + 0x10000ull)
#define FREE_END (MONITOR_SIZE - 0x3000ull)

static uint8_t region[MONITOR_SIZE];
static uint64_t accepted, private_start, private_size, entry;
static int private_result, accept_result;
static jmp_buf out;

void *paging_region_pointer(pa_t address)
{
	return region + (address.v - MONITOR_GPA);
}

uint64_t *paging_region_entry(va_t address)
{
	(void)address;
	return &entry;
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	private_start = start.v;
	private_size = size;
	return private_result;
}

int platform_page_accept(va_t where, bool size_2m)
{
	CHECK(!size_2m);
	CHECK_EQ(where.v, paging_region_va(pa(private_start)).v + accepted * PAGE_SIZE);
	accepted++;
	return accepted == 5 ? accept_result : 0;
}

void log_panic(uint8_t code, const char *format, ...)
{
	(void)format;
	longjmp(out, code + 1);
}

TEST(regions_that_are_bad)
{
	CHECK_EQ(memory_frames_init(LAUNCH_OFF_IMAGE, FREE_END), ERR_INVALID);
	CHECK_EQ(memory_frames_init(IMAGE_END + 1u, FREE_END), ERR_INVALID);
	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END + 1u), ERR_INVALID);
	CHECK_EQ(memory_frames_init(IMAGE_END, MONITOR_SIZE + PAGE_SIZE), ERR_INVALID);
	CHECK_EQ(memory_frames_init(FREE_END, FREE_END), ERR_INVALID);
	CHECK_EQ(memory_frames_init(IMAGE_END, IMAGE_END + PAGE_SIZE), 0);
	CHECK_EQ(memory_frames_init(IMAGE_END, MONITOR_SIZE), 0);
}

TEST(what_is_kept_is_used)
{
	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END), 0);
	/* The image, the host's end, and a page every 2 MiB. */
	CHECK_EQ(memory_used(), IMAGE_END + (MONITOR_SIZE - FREE_END) + 7 * PAGE_SIZE);
}

/* Before the rest is accepted there is one frame, which whoever takes it accepts. */
TEST(the_first_frame_and_the_rest)
{
	pa_t frame;

	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END), 0);
	CHECK_EQ(memory_first_frame(&frame), 0);
	CHECK_EQ(frame.v, MONITOR_GPA + IMAGE_END);
	CHECK_EQ(memory_first_frame(&frame), ERR_STATE);
	accepted = 0;
	CHECK_EQ(memory_accept_region(), 0);
	CHECK_EQ(private_start, MONITOR_GPA + IMAGE_END + PAGE_SIZE);
	CHECK_EQ(private_size, FREE_END - IMAGE_END - PAGE_SIZE);
	CHECK_EQ(accepted, private_size / PAGE_SIZE);
	accepted = 0;
	private_result = ERR_HOST;
	CHECK_EQ(memory_accept_region(), ERR_HOST);
	CHECK_EQ(accepted, 0);
	private_result = 0;
	accept_result = ERR_UNCHANGED; /* somebody has validated that page: there are two of it */
	CHECK_EQ(memory_accept_region(), ERR_UNCHANGED);
	CHECK_EQ(accepted, 5);
	accept_result = 0;
}

TEST(frames_are_zero_and_nobody_elses)
{
	static uint8_t owner[MONITOR_SIZE / PAGE_SIZE];
	uint64_t count = 0;
	pa_t frame;

	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END), 0);
	memset(region, 0xEE, sizeof(region));
	while (memory_allocate(1, &frame) == 0) {
		uint64_t offset = frame.v - MONITOR_GPA;

		CHECK(offset >= IMAGE_END && offset < FREE_END);
		CHECK(!is_aligned(offset, PAGE_SIZE_2M));
		CHECK_EQ(owner[offset / PAGE_SIZE]++, 0);
		CHECK(region[offset] == 0 && region[offset + PAGE_MASK] == 0);
		count++;
	}
	CHECK_EQ(count, (FREE_END - IMAGE_END) / PAGE_SIZE - 7);
	CHECK_EQ(memory_used(), MONITOR_SIZE);
	CHECK_EQ(region[IMAGE_END - 1u], 0xEE);
	CHECK_EQ(region[FREE_END], 0xEE);
}

TEST(runs_and_their_return)
{
	pa_t run, other;
	uint64_t used;

	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END), 0);
	used = memory_used();
	CHECK_EQ(memory_allocate(511, &run), 0); /* all between two of the pages that are left out */
	CHECK_EQ(memory_allocate(512, &other), ERR_NO_MEMORY);
	CHECK_EQ(memory_allocate(0, &other), ERR_INVALID);
	CHECK_EQ(memory_used(), used + 511 * PAGE_SIZE);
	memory_free(run, 511);
	CHECK_EQ(memory_used(), used);
}

TEST(freeing_twice_ends_the_vm)
{
	static pa_t run;
	int code;

	CHECK_EQ(memory_frames_init(IMAGE_END, FREE_END), 0);
	CHECK_EQ(memory_allocate(4, &run), 0);
	memory_free(run, 4);
	code = setjmp(out);
	if (code == 0) {
		memory_free(run, 1);
		CHECK(false);
	}
	CHECK_EQ(code, TERMINATE_PANIC + 1);
}
