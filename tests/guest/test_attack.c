/* SPDX-License-Identifier: MIT */
/*
 * What the guest does while the host attacks (tests/hostile). Every step is marked for the attacks; what a step gives may
 * be less than without them, never something wrong: a page holds what the guest or the monitor put there, or cannot be
 * reached; a call is done, refused, or not done at all; a report is the one that was asked for.
 */
#define GUEST_AREA "09"
#include "tests/guest/test.h"

#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "lib/tpm_public.h"
#include "tests/guest/access.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"
#include "tests/guest/tpm.h"
#include "tests/services/probe/probe.h"

#define CALL_TRIES 100u
#define BUSY_TRIES 300u
#define ATTEST_TRIES 3000u /* slices of a TPM that looks for primes */
#define DELETE_TRIES 1000u
#define OTHER_ROUNDS 30u
#define OTHER_WAIT 3000000u
#define MONITOR_STEP (31u * PAGE_SIZE)
#define LARGE_PAGES 8u
#define ATTEST_ROUNDS 4u
#define RESPONSE_CODE (sizeof(uint32_t) + 6u) /* behind the response's size */
#define OWNER 0x40000001u
#define ALG_ECDSA 0x0018u
#define FIRST_PATTERN 0xA1u
#define SECOND_PATTERN 0xB2u

enum look { ZERO, FIRST, SECOND, GONE, WRONG };

/* Steps of the guest: N of "on mark N". */
enum mark {
	MARK_START = 1,
	MARK_GIVEN = 10,     /* target: a page with the first pattern */
	MARK_TAKEN = 11,     /* it was rescinded */
	MARK_GIVEN_AGAIN = 12,
	MARK_WRITTEN = 13,   /* with the second pattern */
	MARK_BEFORE_IGNORE = 14,
	MARK_LARGE = 20,     /* target: a block that is not validated */
	MARK_LARGE_GIVEN = 21,
	MARK_LARGE_TAKEN = 22,
	MARK_AREA = 40,      /* target: a page that is to be a save area */
	MARK_AREA_MADE = 41,
	MARK_FOREIGN_LEVEL = 45, /* target: a page that says that it is a save area of another level */
	MARK_ATTEST = 50,    /* and 51, 52, 53 */
	MARK_SERVICE = 60,
	MARK_OTHER_RUNS = 70, /* target: the save area of the second processor */
	MARK_OTHER_STOPPED = 71,
	MARK_PENDING = 90,
	MARK_END = 99
};

static void mark(enum mark number, uint64_t target)
{
	ghcb_port_out(NUTSHELL_PORT_GPA_LOW, (uint32_t)target);
	ghcb_port_out(NUTSHELL_PORT_GPA_HIGH, (uint32_t)(target >> 32));
	ghcb_port_out(NUTSHELL_PORT_MARK, number);
}

/* A call, again while the host does not bring it to the monitor. */
static uint64_t call(uint32_t protocol, uint32_t number, struct svsm_args *args)
{
	struct registers registers = { 0 };
	uint8_t pending = 1;

	for (uint32_t i = 0; i < CALL_TRIES && pending != 0; i++) {
		registers = (struct registers){ .rax = (uint64_t)protocol << 32 | number,
						.rcx = args->rcx,
						.rdx = args->rdx,
						.r8 = args->r8,
						.rbx = ~args->rcx,
						.r15 = ~args->rdx,
						.rflags = 2 };
		pending = svsm_enter(&registers, 1);
		CHECK_EQ(registers.rbx, ~args->rcx);
		CHECK_EQ(registers.r15, ~args->rdx);
	}
	CHECK_EQ(pending, 0);
	*args = (struct svsm_args){ registers.rcx, registers.rdx, registers.r8, 0 };
	return registers.rax;
}

static uint64_t core(uint32_t number, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct svsm_args args = { rcx, rdx, r8, 0 };

	return call(SVSM_PROTOCOL_CORE, number, &args);
}

/* A list of one entry. */
static uint64_t change(uint64_t entry)
{
	const struct svsm_pvalidate_header header = { .entries = 1 };

	memcpy(svsm_calling_area()->buffer, &header, sizeof(header));
	memcpy(svsm_calling_area()->buffer + sizeof(header), &entry, sizeof(entry));
	return core(SVSM_CORE_PVALIDATE, svsm_list_place(), 0, 0);
}

/* The page's only content; it is looked at byte by byte, as far as that goes. */
static enum look look(uint64_t gpa)
{
	enum look found = GONE;
	uint8_t first = 0, value;

	probe_arm();
	for (uint32_t i = 0; i < PAGE_SIZE; i++) {
		if ((access_read(page_at(gpa) + i, &value) & ACCESS_FAULT) != 0) {
			found = GONE;
			break;
		}
		if (i == 0)
			first = value;
		found = first == 0 ? ZERO : first == FIRST_PATTERN ? FIRST : first == SECOND_PATTERN ? SECOND : WRONG;
		if (value != first) {
			found = WRONG;
			break;
		}
	}
	probe_disarm();
	return found;
}

static void check_look(uint64_t gpa, enum look expected, enum mark when)
{
	enum look found = look(gpa);

	CHECK_EQ_FOR(found == expected || found == GONE ? expected : found, expected, when);
}

static void fill(uint64_t gpa, uint8_t value)
{
	probe_arm();
	for (uint32_t i = 0; i < PAGE_SIZE; i++) {
		if ((access_write(page_at(gpa) + i, value) & ACCESS_FAULT) != 0)
			break;
	}
	probe_disarm();
}

TEST(attack_begins)
{
	mark(MARK_START, (uint64_t)(uintptr_t)MACHINE_SECRETS);
	CHECK_EQ(core(SVSM_CORE_QUERY_PROTOCOL, SVSM_CORE_VERSION, 0, 0), SVSM_SUCCESS);
}

TEST(attack_page_is_kept_or_gone)
{
	uint64_t page = block_take(false) + 3 * PAGE_SIZE, result;

	if (change(page | ENTRY_VALIDATE) != SVSM_SUCCESS)
		return;
	fill(page, FIRST_PATTERN);
	mark(MARK_GIVEN, page);
	check_look(page, FIRST, MARK_GIVEN);
	/* Validated for the monitor, whatever the host has done: never once more. */
	CHECK_EQ(change(page | ENTRY_VALIDATE), SVSM_ERR_CORE_NO_CHANGE);
	check_look(page, FIRST, MARK_GIVEN);
	result = change(page | ENTRY_RESCIND);
	mark(MARK_TAKEN, page);
	if (result != SVSM_SUCCESS)
		CHECK_EQ_FOR(look(page) == FIRST || look(page) == GONE, true, result);
	result = change(page | ENTRY_VALIDATE);
	if (result == SVSM_SUCCESS)
		check_look(page, ZERO, MARK_TAKEN);
	mark(MARK_GIVEN_AGAIN, page);
	if (result != SVSM_SUCCESS)
		return;
	check_look(page, ZERO, MARK_GIVEN_AGAIN);
	fill(page, SECOND_PATTERN);
	mark(MARK_WRITTEN, page);
	check_look(page, SECOND, MARK_WRITTEN);
	CHECK_EQ(change(page | ENTRY_VALIDATE), SVSM_ERR_CORE_NO_CHANGE);
	check_look(page, SECOND, MARK_WRITTEN);
	mark(MARK_BEFORE_IGNORE, page);
	if (change(page | ENTRY_VALIDATE | ENTRY_IGNORE) == SVSM_SUCCESS)
		check_look(page, ZERO, MARK_BEFORE_IGNORE);
}

TEST(attack_block_is_zero_or_gone)
{
	uint64_t block = block_take(true), result;

	mark(MARK_LARGE, block);
	result = change(block | ENTRY_2M | ENTRY_VALIDATE);
	mark(MARK_LARGE_GIVEN, block);
	for (uint32_t i = 0; i < LARGE_PAGES && result == SVSM_SUCCESS; i++)
		check_look(block + i * PAGE_SIZE, ZERO, MARK_LARGE);
	if (result == SVSM_SUCCESS && look(block + PAGE_SIZE) == ZERO)
		fill(block + PAGE_SIZE, FIRST_PATTERN);
	(void)change(block | ENTRY_2M | ENTRY_RESCIND);
	mark(MARK_LARGE_TAKEN, block);
	for (uint32_t i = 0; i < LARGE_PAGES; i++) {
		if (change((block + i * PAGE_SIZE) | ENTRY_VALIDATE) == SVSM_SUCCESS)
			check_look(block + i * PAGE_SIZE, ZERO, MARK_LARGE_TAKEN);
	}
}

/* One that never runs. */
TEST(attack_save_area_is_made_or_refused)
{
	uint64_t area = block_take(false) + 5 * PAGE_SIZE, caa = area + PAGE_SIZE, result;

	if (change(area | ENTRY_VALIDATE) != SVSM_SUCCESS || change(caa | ENTRY_VALIDATE) != SVSM_SUCCESS)
		return;
	((struct vmsa *)(uintptr_t)area)->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
	((struct vmsa *)(uintptr_t)area)->efer = EFER_SVME;
	((struct vmsa *)(uintptr_t)area)->sev_features = SEV_FEATURE_SNP_ACTIVE;
	mark(MARK_AREA, area);
	result = core(SVSM_CORE_CREATE_VCPU, area, caa, 0);
	mark(MARK_AREA_MADE, area);
	if (result == SVSM_SUCCESS) {
		CHECK((machine_rmp(area) & NUTSHELL_RMP_VMSA) != 0 || look(area) == GONE);
		(void)core(SVSM_CORE_DELETE_VCPU, area, 0, 0);
	}
	CHECK((machine_rmp(area) & NUTSHELL_RMP_VMSA) == 0 || result == SVSM_SUCCESS);
}

/* Guest and host together: what the guest calls a save area of VMPL0 runs nowhere, whoever the host runs it as. */
TEST(attack_no_area_for_the_level_of_the_monitor)
{
	uint64_t area = block_take(false) + 7 * PAGE_SIZE, caa = area + PAGE_SIZE;
	struct vmsa *vmsa = (struct vmsa *)(uintptr_t)area;

	if (change(area | ENTRY_VALIDATE) != SVSM_SUCCESS || change(caa | ENTRY_VALIDATE) != SVSM_SUCCESS)
		return;
	for (uint8_t level = 0; level < SNP_VMPL_COUNT; level++) {
		if (level == MACHINE_SECRETS->svsm_guest_vmpl)
			continue;
		vmsa->vmpl = level;
		vmsa->efer = EFER_SVME;
		vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
		mark(MARK_FOREIGN_LEVEL, area);
		CHECK_EQ_FOR(core(SVSM_CORE_CREATE_VCPU, area, caa, 0), SVSM_ERR_INVALID_PARAMETER, level);
		CHECK_EQ_FOR(machine_rmp(area) & NUTSHELL_RMP_VMSA, 0, level);
	}
}

/* ---- attestation ---- */

static uint8_t report[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t manifest[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t certificates[8 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t nonce[SVSM_ATTEST_NONCE_SIZE];

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static uint64_t attest(uint8_t first, bool with_certificates)
{
	struct svsm_attest_request request = { .report = { address_of(report), PAGE_SIZE, 0 },
					       .nonce = address_of(nonce),
					       .nonce_size = sizeof(nonce),
					       .manifest = { address_of(manifest), PAGE_SIZE, 0 } };
	uint64_t result = SVSM_ERR_BUSY;

	memset(nonce, first, sizeof(nonce));
	memset(report, 0, sizeof(report));
	if (with_certificates)
		request.certificates = (struct svsm_attest_buffer){ address_of(certificates), sizeof(certificates), 0 };
	memcpy(svsm_calling_area()->buffer, &request, sizeof(request));
	for (uint32_t i = 0, busy = 0; i < ATTEST_TRIES && busy < BUSY_TRIES &&
				       (result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY);
	     i++) {
		struct svsm_args args = { .rcx = svsm_list_place() };

		result = call(SVSM_PROTOCOL_ATTEST, SVSM_ATTEST_SERVICES, &args);
		busy += result == SVSM_ERR_BUSY;
	}
	return result;
}

/* Two rounds with one nonce each: the same is reported for the same, another for another. */
TEST(attack_report_is_the_one_that_was_asked_for)
{
	static struct snp_report found[ATTEST_ROUNDS];
	bool have[ATTEST_ROUNDS];

	for (uint32_t i = 0; i < ATTEST_ROUNDS; i++) {
		uint64_t result;

		mark((enum mark)(MARK_ATTEST + i), address_of(report));
		result = attest((uint8_t)(i / 2), i % 2 != 0);
		have[i] = result == SVSM_SUCCESS;
		memcpy(&found[i], report, sizeof(found[i]));
		CHECK_EQ_FOR(have[i] || result == SVSM_ERR_BUSY || result == SVSM_ERR_INVALID_REQUEST ||
				     result == SVSM_ERR_UNSUPPORTED_PROTOCOL || result == SVSM_ERR_UNSUPPORTED_CALL,
			     true, result);
		test_print("note: report %u: 0x%llx\n", i, (unsigned long long)result);
		for (uint32_t j = 0; j < i && have[i]; j++) {
			if (have[j])
				CHECK_EQ_FOR(memcmp(found[i].report_data, found[j].report_data,
						    sizeof(found[i].report_data)) == 0,
					     i / 2 == j / 2, i);
		}
		CHECK(!have[i] || (found[i].vmpl == 0 && found[i].version != 0));
	}
}

/* ---- services ---- */

TEST(attack_service_answers)
{
	uint64_t result = SVSM_ERR_BUSY;
	struct svsm_args args;

	mark(MARK_SERVICE, 0);
	for (uint32_t i = 0; i < BUSY_TRIES && (result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY); i++) {
		args = (struct svsm_args){ .rcx = PROBE_ECHO, .r8 = 0x1234 };
		result = call(PROBE_PROTOCOL, 0, &args);
	}
	/* A service that the host gives no time never comes to its end, or to that of its time. */
	CHECK(result == SVSM_SUCCESS || result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY ||
	      result == SVSM_ERR_INVALID_REQUEST);
	CHECK(result != SVSM_SUCCESS || args.rcx == 0x1234);
	test_print("note: service: 0x%llx\n", (unsigned long long)result);
}

/* What a command comes to: the TPM's code, or that of the call, which has more bits. */
static uint64_t tpm_command(void)
{
	uint64_t result = SVSM_ERR_BUSY;

	tpm2_write32(tpm_bytes + 2, tpm_size);
	tpm_write_request(tpm_buffer, SVSM_VTPM_SEND_COMMAND, 0, tpm_size);
	for (uint32_t i = 0; i < ATTEST_TRIES && (result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY); i++) {
		struct svsm_args args = { .rcx = tpm_buffer_gpa() };

		result = call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, &args);
	}
	return result == SVSM_SUCCESS ? tpm2_read32(tpm_buffer + RESPONSE_CODE) : result;
}

/* A key that the guest makes, and that stays loaded: its private part is a canary. */
TEST(attack_key_is_made)
{
	struct svsm_args args = { .rcx = 0 };
	uint64_t result;

	if (call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &args) != SVSM_SUCCESS) {
		test_print("note: no TPM\n");
		return;
	}
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	tpm_put16(0);
	(void)tpm_command();
	tpm_begin(TPM2_ST_SESSIONS, TPM2_CC_CREATE_PRIMARY);
	tpm_put32(OWNER);
	tpm_put_password();
	tpm_put16(4);
	tpm_put32(0);
	tpm_put16(24);
	tpm_put16(TPM_ALG_ECC);
	tpm_put16(TPM_ALG_SHA256);
	tpm_put32(0x00040072); /* signs; fixed to TPM and parent; made by the TPM; authorized by password */
	tpm_put16(0);
	tpm_put16(TPM_ALG_NULL);
	tpm_put16(ALG_ECDSA);
	tpm_put16(TPM_ALG_SHA256);
	tpm_put16(TPM_CURVE_P256);
	tpm_put16(TPM_ALG_NULL);
	tpm_put32(0);
	tpm_put16(0);
	tpm_put32(0);
	result = tpm_command();
	test_print("note: key: 0x%llx\n", (unsigned long long)result);
}

/* ---- a second processor ---- */

static volatile uint64_t other_caa, other_rounds, other_wrong;

static void other_main(void)
{
	while (other_caa == 0)
		__asm__ volatile("pause");
	for (;;) {
		struct registers registers = { .rax = SVSM_CORE_QUERY_PROTOCOL,
					       .rcx = SVSM_CORE_VERSION,
					       .rflags = 2 };
		uint64_t result = processor_call(other_caa, &registers);

		/* All ones: the host did not bring the call to the monitor. */
		if (result != SVSM_SUCCESS && result != ~0ull)
			other_wrong++;
		other_rounds++;
	}
}

TEST(attack_second_processor)
{
	uint64_t result = SVSM_ERR_BUSY;
	struct processor processor;

	other_caa = other_rounds = other_wrong = 0;
	if (!processor_start(&processor, other_main)) {
		test_print("note: one processor\n");
		return;
	}
	other_caa = processor.caa;
	mark(MARK_OTHER_RUNS, processor.vmsa);
	for (uint32_t i = 0; i < OTHER_WAIT && other_rounds < OTHER_ROUNDS; i++)
		__asm__ volatile("pause");
	for (uint32_t i = 0; i < OTHER_ROUNDS; i++)
		CHECK_EQ(core(SVSM_CORE_QUERY_PROTOCOL, SVSM_CORE_VERSION, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(ghcb_processor(processor.apic_id, processor.vmsa, AP_DESTROY), 0);
	mark(MARK_OTHER_STOPPED, processor.vmsa);
	for (uint32_t i = 0; i < OTHER_ROUNDS; i++)
		CHECK_EQ(core(SVSM_CORE_QUERY_PROTOCOL, SVSM_CORE_VERSION, 0, 0), SVSM_SUCCESS);
	for (uint32_t i = 0; i < DELETE_TRIES && (result == SVSM_ERR_BUSY || result == SVSM_ERR_CORE_FAIL_INUSE); i++)
		result = core(SVSM_CORE_DELETE_VCPU, processor.vmsa, 0, 0);
	test_print("note: %llu rounds of the second processor, deleted: 0x%llx\n", (unsigned long long)other_rounds,
		   (unsigned long long)result);
	CHECK_EQ(other_wrong, 0);
}

/* ---- what must hold at the end ---- */

/* A byte of the calling area is set, and the guest stops without having called: there is no call. */
TEST(attack_no_call_without_vmgexit)
{
	uint64_t page = block_take(false);
	uint8_t value;

	if (ghcb_page_state(page, 1, PSC_OP_SHARED, false) != 0)
		return;
	mark(MARK_PENDING, page);
	__atomic_store_n(&svsm_calling_area()->call_pending, 1, __ATOMIC_SEQ_CST);
	/* Makes the page private, which is an exit; it is not validated then. */
	CHECK((access_read(page_at(page), &value) & ACCESS_FAULT) != 0);
	CHECK_EQ(__atomic_exchange_n(&svsm_calling_area()->call_pending, 0, __ATOMIC_SEQ_CST), 1);
}

TEST(attack_monitor_is_closed)
{
	for (uint64_t gpa = monitor_gpa(); gpa < monitor_gpa() + MONITOR_SIZE; gpa += MONITOR_STEP) {
		if ((machine_rmp(gpa) & NUTSHELL_RMP_VMSA) == 0)
			CHECK_EQ_FOR(probe_refused(paging_window(0, gpa, false), PROBE_READ), true, gpa);
	}
}

TEST(attack_ends)
{
	mark(MARK_END, 0);
	for (uint32_t i = 0; i < OTHER_ROUNDS; i++)
		CHECK_EQ(core(SVSM_CORE_QUERY_PROTOCOL, SVSM_CORE_VERSION, 0, 0), SVSM_SUCCESS);
}
