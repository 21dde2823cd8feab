/* SPDX-License-Identifier: MIT */
/*
 * traps.h - descriptor tables and exceptions of the monitor's CPUs.
 *
 * Interrupts stay off. An exception is expected in one place only: in the routines of x86/access.h, which touch memory
 * that the host or the guest may take away at any time. Their faulting instructions are listed in the exception table,
 * and the trap handler continues them at their fix-up. Any other exception is a broken invariant: a panic.
 */
#ifndef KERNEL_X86_TRAPS_H
#define KERNEL_X86_TRAPS_H

#include "lib/types.h"

#define VECTOR_NMI 2u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_GENERAL_PROTECTION 13u
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_VC 29u

/* Registers as the entry stubs of traps.S push them. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct percpu;

/* Loads GDT, TSS, IDT and GS for this CPU, whose three exception stacks (#DF, NMI, #VC) are set in cpu. */
void traps_init_cpu(struct percpu *cpu);

/* Called by traps.S. */
void trap_handle(struct trap_frame *frame);

/* Implemented above this room: prints the frame and ends the VM. */
void trap_unexpected(const struct trap_frame *frame, uint64_t cr2) __noreturn;

#endif
