/* SPDX-License-Identifier: MIT */
/* Nutshell's host and several processors: what may not reach the interrupt controllers, vCPUs that wait. */
#include "tests/unit/unit.h"

#include "tests/mock/nutshell.h"

#define FIXED 0u
#define SMI 2u
#define NMI 4u
#define INIT 5u
#define STARTUP 6u
#define MODE(mode) ((uint64_t)(mode) << 8)
#define MASKED (1ull << 16)

static bool allowed(uint64_t gpa, uint64_t size, uint64_t value)
{
	uint64_t written = value;
	bool result = apic_filter_write(gpa, size, &written);

	CHECK_EQ(written, value);
	return result;
}

TEST(commands_that_would_hit_the_emulator)
{
	static const uint32_t never[] = { SMI, INIT, STARTUP };

	for (unsigned i = 0; i < ARRAY_SIZE(never); i++) {
		CHECK(!allowed(0xFEE00300, 4, MODE(never[i]) | 0x4000));
		CHECK(!allowed(0xFEE00300, 8, MODE(never[i])));
		/* Messages, as a device would write them. */
		CHECK(!allowed(0xFEE00000, 4, MODE(never[i])));
		CHECK(!allowed(0xFEE01000, 4, MODE(never[i])));
		CHECK(!allowed(0xFEEFF000, 4, MODE(never[i])));
	}
	CHECK(allowed(0xFEE00300, 4, MODE(FIXED) | 0x40FD));
	CHECK(allowed(0xFEE00300, 4, MODE(NMI)));
	CHECK(allowed(0xFEE00310, 4, MODE(INIT)));
	CHECK(allowed(0xFEE00380, 4, MODE(INIT)));
	CHECK(allowed(0xFEE01000, 4, MODE(FIXED) | 0x31));
	CHECK(allowed(0xFEF00000, 4, MODE(INIT)));
	CHECK(allowed(0xFEBFFFFC, 4, MODE(INIT)));
}

static uint64_t entry_as_written(uint64_t base, uint8_t index, uint64_t value)
{
	uint64_t written = index;

	CHECK(apic_filter_write(base, 4, &written));
	CHECK_EQ(written, index);
	written = value;
	CHECK(apic_filter_write(base + 0x10, 4, &written));
	return written;
}

TEST(entries_of_the_io_apic_that_would_hit_the_emulator)
{
	/* The registers repeat every 256 bytes. */
	for (uint64_t base = 0xFEC00000; base < 0xFEC01000; base += 0x700) {
		for (uint8_t index = 0x10; index < 0x40; index += 2) {
			CHECK_EQ(entry_as_written(base, index, MODE(SMI) | 0x31), MODE(SMI) | 0x31 | MASKED);
			CHECK_EQ(entry_as_written(base, index, MODE(INIT)), MODE(INIT) | MASKED);
			CHECK_EQ(entry_as_written(base, index, MODE(FIXED) | 0x31), 0x31);
			CHECK_EQ(entry_as_written(base, (uint8_t)(index + 1), MODE(INIT)), MODE(INIT));
		}
		CHECK_EQ(entry_as_written(base, 0, MODE(INIT)), MODE(INIT));
	}
}

/* Event and MSR call alike: the vCPU waits, and is not answered. */
TEST(reset_hold)
{
	struct level *level = &machine_vcpu[0].level[MOCK_VMPL];

	mock_reset();
	machine_vcpu[0].idle = false;
	level->ghcb_msr = GHCB_MSR_AP_RESET_HOLD_REQ;
	host_vmgexit(&machine_vcpu[0]);
	CHECK(machine_vcpu[0].idle);
	CHECK_EQ(level->ghcb_msr, GHCB_MSR_AP_RESET_HOLD_RSP);
	mock_reset();
	machine_vcpu[0].idle = false;
	CHECK(mock_event(GHCB_EXIT_AP_RESET_HOLD, 0, 0));
	CHECK(machine_vcpu[0].idle);
	mock_reset();
}
