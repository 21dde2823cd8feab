/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: which of ring 0 are continued, what ends a stay in ring 3, and what is in the descriptor tables. The way in
 * (traps.S) is assembly: it is tested.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#include "abi/snp.h"
#include "lib/types.h"
#define MSR_GS_BASE 0xC0000101u
static uint64_t gs_base, cr2;
static uint32_t gs_writes;
static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
	PROVE(msr == 0xC0000101, "GS, nothing else");
	gs_base = value;
	gs_writes++;
}
static inline uint64_t cpu_read_cr2(void)
{
	return cr2;
}

#include "kernel/x86/traps.c"

static const struct exception_entry entries[] = { { 0x1000, 0x2000 }, { 0x1010, 0x2008 }, { 0x2010, 0x1004 } };
const uint64_t trap_stub_table[32] = { 0xFFFFFFFF80001000, [2] = 0xFFFFFFFF80002220, [8] = 0x1234567812345678, [29] = 0xFFFFFFFF8000FFF0, [31] = 0x31 };
void trap_stub_other(void) { }
void trap_stub_timer(void) { }

const struct exception_entry *stub_exception_table(size_t *count)
{
	*count = ARRAY_SIZE(entries);
	return entries;
}

static struct percpu cpu;
static struct user_context user;
static struct trap_frame frame, before;
static bool same_as_before(const struct trap_frame *now)
{
	return now->r15 == before.r15 && now->r14 == before.r14 && now->r13 == before.r13 && now->r12 == before.r12 && now->r11 == before.r11 &&
	       now->r10 == before.r10 && now->r9 == before.r9 && now->r8 == before.r8 && now->rdi == before.rdi && now->rsi == before.rsi &&
	       now->rbp == before.rbp && now->rbx == before.rbx && now->rdx == before.rdx && now->rcx == before.rcx && now->rax == before.rax &&
	       now->vector == before.vector && now->error == before.error && now->cs == before.cs && now->rflags == before.rflags &&
	       now->rsp == before.rsp && now->ss == before.ss;
}

/* Where an instruction that may fault is continued; 0: it may not. */
static uint64_t fixup_of(uint64_t rip)
{
	return rip == 0x1000 ? 0x2000 : rip == 0x1010 ? 0x2008 : rip == 0x2010 ? 0x1004 : 0;
}

/* An exception that says that memory is not there, or that the host switched an instruction off. */
static bool may_be_fixed(void)
{
	return (before.vector == 14 || before.vector == 29 || before.vector == 13 || before.vector == 6) && fixup_of(before.rip) != 0;
}

static bool on_own_stack;

void trap_unexpected(const struct trap_frame *its, uint64_t address)
{
	PROVE(its == &frame && address == cr2 && same_as_before(its) && its->rip == before.rip, "it is told as it was");
	PROVE(!may_be_fixed(), "only what nobody has said in advance");
	PROVE(!on_own_stack || (before.vector != 2 && gs_base == (uint64_t)(uintptr_t)&cpu), "with GS put right, and not for an NMI");
	CANARY("a panic");
	ASSUME(false);
	for (;;)
		;
}

static void any_trap(void)
{
	__CPROVER_havoc_object(&frame);
	before = frame;
	cr2 = any_u64();
	cpu.spurious_nmi = 7;
}

void prove_handle(void)
{
	any_trap();
	trap_handle(&frame);
	PROVE(may_be_fixed() && frame.rip == fixup_of(before.rip), "continued at the fix-up of its instruction");
	PROVE(same_as_before(&frame) && gs_writes == 0, "nothing else changes");
	CANARY("continued");
}

void prove_own_stack(void)
{
	any_trap();
	on_own_stack = true;
	trap_handle_on_own_stack(&frame, &cpu);
	PROVE(gs_writes == 1 && gs_base == (uint64_t)(uintptr_t)&cpu, "GS is this processor's");
	PROVE(same_as_before(&frame), "the registers stay");
	if (before.vector == 2) {
		PROVE(frame.rip == before.rip && cpu.spurious_nmi == 8, "an NMI is counted, no more");
		CANARY("an NMI");
	} else {
		PROVE(may_be_fixed() && frame.rip == fixup_of(before.rip) && cpu.spurious_nmi == 7, "continued at the fix-up");
		CANARY("continued");
	}
}

static bool in_place; /* the processor has saved the registers where they belong */

void user_leave(struct user_context *context)
{
	PROVE(context == &user && before.vector != 2 && cpu.spurious_nmi == 7, "the thread is left, but not by an NMI");
	PROVE(same_as_before(&user.frame) && user.frame.rip == before.rip, "with its registers");
	PROVE(user.fault_address == (before.vector == 14 ? cr2 : 0), "and with the address of a page fault");
	PROVE(gs_writes == 1 && gs_base == (uint64_t)(uintptr_t)&cpu && cpu.user == &user, "GS is the monitor's again");
	if (in_place)
		CANARY("left from its frame");
	else
		CANARY("left from another stack");
	ASSUME(false);
	for (;;)
		;
}

void prove_from_user(void)
{
	any_trap();
	__CPROVER_havoc_object(&user);
	cpu.user = &user;
	in_place = any_bool();
	if (in_place)
		user.frame = before;
	trap_from_user(in_place ? &user.frame : &frame, &cpu);
	PROVE(before.vector == 2 && cpu.spurious_nmi == 8 && gs_writes == 1 && gs_base == (uint64_t)(uintptr_t)&cpu, "only an NMI goes back to the thread");
	PROVE(same_as_before(in_place ? &user.frame : &frame) && (in_place ? user.frame.rip : frame.rip) == before.rip, "as it was");
	CANARY("an NMI");
}

void prove_gates(void)
{
	uint32_t vector = any_u8();

	fill_idt();
	const struct gate *gate = &idt[vector];
	uint64_t handler = gate->offset_low | (uint64_t)gate->offset_middle << 16 | (uint64_t)gate->offset_high << 32;
	uint64_t wanted = vector < 32 ? trap_stub_table[vector] : vector == 0x40 ? (uint64_t)(uintptr_t)&trap_stub_timer : (uint64_t)(uintptr_t)&trap_stub_other;

	PROVE(handler == wanted, "each vector has its way in");
	/* Present, for ring 0 only, and an interrupt gate: interrupts are off behind it. */
	PROVE(gate->type == 0x8E && gate->selector == 8 && gate->reserved == 0, "no gate can be named by ring 3");
	PROVE(gate->ist == (vector == 8 ? 1 : vector == 2 ? 2 : vector == 29 ? 3 : 0), "a stack of its own where the present one may be none");
	if (vector == 0x40)
		CANARY("the timer");
	if (vector == 31)
		CANARY("an exception");
}

static uint32_t level_of(uint64_t descriptor)
{
	return descriptor >> 45 & 3;
}

void prove_segments(void)
{
	static struct tables table;

	fill_gdt(&table);
	PROVE(table.gdt[0] == 0, "the first is none");
	PROVE(level_of(table.gdt[1]) == 0 && level_of(table.gdt[2]) == 0, "the monitor's are of ring 0");
	PROVE(level_of(table.gdt[0x2B / 8]) == 3 && level_of(table.gdt[0x33 / 8]) == 3, "services' are of ring 3");
	PROVE((table.gdt[1] >> 53 & 3) == 1 && (table.gdt[0x33 / 8] >> 53 & 3) == 1, "code is of 64 bits");
	PROVE((table.gdt[1] >> 43 & 1) == 1 && (table.gdt[2] >> 43 & 1) == 0 && (table.gdt[0x2B / 8] >> 43 & 1) == 0, "code is code, data is data");
	uint64_t base = (table.gdt[3] >> 16 & 0xFFFFFF) | (table.gdt[3] >> 56) << 24 | table.gdt[4] << 32;

	PROVE(base == (uint64_t)(uintptr_t)&table.tss && (table.gdt[3] & 0xFFFF) == sizeof(table.tss) - 1 && (table.gdt[3] >> 40 & 0xFF) == 0x89 &&
		      (table.gdt[3] >> 48 & 0xF) == 0, "the task's segment is the table's, of ring 0");
	cpu.index = any_u8() % PERCPU_MAX;
	uint32_t other = any_u8() % PERCPU_MAX;
	uint64_t others = tables[other].tss.rsp[0], stack = any_u64();

	traps_set_kernel_stack(&cpu, va(stack));
	PROVE(tables[cpu.index].tss.rsp[0] == stack && IMPLIES(other != cpu.index, tables[other].tss.rsp[0] == others), "each processor has a stack of its own");
	CANARY("filled");
}
