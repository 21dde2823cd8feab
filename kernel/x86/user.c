/* SPDX-License-Identifier: MIT */
#include "kernel/x86/user.h"

#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

#define MSR_FS_BASE 0xC0000100u
#define CR0_MP (1ull << 1)
#define CR0_EM (1ull << 2)
#define CR0_TS (1ull << 3)
#define CR0_NE (1ull << 5)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define FXSAVE_FCW 0u
#define FXSAVE_MXCSR 24u
#define FCW_DEFAULT 0x37Fu
#define MXCSR_DEFAULT 0x1F80u

_Static_assert(offsetof(struct user_context, frame) == 2048, "known to user.S");
_Static_assert(offsetof(struct user_context, cpu) == 2048 + sizeof(struct trap_frame), "known to traps.S");
_Static_assert(offsetof(struct user_context, kernel_stack) == 2048 + 184, "known to user.S");
_Static_assert(offsetof(struct user_context, cpu) % 16 == 0, "end of the frame, a stack");
_Static_assert(offsetof(struct user_context, fpu) % 16 == 0, "as FXSAVE wants it");

_Static_assert(sizeof(struct user_context) <= PAGE_SIZE, "a frame of its own");

void user_enter(struct user_context *context);

/* What the thread before left in the selectors is not for this one to see. Loading GS may change its base. */
static void clear_selectors(struct percpu *cpu)
{
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" : : "r"(0) : "memory");
	cpu_write_msr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
}

void user_init_cpu(void)
{
	cpu_write_cr0((cpu_read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	cpu_write_cr4(cpu_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
}

void user_context_init(struct user_context *context, va_t entry, va_t stack)
{
	uint16_t fcw = FCW_DEFAULT;
	uint32_t mxcsr = MXCSR_DEFAULT;

	memset(context, 0, sizeof(*context));
	context->frame.rip = entry.v;
	context->frame.cs = USER_CODE_SELECTOR;
	context->frame.rflags = RFLAGS_FIXED | RFLAGS_INTERRUPT;
	context->frame.rsp = stack.v;
	context->frame.ss = USER_DATA_SELECTOR;
	memcpy(context->fpu + FXSAVE_FCW, &fcw, sizeof(fcw));
	memcpy(context->fpu + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

void user_run(struct user_context *context, uint64_t root)
{
	struct percpu *cpu = percpu_self();
	uint64_t own_root = cpu_read_cr3();

	context->cpu = cpu;
	cpu->user = context;
	traps_set_kernel_stack(cpu, va((uint64_t)(uintptr_t)&context->cpu));
	clear_selectors(cpu);
	cpu_write_msr(MSR_FS_BASE, context->fs_base);
	__asm__ volatile("fxrstorq %0" : : "m"(context->fpu) : "memory");
	cpu_write_cr3(root);
	user_enter(context);
	cpu_write_cr3(own_root);
	__asm__ volatile("fxsaveq %0" : "=m"(context->fpu) : : "memory");
	cpu->user = NULL;
}
