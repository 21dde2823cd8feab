/* SPDX-License-Identifier: MIT */
/* The monitor's timer, on an APIC and a time-stamp counter of the test, true and untrue ones. */
#include "tests/unit/unit.h"

#include "kernel/platform/snp/timer.c"

#define TICKS_PER_COUNT 3u /* 3 GHz beside 1 GHz */

static uint64_t clock, exit_ticks, pause_ticks; /* the counter; what an exit to the host and a pause take */
static uint64_t counts_from;	/* the counter when the APIC's began */
static uint64_t vector, count, apic, ended;
static uint32_t refuse_msr;
static bool count_stands, clock_goes_back;

uint64_t cpu_read_tsc(void)
{
	if (clock_goes_back)
		return clock -= 1000;
	return clock += pause_ticks;
}

int ghcb_write_msr(uint32_t msr, uint64_t value)
{
	clock += exit_ticks;
	if (msr == refuse_msr)
		return ERR_HOST;
	switch (msr) {
	case X2APIC_SPURIOUS: apic = value; break;
	case X2APIC_LVT_TIMER: vector = value; break;
	case X2APIC_INITIAL_COUNT:
		count = value;
		counts_from = clock;
		break;
	case X2APIC_EOI: ended++; break;
	default: CHECK_EQ(msr, X2APIC_DIVIDE);
	}
	return 0;
}

int ghcb_read_msr(uint32_t msr, uint64_t *value)
{
	CHECK_EQ(msr, X2APIC_CURRENT_COUNT);
	clock += exit_ticks;
	if (msr == refuse_msr)
		return ERR_HOST;
	*value = count_stands ? count : count - (clock - counts_from) / TICKS_PER_COUNT;
	return 0;
}

static void reset(void)
{
	ticks_per_ms = 0;
	clock = 1ull << 40;
	exit_ticks = 2000;
	pause_ticks = 50;
	refuse_msr = 0;
	count_stands = clock_goes_back = false;
	vector = apic = ended = 0;
}

/* What exits take does not matter much: the counters are compared over a while. */
TEST(calibration)
{
	static const uint64_t exits[] = { 0, 2000, 30000, 100000 };

	for (uint32_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		reset();
		exit_ticks = exits[i];
		CHECK_EQ(platform_timer_init(), 0);
		CHECK(platform_ticks_per_ms() > 2900000 && platform_ticks_per_ms() < 3100000);
		CHECK_EQ(vector, VECTOR_TIMER);
		CHECK_EQ(count, 0);
		CHECK_EQ(apic, SPURIOUS_ENABLE);
	}
}

/* Measured once, for all CPUs. */
TEST(second_cpu)
{
	uint64_t measured, before;

	reset();
	CHECK_EQ(platform_timer_init(), 0);
	measured = platform_ticks_per_ms();
	before = clock;
	CHECK_EQ(platform_timer_init(), 0);
	CHECK_EQ(platform_ticks_per_ms(), measured);
	CHECK(clock - before <= 6 * exit_ticks);
}

/* A host whose counters make no sense: the default, and an end. */
TEST(counters_of_the_host)
{
	reset();
	count_stands = true;
	CHECK_EQ(platform_timer_init(), 0);
	CHECK_EQ(platform_ticks_per_ms(), DEFAULT_TICKS_PER_MS);
	reset();
	clock_goes_back = true;
	CHECK_EQ(platform_timer_init(), 0);
	CHECK_EQ(platform_ticks_per_ms(), DEFAULT_TICKS_PER_MS);
	reset();
	pause_ticks = 0; /* the time-stamp counter stands but for exits */
	CHECK_EQ(platform_timer_init(), 0);
	CHECK(platform_ticks_per_ms() >= TICKS_PER_MS_MIN && platform_ticks_per_ms() <= TICKS_PER_MS_MAX);
	reset();
	pause_ticks = 1ull << 42; /* it jumps */
	CHECK_EQ(platform_timer_init(), 0);
	CHECK_EQ(platform_ticks_per_ms(), DEFAULT_TICKS_PER_MS);
}

TEST(refusals)
{
	static const uint32_t needed[] = { X2APIC_SPURIOUS, X2APIC_DIVIDE, X2APIC_INITIAL_COUNT, X2APIC_LVT_TIMER };

	for (uint32_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		reset();
		refuse_msr = needed[i];
		CHECK_EQ(platform_timer_init(), ERR_HOST);
	}
	reset();
	refuse_msr = X2APIC_CURRENT_COUNT;
	CHECK_EQ(platform_timer_init(), 0);
	CHECK_EQ(platform_ticks_per_ms(), DEFAULT_TICKS_PER_MS);
}

TEST(arming)
{
	reset();
	platform_timer_arm(1000);
	CHECK_EQ(count, 1000000);
	platform_timer_disarm();
	CHECK_EQ(count, 0);
	platform_timer_acknowledge();
	CHECK_EQ(ended, 1);
}
