/* SPDX-License-Identifier: MIT */
/*
 * processor.h - other processors, started by CREATE_VCPU and the host's AP creation.
 *
 * Each runs a function in this payload's address space with interrupts off, on a stack of its own. It has no GHCB: it may
 * use memory, the functions of access.h, and calls of the monitor by processor_call(), nothing that raises #VC.
 */
#ifndef GUEST_PROCESSOR_H
#define GUEST_PROCESSOR_H

#include "lib/types.h"
#include "tests/guest/access.h"

#define PROCESSOR_APIC_ID 1u /* the second processor */
#define PROCESSORS_MAX 8u

/* Pages of the running processor: a block of small pages, in which it has its save area and its calling area. */
struct processor {
	uint64_t block, vmsa, caa;
	uint32_t apic_id;
};

/* Starts the one with this APIC id (1 to PROCESSORS_MAX - 1) in main(argument); the rest as below. */
bool processor_start_one(struct processor *processor, uint32_t apic_id, void (*main)(uint64_t),
			 uint64_t argument) __must_check;
/* Starts the second one in main(), which must not return. False when the machine has one processor only; nothing is left then. */
bool processor_start(struct processor *processor, void (*main)(void)) __must_check;
/* Stops it wherever it is, and gives its pages back. */
void processor_stop(struct processor *processor);

/* On that processor: a call by MSR protocol with its own calling area. RAX; ~0 when the monitor did not see the call. */
uint64_t processor_call(uint64_t caa, struct registers *registers);

#endif
