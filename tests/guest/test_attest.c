/* SPDX-License-Identifier: MIT */
/*
 * Attestation through the whole stack: the monitor, its services (the vTPM when there is one), the host and the security
 * processor. What comes out is printed as lines "evidence NAME HEX", for a program on the outside to verify.
 */
#define GUEST_AREA "09"
#include "tests/guest/test.h"

#include "abi/launch.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/guest/access.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"

#define TRIES_MAX 1000000u
#define CERTIFICATE_PAGES 4u
#define REPORT_SIZE 0x4A0u
#define UNKNOWN (~0ull)
#define LINE_BYTES 64u
#define ROUNDS 20u

static uint8_t report[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t manifest[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t certificates[CERTIFICATE_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t nonce[SVSM_ATTEST_NONCE_SIZE];
static const uint8_t vtpm[16] = SVSM_GUID_VTPM, services[16] = SVSM_GUID_SERVICES;
static struct svsm_attest_request request;
static struct svsm_args args;

/* The payload's memory is mapped one to one. */
static uint64_t gpa_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static bool offered(void)
{
	struct svsm_args query = { .rcx = (uint64_t)SVSM_PROTOCOL_ATTEST << 32 | SVSM_ATTEST_VERSION };

	return svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &query) == SVSM_SUCCESS && query.rcx != 0;
}

static bool have_vtpm(void)
{
	struct svsm_args query = { .rcx = 0 };

	return svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &query) == SVSM_SUCCESS;
}

static void prepare(uint8_t first)
{
	for (uint32_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(first + i * 3);
	memset(report, 0xEE, sizeof(report));
	memset(manifest, 0xEE, sizeof(manifest));
	memset(certificates, 0xEE, sizeof(certificates));
	request = (struct svsm_attest_request){ .report = { gpa_of(report), PAGE_SIZE, 0 },
						.nonce = gpa_of(nonce),
						.nonce_size = sizeof(nonce),
						.manifest = { gpa_of(manifest), PAGE_SIZE, 0 },
						.certificates = { gpa_of(certificates), sizeof(certificates), 0 } };
	memcpy(request.service, vtpm, sizeof(vtpm));
}

/* As Linux asks: the structure in the calling area, sizes that it does not know yet all ones, again after INCOMPLETE. */
static uint64_t issue_at(uint64_t address, uint32_t number)
{
	uint64_t result = SVSM_ERR_BUSY;

	for (uint32_t i = 0; i < TRIES_MAX && (result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY); i++) {
		args = (struct svsm_args){ .rcx = address, .rdx = UNKNOWN, .r8 = UNKNOWN };
		result = svsm_call(SVSM_PROTOCOL_ATTEST, number, &args);
		/* Another processor may have stopped in the middle of its own call: in one thread of QEMU this lets it go on. */
		if (result == SVSM_ERR_BUSY)
			__asm__ volatile("pause");
	}
	return result;
}

static uint64_t issue(uint32_t number)
{
	memcpy(svsm_calling_area()->buffer, &request, sizeof(request));
	return issue_at(svsm_list_place(), number);
}

static void check_refused(uint32_t number, uint64_t expected, uint64_t subject)
{
	CHECK_EQ_FOR(issue(number), expected, subject);
	CHECK_EQ_FOR(args.rcx, svsm_list_place(), subject);
	CHECK_EQ_FOR(args.rdx, UNKNOWN, subject);
	CHECK_EQ_FOR(args.r8, UNKNOWN, subject);
	CHECK_EQ_FOR(report[0], 0xEE, subject);
	CHECK_EQ_FOR(manifest[0], 0xEE, subject);
}

static void print_evidence(const char *name, const uint8_t *bytes, uint64_t size)
{
	char text[2 * LINE_BYTES + 1];

	for (uint64_t at = 0; at < size; at += LINE_BYTES) {
		size_t length = 0;

		for (uint64_t i = at; i < size && i < at + LINE_BYTES; i++)
			length += format_text(text + length, sizeof(text) - length, "%02x", bytes[i]);
		test_print("evidence %s %s\n", name, text);
	}
}

static void check_report(void)
{
	struct snp_report found;

	memcpy(&found, report, sizeof(found));
	CHECK_EQ(args.r8, REPORT_SIZE);
	CHECK_EQ(found.vmpl, 0);
	CHECK_EQ(found.signature_algo, 1);
	CHECK(found.version >= 2 && found.version <= 5);
	CHECK_EQ(report[REPORT_SIZE], 0xEE);
}

TEST(attest_is_offered)
{
	CHECK(offered());
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_ATTEST, 2, &args), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_ATTEST, ~0u, &args), SVSM_ERR_UNSUPPORTED_CALL);
	test_print("note: vTPM: %s\n", have_vtpm() ? "yes" : "no");
}

TEST(attest_all_services)
{
	struct svsm_services_header header;

	prepare(1);
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	check_report();
	memcpy(&header, manifest, sizeof(header));
	CHECK(memcmp(header.guid, services, sizeof(services)) == 0);
	CHECK_EQ(header.size, args.rcx);
	CHECK_EQ(header.count, have_vtpm() ? 1 : 0);
	CHECK_EQ(manifest[header.size], 0xEE);
	CHECK(args.rdx != 0 && args.rdx <= sizeof(certificates));
	print_evidence("all-report", report, REPORT_SIZE);
	print_evidence("all-manifest", manifest, args.rcx);
	print_evidence("all-certs", certificates, args.rdx);
	print_evidence("all-nonce", nonce, sizeof(nonce));
}

TEST(attest_single_service)
{
	prepare(2);
	if (!have_vtpm()) {
		check_refused(SVSM_ATTEST_SINGLE_SERVICE, SVSM_ERR_INVALID_REQUEST, 0);
		return;
	}
	CHECK_EQ(issue(SVSM_ATTEST_SINGLE_SERVICE), SVSM_SUCCESS);
	check_report();
	CHECK_EQ(manifest[args.rcx], 0xEE);
	print_evidence("vtpm-report", report, REPORT_SIZE);
	print_evidence("vtpm-manifest", manifest, args.rcx);
	print_evidence("vtpm-certs", certificates, args.rdx);
	print_evidence("vtpm-nonce", nonce, sizeof(nonce));
}

TEST(attest_sizes)
{
	uint64_t needed;

	prepare(3);
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	needed = args.rdx;
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t size;

		prepare(3);
		if (i == 0)
			request.report.size = REPORT_SIZE - 1;
		else if (i == 1)
			request.manifest.size = 23;
		else
			request.certificates.size = (uint32_t)needed - 1;
		CHECK_EQ_FOR(issue(SVSM_ATTEST_SERVICES), SVSM_ERR_INVALID_PARAMETER, i);
		CHECK_EQ_FOR(args.r8, REPORT_SIZE, i);
		CHECK_EQ_FOR(args.rdx, needed, i);
		size = args.rcx;
		CHECK(size >= 24);
		CHECK_EQ_FOR(report[0], 0xEE, i);
		request.report.size = (uint32_t)args.r8;
		request.manifest.size = (uint32_t)size;
		request.certificates.size = (uint32_t)needed;
		CHECK_EQ_FOR(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS, i);
		CHECK_EQ_FOR(args.rcx, size, i);
	}
	prepare(3);
	request.certificates.size = 0;
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(args.rdx, 0);
	CHECK_EQ(certificates[0], 0xEE);
}

TEST(attest_bad_fields)
{
	struct svsm_attest_buffer *const buffer[3] = { &request.report, &request.manifest, &request.certificates };

	for (uint32_t i = 0; i < 3; i++) {
		prepare(4);
		buffer[i]->reserved = 1;
		check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, i);
		prepare(4);
		buffer[i]->address += 8;
		check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, i);
		buffer[i]->address = buffer[(i + 1) % 3]->address;
		buffer[i]->size = PAGE_SIZE;
		check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, i);
		buffer[i]->size = ~0u;
		check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, i);
	}
	for (uint32_t size = 0; size < 200; size += 8) {
		prepare(4);
		request.nonce_size = (uint16_t)size;
		if (size != SVSM_ATTEST_NONCE_SIZE)
			check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, size);
	}
	prepare(4);
	request.reserved_1a[5] = 1;
	check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_PARAMETER, 0);
	prepare(4);
	request.service[15] ^= 1;
	check_refused(SVSM_ATTEST_SINGLE_SERVICE, SVSM_ERR_INVALID_PARAMETER, 0);
	prepare(4);
	request.manifest_version = 1;
	check_refused(SVSM_ATTEST_SINGLE_SERVICE, SVSM_ERR_INVALID_PARAMETER, 0);
}

TEST(attest_bad_addresses)
{
	struct svsm_attest_buffer *const buffer[3] = { &request.report, &request.manifest, &request.certificates };
	uint64_t block = block_take(false);
	uint64_t bad[] = { monitor_gpa(), monitor_gpa() + MONITOR_SIZE - PAGE_SIZE, svsm_caa, block, 0xA0000, 0xFEE00000,
			   machine_ram_end(), gpa_of(report) | paging_c_bit, 0xFFFFFFFFFFFFF000ull };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (uint32_t j = 0; j < 3; j++) {
			prepare(5);
			buffer[j]->address = bad[i];
			check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_ADDRESS, bad[i]);
		}
		prepare(5);
		request.nonce = bad[i];
		check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_ADDRESS, bad[i]);
		CHECK_EQ_FOR(issue_at(bad[i], SVSM_ATTEST_SERVICES), SVSM_ERR_INVALID_ADDRESS, bad[i]);
	}
	/* A buffer of two pages, of which the second is not the guest's. */
	page_give(block);
	prepare(5);
	request.manifest = (struct svsm_attest_buffer){ block, 2 * PAGE_SIZE, 0 };
	check_refused(SVSM_ATTEST_SERVICES, SVSM_ERR_INVALID_ADDRESS, block);
	request.manifest.size = PAGE_SIZE;
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	block_return(block);
	prepare(5);
	for (uint64_t offset = 1; offset < 8; offset++)
		CHECK_EQ_FOR(issue_at(svsm_list_place() + offset, 0), SVSM_ERR_INVALID_PARAMETER, offset);
	CHECK_EQ(issue_at(gpa_of(report) + PAGE_SIZE - 0x38, SVSM_ATTEST_SERVICES), SVSM_ERR_INVALID_PARAMETER);
}

/* ---- two processors ---- */

static struct svsm_attest_request other_request;
static uint8_t other_report[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t other_manifest[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t other_nonce[SVSM_ATTEST_NONCE_SIZE];
static volatile uint64_t other_caa, other_rounds, other_wrong, other_result;
static volatile uint32_t other_wait;

static void other_main(void)
{
	static struct snp_report first, now;

	while (other_wait != 0)
		__asm__ volatile("pause");
	for (;;) {
		struct registers registers = { .rax = (uint64_t)SVSM_PROTOCOL_ATTEST << 32, .rflags = 2,
					       .rcx = gpa_of(&other_request) };
		uint64_t result = processor_call(other_caa, &registers);

		if (result == SVSM_ERR_BUSY)
			__asm__ volatile("pause");
		if (result == SVSM_ERR_BUSY || result == SVSM_ERR_INCOMPLETE)
			continue;
		memcpy(&now, other_report, sizeof(now));
		if (other_rounds == 0)
			first = now;
		other_result = result;
		if (result != SVSM_SUCCESS || memcmp(first.report_data, now.report_data, sizeof(now.report_data)) != 0)
			other_wrong++;
		other_rounds++;
	}
}

/* Reports of two processors do not get mixed up. */
TEST(attest_two_processors)
{
	struct processor processor;
	struct snp_report first, now;

	prepare(6);
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	memcpy(&first, report, sizeof(first));
	memset(other_nonce, 0x77, sizeof(other_nonce));
	other_request = request;
	other_request.report.address = gpa_of(other_report);
	other_request.manifest.address = gpa_of(other_manifest);
	other_request.certificates.size = 0;
	other_request.nonce = gpa_of(other_nonce);
	other_rounds = other_wrong = other_result = 0;
	other_wait = 1;
	if (!processor_start(&processor, other_main)) {
		test_print("note: one processor\n");
		return;
	}
	other_caa = processor.caa;
	other_wait = 0;
	for (uint32_t i = 0; i < ROUNDS || other_rounds < ROUNDS; i++) {
		prepare(6);
		CHECK_EQ_FOR(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS, i);
		memcpy(&now, report, sizeof(now));
		CHECK(memcmp(first.report_data, now.report_data, sizeof(now.report_data)) == 0);
		if (i == 100 * ROUNDS)
			break;
	}
	CHECK(other_rounds >= ROUNDS);
	CHECK_EQ_FOR(other_wrong, 0, other_result);
	processor_stop(&processor);
	prepare(6);
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
}

/* ---- a processor that disturbs ---- */

#define MAILBOX_PAGES 10u /* request, answer, certificates: the longest run of shared pages in the monitor's region */
#define FLIPPED_CALLS 150u
#define FLIPS_PER_CALL 2u
#define PAUSES_MAX 5000u

/* A call is announced by its number, 1 for the first: the other processor disturbs it at moments of its own choice. */
static volatile uint64_t flip_page, flip_call, flips;

static void wait_a_while(uint32_t *pauses)
{
	*pauses = (*pauses * 1103515245u + 12345u) % PAUSES_MAX;
	for (uint32_t i = 0; i < *pauses; i++)
		__asm__ volatile("" ::: "memory");
}

/* Touching a page that the host has makes the host turn it private: its content is lost. */
static void flip_main(void)
{
	uint64_t call = 0;
	uint32_t pauses = 0;
	uint8_t value;

	for (;;) {
		/* Without PAUSE: it would end this processor's turn when QEMU lets them take turns. */
		while (flip_call == call)
			__asm__ volatile("" ::: "memory");
		call = flip_call;
		for (uint32_t i = 0; i < FLIPS_PER_CALL; i++) {
			wait_a_while(&pauses);
			(void)access_read((const void *)(uintptr_t)flip_page, &value);
			flips++;
		}
	}
}

static uint64_t find_mailbox(void)
{
	uint64_t run = 0;

	for (uint64_t at = monitor_gpa(); at < monitor_gpa() + MONITOR_SIZE; at += PAGE_SIZE) {
		run = (machine_rmp(at) & NUTSHELL_RMP_ASSIGNED) == 0 ? run + 1u : 0;
		if (run == MAILBOX_PAGES)
			return at - (MAILBOX_PAGES - 1u) * PAGE_SIZE;
	}
	return 0;
}

/* A guest that takes the monitor's messages away does not end attestation by that, and gets reports in spite of it. */
TEST(attest_while_messages_are_taken_away)
{
	struct processor processor;
	uint64_t mailbox = find_mailbox();
	uint32_t good = 0, lost = 0;

	CHECK(mailbox != 0);
	flip_page = flip_call = flips = 0;
	if (!processor_start(&processor, flip_main)) {
		test_print("note: one processor\n");
		return;
	}
	/* The first time alone, so that the other processor is surely there. */
	flip_page = (uint64_t)(uintptr_t)page_at(mailbox);
	for (flip_call = 1; flips == 0;)
		__asm__ volatile("" ::: "memory");
	for (uint32_t i = 0; i < FLIPPED_CALLS; i++) {
		uint64_t result;

		/* The request, the answer, and the first page of certificates. */
		flip_page = (uint64_t)(uintptr_t)page_at(mailbox + i % 3u * PAGE_SIZE);
		prepare(7);
		flip_call = i + 2u;
		result = issue(SVSM_ATTEST_SERVICES);
		CHECK_EQ_FOR(result, SVSM_SUCCESS, i);
		if (result == SVSM_SUCCESS)
			good++;
		lost += args.rdx == 0;
	}
	processor_stop(&processor);
	CHECK(flips != 0);
	CHECK_EQ(good, FLIPPED_CALLS);
	test_print("note: %u reports in spite of %llu flips, %u without certificates\n", good, (unsigned long long)flips, lost);
	prepare(7);
	CHECK_EQ(issue(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	check_report();
	CHECK(args.rdx != 0);
}
