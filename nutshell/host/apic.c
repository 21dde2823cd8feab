/* SPDX-License-Identifier: MIT */
/*
 * What a guest writes to interrupt controllers. Their messages go to QEMU's processors, on which Nutshell runs: INIT, start-up
 * and SMI would reset it or take it away from under the guest, so they never leave. Device messages that a guest programs
 * into a device itself are not seen here.
 */
#include "nutshell/host/host.h"

#define LOCAL_APIC 0xFEE00000ull
#define LOCAL_APIC_END 0xFEF00000ull
#define LOCAL_APIC_REGISTERS 0x1000u
#define LOCAL_APIC_ICR 0x300u
#define MESSAGE_AT_ZERO 0x10u /* QEMU takes a write to the first register for a message, too */
#define IO_APIC 0xFEC00000ull
#define IO_APIC_END 0xFEC01000ull
#define IO_APIC_MIRROR 0xFFu /* the registers repeat */
#define IO_APIC_SELECT 0x00u
#define IO_APIC_WINDOW 0x10u
#define IO_APIC_FIRST_ENTRY 0x10u
#define ENTRY_MASKED (1u << 16)
#define MODE_SHIFT 8
#define MODE_SMI 2u
#define MODE_RESERVED 3u
#define MODE_INIT 5u
#define MODE_STARTUP 6u

static uint8_t io_apic_selected;

static bool mode_is_ours(uint64_t value)
{
	uint32_t mode = (uint32_t)value >> MODE_SHIFT & 7u;

	return mode == MODE_SMI || mode == MODE_RESERVED || mode == MODE_INIT || mode == MODE_STARTUP;
}

/* Low halves of the entries have even numbers. */
static bool is_entry(void)
{
	return io_apic_selected >= IO_APIC_FIRST_ENTRY && io_apic_selected % 2u == 0;
}

bool apic_filter_write(uint64_t gpa, uint64_t size, uint64_t *value)
{
	if (range_within(gpa, size, IO_APIC, IO_APIC_END)) {
		if ((gpa & IO_APIC_MIRROR) == IO_APIC_SELECT)
			io_apic_selected = (uint8_t)*value;
		else if ((gpa & IO_APIC_MIRROR) == IO_APIC_WINDOW && is_entry() && mode_is_ours(*value))
			*value |= ENTRY_MASKED;
		return true;
	}
	if (!range_within(gpa, size, LOCAL_APIC, LOCAL_APIC_END))
		return true;
	gpa -= LOCAL_APIC;
	return !((gpa == LOCAL_APIC_ICR || gpa < MESSAGE_AT_ZERO || gpa >= LOCAL_APIC_REGISTERS) && mode_is_ours(*value));
}
