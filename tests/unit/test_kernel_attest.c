/* SPDX-License-Identifier: MIT */
/* The attestation protocol: what the guest gets, every bad field, sizes, and calls that take several turns. */
#include "tests/mock/mock.h"
#include "tests/mock/psp.h"
#include "tests/mock/vtpm.h"

#include <openssl/sha.h>

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "kernel/proc/door.h"
#include "kernel/protocol/protocol.h"
#include "kernel/x86/percpu.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"

#define CAA 0x00111000ull
#define REQUEST (CAA + 8u)
#define NONCE 0x00112FE0ull /* over the end of a page */
#define REPORT 0x00120000ull
#define MANIFEST 0x00130000ull
#define CERTIFICATES 0x00140000ull
#define CERTIFICATE_PAGES 4u
#define UNTOUCHED 0x5151515151515151ull
#define VTPM_SIZE 314u
#define ALL_SIZE (24u + 24u + VTPM_SIZE)

static const uint8_t vtpm[16] = SVSM_GUID_VTPM;
static struct svsm_attest_request request;
static struct vcpu_call call;

static void start(void)
{
	enum page_state found;

	mock_reset();
	mock_psp_reset();
	protocol_attest_init();
	mock_give(CAA);
	mock_give(NONCE);
	mock_give(NONCE + 0x20);
	for (uint64_t i = 0; i < CERTIFICATE_PAGES; i++) {
		mock_give(REPORT + i * PAGE_SIZE);
		mock_give(MANIFEST + i * PAGE_SIZE);
		mock_give(CERTIFICATES + i * PAGE_SIZE);
	}
	vcpu_by_index(0)->caa = gpa(CAA);
	CHECK_EQ(page_state_claim(&memory_pages, gpa(CAA), false, PAGE_VALIDATED, &found), 0);
	page_state_settle(&memory_pages, gpa(CAA), false, PAGE_CAA);
	for (uint32_t i = 0; i < SVSM_ATTEST_NONCE_SIZE; i++)
		mock_memory(NONCE)[i] = (uint8_t)(0xC0 + i);
	request = (struct svsm_attest_request){ .report = { REPORT, PAGE_SIZE, 0 },
						.nonce = NONCE,
						.nonce_size = SVSM_ATTEST_NONCE_SIZE,
						.manifest = { MANIFEST, PAGE_SIZE, 0 },
						.certificates = { CERTIFICATES, CERTIFICATE_PAGES * PAGE_SIZE, 0 } };
	memcpy(request.service, vtpm, sizeof(vtpm));
}

static void start_with_vtpm(void)
{
	start();
	mock_vtpm_start();
}

static uint64_t issue_at(uint64_t address, uint32_t number)
{
	call = (struct vcpu_call){ .rcx = address, .rdx = UNTOUCHED, .r8 = UNTOUCHED };
	return mock_call(SVSM_PROTOCOL_ATTEST, number, &call);
}

static uint64_t issue(uint32_t number)
{
	memcpy(mock_memory(REQUEST), &request, sizeof(request));
	return issue_at(REQUEST, number);
}

static uint64_t issue_all_turns(uint32_t number)
{
	uint64_t result;
	uint32_t turns = 0;

	do {
		result = issue(number);
	} while ((result == SVSM_ERR_INCOMPLETE || result == SVSM_ERR_BUSY) && ++turns < 100);
	return result;
}

/* A failure that is not about sizes: no register changes, nothing is written, nothing was asked. */
static void check_refused(uint64_t result, uint64_t expected, uint64_t address)
{
	CHECK_EQ(result, expected);
	CHECK_EQ(call.rcx, address);
	CHECK_EQ(call.rdx, UNTOUCHED);
	CHECK_EQ(call.r8, UNTOUCHED);
	CHECK_EQ(mock_carries, 0);
}

static void refused(uint32_t number, uint64_t expected)
{
	check_refused(issue(number), expected, REQUEST);
}

static const struct snp_report *report(void)
{
	return (const struct snp_report *)(const void *)mock_memory(REPORT);
}

static void check_bound(uint32_t manifest_size)
{
	uint8_t input[SVSM_ATTEST_NONCE_SIZE + 2 * PAGE_SIZE], expected[64];

	memcpy(input, mock_memory(NONCE), SVSM_ATTEST_NONCE_SIZE);
	memcpy(input + SVSM_ATTEST_NONCE_SIZE, mock_memory(MANIFEST), manifest_size);
	SHA512(input, SVSM_ATTEST_NONCE_SIZE + manifest_size, expected);
	CHECK(memcmp(report()->report_data, expected, sizeof(expected)) == 0);
	CHECK_EQ(report()->vmpl, 0);
}

/* ---- without a vTPM: these tests come before the door opens ---- */

TEST(no_services)
{
	static const uint8_t expected[24] = { 0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46, 0xa1, 0xff, 0x58, 0xf9,
					      0xc9, 0x4b, 0x87, 0xbb, 24,   0,    0,    0,    0,    0,    0,    0 };

	start();
	CHECK(!door_is_open(SVSM_PROTOCOL_VTPM));
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 24);
	CHECK_EQ(call.rdx, 0);
	CHECK_EQ(call.r8, 0x4A0);
	CHECK(memcmp(mock_memory(MANIFEST), expected, sizeof(expected)) == 0);
	check_bound(24);
	start();
	refused(SVSM_ATTEST_SINGLE_SERVICE, SVSM_ERR_INVALID_REQUEST);
}

TEST(versions)
{
	start();
	call = (struct vcpu_call){ .rcx = (uint64_t)SVSM_PROTOCOL_ATTEST << 32 | 1 };
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 0x100000001ull);
	call = (struct vcpu_call){ .rcx = (uint64_t)SVSM_PROTOCOL_ATTEST << 32 | 2 };
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 0);
}

TEST(other_calls)
{
	start();
	for (uint32_t i = 0; i < 4; i++)
		refused((uint32_t[]){ 2, 3, 0x7FFFFFFF, 0xFFFFFFFF }[i], SVSM_ERR_UNSUPPORTED_CALL);
}

/* ---- what is handed out ---- */

TEST(all_services)
{
	static const uint8_t header[24] = { 0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46, 0xa1, 0xff, 0x58, 0xf9,
					    0xc9, 0x4b, 0x87, 0xbb, 0x6A, 0x01, 0,    0,    1,    0,    0,    0 };
	static const uint8_t entry[24] = { 0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45, 0x96, 0x41, 0xb4, 0xe7,
					   0xdd, 0xe5, 0xbf, 0xe3, 48,   0,    0,    0,    0x3A, 0x01, 0,    0 };

	start_with_vtpm();
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, ALL_SIZE);
	CHECK_EQ(call.rdx, 0);
	CHECK_EQ(call.r8, 0x4A0);
	CHECK(memcmp(mock_memory(MANIFEST), header, 24) == 0);
	CHECK(memcmp(mock_memory(MANIFEST + 24), entry, 24) == 0);
	CHECK(memcmp(mock_memory(MANIFEST + 48), mock_manifest, VTPM_SIZE) == 0);
	CHECK_EQ(*mock_memory(MANIFEST + ALL_SIZE), 0);
	check_bound(ALL_SIZE);
}

TEST(single_service)
{
	start_with_vtpm();
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SINGLE_SERVICE), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, VTPM_SIZE);
	CHECK_EQ(call.rdx, 0);
	CHECK_EQ(call.r8, 0x4A0);
	CHECK(memcmp(mock_memory(MANIFEST), mock_manifest, VTPM_SIZE) == 0);
	check_bound(VTPM_SIZE);
}

static void give_certificates(uint32_t size)
{
	struct snp_certificate_entry entry = { .guid = SNP_CERTIFICATE_VCEK, .offset = 48, .length = size - 48 };

	memset(mock_certificates, 0x33, sizeof(mock_certificates));
	memset(mock_certificates, 0, 48);
	memcpy(mock_certificates, &entry, sizeof(entry));
	mock_certificates_size = size;
}

TEST(certificates)
{
	start_with_vtpm();
	give_certificates(5000);
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rdx, 5000);
	CHECK(memcmp(mock_memory(CERTIFICATES), mock_certificates, 5000) == 0);
	CHECK_EQ(*mock_memory(CERTIFICATES + 5000), 0);
	request.certificates.size = 0;
	request.certificates.address = ~0ull;
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rdx, 0);
}

/* Results may take all of a page that a structure names, and buffers may lie side by side. */
TEST(buffers_side_by_side)
{
	start_with_vtpm();
	give_certificates(PAGE_SIZE);
	request.report.address = REPORT;
	request.manifest.address = REPORT + PAGE_SIZE;
	request.certificates = (struct svsm_attest_buffer){ REPORT + 2 * PAGE_SIZE, PAGE_SIZE, 0 };
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rdx, PAGE_SIZE);
	request.report.size = 0x4A0;
	request.manifest.size = ALL_SIZE;
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
}

/* A structure that ends with its page; one that lies in ordinary memory. */
TEST(places_of_the_request)
{
	start_with_vtpm();
	request.certificates.size = 0;
	memcpy(mock_memory(REPORT + 2 * PAGE_SIZE - 0x40), &request, 0x40);
	CHECK_EQ(issue_at(REPORT + 2 * PAGE_SIZE - 0x40, SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	memcpy(mock_memory(REPORT + 2 * PAGE_SIZE - 0x58), &request, 0x58);
	CHECK_EQ(issue_at(REPORT + 2 * PAGE_SIZE - 0x58, SVSM_ATTEST_SINGLE_SERVICE), SVSM_SUCCESS);
	CHECK_EQ(mock_carries, 2);
	start_with_vtpm();
	check_refused(issue_at(REPORT + PAGE_SIZE - 0x38, 0), SVSM_ERR_INVALID_PARAMETER, REPORT + PAGE_SIZE - 0x38);
	check_refused(issue_at(REPORT + PAGE_SIZE - 0x50, 1), SVSM_ERR_INVALID_PARAMETER, REPORT + PAGE_SIZE - 0x50);
	check_refused(issue_at(REQUEST + 4, 0), SVSM_ERR_INVALID_PARAMETER, REQUEST + 4);
	check_refused(issue_at(CAA, 0), SVSM_ERR_INVALID_ADDRESS, CAA);
	check_refused(issue_at(0, 0), SVSM_ERR_INVALID_ADDRESS, 0);
	check_refused(issue_at(MONITOR_GPA, 0), SVSM_ERR_INVALID_ADDRESS, MONITOR_GPA);
	check_refused(issue_at(0xFFFFFFFFFFFFF000ull, 0), SVSM_ERR_INVALID_ADDRESS, 0xFFFFFFFFFFFFF000ull);
	check_refused(issue_at(REPORT | 1ull << 51, 0), SVSM_ERR_INVALID_ADDRESS, REPORT | 1ull << 51);
}

/* ---- sizes ---- */

static void check_sizes(uint32_t number, uint64_t manifest, uint64_t certificates, uint32_t carries)
{
	CHECK_EQ(issue(number), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(call.rcx, manifest);
	CHECK_EQ(call.rdx, certificates);
	CHECK_EQ(call.r8, 0x4A0);
	CHECK_EQ(mock_carries, carries);
}

TEST(sizes_that_do_not_suffice)
{
	start_with_vtpm();
	give_certificates(5000);
	request.report.size = 0x49F;
	check_sizes(0, ALL_SIZE, CERTIFICATE_PAGES * PAGE_SIZE, 0);
	check_sizes(1, VTPM_SIZE, CERTIFICATE_PAGES * PAGE_SIZE, 0);
	request.report.size = 0x4A0;
	request.manifest.size = VTPM_SIZE - 1;
	check_sizes(0, ALL_SIZE, CERTIFICATE_PAGES * PAGE_SIZE, 0);
	check_sizes(1, VTPM_SIZE, CERTIFICATE_PAGES * PAGE_SIZE, 0);
	request.manifest.size = VTPM_SIZE;
	check_sizes(0, ALL_SIZE, CERTIFICATE_PAGES * PAGE_SIZE, 0);
	/* Only the host knows how large its certificates are. */
	request.certificates.size = PAGE_SIZE;
	check_sizes(1, VTPM_SIZE, 5000, 1);
	check_sizes(1, VTPM_SIZE, 5000, 1);
	request.certificates.size = 4999;
	check_sizes(1, VTPM_SIZE, 5000, 1);
	request.certificates.size = 5000;
	CHECK_EQ(issue_all_turns(1), SVSM_SUCCESS);
	CHECK_EQ(call.rdx, 5000);
	/* It changes its mind. */
	give_certificates(6000);
	check_sizes(1, VTPM_SIZE, 6000, 3);
	CHECK_EQ(*mock_memory(CERTIFICATES + 5000), 0);
}

/* Nothing but sizes: the addresses of buffers without a size do not count. */
TEST(asking_for_sizes)
{
	start_with_vtpm();
	request.report = request.manifest = request.certificates = (struct svsm_attest_buffer){ 0x123, 0, 0 };
	check_sizes(0, ALL_SIZE, 0, 0);
	check_sizes(1, VTPM_SIZE, 0, 0);
}

/* As Linux does it: unknown registers tell it which size it has to change. */
TEST(certificates_larger_than_the_mailbox)
{
	start_with_vtpm();
	give_certificates(PSP_CERTIFICATES_MAX + 1);
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rdx, 0);
}

/* ---- bad fields ---- */

static struct svsm_attest_buffer *buffer(uint32_t index)
{
	return index == 0 ? &request.report : index == 1 ? &request.manifest : &request.certificates;
}

TEST(reserved_fields)
{
	for (uint32_t bit = 0; bit < 32; bit++) {
		for (uint32_t i = 0; i < 3; i++) {
			start_with_vtpm();
			buffer(i)->reserved = 1u << bit;
			refused(0, SVSM_ERR_INVALID_PARAMETER);
			refused(1, SVSM_ERR_INVALID_PARAMETER);
		}
		start_with_vtpm();
		request.reserved_54 = 1u << bit;
		refused(1, SVSM_ERR_INVALID_PARAMETER);
		CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS); /* not part of this request */
	}
	for (uint32_t bit = 0; bit < 48; bit++) {
		start_with_vtpm();
		request.reserved_1a[bit / 8] = (uint8_t)(1u << bit % 8);
		refused(0, SVSM_ERR_INVALID_PARAMETER);
	}
}

TEST(nonces)
{
	static const uint16_t sizes[] = { 0, 1, 32, 63, 65, 128, 0xFFFF };

	start_with_vtpm();
	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		request.nonce_size = sizes[i];
		refused(0, SVSM_ERR_INVALID_PARAMETER);
	}
	request.nonce_size = 64;
	for (uint32_t i = 0; i < 5; i++) {
		static const uint64_t addresses[] = { 0, CAA, NONCE + PAGE_SIZE, ~0ull - 10, MONITOR_GPA };

		request.nonce = addresses[i];
		refused(0, SVSM_ERR_INVALID_ADDRESS);
	}
	request.nonce = CAA + PAGE_SIZE - 64;
	CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
}

TEST(services_and_versions)
{
	for (uint32_t bit = 0; bit < 128; bit++) {
		start_with_vtpm();
		request.service[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused(1, SVSM_ERR_INVALID_PARAMETER);
	}
	start_with_vtpm();
	memset(request.service, 0, sizeof(request.service));
	refused(1, SVSM_ERR_INVALID_PARAMETER);
	start_with_vtpm();
	request.manifest_version = 1;
	refused(1, SVSM_ERR_INVALID_PARAMETER);
	request.manifest_version = 0x80000000;
	refused(1, SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
}

TEST(places_of_buffers)
{
	static const uint64_t bad[] = { 0, MOCK_RAM_BASE + MOCK_RAM_SIZE, MONITOR_GPA, CAA, 0x00200000, 0xFFFFFFFFFFFFF000ull,
					1ull << 51 | REPORT };

	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t j = 1; j < PAGE_SIZE; j <<= 1) {
			start_with_vtpm();
			buffer(i)->address += j;
			refused(0, SVSM_ERR_INVALID_PARAMETER);
		}
		for (uint32_t j = 0; j < ARRAY_SIZE(bad); j++) {
			start_with_vtpm();
			buffer(i)->address = bad[j];
			refused(0, SVSM_ERR_INVALID_ADDRESS);
		}
		/* The last page of the buffer is not the guest's. */
		start_with_vtpm();
		buffer(i)->size = CERTIFICATE_PAGES * PAGE_SIZE + 1;
		refused(0, SVSM_ERR_INVALID_ADDRESS);
		buffer(i)->size = 0x100001;
		refused(0, SVSM_ERR_INVALID_PARAMETER);
		buffer(i)->size = ~0u;
		refused(0, SVSM_ERR_INVALID_PARAMETER);
	}
}

TEST(buffers_that_overlap)
{
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t j = 0; j < 3; j++) {
			if (i == j)
				continue;
			start_with_vtpm();
			request.certificates.size = request.report.size = request.manifest.size = 2 * PAGE_SIZE;
			buffer(i)->address = buffer(j)->address;
			refused(0, SVSM_ERR_INVALID_PARAMETER);
			buffer(i)->address += PAGE_SIZE;
			refused(0, SVSM_ERR_INVALID_PARAMETER);
			buffer(i)->address += PAGE_SIZE;
			CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
		}
	}
}

/* The host or another vCPU takes memory away in the middle: an error, whatever access meets it. */
TEST(memory_that_goes_away)
{
	for (uint32_t n = 1; n < 12; n++) {
		uint64_t result;

		start_with_vtpm();
		give_certificates(5000);
		mock_fault_countdown = n;
		result = issue(0);
		CHECK(result == SVSM_ERR_INVALID_ADDRESS || (result == SVSM_SUCCESS && mock_fault_countdown != 0));
		mock_fault_countdown = 0;
		CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
	}
}

/* ---- calls that take several turns ---- */

TEST(service_that_takes_its_time)
{
	start_with_vtpm();
	mock_vtpm_slow = true;
	for (uint32_t i = 0; i < 5; i++) {
		CHECK_EQ(issue(0), SVSM_ERR_INCOMPLETE);
		CHECK_EQ(call.rcx, REQUEST);
		CHECK_EQ(call.rdx, UNTOUCHED);
	}
	CHECK_EQ(mock_carries, 0);
	mock_vtpm_slow = false;
	CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
	CHECK_EQ(mock_vtpm_requests, 1);
	check_bound(ALL_SIZE);
}

static int busy_host(const struct platform_message *message, uint64_t *detail)
{
	(void)message;
	(void)detail;
	return ERR_BUSY;
}

TEST(host_that_is_busy)
{
	start_with_vtpm();
	mock_host = busy_host;
	for (uint32_t i = 0; i < 5; i++) {
		CHECK_EQ(issue(1), SVSM_ERR_BUSY);
		CHECK_EQ(call.rcx, REQUEST);
		CHECK_EQ(call.rdx, UNTOUCHED);
		CHECK_EQ(call.r8, UNTOUCHED);
	}
	mock_host = mock_psp_carry;
	CHECK_EQ(issue_all_turns(1), SVSM_SUCCESS);
	CHECK_EQ(mock_carries, 6);
	check_bound(VTPM_SIZE);
}

/* The guest changes the nonce between two turns: it gets a report over the new one. */
TEST(nonce_that_changes)
{
	start_with_vtpm();
	mock_host = busy_host;
	CHECK_EQ(issue(1), SVSM_ERR_BUSY);
	mock_memory(NONCE)[5] ^= 0xFF;
	mock_host = mock_psp_carry;
	CHECK_EQ(issue_all_turns(1), SVSM_SUCCESS);
	check_bound(VTPM_SIZE);
}

TEST(two_processors)
{
	start_with_vtpm();
	mock_host = busy_host;
	CHECK_EQ(issue(1), SVSM_ERR_BUSY);
	percpu_self()->index = 1;
	mock_memory(NONCE)[5] ^= 0xFF;
	CHECK_EQ(issue(1), SVSM_ERR_BUSY);
	mock_host = mock_psp_carry;
	CHECK_EQ(issue(1), SVSM_ERR_BUSY); /* fetches the first one's answer */
	percpu_self()->index = 0;
	mock_memory(NONCE)[5] ^= 0xFF;
	CHECK_EQ(issue_all_turns(1), SVSM_SUCCESS);
	check_bound(VTPM_SIZE);
	percpu_self()->index = 1;
	mock_memory(NONCE)[5] ^= 0xFF;
	CHECK_EQ(issue_all_turns(1), SVSM_SUCCESS);
	check_bound(VTPM_SIZE);
	percpu_self()->index = 0;
	CHECK_EQ(mock_carries, 4);
}

/* ---- services and a security processor that fail ---- */

/* All services: the vTPM is there, but cannot say who it is. Single: an error. */
static void check_no_manifest(void)
{
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SINGLE_SERVICE), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(mock_carries, 0);
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 48);
	CHECK_EQ(mock_memory(MANIFEST)[0x10], 48);
	CHECK_EQ(mock_memory(MANIFEST)[0x14], 1);
	CHECK(memcmp(mock_memory(MANIFEST + 0x18), vtpm, 16) == 0);
	CHECK_EQ(mock_memory(MANIFEST)[0x28], 48);
	CHECK_EQ(mock_memory(MANIFEST)[0x2C], 0);
	check_bound(48);
}

TEST(service_without_a_manifest)
{
	start_with_vtpm();
	mock_vtpm_reply.error = ERR_STATE;
	check_no_manifest();
	start_with_vtpm();
	mock_vtpm_reply.size = 0;
	check_no_manifest();
	start_with_vtpm();
	mock_vtpm_reply.size = PAGE_SIZE + 1;
	check_no_manifest();
	start_with_vtpm();
	mock_vtpm_no_page = true;
	check_no_manifest();
	start_with_vtpm();
	mock_vtpm_dies = true;
	check_no_manifest();
}

TEST(the_largest_manifest)
{
	start_with_vtpm();
	mock_vtpm_reply.size = PAGE_SIZE;
	request.manifest.size = 2 * PAGE_SIZE;
	CHECK_EQ(issue_all_turns(0), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, PAGE_SIZE + 48);
	check_bound(PAGE_SIZE + 48);
	request.manifest.size = PAGE_SIZE;
	CHECK_EQ(issue(0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(call.rcx, PAGE_SIZE + 48);
}

static int refusing_host(const struct platform_message *message, uint64_t *detail)
{
	(void)message;
	*detail = 0;
	return ERR_HOST;
}

TEST(security_processor_that_fails)
{
	start_with_vtpm();
	mock_host = refusing_host;
	for (uint32_t i = 1; i < PSP_TRIES * (PSP_RENEWALS + 1); i++)
		CHECK_EQ(issue(0), SVSM_ERR_BUSY);
	CHECK_EQ(issue(0), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(call.rcx, REQUEST);
	CHECK_EQ(issue(0), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	call = (struct vcpu_call){ .rcx = (uint64_t)SVSM_PROTOCOL_ATTEST << 32 | 1 };
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 0);
}

/* For want of memory the service is not asked for its manifest: the call can be made again. */
TEST(no_memory_for_the_manifest)
{
	start_with_vtpm();
	mock_frame_countdown = 1;
	refused(SVSM_ATTEST_SERVICES, SVSM_ERR_BUSY);
	mock_frame_countdown = 0;
	CHECK_EQ(issue_all_turns(SVSM_ATTEST_SERVICES), SVSM_SUCCESS);
	check_bound(ALL_SIZE);
}
