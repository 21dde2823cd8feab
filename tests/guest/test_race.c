/* SPDX-License-Identifier: MIT */
/*
 * Calls whose arguments another processor changes while the monitor works on them. Skipped with one processor.
 * The other processor makes no calls itself.
 */
#define GUEST_AREA "10"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define ROUNDS 400u

/* What the other processor does: stores the values in turn, each to its address. */
static struct {
	volatile uint64_t *address;
	volatile uint64_t value[2];
	volatile uint64_t rounds;
	volatile uint32_t stop, wait;
} racer;
static volatile uint64_t flicker_caa;

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

/* Pages of one race: what the other processor needs, a list page, a page to validate. */
struct race {
	struct processor processor;
	uint64_t block, list, page;
	uint64_t before;
};

static bool race_start(struct race *race, uint64_t address, uint64_t first, uint64_t second)
{
	racer.address = (volatile uint64_t *)(uintptr_t)address;
	racer.value[0] = first;
	racer.value[1] = second;
	racer.stop = 0;
	race->before = racer.rounds;
	if (!processor_start(&race->processor, racer_main)) {
		test_print("note: one processor, no race\n");
		block_return(race->block);
		return false;
	}
	while (racer.rounds == race->before)
		__asm__ volatile("pause");
	return true;
}

static void race_stop(struct race *race)
{
	/* While it runs its save area cannot be deleted. */
	CHECK_EQ(svsm_core(SVSM_CORE_DELETE_VCPU, race->processor.vmsa, 0, 0), SVSM_ERR_CORE_FAIL_INUSE);
	racer.stop = 1;
	processor_stop(&race->processor);
	CHECK(racer.rounds > race->before);
	block_return(race->block);
}

static struct race race_take(void)
{
	struct race race = { .block = block_take(false) };

	race.list = race.block + PAGE_SIZE;
	race.page = race.block + 2 * PAGE_SIZE;
	page_give(race.list);
	return race;
}

/* The monitor's memory is as closed to this level as before, and the page is in a state that calls can have left. */
static void expect_sane(const struct race *race)
{
	uint32_t state = machine_rmp(race->page);

	CHECK(state == rmp_given() || state == rmp_unvalidated());
	for (uint64_t at = monitor_gpa(); at < monitor_gpa() + MONITOR_SIZE; at += PAGE_SIZE)
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
	if (!race_start(&race, race.list + 8u, race.page | ENTRY_VALIDATE | ENTRY_IGNORE,
			monitor_gpa() | 0x3000u | ENTRY_VALIDATE | ENTRY_IGNORE))
		return;
	run_lists(&race);
	expect_sane(&race);
	race_stop(&race);
}

TEST(race_on_list_header)
{
	struct race race = race_take();

	/* Two entries, and more than fit. */
	if (!race_start(&race, race.list, 2, 0xFFFF0000FFFFull))
		return;
	*(volatile uint64_t *)(uintptr_t)(race.list + 8u) = race.page | ENTRY_VALIDATE | ENTRY_IGNORE;
	run_lists(&race);
	expect_sane(&race);
	race_stop(&race);
}

/* A request flag that comes and goes in the other calling area, without a request behind it. */
static void flicker_main(void)
{
	while (racer.wait != 0)
		__asm__ volatile("pause");
	racer.address = (volatile uint64_t *)(uintptr_t)flicker_caa;
	racer_main();
}

TEST(race_on_the_other_calling_area)
{
	struct race race = race_take();
	struct processor *processor = &race.processor;

	racer.value[0] = 0;
	racer.value[1] = 0x0101010101010101ull;
	racer.stop = 0;
	race.before = racer.rounds;
	racer.wait = 1;
	if (!processor_start(processor, flicker_main)) {
		block_return(race.block);
		return;
	}
	flicker_caa = processor->caa;
	racer.wait = 0;
	while (racer.rounds == race.before)
		__asm__ volatile("pause");
	for (uint32_t i = 0; i < ROUNDS; i++)
		CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
	expect_sane(&race);
	race_stop(&race);
}
