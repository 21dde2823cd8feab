/* SPDX-License-Identifier: MIT */
/*
 * VMPL0's local APIC: hosts that know VMPLs give each level its own. It is reached by the x2APIC registers; there is a
 * timer with one shot, and nothing else. A vector that was taken blocks the next until the end-of-interrupt register is
 * written. The hostile options withhold its interrupts, or flood VMPL0 with one.
 */
#include "nutshell/asm.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define X2APIC_EOI 0x80Bu
#define X2APIC_SPURIOUS 0x80Fu
#define X2APIC_LVT_TIMER 0x832u
#define X2APIC_INITIAL 0x838u
#define X2APIC_CURRENT 0x839u
#define X2APIC_DIVIDE 0x83Eu
#define DIVIDE_BY_1 0xBu
#define LVT_MASKED (1u << 16)
#define LVT_VECTOR 0xFFu
#define SPURIOUS_ENABLE (1u << 8)

struct apic {
	uint32_t spurious, lvt, initial, divide;
	uint64_t deadline; /* 0: not running */
	bool pending, in_service;
};

static struct apic apics[MACHINE_VCPU_MAX];

static void offer(struct vcpu *vcpu)
{
	struct apic *apic = &apics[vcpu->index];

	if (apic->pending && !apic->in_service)
		vcpu_set_interrupt(vcpu, (uint8_t)(apic->lvt & LVT_VECTOR));
}

void host_timer_expired(struct vcpu *vcpu)
{
	struct apic *apic = &apics[vcpu->index];

	apic->deadline = 0;
	if ((apic->lvt & LVT_MASKED) == 0 && (apic->spurious & SPURIOUS_ENABLE) != 0 && !options.no_timer)
		apic->pending = true;
	offer(vcpu);
	attack_at_timer(vcpu);
}

void host_interrupt_taken(struct vcpu *vcpu, uint8_t vector)
{
	struct apic *apic = &apics[vcpu->index];

	if (apic->pending && !apic->in_service && vector == (apic->lvt & LVT_VECTOR)) {
		apic->pending = false;
		apic->in_service = true;
	}
	offer(vcpu);
}

void timer_annoy(struct vcpu *vcpu)
{
	if (options.interrupt != 0 && vcpu->vmpl == 0)
		vcpu_set_interrupt(vcpu, (uint8_t)options.interrupt);
}

static void start(struct vcpu *vcpu, struct apic *apic, uint32_t count)
{
	apic->initial = count;
	apic->deadline = 0;
	if (count != 0)
		apic->deadline = asm_read_tsc() + (uint64_t)count * machine_ticks_per_ms() / MACHINE_TIMER_COUNTS_PER_MS;
	vcpu_set_timer(vcpu, (apic->lvt & LVT_MASKED) == 0 ? apic->deadline : 0);
}

static uint32_t current(const struct apic *apic)
{
	uint64_t now = asm_read_tsc();

	if (apic->deadline <= now)
		return 0;
	return (uint32_t)((apic->deadline - now) * MACHINE_TIMER_COUNTS_PER_MS / machine_ticks_per_ms());
}

static bool write_register(struct vcpu *vcpu, struct apic *apic, uint32_t msr, uint32_t value)
{
	switch (msr) {
	case X2APIC_EOI:
		if (value != 0)
			return false;
		apic->in_service = false;
		offer(vcpu);
		return true;
	case X2APIC_SPURIOUS:
		apic->spurious = value;
		return true;
	case X2APIC_LVT_TIMER: /* one shot: all but vector and mask is zero */
		if ((value & ~(LVT_VECTOR | LVT_MASKED)) != 0 || (value & LVT_VECTOR) < 16u)
			return false;
		apic->lvt = value;
		vcpu_set_timer(vcpu, (value & LVT_MASKED) == 0 ? apic->deadline : 0);
		return true;
	case X2APIC_INITIAL:
		start(vcpu, apic, value);
		return true;
	case X2APIC_DIVIDE:
		return value == DIVIDE_BY_1;
	default:
		return false;
	}
}

bool timer_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	return value <= UINT32_MAX && write_register(vcpu, &apics[vcpu->index], msr, (uint32_t)value);
}

bool timer_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	const struct apic *apic = &apics[vcpu->index];

	switch (msr) {
	case X2APIC_SPURIOUS:
		*value = apic->spurious;
		return true;
	case X2APIC_LVT_TIMER:
		*value = apic->lvt;
		return true;
	case X2APIC_INITIAL:
		*value = apic->initial;
		return true;
	case X2APIC_CURRENT:
		*value = current(apic);
		return true;
	case X2APIC_DIVIDE:
		*value = DIVIDE_BY_1;
		return true;
	default:
		return false;
	}
}
