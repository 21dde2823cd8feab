/* SPDX-License-Identifier: MIT */
/*
 * processor.h - a second processor, started by CREATE_VCPU and the host's AP creation.
 *
 * It runs a function in this payload's address space with interrupts off, on a stack of its own. It has no GHCB: it may
 * use memory, the functions of access.h, and calls of the monitor by processor_call(), nothing that raises #VC.
 */
#ifndef GUEST_PROCESSOR_H
#define GUEST_PROCESSOR_H

#include "lib/types.h"
#include "tests/guest/access.h"

#define PROCESSOR_APIC_ID 1u

/* Pages of the running processor: a block of small pages, in which it has its save area and its calling area. */
struct processor {
	uint64_t block, vmsa, caa;
};

/* Starts it in main(), which must not return. False when the machine has one processor only; nothing is left then. */
bool processor_start(struct processor *processor, void (*main)(void)) __must_check;
/* Stops it wherever it is, and gives its pages back. */
void processor_stop(struct processor *processor);

/* On that processor: a call by MSR protocol with its own calling area. RAX; ~0 when the monitor did not see the call. */
uint64_t processor_call(uint64_t caa, struct registers *registers);

#endif
