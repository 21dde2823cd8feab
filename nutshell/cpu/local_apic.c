/* SPDX-License-Identifier: MIT */
/* The local APIC belongs to the guest; a reset of the guest puts it back into the state that the BIOS left it in. */
#include "nutshell/asm.h"
#include "nutshell/cpu/cpu.h"

#define LOCAL_APIC 0xFEE00000ull
#define TASK_PRIORITY 0x080u
#define END_OF_INTERRUPT 0x0B0u
#define SPURIOUS 0x0F0u
#define SPURIOUS_ENABLED 0x1FFu
#define IN_SERVICE 0x100u
#define REQUESTED 0x200u
#define BITMAP_WORDS 8u
#define STEP 0x10u
#define ERROR_STATUS 0x280u
#define LVT_MASKED (1u << 16)
#define LVT_FIRST 0x320u
#define LVT_LAST 0x370u
#define INITIAL_COUNT 0x380u
#define ROUNDS_MAX 512u

/* In the order in which they are written; the enabling one before the vector table, which it masks. */
static const uint16_t saved[] = { TASK_PRIORITY, 0x0D0, 0x0E0, SPURIOUS, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x3E0 };
_Static_assert(ARRAY_SIZE(saved) <= LOCAL_APIC_SAVED_MAX, "room for all saved registers");

static volatile uint32_t *local_apic(uint32_t offset)
{
	return (volatile uint32_t *)phys_to_virt(LOCAL_APIC + offset);
}

void cpu_save_local_apic(struct vcpu_cpu *cpu)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(saved); i++)
		cpu->local_apic[i] = *local_apic(saved[i]);
}

static bool any(uint32_t bitmap)
{
	for (uint32_t i = 0; i < BITMAP_WORDS; i++) {
		if (*local_apic(bitmap + i * STEP) != 0)
			return true;
	}
	return false;
}

/* Nutshell's handlers do nothing: an interrupt that is taken and ended is gone. */
static void drain(void)
{
	for (uint32_t i = 0; i < ROUNDS_MAX && (any(IN_SERVICE) || any(REQUESTED)); i++) {
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
		*local_apic(END_OF_INTERRUPT) = 0;
	}
}

void cpu_reset_local_apic(const struct vcpu_cpu *cpu)
{
	*local_apic(INITIAL_COUNT) = 0;
	for (uint32_t at = LVT_FIRST; at <= LVT_LAST; at += STEP)
		*local_apic(at) |= LVT_MASKED;
	*local_apic(TASK_PRIORITY) = 0;
	*local_apic(SPURIOUS) = SPURIOUS_ENABLED; /* a disabled one keeps what is pending */
	drain();
	*local_apic(ERROR_STATUS) = 0;
	for (uint32_t i = 0; i < ARRAY_SIZE(saved); i++)
		*local_apic(saved[i]) = cpu->local_apic[i];
}
