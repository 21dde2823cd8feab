/* SPDX-License-Identifier: MIT */
#include "kernel/x86/traps.h"

#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/user.h"
#include "lib/string.h"

#define SELECTOR_CODE 0x08u
#define SELECTOR_DATA 0x10u
#define SELECTOR_TSS 0x18u
#define GATE_INTERRUPT 0x8Eu
#define IST_DOUBLE_FAULT 1u
#define IST_NMI 2u
#define IST_VC 3u
#define EXCEPTION_STACK_OWNER 16u

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct __attribute__((packed)) tss {
	uint32_t reserved_0;
	uint64_t rsp[3];
	uint64_t reserved_1;
	uint64_t ist[7];
	uint64_t reserved_2;
	uint16_t reserved_3, io_map;
};

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint64_t base;
};

struct exception_entry {
	uint64_t instruction, fixup;
};

struct tables {
	uint64_t gdt[7];
	struct tss tss;
};

extern const uint64_t trap_stub_table[32];
extern void trap_stub_other(void);
extern void trap_stub_timer(void);
void user_leave(struct user_context *context) __noreturn;
extern const struct exception_entry exception_table_start[], exception_table_end[];

static struct gate idt[256];
static struct tables tables[PERCPU_MAX];

static void set_gate(uint32_t vector, uint64_t handler, uint8_t ist)
{
	idt[vector] = (struct gate){ .offset_low = (uint16_t)handler,
				     .selector = SELECTOR_CODE,
				     .ist = ist,
				     .type = GATE_INTERRUPT,
				     .offset_middle = (uint16_t)(handler >> 16),
				     .offset_high = (uint32_t)(handler >> 32) };
}

static void fill_idt(void)
{
	for (uint32_t vector = 0; vector < 256; vector++)
		set_gate(vector, vector < 32 ? trap_stub_table[vector] : (uint64_t)(uintptr_t)&trap_stub_other, 0);
	set_gate(VECTOR_DOUBLE_FAULT, trap_stub_table[VECTOR_DOUBLE_FAULT], IST_DOUBLE_FAULT);
	set_gate(VECTOR_NMI, trap_stub_table[VECTOR_NMI], IST_NMI);
	set_gate(VECTOR_VC, trap_stub_table[VECTOR_VC], IST_VC);
	set_gate(VECTOR_TIMER, (uint64_t)(uintptr_t)&trap_stub_timer, 0);
}

static void fill_gdt(struct tables *table)
{
	uint64_t base = (uint64_t)(uintptr_t)&table->tss;

	table->gdt[0] = 0;
	table->gdt[1] = 0x00AF9B000000FFFFull;
	table->gdt[2] = 0x00CF93000000FFFFull;
	table->gdt[3] = (sizeof(struct tss) - 1u) | (base & 0xFFFFFFu) << 16 | 0x89ull << 40 |
			(base >> 24 & 0xFFu) << 56;
	table->gdt[4] = base >> 32;
	table->gdt[USER_DATA_SELECTOR / 8u] = 0x00CFF3000000FFFFull;
	table->gdt[USER_CODE_SELECTOR / 8u] = 0x00AFFB000000FFFFull;
}

void traps_init_cpu(struct percpu *cpu)
{
	struct tables *table = &tables[cpu->index];
	struct table_pointer gdt_pointer = { sizeof(table->gdt) - 1u, (uint64_t)(uintptr_t)table->gdt };
	struct table_pointer idt_pointer = { sizeof(idt) - 1u, (uint64_t)(uintptr_t)idt };

	if (cpu->index == 0)
		fill_idt();
	fill_gdt(table);
	/* The last 16 bytes of each such stack name the CPU: traps.S finds it there when GS cannot be trusted. */
	for (uint32_t i = 0; i < 3; i++) {
		table->tss.ist[i] = cpu->exception_stack[i].v - EXCEPTION_STACK_OWNER;
		*(struct percpu **)(uintptr_t)table->tss.ist[i] = cpu;
	}
	table->tss.io_map = sizeof(struct tss);
	__asm__ volatile("lgdt %0" : : "m"(gdt_pointer) : "memory");
	__asm__ volatile("ltr %0" : : "r"((uint16_t)SELECTOR_TSS) : "memory");
	__asm__ volatile("lidt %0" : : "m"(idt_pointer) : "memory");
	cpu->self = cpu;
	cpu_write_msr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
}

/* The linker script names the two ends. */
static const struct exception_entry *exception_table(size_t *count)
{
	*count = ((uintptr_t)exception_table_end - (uintptr_t)exception_table_start) / sizeof(struct exception_entry);
	return exception_table_start;
}

static bool fix_up(struct trap_frame *frame)
{
	size_t count;
	const struct exception_entry *table = exception_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (table[i].instruction == frame->rip) {
			frame->rip = table[i].fixup;
			return true;
		}
	}
	return false;
}

void trap_handle(struct trap_frame *frame)
{
	if ((frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_VC ||
	     frame->vector == VECTOR_GENERAL_PROTECTION || frame->vector == VECTOR_INVALID_OPCODE) &&
	    fix_up(frame))
		return;
	trap_unexpected(frame, cpu_read_cr2());
}

void trap_handle_on_own_stack(struct trap_frame *frame, struct percpu *cpu)
{
	cpu_write_msr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	if (frame->vector == VECTOR_NMI)
		cpu->spurious_nmi++;
	else
		trap_handle(frame);
}

void trap_from_user(struct trap_frame *frame, struct percpu *cpu)
{
	/* Ring 3 may have loaded GS with a selector, which changes its base. */
	cpu_write_msr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	if (frame->vector == VECTOR_NMI) {
		cpu->spurious_nmi++;
		return;
	}
	if (frame != &cpu->user->frame)
		cpu->user->frame = *frame;
	cpu->user->fault_address = frame->vector == VECTOR_PAGE_FAULT ? cpu_read_cr2() : 0;
	user_leave(cpu->user);
}

void traps_set_kernel_stack(struct percpu *cpu, va_t stack)
{
	tables[cpu->index].tss.rsp[0] = stack.v;
}
