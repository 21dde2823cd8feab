/* SPDX-License-Identifier: MIT */
/*
 * Sequences of GHCB events and MSR calls of a guest at VMPL2. It may end its own machine; it must never make the host
 * reach memory that is not the guest's, nor write to a private page.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/mock/nutshell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PRIVATE_PAGE 0x00111000ull

struct step {
	uint8_t code, scratch, page_1, page_2;
	uint8_t flags;
	uint8_t valid_off; /* one valid bit that is left out */
	uint16_t first, last;
	uint8_t reserved[6];
	uint64_t info_1, info_2, rax, rcx;
	uint64_t entry[2];
};

static const uint64_t codes[] = {
	SVM_EXIT_CPUID,
	SVM_EXIT_IOIO,
	SVM_EXIT_MSR,
	SVM_EXIT_RDTSC,
	SVM_EXIT_RDPMC,
	SVM_EXIT_RDTSCP,
	SVM_EXIT_VMMCALL,
	SVM_EXIT_READ_DR7,
	SVM_EXIT_WRITE_DR7,
	SVM_EXIT_WBINVD,
	GHCB_EXIT_MMIO_READ,
	GHCB_EXIT_MMIO_WRITE,
	GHCB_EXIT_PSC,
	GHCB_EXIT_PSC,
	GHCB_EXIT_GUEST_REQUEST,
	GHCB_EXIT_EXTENDED_GUEST_REQUEST,
	GHCB_EXIT_AP_CREATION,
	GHCB_EXIT_GET_APIC_IDS,
	GHCB_EXIT_FEATURES,
	GHCB_EXIT_AP_RESET_HOLD,
	GHCB_EXIT_RUN_VMPL,
};

/* Addresses that matter, or anything. */
static uint64_t address(uint8_t selector, uint64_t raw)
{
	static const uint64_t edges[] = { 0,
					  0x9F000,
					  0xA0000,
					  0xBF000,
					  0xC0000,
					  MOCK_GHCB,
					  MOCK_LOW_END,
					  MOCK_LOW_END - PAGE_SIZE,
					  0x98000000,
					  0xB0000000,
					  0xFEE00000,
					  0xFFFFF000,
					  MOCK_HIGH_START,
					  MOCK_HIGH_END,
					  MOCK_LAUNCH_VMSA,
					  1ull << 39 };

	if (selector < 64)
		return 0x00100000ull + selector * PAGE_SIZE + (raw & 0xFFF);
	if (selector < 128)
		return edges[selector % ARRAY_SIZE(edges)] + (raw & 0xFFF) - 0x10;
	if (selector < 160)
		return edges[selector % ARRAY_SIZE(edges)];
	if (selector < 192)
		return MOCK_GHCB + 0x800u + (raw & 0x7FF) * (selector & 1u);
	return selector < 208 ? 0x00110000ull + (selector & 7u) * PAGE_SIZE : raw;
}

static void fill(const struct step *step)
{
	struct ghcb *ghcb = mock_ghcb();

	ghcb->usage = 0;
	memset(ghcb->valid_bitmap, 0xFF, sizeof(ghcb->valid_bitmap));
	ghcb->rax = (step->flags & 1u) != 0 ? address(step->page_1, step->rax) : step->rax;
	ghcb->rbx = step->flags >> 4;
	ghcb->rcx = step->rcx;
	ghcb->rdx = step->rcx >> 32;
	ghcb->sw_scratch = address(step->scratch, step->rax);
	if ((step->flags & 2u) != 0) {
		struct psc_header header = { step->first, step->last, 0 };
		uint64_t entry[2];

		for (unsigned i = 0; i < 2; i++) {
			uint64_t page = address(i == 0 ? step->page_1 : step->page_2, step->entry[i]);

			entry[i] = (page & PSC_ENTRY_GPA_MASK) | (step->entry[i] & ~PSC_ENTRY_GPA_MASK);
		}
		memcpy(ghcb->shared_buffer, &header, sizeof(header));
		memcpy(ghcb->shared_buffer + sizeof(header), entry, sizeof(entry));
	}
}

/* What gets past the first checks. */
static uint64_t info_1(const struct step *step, uint64_t code)
{
	if (code == SVM_EXIT_IOIO)
		return (step->info_1 & 0xFFFF000Dull) | 1ull << (4u + step->page_1 % 3u);
	if (code == GHCB_EXIT_AP_CREATION || code == GHCB_EXIT_RUN_VMPL)
		return step->info_1 & 0x000000030007000Full;
	return address(step->page_1, step->info_1);
}

static uint64_t info_2(const struct step *step, uint64_t code)
{
	if (code == GHCB_EXIT_MMIO_READ || code == GHCB_EXIT_MMIO_WRITE)
		return 1ull << step->page_2 % 4u;
	if (code == SVM_EXIT_IOIO)
		return step->info_2 & 0x1FFFu;
	return address(step->page_2, step->info_2);
}

static bool run_step(const struct step *step)
{
	bool raw = (step->flags & 4u) != 0;
	uint64_t code = step->code < 0xF0 ? codes[step->code % ARRAY_SIZE(codes)] : step->info_1 ^ step->info_2;
	struct level *level = &machine_vcpu[0].level[machine_vcpu[0].vmpl];

	if (step->code == 0xEF) {
		level->ghcb_msr = step->info_1;
		if (MOCK_STOPS())
			return false;
		host_vmgexit(&machine_vcpu[0]);
		mock_armed = false;
		return true;
	}
	if (rmp_lookup(MOCK_GHCB)->assigned == 0) {
		fill(step);
		mock_ghcb()->sw_exit_code = code;
		mock_ghcb()->sw_exit_info_1 = raw ? step->info_1 : info_1(step, code);
		mock_ghcb()->sw_exit_info_2 = raw ? step->info_2 : info_2(step, code);
		if (step->valid_off < 128)
			mock_ghcb()->valid_bitmap[step->valid_off / 8] =
				(uint8_t)(mock_ghcb()->valid_bitmap[step->valid_off / 8] &
					  ~(1u << step->valid_off % 8));
	}
	level->ghcb_msr = MOCK_GHCB;
	if (MOCK_STOPS())
		return false;
	host_vmgexit(&machine_vcpu[0]);
	mock_armed = false;
	return true;
}

/* The host wrote to a page that is the guest's own. */
static bool was_written(uint64_t gpa)
{
	const uint8_t *page = mock_ram(gpa);

	return mock_rmp(gpa)->assigned != 0 && mock_rmp(gpa)->validated != 0 &&
	       (page[0] != 0xA5 || memcmp(page, page + 1, PAGE_SIZE - 1) != 0);
}

/* The last step may be cut: its rest is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool launched;
	bool goes_on = true;

	if (!launched)
		mock_reset();
	launched = true;
	mock_restart();
	mock_give(PRIVATE_PAGE);
	mock_give(MOCK_HIGH_START);
	if (size > 0)
		mock_low_end = (data[0] & 1u) != 0 ? 0x98000000ull : MOCK_LOW_END;
	for (size_t at = 1; goes_on && at < size; at += sizeof(struct step)) {
		struct step step = { 0 };

		memcpy(&step, data + at, size - at < sizeof(step) ? size - at : sizeof(step));
		machine_vcpu[0].vmpl = MOCK_VMPL;
		goes_on = run_step(&step);
		if (mock_trespass || was_written(PRIVATE_PAGE) || was_written(MOCK_HIGH_START))
			abort();
	}
	return 0;
}
