/* SPDX-License-Identifier: MIT */
/*
 * Sequences of Core calls from the fuzzer's bytes on the mock platform. After each sequence the monitor's page states
 * and the reverse map must agree; sanitizers watch everything else. Faults of the host are part of the input.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "tests/mock/mock.h"

#define LIST 0x00110000ull
#define CAA 0x00111000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t number;
	uint8_t fault;
	uint8_t page[3];
	uint8_t flags;
	uint16_t entries, next;
	uint64_t raw[3];
};

/* Mostly a handful of pages that meet each other, sometimes anything. */
static uint64_t address(uint8_t selector, uint64_t raw)
{
	if (selector < 64)
		return 0x00110000ull + selector * PAGE_SIZE;
	if (selector < 128)
		return 0x00400000ull + (selector - 64u) * PAGE_SIZE;
	return selector < 160 ? (selector - 128u) * PAGE_SIZE_2M : raw;
}

static void prepare(void)
{
	enum page_state found;

	mock_reset();
	for (uint64_t i = 0; i < 16; i++)
		mock_give(LIST + i * PAGE_SIZE);
	vcpu_by_index(0)->caa = gpa(CAA);
	if (page_state_claim(&memory_pages, gpa(CAA), false, PAGE_VALIDATED, &found) != 0)
		abort();
	page_state_settle(&memory_pages, gpa(CAA), false, PAGE_CAA);
}

static void make_area(uint64_t at)
{
	struct vmsa *vmsa;

	if (page_state_get(&memory_pages, gpa(at)) != PAGE_VALIDATED)
		return;
	vmsa = (struct vmsa *)(void *)mock_memory(align_down(at, PAGE_SIZE));
	vmsa->vmpl = MOCK_VMPL;
	vmsa->efer = EFER_SVME;
	vmsa->sev_features = platform_guest_features();
}

static void run_step(const struct step *step)
{
	struct vcpu_call call = { .rcx = address(step->page[0], step->raw[0]),
				  .rdx = address(step->page[1], step->raw[1]),
				  .r8 = step->flags % 4u };

	if (step->number % 8u == SVSM_CORE_PVALIDATE && (step->flags & 0x80u) != 0) {
		struct svsm_pvalidate_header header = { .entries = (uint16_t)(step->entries % 8u), .next = step->next % 8u };
		uint64_t entry[3];

		for (unsigned i = 0; i < 3; i++)
			entry[i] = (address(step->page[i], step->raw[i]) & ~PAGE_MASK) | (step->raw[i] & 0xFFF);
		memcpy(mock_memory(LIST), &header, sizeof(header));
		memcpy(mock_memory(LIST + 8), entry, sizeof(entry));
		call.rcx = LIST;
	}
	if ((step->flags & 0x40u) != 0)
		make_area(call.rcx);
	mock_fault_countdown = step->fault < 32 ? step->fault : 0;
	(void)mock_call(step->flags == 0xFF ? step->number : SVSM_PROTOCOL_CORE, step->number % 10u, &call);
	mock_fault_countdown = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool faulted = false;

	prepare();
	for (size_t at = 0; size - at >= sizeof(struct step); at += sizeof(struct step)) {
		struct step step;

		memcpy(&step, data + at, sizeof(step));
		faulted = faulted || (step.fault != 0 && step.fault < 32);
		run_step(&step);
	}
	/* Where the host interfered, pages may lack permissions, but none may be validated behind the monitor's back. */
	if (!faulted && mock_compare() != 0)
		abort();
	for (uint64_t at = MOCK_RAM_BASE; at < MOCK_RAM_BASE + MOCK_RAM_SIZE; at += PAGE_SIZE) {
		enum page_state state = page_state_get(&memory_pages, gpa(at));

		if (mock_page(at)->validated && state == PAGE_UNVALIDATED)
			abort();
		if ((mock_page(at)->perms[MOCK_VMPL] & 2u) != 0 && state == PAGE_VMSA)
			abort();
	}
	return 0;
}
