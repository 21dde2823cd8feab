/* SPDX-License-Identifier: MIT */
/* Frames of the monitor's region: what is free at the start, save areas' alignment, and that nothing leaks at the end. */
#include <setjmp.h>

#include "abi/launch.h"
#include "abi/terminate.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"

#define IMAGE_END 0x120000ull
#define FREE_END (MONITOR_SIZE - 3 * PAGE_SIZE)
#define FREE_PAGES ((FREE_END - IMAGE_END) / PAGE_SIZE)
#define ALIGNED_PAGES (MONITOR_SIZE / PAGE_SIZE_2M - 1u) /* of the free ones */

uint64_t paging_region_gpa = MONITOR_GPA;

static uint8_t memory[MONITOR_SIZE];
static uint64_t made_private, accepted, refuse_after, entry;
static uint8_t private_times[MONITOR_SIZE / PAGE_SIZE], accepted_times[MONITOR_SIZE / PAGE_SIZE];
static jmp_buf after_panic;
static volatile bool panicked;

void *paging_region_pointer(pa_t address)
{
	return memory + (address.v - MONITOR_GPA);
}

uint64_t *paging_region_entry(va_t address)
{
	(void)address;
	return &entry;
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	CHECK(size != 0);
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		private_times[(start.v + at - MONITOR_GPA) / PAGE_SIZE]++;
	made_private += size;
	return 0;
}

int platform_page_accept(va_t address, bool size_2m)
{
	CHECK(!size_2m);
	accepted_times[(address.v - paging_region_va(pa(MONITOR_GPA)).v) / PAGE_SIZE]++;
	return ++accepted == refuse_after ? ERR_UNCHANGED : 0;
}

void log_panic(uint8_t code, const char *format, ...)
{
	(void)format;
	CHECK_EQ(code, TERMINATE_PANIC);
	panicked = true;
	longjmp(after_panic, 1);
}

TEST(bounds_of_the_image)
{
	static const struct {
		uint64_t image_end, free_end;
	} bad[] = { { IMAGE_END + 1, MONITOR_SIZE },	{ IMAGE_END, MONITOR_SIZE + PAGE_SIZE }, { IMAGE_END, FREE_END + 8 },
		    { LAUNCH_OFF_IMAGE, MONITOR_SIZE }, { 0, MONITOR_SIZE },			 { IMAGE_END, IMAGE_END },
		    { MONITOR_SIZE, MONITOR_SIZE },	{ IMAGE_END, IMAGE_END - PAGE_SIZE } };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(memory_frames_init(bad[i].image_end, bad[i].free_end), ERR_INVALID);
}

/* Each free page but the first frame becomes private and is accepted, once, wherever the image ends. */
TEST(where_the_image_ends)
{
	static const uint64_t ends[] = { IMAGE_END, PAGE_SIZE_2M - PAGE_SIZE, PAGE_SIZE_2M, PAGE_SIZE_2M + PAGE_SIZE,
					 FREE_END - 2 * PAGE_SIZE, FREE_END - PAGE_SIZE };
	pa_t first;

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		memset(private_times, 0, sizeof(private_times));
		memset(accepted_times, 0, sizeof(accepted_times));
		REQUIRE(memory_frames_init(ends[i], FREE_END) == 0);
		CHECK_EQ(memory_first_frame(&first), 0);
		CHECK(!is_aligned(first.v, PAGE_SIZE_2M));
		CHECK_EQ(memory_accept_region(), 0);
		for (uint64_t at = 0; at < MONITOR_SIZE; at += PAGE_SIZE) {
			bool wanted = at >= ends[i] && at < FREE_END && at != first.v - MONITOR_GPA;

			CHECK_EQ(private_times[at / PAGE_SIZE], wanted ? 1 : 0);
			CHECK_EQ(accepted_times[at / PAGE_SIZE], wanted ? 1 : 0);
		}
	}
	/* One page is free, and it is not one for a GHCB: it cannot be had, and is accepted as all others. */
	REQUIRE(memory_frames_init(PAGE_SIZE_2M, PAGE_SIZE_2M + PAGE_SIZE) == 0);
	CHECK_EQ(memory_first_frame(&first), ERR_NO_MEMORY);
	memset(accepted_times, 0, sizeof(accepted_times));
	CHECK_EQ(memory_accept_region(), 0);
	CHECK_EQ(accepted_times[PAGE_SIZE_2M / PAGE_SIZE], 1);
	made_private = accepted = 0;
}

/* One after the other in one table of frames: the first frame can be had once. */
TEST(frames_of_the_region)
{
	static pa_t taken[FREE_PAGES];
	uint64_t count = 0;
	pa_t first, run;

	REQUIRE(memory_frames_init(IMAGE_END, FREE_END) == 0);
	CHECK_EQ(memory_free_size(), FREE_PAGES * PAGE_SIZE);
	CHECK_EQ(memory_used() + memory_free_size(), MONITOR_SIZE);
	CHECK_EQ(memory_first_frame(&first), 0);
	CHECK_EQ(first.v, MONITOR_GPA + IMAGE_END);
	CHECK_EQ(memory_first_frame(&first), ERR_STATE);

	/* All but that one are accepted; a refusal ends it. */
	CHECK_EQ(memory_accept_region(), 0);
	CHECK_EQ(accepted, FREE_PAGES - 1);
	CHECK_EQ(made_private, (FREE_PAGES - 1) * PAGE_SIZE);
	refuse_after = accepted + 5;
	CHECK_EQ(memory_accept_region(), ERR_UNCHANGED);
	CHECK_EQ(accepted, refuse_after);

	/* A run may begin at, or go over, a multiple of 2 MiB, and is zeroed. */
	memset(memory, 0xA5, sizeof(memory));
	CHECK_EQ(memory_allocate(1100, &run), 0);
	CHECK_EQ(memory[run.v - MONITOR_GPA], 0);
	CHECK_EQ(memory[run.v - MONITOR_GPA + 1100 * PAGE_SIZE - 1], 0);
	CHECK_EQ(memory[run.v - MONITOR_GPA + 1100 * PAGE_SIZE], 0xA5);
	CHECK_EQ(memory_allocate(FREE_PAGES, &first), ERR_NO_MEMORY);
	memory_free(run, 1100);
	CHECK_EQ(memory_free_size(), (FREE_PAGES - 1) * PAGE_SIZE);

	/* Single frames until none is left: none is 2 MiB aligned, none is outside or given twice. */
	while (memory_allocate(1, &taken[count]) == 0) {
		CHECK(!is_aligned(taken[count].v, PAGE_SIZE_2M));
		CHECK(taken[count].v >= MONITOR_GPA + IMAGE_END && taken[count].v < MONITOR_GPA + FREE_END);
		CHECK(count == 0 || taken[count].v > taken[count - 1].v);
		count++;
	}
	CHECK_EQ(count, FREE_PAGES - 1 - ALIGNED_PAGES);
	CHECK_EQ(memory_free_size(), ALIGNED_PAGES * PAGE_SIZE);
	while (count > 0)
		memory_free(taken[--count], 1);
	CHECK_EQ(memory_free_size(), (FREE_PAGES - 1) * PAGE_SIZE);
	panicked = false;
	if (setjmp(after_panic) == 0)
		memory_free(taken[0], 1);
	CHECK(panicked);
}
