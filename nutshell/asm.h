/* SPDX-License-Identifier: MIT */
/*
 * asm.h - single instructions that Nutshell itself executes. Tests on the host supply functions of these names instead
 * (tests/mock/nutshell.c).
 */
#ifndef NUTSHELL_ASM_H
#define NUTSHELL_ASM_H

#include "lib/types.h"

#ifdef CASHEW_HOST

void asm_out8(uint16_t port, uint8_t value);
void asm_out16(uint16_t port, uint16_t value);
void asm_out32(uint16_t port, uint32_t value);
uint8_t asm_in8(uint16_t port);
uint16_t asm_in16(uint16_t port);
uint32_t asm_in32(uint16_t port);
uint64_t asm_read_msr(uint32_t msr);
void asm_write_msr(uint32_t msr, uint64_t value);
void asm_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
uint64_t asm_read_tsc(void);

#else

static inline void asm_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void asm_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void asm_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t asm_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t asm_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t asm_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t asm_read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return low | (uint64_t)high << 32;
}

static inline void asm_write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void asm_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(subleaf));
}

static inline uint64_t asm_read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

#endif
#endif
