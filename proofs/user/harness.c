/* SPDX-License-Identifier: MIT */
/* The registers that a thread of ring 3 starts with. The way to ring 3 is assembly: it is tested. */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#define memset zero
#include <stddef.h>
static void *zero(void *destination, int byte, size_t size);
#include "lib/types.h"
#define MSR_GS_BASE 0xC0000101u
static void cpu_write_msr(uint32_t msr, uint64_t value);
static uint64_t cpu_read_cr0(void);
static uint64_t cpu_read_cr3(void);
static uint64_t cpu_read_cr4(void);
static void cpu_write_cr0(uint64_t value);
static void cpu_write_cr3(uint64_t value);
static void cpu_write_cr4(uint64_t value);
#include "kernel/x86/user.c"

static void cpu_write_msr(uint32_t msr, uint64_t value) { }
static uint64_t cpu_read_cr3(void) { return any_u64(); }
static void cpu_write_cr3(uint64_t value) { }

static uint64_t cr0, cr4;
static uint64_t cpu_read_cr0(void) { return cr0; }
static uint64_t cpu_read_cr4(void) { return cr4; }
static void cpu_write_cr0(uint64_t value) { cr0 = value; }
static void cpu_write_cr4(uint64_t value) { cr4 = value; }

static struct user_context context;
static bool zeroed;

static void *zero(void *destination, int byte, size_t size)
{
	PROVE(destination == &context && byte == 0 && size == sizeof(context) && !zeroed, "all of it");
	context = (struct user_context){ .cpu = NULL };
	zeroed = true;
	return destination;
}

void prove_context(void)
{
	uint64_t entry = any_u64(), stack = any_u64();
	uint32_t at = any_u32();

	__CPROVER_havoc_object(&context);
	user_context_init(&context, va(entry), va(stack));
	PROVE(zeroed && context.frame.rip == entry && context.frame.rsp == stack, "it starts there");
	PROVE(context.frame.cs == 0x33 && context.frame.ss == 0x2B, "in ring 3");
	/* Interrupts on; I/O privilege 0, no alignment checks, no trap flag. */
	PROVE(context.frame.rflags == 0x202, "with interrupts, and without a right to I/O");
	PROVE(context.frame.rax == 0 && context.frame.rbx == 0 && context.frame.rcx == 0 && context.frame.rdx == 0 && context.frame.rdi == 0 &&
		      context.frame.rsi == 0 && context.frame.rbp == 0 && context.frame.r8 == 0 && context.frame.r15 == 0 && context.fs_base == 0,
	      "nothing of another's is in its registers");
	ASSUME(at < FXSAVE_SIZE);
	uint8_t wanted = at == 0 ? 0x7F : at == 1 ? 0x03 : at == 24 ? 0x80 : at == 25 ? 0x1F : 0;

	PROVE(context.fpu[at] == wanted, "nor in its floating-point registers: as after a reset, with all exceptions masked");
	CANARY("made");
}

void prove_cpu(void)
{
	uint64_t before = cr0 = any_u64(), before_4 = cr4 = any_u64();

	user_init_cpu();
	PROVE((cr0 & 0xC) == 0 && (cr0 & 0x22) == 0x22 && ((cr0 ^ before) & ~0x2Eull) == 0, "floating point works and reports errors, nothing else of CR0");
	PROVE(cr4 == (before_4 | 0x600), "and SSE, nothing else of CR4");
	CANARY("ready");
}
