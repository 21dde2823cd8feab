/* SPDX-License-Identifier: MIT */
/*
 * traps.h - exceptions of the payload.
 *
 * #VC for CPUID is answered from the CPUID page, for ports, MSRs and time stamps by the host through the GHCB. Any
 * exception at an address in the table of fixups, or in code that was called from there, goes on at the fixup. All
 * others end the payload with a message.
 */
#ifndef GUEST_TRAPS_H
#define GUEST_TRAPS_H

#include <stdint.h>

#define TRAP_GP 13u
#define TRAP_PF 14u
#define TRAP_VC 29u

struct trap_frame {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* The last exception that went to a fixup. */
struct trap_record {
	uint64_t vector, error, address;
};
extern volatile struct trap_record trap_last;

void traps_init(void);
void trap_handle(struct trap_frame *frame);

#endif
