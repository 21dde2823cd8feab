/* SPDX-License-Identifier: MIT */
/*
 * user.h - running ring-3 code: enter with a context, come back with the reason.
 *
 * A context is a thread's registers. While its thread runs, the processor's ring-0 stack pointer is the end of
 * context->frame: an interrupt, exception or system call saves the registers where they belong, and user_run() returns.
 * Interrupts are on in ring 3 and off everywhere else. What ring 3 can change of the processor's state (segments, GS,
 * flags, x87 and SSE) is put back or saved at every way in.
 */
#ifndef KERNEL_X86_USER_H
#define KERNEL_X86_USER_H

#include "kernel/x86/traps.h"
#include "lib/types.h"

#define USER_CODE_SELECTOR 0x33u
#define USER_DATA_SELECTOR 0x2Bu
#define RFLAGS_FIXED (1ull << 1)
#define RFLAGS_INTERRUPT (1ull << 9)
#define FXSAVE_SIZE 512u

struct percpu;

struct user_context {
	uint8_t slack[2048]; /* for an exception in the first instructions of the way in: it ends in a panic, cleanly */
	struct trap_frame frame; /* its end is 16-byte aligned, as the processor wants its stack */
	struct percpu *cpu;      /* known to traps.S: must follow the frame */
	uint64_t kernel_stack;   /* known to user.S */
	uint8_t fpu[FXSAVE_SIZE];
	uint64_t fs_base;
	uint64_t fault_address; /* CR2, when the reason is a page fault */
};

/* A context that starts at entry with the given stack; all other registers are zero. */
void user_context_init(struct user_context *context, va_t entry, va_t stack);

/*
 * Runs the context in the address space that root names (a CR3 value) until ring 0 is entered: an exception, an
 * interrupt, or a system call. The reason is context->frame.vector. NMIs are not a reason. The CPU is back in the
 * monitor's own address space afterwards.
 */
void user_run(struct user_context *context, uint64_t root);

/* Prepares this CPU: SSE on, as ring 3 needs it. */
void user_init_cpu(void);

#endif
