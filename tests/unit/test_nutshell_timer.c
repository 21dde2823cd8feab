/* SPDX-License-Identifier: MIT */
/* VMPL0's local APIC, as Nutshell's host emulates it. */
#include "tests/mock/nutshell.h"
#include "tests/unit/unit.h"

#define EOI 0x80Bu
#define SPURIOUS 0x80Fu
#define LVT 0x832u
#define INITIAL 0x838u
#define CURRENT 0x839u
#define DIVIDE 0x83Eu
#define MASKED (1u << 16)
#define VECTOR 0x40u

static struct vcpu *vcpu;

static void start(void)
{
	mock_reset();
	vcpu = &machine_vcpu[0];
	CHECK(timer_write(vcpu, EOI, 0));
	mock_tsc = 1000;
	mock_interrupt = 0;
	CHECK(timer_write(vcpu, SPURIOUS, 0x1FF));
	CHECK(timer_write(vcpu, DIVIDE, 0xB));
	CHECK(timer_write(vcpu, LVT, VECTOR));
}

static uint64_t get(uint32_t msr)
{
	uint64_t value = ~0ull;

	CHECK(timer_read(vcpu, msr, &value));
	return value;
}

TEST(counts_down)
{
	uint64_t before;

	start();
	CHECK(timer_write(vcpu, INITIAL, 3000000));
	before = mock_deadline;
	CHECK(before > 6000000 && before <= 6000000 + mock_tsc);
	CHECK(get(CURRENT) > 0 && get(CURRENT) <= 3000000);
	mock_tsc = before + 1;
	CHECK_EQ(get(CURRENT), 0);
	CHECK_EQ(get(INITIAL), 3000000);
	CHECK(timer_write(vcpu, INITIAL, 0));
	CHECK_EQ(mock_deadline, 0);
}

TEST(one_interrupt_until_its_end)
{
	start();
	host_timer_expired(vcpu);
	CHECK_EQ(mock_interrupt, VECTOR);
	host_interrupt_taken(vcpu, VECTOR);
	mock_interrupt = 0;
	host_timer_expired(vcpu);
	CHECK_EQ(mock_interrupt, 0);
	CHECK(timer_write(vcpu, EOI, 0));
	CHECK_EQ(mock_interrupt, VECTOR);
	host_interrupt_taken(vcpu, VECTOR);
	mock_interrupt = 0;
	CHECK(timer_write(vcpu, EOI, 0));
	CHECK_EQ(mock_interrupt, 0);
}

TEST(masked_or_off)
{
	start();
	CHECK(timer_write(vcpu, LVT, VECTOR | MASKED));
	CHECK(timer_write(vcpu, INITIAL, 1000));
	CHECK_EQ(mock_deadline, 0);
	host_timer_expired(vcpu);
	CHECK_EQ(mock_interrupt, 0);
	CHECK(timer_write(vcpu, LVT, VECTOR));
	CHECK(timer_write(vcpu, SPURIOUS, 0xFF));
	host_timer_expired(vcpu);
	CHECK_EQ(mock_interrupt, 0);
}

TEST(refuses_what_it_does_not_do)
{
	uint64_t value;

	start();
	CHECK(!timer_write(vcpu, LVT, VECTOR | 1u << 17)); /* periodic */
	CHECK(!timer_write(vcpu, LVT, 3));
	CHECK_EQ(get(LVT), VECTOR);
	CHECK(!timer_write(vcpu, DIVIDE, 0));
	CHECK(!timer_write(vcpu, EOI, 1));
	CHECK(!timer_write(vcpu, INITIAL, 1ull << 32));
	CHECK(!timer_write(vcpu, 0x830, 0));
	CHECK(!timer_read(vcpu, 0x802, &value));
}

TEST(hostile_host)
{
	start();
	options.no_timer = true;
	host_timer_expired(vcpu);
	CHECK_EQ(mock_interrupt, 0);
	options.no_timer = false;
	options.interrupt = 0x80;
	vcpu->vmpl = 2;
	timer_annoy(vcpu);
	CHECK_EQ(mock_interrupt, 0);
	vcpu->vmpl = 0;
	timer_annoy(vcpu);
	CHECK_EQ(mock_interrupt, 0x80);
	/* The timer's own comes behind it. */
	host_timer_expired(vcpu);
	host_interrupt_taken(vcpu, 0x80);
	CHECK_EQ(mock_interrupt, VECTOR);
	options.interrupt = 0;
}

static uint64_t access_by_event(uint64_t msr, bool write, uint64_t value)
{
	uint32_t vmpl = vcpu->vmpl;

	vcpu->level[vmpl].ghcb_registered = vcpu->level[vmpl].ghcb_msr = MOCK_GHCB;
	memset(mock_ghcb()->valid_bitmap, 0, sizeof(mock_ghcb()->valid_bitmap));
	MOCK_SET(sw_exit_code, SVM_EXIT_MSR);
	MOCK_SET(sw_exit_info_1, write ? 1 : 0);
	MOCK_SET(sw_exit_info_2, 0);
	MOCK_SET(rcx, msr);
	if (write) {
		MOCK_SET(rax, (uint32_t)value);
		MOCK_SET(rdx, value >> 32);
	}
	host_vmgexit(vcpu);
	return mock_ghcb()->sw_exit_info_1;
}

/* As VMPL0 reaches it; to the levels below these registers are not there. */
TEST(by_events)
{
	start();
	CHECK(access_by_event(SPURIOUS, false, 0) != 0); /* #GP */
	vcpu->vmpl = 0;
	CHECK_EQ(access_by_event(SPURIOUS, false, 0), 0);
	CHECK_EQ(mock_ghcb()->rax, 0x1FF);
	CHECK_EQ(mock_ghcb()->rdx, 0);
	CHECK(mock_is_valid(&mock_ghcb()->rax) && mock_is_valid(&mock_ghcb()->rdx));
	CHECK_EQ(access_by_event(DIVIDE, false, 0), 0);
	CHECK_EQ(mock_ghcb()->rax, 0xB);
	CHECK_EQ(access_by_event(LVT, true, VECTOR | MASKED), 0);
	CHECK_EQ(get(LVT), VECTOR | MASKED);
	CHECK(access_by_event(LVT, true, 1ull << 32 | VECTOR) != 0); /* more than the register has */
	CHECK_EQ(get(LVT), VECTOR | MASKED);
	CHECK(access_by_event(0x83D, false, 0) != 0); /* none of its registers */
	vcpu->vmpl = MOCK_VMPL;
}
