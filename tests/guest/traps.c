/* SPDX-License-Identifier: MIT */
#include "tests/guest/traps.h"

#include "abi/ghcb.h"
#include "abi/snp.h"
#include "lib/types.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/test.h"

#define VECTORS 32u
#define VECTOR_BYTES 16ull
#define CODE_SELECTOR 0x10u
#define GATE_INTERRUPT 0x8E00u

struct gate {
	uint16_t offset_low, selector, flags, offset_middle;
	uint32_t offset_high, reserved;
};

struct fixup {
	uint64_t at, to;
};

extern const uint8_t trap_vectors[];
extern const struct fixup fixups_start[], fixups_end[];

static struct gate idt[VECTORS] __attribute__((aligned(16)));
volatile struct trap_record trap_last;

void traps_init(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} descriptor = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

	for (uint32_t i = 0; i < VECTORS; i++) {
		uint64_t entry = (uint64_t)(uintptr_t)trap_vectors + i * VECTOR_BYTES;

		idt[i] = (struct gate){ .offset_low = (uint16_t)entry,
					.selector = CODE_SELECTOR,
					.flags = GATE_INTERRUPT,
					.offset_middle = (uint16_t)(entry >> 16),
					.offset_high = (uint32_t)(entry >> 32) };
	}
	__asm__ volatile("lidt %0" : : "m"(descriptor));
}

static const struct fixup *find_fixup(uint64_t address)
{
	for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
		if (fixup->at == address)
			return fixup;
	}
	return NULL;
}

/* Goes on at a fixup, with the vector in RAX. */
static bool recover(struct trap_frame *frame, uint64_t vector, uint64_t error)
{
	const struct fixup *fixup = find_fixup(frame->rip);

	if (fixup == NULL && !payload_contains(frame->rip) && payload_contains(frame->rsp)) {
		fixup = find_fixup(*(const uint64_t *)(uintptr_t)frame->rsp);
		frame->rsp += fixup != NULL ? sizeof(uint64_t) : 0;
	}
	if (fixup == NULL)
		return false;
	trap_last = (struct trap_record){ vector, error, vector == TRAP_PF ? cpu_read_cr2() : 0 };
	frame->rip = fixup->to;
	frame->rax = vector;
	return true;
}

static bool handle_cpuid(struct trap_frame *frame)
{
	uint32_t out[4];

	machine_cpuid((uint32_t)frame->rax, (uint32_t)frame->rcx, out);
	frame->rax = out[0];
	frame->rbx = out[1];
	frame->rcx = out[2];
	frame->rdx = out[3];
	frame->rip += 2;
	return true;
}

static bool handle_msr(struct trap_frame *frame, bool write)
{
	uint64_t value = frame->rdx << 32 | (uint32_t)frame->rax;

	if (ghcb_msr_access((uint32_t)frame->rcx, write, &value) != 0)
		return recover(frame, TRAP_GP, 0);
	if (!write) {
		frame->rax = (uint32_t)value;
		frame->rdx = value >> 32;
	}
	frame->rip += 2;
	return true;
}

/* IN and OUT of 32 bits with the port in DX: all that the payload executes. */
static bool handle_port(struct trap_frame *frame, uint8_t opcode)
{
	if (opcode == 0xED)
		frame->rax = ghcb_port_in((uint16_t)frame->rdx);
	else if (opcode == 0xEF)
		ghcb_port_out((uint16_t)frame->rdx, (uint32_t)frame->rax);
	else
		return false;
	frame->rip += 1;
	return true;
}

static bool handle_timestamp(struct trap_frame *frame)
{
	uint64_t value;

	if (ghcb_timestamp(&value) != 0)
		return false;
	frame->rax = (uint32_t)value;
	frame->rdx = value >> 32;
	frame->rip += 2;
	return true;
}

/* The error code must agree with the instruction: a host could raise #VC at any place. */
static bool handle_vc(struct trap_frame *frame)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)frame->rip;

	if (!payload_contains(frame->rip))
		return false;
	switch (frame->error) {
	case SVM_EXIT_CPUID:
		return code[0] == 0x0F && code[1] == 0xA2 && handle_cpuid(frame);
	case SVM_EXIT_MSR:
		return code[0] == 0x0F && (code[1] == 0x30 || code[1] == 0x32) && handle_msr(frame, code[1] == 0x30);
	case SVM_EXIT_IOIO:
		return handle_port(frame, code[0]);
	case SVM_EXIT_RDTSC:
		return code[0] == 0x0F && code[1] == 0x31 && handle_timestamp(frame);
	default:
		return false;
	}
}

void trap_handle(struct trap_frame *frame)
{
	if (frame->vector == TRAP_VC && handle_vc(frame))
		return;
	if (recover(frame, frame->vector, frame->error))
		return;
	test_die("exception %llu, error 0x%llx, at 0x%llx, cr2 0x%llx", (unsigned long long)frame->vector,
		 (unsigned long long)frame->error, (unsigned long long)frame->rip, (unsigned long long)cpu_read_cr2());
}
