/* SPDX-License-Identifier: MIT */
/*
 * Two processors call the monitor at once, about the same pages. Which call wins is open; that each answer is one of
 * those that the protocol knows, and that pages end in one of their states, is not. Skipped with one processor.
 */
#define GUEST_AREA "11"
#include "abi/ghcb.h"
#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define ROUNDS 800u
#define PAGES 8u
#define READS_BEFORE 1000u
#define READS_AFTER 10u

static struct {
	struct processor processor;
	uint64_t block; /* that both work on */
	bool large;
	volatile uint32_t go, stop, done;
	volatile uint64_t calls, unknown; /* unknown: a result that no such call has */
	volatile uint32_t phase;
	volatile uint64_t read;
} other;

enum phase { PHASE_READ, PHASE_TAKEN, PHASE_TRIED };

struct random {
	uint64_t state;
};

static uint32_t random_below(struct random *random, uint32_t limit)
{
	random->state = random->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random->state >> 33) % limit;
}

/* A busy page is refused like one that is not the guest's. */
static bool result_is_known(uint64_t result)
{
	return result == SVSM_SUCCESS || result == SVSM_ERR_CORE_NO_CHANGE || result == SVSM_ERR_INVALID_ADDRESS ||
	       result == SVSM_ERR_CORE_FAIL_SIZEMISMATCH || result == SVSM_ERR_BUSY;
}

static uint64_t random_entry(struct random *random)
{
	uint64_t flags =
		(random_below(random, 2) == 0 ? ENTRY_VALIDATE : 0) | (random_below(random, 3) == 0 ? ENTRY_IGNORE : 0);

	if (other.large && random_below(random, 3) == 0)
		return other.block | ENTRY_2M | flags;
	return (other.block + random_below(random, PAGES) * PAGE_SIZE) | flags;
}

static void wait_until(const volatile uint32_t *flag)
{
	while (*flag == 0)
		__asm__ volatile("pause");
}

static void rest(void)
{
	other.done = 1;
	for (;;)
		__asm__ volatile("pause");
}

static uint64_t other_entry(uint64_t entry)
{
	uint8_t *list = page_at(other.processor.caa + SVSM_CAA_HEADER_SIZE);
	struct svsm_pvalidate_header header = { .entries = 1 };
	struct registers registers = { .rax = SVSM_CORE_PVALIDATE,
				       .rcx = other.processor.caa + SVSM_CAA_HEADER_SIZE,
				       .rflags = 2 };

	memcpy(list, &header, sizeof(header));
	memcpy(list + sizeof(header), &entry, sizeof(entry));
	return processor_call(other.processor.caa, &registers);
}

static void other_calls(void)
{
	struct random random = { 0x1234567 };

	wait_until(&other.go);
	while (other.stop == 0) {
		if (!result_is_known(other_entry(random_entry(&random))))
			other.unknown++;
		other.calls++;
	}
	rest();
}

static bool start_other(void (*main)(void), bool large)
{
	other.go = other.stop = other.done = 0;
	other.phase = PHASE_TRIED;
	other.calls = other.unknown = other.read = 0;
	other.large = large;
	if (!processor_start(&other.processor, main)) {
		test_print("note: one processor, nothing at once\n");
		return false;
	}
	other.block = block_take(large);
	other.go = 1;
	return true;
}

static void stop_other(void)
{
	other.stop = 1;
	wait_until(&other.done);
	CHECK_EQ(other.unknown, 0);
	processor_stop(&other.processor);
}

/* The monitor's record agrees with the reverse map, page by page. */
static void expect_agreement(void)
{
	for (uint32_t i = 0; i < PAGES + 2u; i++) {
		uint64_t page = other.block + i * PAGE_SIZE;
		uint32_t state = machine_rmp(page) & ~NUTSHELL_RMP_2M;

		CHECK_EQ_FOR(state == rmp_given() || state == rmp_unvalidated(), true, page);
		CHECK_EQ_FOR(svsm_entry(page | ENTRY_VALIDATE),
			     state == rmp_given() ? SVSM_ERR_CORE_NO_CHANGE : SVSM_SUCCESS, page);
	}
}

static void hammer(bool large)
{
	struct random random = { 0xABCDEF };

	if (!start_other(other_calls, large))
		return;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t result = svsm_entry(random_entry(&random));

		CHECK_EQ_FOR(result_is_known(result), true, result);
	}
	CHECK(other.calls > 0);
	stop_other();
	expect_agreement();
	block_return(other.block);
}

TEST(two_processors_call_at_once)
{
	hammer(false);
}

TEST(two_processors_work_on_a_large_page)
{
	hammer(true);
}

/* Reads while the page is given; after the first refusal, or when it is told to, tries a few times more and reports. */
static void other_reads(void)
{
	wait_until(&other.go);
	while (other.phase == PHASE_TRIED && other.stop == 0)
		__asm__ volatile("pause");
	while (other.stop == 0) {
		uint8_t value;

		if (other.phase == PHASE_READ && access_read(page_at(other.block), &value) == 0) {
			other.read++;
			continue;
		}
		while (other.phase != PHASE_TAKEN && other.stop == 0)
			__asm__ volatile("pause");
		for (uint32_t i = 0; i < READS_AFTER && other.stop == 0; i++)
			other.unknown += access_read(page_at(other.block), &value) == 0 ? 1 : 0;
		other.phase = PHASE_TRIED;
		while (other.phase == PHASE_TRIED && other.stop == 0)
			__asm__ volatile("pause");
	}
	rest();
}

/* Once the call has returned, the other processor cannot reach the page either: no translation may be left. */
TEST(rescind_reaches_the_other_processor)
{
	if (!start_other(other_reads, false))
		return;
	for (uint32_t i = 0; i < 20; i++) {
		uint64_t before = other.read;

		page_give(other.block);
		other.phase = PHASE_READ;
		while (other.read < before + READS_BEFORE)
			__asm__ volatile("pause");
		/* In the middle of the call the page may be closed, but still validated: that access is refused. */
		probe_arm();
		page_take(other.block);
		probe_disarm();
		other.phase = PHASE_TAKEN;
		while (other.phase != PHASE_TRIED)
			__asm__ volatile("pause");
		CHECK_EQ(other.unknown, 0);
	}
	stop_other();
	block_return(other.block);
}

/* The other processor makes and deletes save areas of pages that this one rescinds and gives. */
static void other_creates(void)
{
	struct random random = { 77 };

	wait_until(&other.go);
	while (other.stop == 0) {
		uint64_t vmsa = other.block + random_below(&random, PAGES) * PAGE_SIZE;
		struct registers create = { .rax = SVSM_CORE_CREATE_VCPU,
					    .rcx = vmsa,
					    .rdx = other.block + random_below(&random, PAGES) * PAGE_SIZE,
					    .r8 = PROCESSOR_APIC_ID,
					    .rflags = 2 };
		struct registers delete = { .rax = SVSM_CORE_DELETE_VCPU, .rcx = vmsa, .rflags = 2 };
		uint64_t result = processor_call(other.processor.caa, &create);

		if (result == SVSM_SUCCESS) {
			if (processor_call(other.processor.caa, &delete) != SVSM_SUCCESS)
				other.unknown++;
		} else if (!result_is_known(result) && result != SVSM_ERR_INVALID_PARAMETER) {
			other.unknown++;
		}
		other.calls++;
	}
	rest();
}

/* The page can become a save area in between: then the write is refused. */
static void write_probed(uint8_t *address, uint8_t value)
{
	probe_arm();
	(void)access_write(address, value);
	probe_disarm();
}

static void fill_area(uint64_t gpa)
{
	struct vmsa *area = (struct vmsa *)(uintptr_t)gpa;

	write_probed(&area->vmpl, MACHINE_SECRETS->svsm_guest_vmpl);
	write_probed((uint8_t *)&area->efer + 1, (uint8_t)(EFER_SVME >> 8));
	write_probed((uint8_t *)&area->sev_features, SEV_FEATURE_SNP_ACTIVE);
}

TEST(save_areas_against_rescinds)
{
	struct random random = { 99 };

	if (!start_other(other_creates, false))
		return;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t page = other.block + random_below(&random, PAGES) * PAGE_SIZE;
		uint64_t result = svsm_entry(page | (random_below(&random, 3) == 0 ? ENTRY_RESCIND : ENTRY_VALIDATE));

		CHECK_EQ_FOR(result_is_known(result), true, result);
		if (result == SVSM_SUCCESS)
			fill_area(page);
	}
	CHECK(other.calls > 0);
	stop_other();
	expect_agreement();
	block_return(other.block);
}

/* Its own save area, in which it runs, and another one in the same page. */
static void other_deletes_itself(void)
{
	struct registers delete = { .rax = SVSM_CORE_DELETE_VCPU, .rcx = other.processor.vmsa, .rflags = 2 };
	struct registers create = { .rax = SVSM_CORE_CREATE_VCPU,
				    .rcx = other.processor.vmsa,
				    .rdx = other.processor.caa,
				    .r8 = PROCESSOR_APIC_ID,
				    .rflags = 2 };

	wait_until(&other.go);
	if (processor_call(other.processor.caa, &delete) != SVSM_ERR_CORE_FAIL_INUSE)
		other.unknown++;
	other.calls++;
	if (processor_call(other.processor.caa, &create) != SVSM_ERR_INVALID_ADDRESS)
		other.unknown++;
	other.calls++;
	rest();
}

TEST(processor_cannot_delete_itself)
{
	if (!start_other(other_deletes_itself, false))
		return;
	wait_until(&other.done);
	CHECK_EQ(other.calls, 2);
	CHECK_EQ(machine_rmp(other.processor.vmsa), rmp_save_area());
	stop_other();
	block_return(other.block);
}
