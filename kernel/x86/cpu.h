/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - single instructions and processor registers. No policy.
 */
#ifndef KERNEL_X86_CPU_H
#define KERNEL_X86_CPU_H

#include "lib/types.h"

#define CR0_WP (1ull << 16)
#define CR4_UMIP (1ull << 11)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

#define MSR_GS_BASE 0xC0000101u

static inline uint64_t cpu_read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return low | (uint64_t)high << 32;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

/* Time-stamp counter. */
#ifdef CASHEW_HOST
/* Stand-in for programs on the host: time goes on as the test wants it. */
uint64_t cpu_read_tsc(void);
#else
static inline uint64_t cpu_read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}
#endif

/* RDSEED and RDRAND; false: the processor has nothing at the moment. */
static inline bool cpu_rdseed(uint64_t *value)
{
	uint8_t good;

	__asm__ volatile("rdseed %0; setc %1" : "=r"(*value), "=qm"(good) : : "cc");
	return good != 0;
}

static inline bool cpu_rdrand(uint64_t *value)
{
	uint8_t good;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(good) : : "cc");
	return good != 0;
}

static inline uint64_t cpu_read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t cpu_read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

/* Also flushes this CPU's non-global translations. */
static inline void cpu_write_cr3(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr4(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static inline void cpu_flush_page(va_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address.v) : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Until the host brings this CPU back for another reason: interrupts stay off. */
static inline void cpu_halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

static inline uint64_t cpu_read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

static inline void cpu_halt_forever(void) __noreturn;
static inline void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* VMGEXIT: leave to the host with the request in the GHCB MSR (APM volume 3). */
static inline void cpu_vmgexit(void)
{
	__asm__ volatile("rep; vmmcall" : : : "memory");
}

#endif
