/* SPDX-License-Identifier: MIT */
/*
 * A timer for VMPL0, as a hypervisor has one: QEMU's local APIC has one timer, which is the guest's. While VMPL0 runs
 * with a deadline ahead it is borrowed, and interrupts as an NMI (QEMU takes the delivery mode of the timer's entry as it
 * is written; under KVM there would be no interrupt). The guest gets it back with what is left of its time.
 */
#include "nutshell/asm.h"
#include "nutshell/cpu/cpu.h"

#define LOCAL_APIC 0xFEE00000ull
#define APIC_ICR_LOW 0x300u
#define APIC_ICR_HIGH 0x310u
#define APIC_LVT_TIMER 0x320u
#define APIC_INITIAL 0x380u
#define APIC_CURRENT 0x390u
#define APIC_DIVIDE 0x3E0u
#define DIVIDE_BY_1 0xBu
#define LVT_MASKED (1u << 16)
#define LVT_PERIODIC (1u << 17)
#define LVT_NMI 0x400u
#define ICR_SELF 0x40000u
#define ICR_VECTOR 0xFFu
#define COUNTS_MAX 0xFFFFFFFFull
#define CALIBRATION_COUNTS 5000000u /* 5 ms */
#define V_IRQ (1ull << 8)
#define V_IGN_TPR (1ull << 20)
#define V_INTR_VECTOR_SHIFT 32

static uint64_t ticks_per_ms;

static volatile uint32_t *apic(uint32_t offset)
{
	return phys_to_virt(LOCAL_APIC + offset);
}

void timer_init(void)
{
	uint64_t start = asm_read_tsc();
	uint32_t count;

	*apic(APIC_LVT_TIMER) = LVT_MASKED;
	*apic(APIC_DIVIDE) = DIVIDE_BY_1;
	*apic(APIC_INITIAL) = (uint32_t)COUNTS_MAX;
	do {
		count = (uint32_t)COUNTS_MAX - *apic(APIC_CURRENT);
		__builtin_ia32_pause();
	} while (count < CALIBRATION_COUNTS);
	ticks_per_ms = (asm_read_tsc() - start) * MACHINE_TIMER_COUNTS_PER_MS / count;
	*apic(APIC_INITIAL) = 0;
}

uint64_t machine_ticks_per_ms(void)
{
	return ticks_per_ms;
}

static uint64_t to_counts(uint64_t ticks)
{
	return ticks / ticks_per_ms * MACHINE_TIMER_COUNTS_PER_MS +
	       ticks % ticks_per_ms * MACHINE_TIMER_COUNTS_PER_MS / ticks_per_ms;
}

/* Counts of the guest's timer in one of ours, as a shift: its divide configuration register has bits 0, 1 and 3. */
static uint32_t divide_shift(uint32_t divide)
{
	return (((divide & 3u) | (divide >> 1 & 4u)) + 1u) & 7u;
}

/*
 * The entry first, the count last: a count that runs out while the entry is masked is forgotten, and a short one runs out
 * between two accesses.
 */
static void program(uint32_t lvt, uint32_t divide, uint32_t count)
{
	*apic(APIC_INITIAL) = 0;
	*apic(APIC_DIVIDE) = divide;
	*apic(APIC_LVT_TIMER) = lvt;
	*apic(APIC_INITIAL) = count;
}

static void borrow(struct timer *timer, uint64_t now)
{
	timer->guest_lvt = *apic(APIC_LVT_TIMER);
	timer->guest_divide = *apic(APIC_DIVIDE);
	timer->guest_initial = *apic(APIC_INITIAL);
	timer->guest_current = *apic(APIC_CURRENT);
	timer->borrowed_at = now;
	timer->borrowed = true;
	*apic(APIC_LVT_TIMER) = LVT_MASKED;
}

/*
 * A periodic timer starts its period anew; what it has lost adds up to interrupts of their own, so that the guest's
 * clock keeps its pace.
 */
static uint32_t resume_periodic(struct timer *timer, uint64_t elapsed)
{
	uint64_t period = timer->guest_initial;

	timer->debt += period - timer->guest_current + elapsed;
	if (timer->debt >= period && (timer->guest_lvt & LVT_MASKED) == 0) {
		uint32_t saved = *apic(APIC_ICR_HIGH);

		*apic(APIC_ICR_LOW) = ICR_SELF | (timer->guest_lvt & ICR_VECTOR);
		*apic(APIC_ICR_HIGH) = saved;
		timer->debt -= period;
	}
	timer->debt = timer->debt < 2u * period ? timer->debt : 2u * period;
	return timer->guest_initial;
}

static void give_back(struct timer *timer)
{
	uint64_t elapsed = to_counts(asm_read_tsc() - timer->borrowed_at) >> divide_shift(timer->guest_divide);
	uint32_t count = 0;

	if ((timer->guest_lvt & LVT_PERIODIC) != 0 && timer->guest_initial != 0)
		count = resume_periodic(timer, elapsed);
	else if (timer->guest_current != 0)
		count = elapsed < timer->guest_current ? timer->guest_current - (uint32_t)elapsed : 1u;
	program(timer->guest_lvt, timer->guest_divide, count);
	timer->borrowed = false;
}

void vcpu_set_timer(struct vcpu *vcpu, uint64_t deadline)
{
	vcpu->cpu->timer.deadline = deadline;
}

void vcpu_set_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	vcpu->cpu->timer.vector = vector;
}

static void start(struct timer *timer, uint64_t now)
{
	uint64_t counts = to_counts(timer->deadline - now) + 1u;

	if (!timer->borrowed)
		borrow(timer, now);
	/* From here to VMRUN the NMI waits: taken by Nutshell it would be lost. */
	__asm__ volatile("clgi" : : : "memory");
	program(LVT_NMI, DIVIDE_BY_1, (uint32_t)(counts < COUNTS_MAX ? counts : COUNTS_MAX));
}

void timer_enter(struct vcpu *vcpu)
{
	struct timer *timer = &vcpu->cpu->timer;
	uint64_t now;

	if (vcpu->vmpl != 0) {
		if (timer->borrowed)
			give_back(timer);
		return;
	}
	now = asm_read_tsc();
	if (timer->deadline != 0 && now >= timer->deadline) {
		timer->deadline = 0;
		host_timer_expired(vcpu);
	}
	if (timer->deadline != 0)
		start(timer, now);
	*vmcb_u64(vcpu, VMCB_V_INTR) &= ~(V_IRQ | V_IGN_TPR | 0xFFull << V_INTR_VECTOR_SHIFT);
	if (timer->vector != 0)
		*vmcb_u64(vcpu, VMCB_V_INTR) |= V_IRQ | V_IGN_TPR | (uint64_t)timer->vector << V_INTR_VECTOR_SHIFT;
}

void timer_leave(struct vcpu *vcpu)
{
	struct timer *timer = &vcpu->cpu->timer;
	uint8_t vector;

	if (vcpu->vmpl != 0 || timer->vector == 0 || (*vmcb_u64(vcpu, VMCB_V_INTR) & V_IRQ) != 0)
		return;
	vector = timer->vector;
	timer->vector = 0;
	host_interrupt_taken(vcpu, vector);
}
