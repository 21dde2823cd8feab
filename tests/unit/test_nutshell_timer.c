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
