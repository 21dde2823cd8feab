/* SPDX-License-Identifier: MIT */
/*
 * All processors call the monitor at random, about the same few pages: validate, rescind, create and delete save areas,
 * move calling areas. After every batch all of them stop, and each page is compared: what the reverse map says, and what the
 * monitor's record says, which calls that change nothing bring out. The number of rounds can be given (test.h).
 */
#define GUEST_AREA AREA_STRESS
#include "tests/guest/test.h"

#include "abi/ghcb.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"

#define ROUNDS 10u
#define CALLS_PER_ROUND 32u
#define BLOCKS 3u        /* two of them large */
#define HOT_PAGES 10u    /* of each block */
#define ENTRIES_MAX 6u
#define PROGRESS_EVERY 100u

struct worker {
	struct processor processor;
	uint64_t caa;   /* in use */
	uint64_t random;
	volatile uint32_t round; /* done */
	volatile uint64_t calls, successes, unknown, unknown_result;
};

static struct {
	struct worker worker[PROCESSORS_MAX]; /* by APIC id; the first is this processor */
	uint32_t count;
	uint64_t block[BLOCKS];
	volatile uint32_t round; /* to be done */
	volatile uint32_t stop;
	/* Pages that calls of this round or before it can have turned into something that the guest does not own alone. */
	volatile uint8_t special[BLOCKS][HOT_PAGES];
} stress;

static uint32_t below(struct worker *worker, uint32_t limit)
{
	worker->random = worker->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(worker->random >> 33) % limit;
}

static uint64_t hot_page(struct worker *worker, bool mark)
{
	uint32_t block = below(worker, BLOCKS), page = below(worker, HOT_PAGES);

	if (mark)
		stress.special[block][page] = 1;
	return stress.block[block] + page * PAGE_SIZE;
}

static uint64_t call(struct worker *worker, uint32_t number, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct registers registers = { .rax = number, .rcx = rcx, .rdx = rdx, .r8 = r8, .rflags = 2 };

	return processor_call(worker->caa, &registers);
}

static uint64_t random_list(struct worker *worker)
{
	uint8_t *list = (uint8_t *)(uintptr_t)(worker->caa + SVSM_CAA_HEADER_SIZE);
	struct svsm_pvalidate_header header = { .entries = (uint16_t)(1u + below(worker, ENTRIES_MAX)) };

	for (uint32_t i = 0; i < header.entries; i++) {
		uint64_t entry = hot_page(worker, false) | (below(worker, 2) == 0 ? ENTRY_VALIDATE : ENTRY_RESCIND) |
				 (below(worker, 2) == 0 ? ENTRY_IGNORE : 0);

		if (below(worker, 8) == 0)
			entry = (entry & PAGE_MASK) | stress.block[below(worker, BLOCKS)] | ENTRY_2M;
		memcpy(list + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
	}
	memcpy(list, &header, sizeof(header));
	return call(worker, SVSM_CORE_PVALIDATE, worker->caa + SVSM_CAA_HEADER_SIZE, 0, 0);
}

static uint64_t random_create(struct worker *worker)
{
	uint64_t vmsa = hot_page(worker, true), caa = hot_page(worker, true);

	return call(worker, SVSM_CORE_CREATE_VCPU, vmsa, caa, below(worker, stress.count));
}

static uint64_t random_remap(struct worker *worker)
{
	uint64_t to = below(worker, 2) == 0 ? worker->processor.caa : hot_page(worker, true);
	uint64_t result = call(worker, SVSM_CORE_REMAP_CA, to, 0, 0);

	if (result == SVSM_SUCCESS)
		worker->caa = to;
	return result;
}

static bool known(uint64_t result)
{
	return result == SVSM_SUCCESS || result == SVSM_ERR_CORE_NO_CHANGE || result == SVSM_ERR_INVALID_ADDRESS ||
	       result == SVSM_ERR_INVALID_PARAMETER || result == SVSM_ERR_INVALID_REQUEST || result == SVSM_ERR_BUSY ||
	       result == SVSM_ERR_CORE_FAIL_SIZEMISMATCH || result == SVSM_ERR_CORE_FAIL_INUSE;
}

static void random_call(struct worker *worker)
{
	uint64_t result;

	switch (below(worker, 16)) {
	case 0:
	case 1:
	case 2:
		result = random_create(worker);
		break;
	case 3:
	case 4:
		result = call(worker, SVSM_CORE_DELETE_VCPU, hot_page(worker, false), 0, 0);
		break;
	case 5:
		result = random_remap(worker);
		break;
	default:
		result = random_list(worker);
		break;
	}
	worker->calls++;
	if (result == SVSM_SUCCESS)
		worker->successes++;
	if (known(result))
		return;
	worker->unknown++;
	worker->unknown_result = result;
}

static void work(struct worker *worker, uint32_t round)
{
	for (uint32_t i = 0; i < CALLS_PER_ROUND; i++)
		random_call(worker);
	__atomic_store_n(&worker->round, round, __ATOMIC_RELEASE);
}

static void worker_main(uint64_t argument)
{
	struct worker *worker = (struct worker *)(uintptr_t)argument;

	for (;;) {
		uint32_t round = __atomic_load_n(&stress.round, __ATOMIC_ACQUIRE);

		if (round != worker->round)
			work(worker, round);
		__asm__ volatile("pause");
	}
}

/* ---- comparing, while nobody else calls ---- */

/* A calling area looks like any given page to the reverse map. */
static void compare_page(uint64_t page, volatile uint8_t *special)
{
	uint32_t state = machine_rmp(page) & ~NUTSHELL_RMP_2M;
	uint64_t result;

	if (state == rmp_unvalidated()) {
		CHECK_EQ_FOR(svsm_entry(page | ENTRY_RESCIND), SVSM_ERR_CORE_NO_CHANGE, page);
		*special = 0;
		return;
	}
	result = svsm_entry(page | ENTRY_VALIDATE);
	if (state == rmp_given()) {
		CHECK_EQ_FOR(result == SVSM_ERR_CORE_NO_CHANGE || (result == SVSM_ERR_INVALID_ADDRESS && *special != 0), true,
			     page);
		if (result == SVSM_ERR_CORE_NO_CHANGE)
			*special = 0;
		return;
	}
	CHECK_EQ_FOR(state, rmp_save_area(), page);
	CHECK_EQ_FOR(result, SVSM_ERR_INVALID_ADDRESS, page);
	CHECK_EQ_FOR(*special != 0, true, page);
}

static void compare(void)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		for (uint32_t j = 0; j < HOT_PAGES; j++)
			compare_page(stress.block[i] + j * PAGE_SIZE, &stress.special[i][j]);
		/* Of the others, one that only large entries change. */
		compare_page(stress.block[i] + (PAGES_PER_2M - 1u) * PAGE_SIZE, &(uint8_t){ 0 });
	}
}

/* So that some creations succeed: pages that are given, and nothing else, hold what makes a save area. */
static void refill(void)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		for (uint32_t j = 0; j < HOT_PAGES; j++) {
			uint64_t page = stress.block[i] + j * PAGE_SIZE;
			struct vmsa *area = (struct vmsa *)(uintptr_t)page;

			if ((machine_rmp(page) & ~NUTSHELL_RMP_2M) != rmp_given() || stress.special[i][j] != 0)
				continue;
			area->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
			area->efer = EFER_SVME;
			area->sev_features = SEV_FEATURE_SNP_ACTIVE;
		}
	}
}

static void check_workers(void)
{
	for (uint32_t i = 0; i < stress.count; i++)
		CHECK_EQ_FOR(stress.worker[i].unknown, 0, stress.worker[i].unknown_result);
}

static bool round_is_done(uint32_t round)
{
	for (uint32_t i = 1; i < stress.count; i++) {
		if (__atomic_load_n(&stress.worker[i].round, __ATOMIC_ACQUIRE) != round)
			return false;
	}
	return true;
}

static void run_round(uint32_t round)
{
	refill();
	__atomic_store_n(&stress.round, round, __ATOMIC_RELEASE);
	work(&stress.worker[0], round);
	svsm_caa = stress.worker[0].caa;
	while (!round_is_done(round))
		__asm__ volatile("pause");
	check_workers();
	compare();
}

static void start(void)
{
	memset(&stress, 0, sizeof(stress));
	stress.block[0] = block_take(true);
	stress.block[1] = block_take(true);
	stress.block[2] = block_take(false);
	stress.worker[0].caa = stress.worker[0].processor.caa = svsm_caa;
	for (stress.count = 1; stress.count < PROCESSORS_MAX; stress.count++) {
		struct worker *worker = &stress.worker[stress.count];

		if (!processor_start_one(&worker->processor, stress.count, worker_main, (uint64_t)(uintptr_t)worker))
			break;
		worker->caa = worker->processor.caa;
	}
	for (uint32_t i = 0; i < stress.count; i++)
		stress.worker[i].random = i + 1u;
}

/* Areas first: an area keeps its calling area. */
static void stop(void)
{
	if (stress.worker[0].caa != stress.worker[0].processor.caa)
		CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, stress.worker[0].processor.caa, 0, 0), SVSM_SUCCESS);
	svsm_caa = stress.worker[0].processor.caa;
	for (uint32_t i = 1; i < stress.count; i++)
		processor_stop(&stress.worker[i].processor);
	for (uint32_t i = 0; i < BLOCKS * HOT_PAGES; i++) {
		uint64_t page = stress.block[i / HOT_PAGES] + i % HOT_PAGES * PAGE_SIZE;

		if ((machine_rmp(page) & NUTSHELL_RMP_VMSA) != 0)
			CHECK_EQ_FOR(svsm_core(SVSM_CORE_DELETE_VCPU, page, 0, 0), SVSM_SUCCESS, page);
	}
	/* Nothing special is left anywhere. */
	memset((uint8_t *)(uintptr_t)stress.special, 0, sizeof(stress.special));
	compare();
	for (uint32_t i = 0; i < BLOCKS; i++)
		block_return(stress.block[i]);
}

TEST(stress_of_all_processors)
{
	uint32_t rounds = test_rounds() != 0 ? test_rounds() : ROUNDS;
	uint64_t calls = 0, successes = 0;

	start();
	for (uint32_t round = 1; round <= rounds; round++) {
		run_round(round);
		if (round % PROGRESS_EVERY == 0)
			test_print("note: %u of %u rounds\n", round, rounds);
	}
	for (uint32_t i = 0; i < stress.count; i++) {
		calls += stress.worker[i].calls;
		successes += stress.worker[i].successes;
	}
	CHECK_EQ(calls, (uint64_t)rounds * stress.count * CALLS_PER_ROUND);
	CHECK(successes > calls / 8u);
	stop();
	test_print("note: stress: %u processors, %llu calls, %llu of them succeeded\n", stress.count,
		   (unsigned long long)calls, (unsigned long long)successes);
}
