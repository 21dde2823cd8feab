/* SPDX-License-Identifier: MIT */
/*
 * Pages that the monitor shares with the host: what becomes of each of three frames, step by step. The hardware is the rule that a
 * page is given up before the host gets it, and that what is written before it is shared is not there afterwards.
 */
#include "proofs/prover.h"

#include <stddef.h>

#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"

#define memset write_bytes
static void *write_bytes(void *destination, int byte, size_t size);
#include "kernel/mm/shared.c"
#undef memset

#define FRAMES 3u

enum step { PRIVATE, RELEASED, HOST, SHARED, ZEROED };

uint64_t paging_c_bit, paging_region_gpa;

static enum step step[FRAMES];
static uint64_t start, count_wanted;
static uint32_t calls;
static bool allocated, failed;
static uint8_t memory;

static int any_error(int error)
{
	failed = any_bool();
	return failed ? error : 0;
}

static uint64_t frame_of(va_t address)
{
	uint64_t offset = address.v - paging_region_va(pa(start)).v;

	PROVE(allocated && !failed && is_aligned(offset, PAGE_SIZE) && offset < count_wanted * PAGE_SIZE, "a frame of the run, while nothing has failed");
	return offset / PAGE_SIZE;
}

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == count_wanted && !allocated, "one run");
	if (any_error(ERR_NO_MEMORY) != 0)
		return ERR_NO_MEMORY;
	allocated = true;
	*out = pa(start);
	return 0;
}

int platform_page_release(va_t address, bool size_2m)
{
	uint64_t i = frame_of(address);

	PROVE(!size_2m && step[i] == PRIVATE, "a private page of 4 KiB");
	if (any_error(ERR_FAULT) != 0)
		return ERR_FAULT;
	step[i] = RELEASED;
	return 0;
}

int platform_host_make_shared(gpa_t at, uint64_t size)
{
	PROVE(at.v == start && size == count_wanted * PAGE_SIZE && !failed, "the run");
	for (uint32_t i = 0; i < FRAMES && i < count_wanted; i++) {
		PROVE(step[i] == RELEASED, "given up before the host gets it");
		step[i] = HOST;
	}
	return any_error(ERR_HOST);
}

void paging_region_set_shared(va_t address, bool shared)
{
	uint64_t i = frame_of(address);

	PROVE(shared && step[i] == HOST, "mapped without the C-bit once it is the host's");
	step[i] = SHARED;
}

void *paging_region_pointer(pa_t address)
{
	PROVE(allocated && address.v == start, "the run");
	return &memory;
}

static void *write_bytes(void *destination, int byte, size_t size)
{
	PROVE(destination == &memory && byte == 0 && size == count_wanted * PAGE_SIZE && !failed, "all of it is zeroed");
	for (uint32_t i = 0; i < FRAMES && i < count_wanted; i++) {
		PROVE(step[i] == SHARED, "as the host sees it");
		step[i] = ZEROED;
	}
	return destination;
}

void prove_allocate(void)
{
	pa_t out = pa(7);

	count_wanted = any_u8();
	ASSUME(count_wanted != 0 && count_wanted <= FRAMES);
	paging_region_gpa = any_u64() & ~PAGE_MASK_2M;
	ASSUME(paging_region_gpa <= 1ull << 51);
	start = paging_region_gpa + ((any_u32() % MONITOR_SIZE) & ~PAGE_MASK);
	int error = memory_allocate_shared(count_wanted, &out);

	PROVE((error != 0) == failed, "a failure of any step is told");
	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY || error == ERR_FAULT || error == ERR_HOST, "a documented error");
		for (uint32_t i = 0; i < FRAMES; i++)
			PROVE(step[i] < SHARED, "nothing is mapped in another way");
		if (step[0] == RELEASED && error == ERR_FAULT)
			CANARY("half way");
		if (error == ERR_HOST)
			CANARY("the host refuses");
		return;
	}
	PROVE(out.v == start, "the run");
	for (uint32_t i = 0; i < FRAMES; i++)
		PROVE(step[i] == (i < count_wanted ? ZEROED : PRIVATE), "each frame of it is shared and zero, no other is");
	if (count_wanted == FRAMES)
		CANARY("all");
}
