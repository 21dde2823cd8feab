/* SPDX-License-Identifier: MIT */
/*
 * traps.h - descriptor tables and exceptions of the monitor's CPUs.
 *
 * Interrupts are off in ring 0. An exception is expected there in one place only: in the routines of x86/access.h, which
 * touch memory that the host or the guest may take away at any time. Their faulting instructions are listed in the
 * exception table, and the trap handler continues them at their fix-up. Any other exception of ring 0 is a broken
 * invariant: a panic. No gate may be named by ring 3: INT n ends in #GP at the instruction. So an interrupt, which the
 * host can raise at any moment and with any vector, is never taken for a system call. What ends a stay in ring 3 is reported by user_run() (x86/user.h).
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "lib/types.h"

#define VECTOR_NMI 2u
#define VECTOR_INVALID_OPCODE 6u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_GENERAL_PROTECTION 13u
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_VC 29u
#define VECTOR_TIMER 0x40u   /* the end of a time slice of ring 3 */
#define VECTOR_OTHER 0xFFu   /* any other above the exceptions */

/* Registers as the entry stubs of traps.S push them. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(offsetof(struct trap_frame, vector) == 120 && offsetof(struct trap_frame, cs) == 144 &&
		       sizeof(struct trap_frame) == 176, "known to traps.S");

struct percpu;

/* Loads GDT, TSS, IDT and GS for this CPU, whose three exception stacks (#DF, NMI, #VC) are set in cpu. */
void traps_init_cpu(struct percpu *cpu);

/* Called by traps.S: an exception of ring 0; the same on a stack of its own; whatever ended a stay in ring 3. */
void trap_handle(struct trap_frame *frame);
void trap_handle_on_own_stack(struct trap_frame *frame, struct percpu *cpu);
void trap_from_user(struct trap_frame *frame, struct percpu *cpu);

/* Where the processor saves what it interrupts in ring 3, from now on. */
void traps_set_kernel_stack(struct percpu *cpu, va_t stack);

/* Implemented above this room: prints the frame and ends the VM. */
void trap_unexpected(const struct trap_frame *frame, uint64_t cr2) __noreturn;

#endif
