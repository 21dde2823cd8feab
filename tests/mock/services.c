/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "tests/mock/mock.h"
#include "tests/mock/region.h"


#define TICKS_PER_MS 20000u
#define CLOCK_STEP 10u

static uint8_t region[MOCK_FRAMES * PAGE_SIZE] __attribute__((aligned(4096)));
static bool used[MOCK_FRAMES];
static uint64_t random_state = 1;

mock_ring3 *mock_user;
uint32_t mock_frames_used;
uint64_t mock_clock = 1;
uint32_t mock_frame_countdown;
uint64_t paging_c_bit = 1ull << 51;
uint64_t paging_region_gpa = MONITOR_GPA;

void *paging_region_pointer(pa_t address)
{
	if (address.v < MONITOR_GPA || address.v >= MONITOR_GPA + sizeof(region))
		abort();
	return region + (address.v - MONITOR_GPA);
}

pa_t paging_region_pa(const void *pointer)
{
	return pa((uint64_t)((const uint8_t *)pointer - region) + MONITOR_GPA);
}

uint64_t paging_kernel_slot(void)
{
	return 0;
}

int memory_allocate(uint64_t count, pa_t *out)
{
	uint64_t run = 0;

	if (mock_frame_countdown == 1) {
		mock_frame_countdown = 0;
		return ERR_NO_MEMORY;
	}
	mock_frame_countdown -= mock_frame_countdown != 0 ? 1 : 0;
	for (uint64_t i = 0; i < MOCK_FRAMES; i++) {
		run = used[i] ? 0 : run + 1;
		if (run != count)
			continue;
		i -= count - 1;
		memset(&used[i], true, count);
		memset(region + i * PAGE_SIZE, 0, count * PAGE_SIZE);
		mock_frames_used += (uint32_t)count;
		*out = pa(MONITOR_GPA + i * PAGE_SIZE);
		return 0;
	}
	return ERR_NO_MEMORY;
}

void mock_frames_reset(void)
{
	memset(used, 0, sizeof(used));
	mock_frames_used = 0;
}

uint64_t memory_used(void)
{
	return mock_frames_used * PAGE_SIZE;
}

void memory_free(pa_t start, uint64_t count)
{
	uint64_t first = (start.v - MONITOR_GPA) / PAGE_SIZE;

	for (uint64_t i = first; i < first + count; i++) {
		if (!used[i])
			abort();
		used[i] = false;
	}
	mock_frames_used -= (uint32_t)count;
}

void user_context_init(struct user_context *context, va_t entry, va_t stack)
{
	memset(context, 0, sizeof(*context));
	context->frame.rip = entry.v;
	context->frame.rsp = stack.v;
}

uint64_t cpu_read_tsc(void)
{
	return mock_clock += CLOCK_STEP;
}

void user_run(struct user_context *context, uint64_t root)
{
	context->frame.vector = VECTOR_TIMER;
	mock_clock += TICKS_PER_MS / 10u;
	if (mock_user != NULL)
		mock_user(context, root);
}

int mock_code(struct process *process)
{
	int error = process_add_page(process, va(SPACE_START), SPACE_EXECUTE, false);

	if (error == 0)
		memcpy(space_pointer(&process->space, va(SPACE_START), false), "\xCD\x80", 2);
	return error;
}

void mock_system_call(struct user_context *context, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	context->frame.rax = number;
	context->frame.rdi = a;
	context->frame.rsi = b;
	context->frame.rdx = c;
	context->frame.rip = SPACE_START;
	context->frame.vector = VECTOR_GENERAL_PROTECTION;
}

void user_init_cpu(void)
{
}

int platform_timer_init(void)
{
	return 0;
}

void platform_timer_arm(uint32_t microseconds)
{
	(void)microseconds;
}

void platform_timer_disarm(void)
{
}

void platform_timer_acknowledge(void)
{
}

uint64_t platform_ticks_per_ms(void)
{
	return TICKS_PER_MS;
}

int entropy_init(const struct snp_cpuid_page *cpuid)
{
	(void)cpuid;
	return 0;
}

int entropy_get(void *out, uint64_t size)
{
	uint8_t *bytes = out;

	for (uint64_t i = 0; i < size; i++) {
		random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
		bytes[i] = (uint8_t)(random_state >> 56);
	}
	return 0;
}
