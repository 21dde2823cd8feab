/* SPDX-License-Identifier: MIT */
/*
 * The timer of a CPU: its own local APIC's, by the x2APIC registers, which the host emulates (56421: MSR_PROT). Hosts
 * that know VMPLs give each its own local APIC. The input clock is 1 GHz on QEMU and KVM; a host with another one
 * makes time slices longer or shorter.
 */
#include "kernel/platform/platform.h"
#include "kernel/platform/snp/ghcb.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/traps.h"
#include "lib/contract.h"

#define X2APIC_EOI 0x80Bu
#define X2APIC_SPURIOUS 0x80Fu
#define X2APIC_LVT_TIMER 0x832u
#define X2APIC_INITIAL_COUNT 0x838u
#define X2APIC_CURRENT_COUNT 0x839u
#define X2APIC_DIVIDE 0x83Eu
#define SPURIOUS_ENABLE 0x1FFull /* vector 255 */
#define LVT_MASKED (1ull << 16)
#define DIVIDE_BY_1 0xBull
#define COUNTS_PER_US 1000u
#define COUNTS_PER_MS 1000000ull
#define CALIBRATION_TICKS 4000000ull
#define CALIBRATION_TICKS_MAX (1ull << 40) /* minutes: the counter was changed, or this CPU did not run */
#define CALIBRATION_ROUNDS 1000000u
#define DEFAULT_TICKS_PER_MS 2000000ull
#define TICKS_PER_MS_MIN 100000ull /* 100 MHz to 10 GHz: what else the host's timer makes of it is no processor's */
#define TICKS_PER_MS_MAX 10000000ull

static uint64_t ticks_per_ms;

/* Lets the timer count down for a while, masked, and compares it with the time-stamp counter. The host can make both tell anything. */
static void calibrate(void)
{
	uint64_t start_count, end_count, start, end, ticks;

	if (ghcb_write_msr(X2APIC_LVT_TIMER, VECTOR_TIMER | LVT_MASKED) != 0 ||
	    ghcb_write_msr(X2APIC_INITIAL_COUNT, 0xFFFFFFFFu) != 0 || ghcb_read_msr(X2APIC_CURRENT_COUNT, &start_count) != 0)
		return;
	start = cpu_read_tsc();
	end = start;
	for (uint32_t i = 0; i < CALIBRATION_ROUNDS && end >= start && end - start < CALIBRATION_TICKS; i++)
		LOOP_ASSIGNS(i, end) LOOP_INVARIANT(i <= CALIBRATION_ROUNDS) LOOP_DECREASES(CALIBRATION_ROUNDS - i) {
		cpu_pause();
		end = cpu_read_tsc();
	}
	if (ghcb_read_msr(X2APIC_CURRENT_COUNT, &end_count) != 0 || end_count >= start_count)
		return;
	end = cpu_read_tsc();
	if (end < start || end - start > CALIBRATION_TICKS_MAX)
		return;
	ticks = (end - start) * COUNTS_PER_MS / (start_count - end_count);
	if (ticks >= TICKS_PER_MS_MIN && ticks <= TICKS_PER_MS_MAX)
		ticks_per_ms = ticks;
}

int platform_timer_init(void)
{
	if (ghcb_write_msr(X2APIC_SPURIOUS, SPURIOUS_ENABLE) != 0 || ghcb_write_msr(X2APIC_DIVIDE, DIVIDE_BY_1) != 0)
		return ERR_HOST;
	if (ticks_per_ms == 0)
		calibrate();
	if (ghcb_write_msr(X2APIC_INITIAL_COUNT, 0) != 0)
		return ERR_HOST;
	return ghcb_write_msr(X2APIC_LVT_TIMER, VECTOR_TIMER);
}

void platform_timer_arm(uint32_t microseconds)
{
	/* Refused or not: without it ring 3 runs until it gives the CPU back by itself. */
	if (ghcb_write_msr(X2APIC_INITIAL_COUNT, (uint64_t)microseconds * COUNTS_PER_US & 0xFFFFFFFFu) != 0)
		return;
}

void platform_timer_disarm(void)
{
	platform_timer_arm(0);
}

void platform_timer_acknowledge(void)
{
	if (ghcb_write_msr(X2APIC_EOI, 0) != 0)
		return;
}

uint64_t platform_ticks_per_ms(void)
{
	return ticks_per_ms != 0 ? ticks_per_ms : DEFAULT_TICKS_PER_MS;
}
