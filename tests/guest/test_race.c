/* SPDX-License-Identifier: MIT */
/*
 * Calls whose arguments another processor changes while the monitor works on them. Skipped with one processor.
 * The other processor runs a loop in this payload's address space; it makes no calls.
 */
#define GUEST_AREA "10"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define OTHER_APIC_ID 1u
#define ROUNDS 400u
#define STACK_SIZE 4096u
#define CODE_SELECTOR_ATTRIB 0xA9Bu
#define DATA_ATTRIB 0xC93u

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* What the other processor does: stores the values in turn, each to its address. */
static struct {
	volatile uint64_t *address;
	volatile uint64_t value[2];
	volatile uint64_t rounds;
	volatile uint32_t stop;
} racer;
static uint8_t racer_stack[STACK_SIZE] __attribute__((aligned(16)));

static void racer_main(void)
{
	while (racer.stop == 0) {
		*racer.address = racer.value[0];
		*racer.address = racer.value[1];
		racer.rounds++;
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void fill_segments(struct vmsa *area)
{
	struct descriptor_pointer gdt, idt;
	uint16_t cs, ss;

	__asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
	__asm__ volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
	area->cs = (struct vmsa_segment){ cs, CODE_SELECTOR_ATTRIB, 0xFFFFFFFF, 0 };
	area->ss = area->ds = area->es = (struct vmsa_segment){ ss, DATA_ATTRIB, 0xFFFFFFFF, 0 };
	area->tr = (struct vmsa_segment){ 0, 0x8B, 0xFFFF, 0 };
	area->ldtr = (struct vmsa_segment){ 0, 0x82, 0xFFFF, 0 };
	area->gdtr = (struct vmsa_segment){ .limit = gdt.limit, .base = gdt.base };
	area->idtr = (struct vmsa_segment){ .limit = idt.limit, .base = idt.base };
}

static void fill_area(struct vmsa *area)
{
	memset(area, 0, sizeof(*area));
	fill_segments(area);
	area->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
	area->sev_features = SEV_FEATURE_SNP_ACTIVE;
	area->efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE;
	__asm__ volatile("mov %%cr0, %0" : "=r"(area->cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(area->cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(area->cr4));
	area->rip = (uint64_t)(uintptr_t)racer_main;
	area->rsp = (uint64_t)(uintptr_t)racer_stack + STACK_SIZE - 8u;
	area->rflags = 2;
	area->dr6 = 0xFFFF0FF0;
	area->dr7 = 0x400;
	area->g_pat = 0x0007040600070406ull;
	area->xcr0 = 1;
	area->mxcsr = 0x1F80;
	area->x87_fcw = 0x37F;
}

/* Pages of one race: the save area, its calling area, a list page, a page to validate. */
struct race {
	uint64_t block, vmsa, caa, list, page;
	uint64_t before;
};

static bool race_start(struct race *race, uint64_t address, uint64_t first, uint64_t second)
{
	racer.address = (volatile uint64_t *)(uintptr_t)address;
	racer.value[0] = first;
	racer.value[1] = second;
	racer.stop = 0;
	race->before = racer.rounds;
	fill_area((struct vmsa *)(uintptr_t)race->vmsa);
	if (svsm_core(SVSM_CORE_CREATE_VCPU, race->vmsa, race->caa, OTHER_APIC_ID) != SVSM_SUCCESS)
		return false;
	CHECK_EQ(ghcb_processor(OTHER_APIC_ID, race->vmsa, AP_CREATE), 0);
	while (racer.rounds == race->before)
		__asm__ volatile("pause");
	return true;
}

static void race_stop(struct race *race)
{
	racer.stop = 1;
	/* While it runs it cannot be deleted; once the host has unloaded it, it can. */
	CHECK_EQ(svsm_core(SVSM_CORE_DELETE_VCPU, race->vmsa, 0, 0), SVSM_ERR_CORE_FAIL_INUSE);
	CHECK_EQ(ghcb_processor(OTHER_APIC_ID, race->vmsa, AP_DESTROY), 0);
	CHECK_EQ(svsm_core(SVSM_CORE_DELETE_VCPU, race->vmsa, 0, 0), SVSM_SUCCESS);
	CHECK(racer.rounds > race->before);
	block_return(race->block);
}

static struct race race_take(void)
{
	uint64_t block = block_take(false);
	struct race race = { block, block + 0x1000, block + 0x2000, block + 0x3000, block + 0x4000, 0 };

	page_give(race.vmsa);
	page_give(race.caa);
	page_give(race.list);
	return race;
}

/* The monitor's memory is as closed to this level as before, and the page is in a state that calls can have left. */
static void expect_sane(const struct race *race)
{
	uint32_t state = machine_rmp(race->page);

	CHECK(state == rmp_given() || state == rmp_unvalidated());
	for (uint64_t at = MONITOR_GPA; at < MONITOR_GPA + MONITOR_SIZE; at += PAGE_SIZE)
		CHECK_EQ_FOR(machine_rmp(at) >> NUTSHELL_RMP_PERM_SHIFT(2) & NUTSHELL_RMP_PERM_MASK &
				     ((machine_rmp(at) & NUTSHELL_RMP_VMSA) != 0 ? ~1u : ~0u),
			     0, at);
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
}

static bool list_result_is_known(uint64_t result)
{
	return result == SVSM_SUCCESS || result == SVSM_ERR_INVALID_PARAMETER || result == SVSM_ERR_INVALID_ADDRESS ||
	       result == SVSM_ERR_CORE_NO_CHANGE || result == SVSM_ERR_CORE_FAIL_SIZEMISMATCH ||
	       result == SVSM_ERR_INCOMPLETE;
}

static void run_lists(const struct race *race)
{
	volatile struct svsm_pvalidate_header *header = (volatile void *)(uintptr_t)race->list;
	volatile uint64_t *entry = (volatile uint64_t *)(uintptr_t)(race->list + 8u);

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t result;

		header->entries = 2;
		header->next = 0;
		entry[1] = race->page | (i % 2 == 0 ? ENTRY_VALIDATE : ENTRY_RESCIND) | ENTRY_IGNORE;
		result = svsm_core(SVSM_CORE_PVALIDATE, race->list, 0, 0);
		if (!list_result_is_known(result))
			CHECK_EQ_FOR(result, SVSM_SUCCESS, i);
	}
}

TEST(race_on_list_entries)
{
	struct race race = race_take();

	/* A page of the guest's and a page of the monitor's, in turn. */
	if (race_start(&race, race.list + 8u, race.page | ENTRY_VALIDATE | ENTRY_IGNORE,
		       MONITOR_GPA | 0x3000u | ENTRY_VALIDATE | ENTRY_IGNORE)) {
		run_lists(&race);
		expect_sane(&race);
		race_stop(&race);
	} else {
		test_print("note: one processor, no races\n");
		block_return(race.block);
	}
}

TEST(race_on_list_header)
{
	struct race race = race_take();

	/* Two entries, and more than fit. */
	if (race_start(&race, race.list, 2, 0xFFFF0000FFFFull)) {
		*(volatile uint64_t *)(uintptr_t)(race.list + 8u) = race.page | ENTRY_VALIDATE | ENTRY_IGNORE;
		run_lists(&race);
		expect_sane(&race);
		race_stop(&race);
	} else {
		block_return(race.block);
	}
}

TEST(race_on_the_other_calling_area)
{
	struct race race = race_take();

	/* A request flag that comes and goes, without a request behind it. */
	if (race_start(&race, race.caa, 0, 0x0101010101010101ull)) {
		for (uint32_t i = 0; i < ROUNDS; i++)
			CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
		expect_sane(&race);
		race_stop(&race);
	} else {
		block_return(race.block);
	}
}
