/* SPDX-License-Identifier: MIT */
/*
 * access.h - instructions that may fault, and the call of the host with every register under control.
 *
 * Functions that return ACCESS_FAULT | vector did not complete; trap_last in traps.h says more.
 */
#ifndef GUEST_ACCESS_H
#define GUEST_ACCESS_H

#include <stdint.h>

#define ACCESS_FAULT 0x1000u
#define ACCESS_CARRY 0x2000u

uint64_t access_read(const void *address, uint8_t *value);
uint64_t access_write(void *address, uint8_t value);
/* Calls the address. */
uint64_t access_execute(const void *address);
/* EAX of the instruction, plus ACCESS_CARRY. */
uint64_t access_pvalidate(const void *address, uint64_t size, uint64_t validate);
uint64_t access_rmpadjust(const void *address, uint64_t size, uint64_t attributes);
uint64_t access_read_msr(uint32_t index, uint64_t *value);
uint64_t access_write_msr(uint32_t index, uint64_t value);

/* The order is known to access.S. */
struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags;
};

/* Writes msr into the GHCB MSR, loads the registers, executes VMGEXIT, and stores the registers as they came back. */
void vmgexit(struct registers *registers, uint64_t msr);

/* XMM0..15; CR4.OSFXSR must be set. */
void vector_state_set(const uint8_t xmm[256]);
void vector_state_get(uint8_t xmm[256]);

#endif
