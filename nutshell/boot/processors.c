/* SPDX-License-Identifier: MIT */
/* The other processors: INIT and start-up requests, one processor at a time (APM volume 2, 15.21 and 16.5). */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/machine.h"
#include "nutshell/start.h"

#define TRAMPOLINE 0x8000ull
#define LOCAL_APIC 0xFEE00000ull
#define ICR_LOW 0x300u
#define ICR_HIGH 0x310u
#define ICR_INIT 0x4500u
#define ICR_STARTUP (0x4600u | (TRAMPOLINE >> 12))
#define STACK_PAGES 8u
#define START_TICKS 20000000ull
#define TIMEOUT_TICKS 60000000000ull

extern uint64_t boot_pml4[];
extern const uint8_t trampoline_start[], trampoline_end[], trampoline_root[], trampoline_stack[];

void boot_processor_main(void) __noreturn;


static volatile uint32_t started;

static void pause_ticks(uint64_t ticks)
{
	uint64_t start = asm_read_tsc();

	while (asm_read_tsc() - start < ticks)
		__builtin_ia32_pause();
}

static void send(uint32_t apic_id, uint32_t command)
{
	*(volatile uint32_t *)phys_to_virt(LOCAL_APIC + ICR_HIGH) = apic_id << 24;
	*(volatile uint32_t *)phys_to_virt(LOCAL_APIC + ICR_LOW) = command;
}

/* Runs on the new processor; started still holds the number of those before it. */
void boot_processor_main(void)
{
	uint32_t index = started + 1u;

	load_descriptor_tables();
	cpu_init_this(index);
	__atomic_store_n(&started, index, __ATOMIC_RELEASE);
	machine_run(&machine_vcpu[index]);
}

static void start_one(uint32_t index)
{
	uint8_t *copy = phys_to_virt(TRAMPOLINE);
	uint64_t stack = (uint64_t)(uintptr_t)machine_alloc_pages(STACK_PAGES) + STACK_PAGES * PAGE_SIZE;
	uint64_t root, start;

	__asm__ volatile("movq %%cr3, %0" : "=r"(root));
	memcpy(copy, trampoline_start, (uint64_t)(trampoline_end - trampoline_start));
	memcpy(copy + (trampoline_root - trampoline_start), &root, sizeof(root));
	memcpy(copy + (trampoline_stack - trampoline_start), &stack, sizeof(stack));
	send(index, ICR_INIT);
	pause_ticks(START_TICKS);
	send(index, (uint32_t)ICR_STARTUP);
	start = asm_read_tsc();
	while (started < index) {
		if (asm_read_tsc() - start > TIMEOUT_TICKS)
			machine_stop(STOP_LAUNCH, "processor %u does not start", index);
		__builtin_ia32_pause();
	}
}

void boot_start_processors(uint32_t count)
{
	for (uint32_t index = 1; index < count; index++)
		start_one(index);
	/* Nobody needs the identity mapping any more: a null pointer faults from now on. */
	boot_pml4[0] = 0;
	__asm__ volatile("movq %%cr3, %%rax; movq %%rax, %%cr3" : : : "rax", "memory");
}
