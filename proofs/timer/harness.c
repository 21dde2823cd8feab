/* SPDX-License-Identifier: MIT */
/* The timer of a CPU, which the host emulates: it may refuse, and tell anything. */
#include "proofs/prover.h"

#include "kernel/platform/platform.h"
#include "kernel/x86/traps.h"

#define KERNEL_X86_CPU_H
static inline void cpu_pause(void)
{
}
static inline uint64_t cpu_read_tsc(void)
{
	return any_u64();
}

#include "kernel/platform/snp/timer.c"

static uint64_t spurious, divide, initial, vector;
static uint32_t writes, reads, ends;
static bool refused;

int ghcb_write_msr(uint32_t msr, uint64_t value)
{
	writes++;
	PROVE(value <= UINT32_MAX, "no bits that are reserved");
	if (any_bool()) {
		refused = true;
		return ERR_HOST;
	}
	switch (msr) {
	case X2APIC_SPURIOUS: spurious = value; return 0;
	case X2APIC_DIVIDE: divide = value; return 0;
	case X2APIC_INITIAL_COUNT:
		if (value == 0xFFFFFFFFu)
			PROVE(vector == (VECTOR_TIMER | LVT_MASKED), "it counts masked");
		initial = value;
		return 0;
	case X2APIC_LVT_TIMER: vector = value; return 0;
	case X2APIC_EOI: PROVE(value == 0, "the manual's value"); ends++; return 0;
	default: PROVE(false, "a register that has no part in it"); return 0;
	}
}

int ghcb_read_msr(uint32_t msr, uint64_t *value)
{
	PROVE(msr == X2APIC_CURRENT_COUNT, "the count");
	reads++;
	if (any_bool())
		return ERR_HOST;
	*value = any_u64();
	return 0;
}

static bool possible(uint64_t ticks)
{
	return ticks == 0 || (ticks >= TICKS_PER_MS_MIN && ticks <= TICKS_PER_MS_MAX);
}

void prove_init(void)
{
	ticks_per_ms = any_u64();
	ASSUME(possible(ticks_per_ms));
	reads = writes = 0;
	refused = false;
	uint64_t before = ticks_per_ms;
	int error = platform_timer_init();

	PROVE(error == 0 || (error == ERR_HOST && refused), "done, or the host refused");
	PROVE(possible(ticks_per_ms) && platform_ticks_per_ms() != 0, "a number of ticks that a processor can have");
	PROVE(IMPLIES(before != 0, ticks_per_ms == before && reads == 0), "measured once");
	if (error != 0)
		return;
	PROVE(spurious == SPURIOUS_ENABLE && divide == DIVIDE_BY_1, "the APIC is on");
	PROVE(vector == VECTOR_TIMER && initial == 0, "the vector is open, and the timer stands");
	if (before == 0 && ticks_per_ms != 0)
		CANARY("measured");
	if (ticks_per_ms == 0)
		CANARY("not measured");
}

void prove_arm(void)
{
	uint32_t microseconds = any_u32();

	initial = 7;
	platform_timer_arm(microseconds);
	PROVE(writes == 1 && IMPLIES(!refused, initial == ((uint64_t)microseconds * 1000u & 0xFFFFFFFFu)), "once, as long as asked for");
	if (!refused)
		CANARY("armed");
	platform_timer_disarm();
	PROVE(writes == 2 && IMPLIES(!refused, initial == 0), "it stands");
	platform_timer_acknowledge();
	PROVE(writes == 3 && IMPLIES(!refused, ends == 1), "the interrupt has ended");
}
