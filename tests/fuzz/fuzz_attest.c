/* SPDX-License-Identifier: MIT */
/*
 * Attestation calls with a structure, a nonce, a service and a host from the fuzzer. A call that succeeds must have bound
 * what it wrote; one that fails without being about sizes must have changed no register; and nothing may be written outside
 * the buffers that the structure names.
 */
#include "tests/mock/mock.h"
#include "tests/mock/psp.h"
#include "tests/mock/vtpm.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "kernel/protocol/protocol.h"

#define BASE 0x00110000ull
#define PAGES 16u
#define UNTOUCHED 0x5151515151515151ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t number, place, host, vtpm, fault;
	uint8_t page[4], low[4], flags;
	uint16_t size[3];
	uint8_t change_at, change_by;
	uint16_t certificates, manifest;
	uint64_t raw;
};

static struct input input;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t address(uint32_t index)
{
	if (input.page[index] == 0xFF)
		return input.raw;
	return BASE + input.page[index] % (PAGES + 2u) * PAGE_SIZE + ((input.flags >> index & 1u) != 0 ? input.low[index] : 0);
}

static int host(const struct platform_message *message, uint64_t *detail)
{
	if (input.host < 0x20)
		return ERR_BUSY;
	if (input.host < 0x28)
		return ERR_HOST;
	return mock_psp_carry(message, detail);
}

static void make_request(struct svsm_attest_request *request)
{
	static const uint8_t vtpm[16] = SVSM_GUID_VTPM;

	*request = (struct svsm_attest_request){ .report = { address(0), input.size[0], 0 },
						 .nonce = address(3),
						 .nonce_size = 64,
						 .manifest = { address(1), input.size[1], 0 },
						 .certificates = { address(2), input.size[2], 0 } };
	memcpy(request->service, vtpm, sizeof(vtpm));
	if (input.change_at < sizeof(*request))
		((uint8_t *)request)[input.change_at] ^= input.change_by;
}

static void prepare(void)
{
	struct snp_certificate_entry entry = { .guid = SNP_CERTIFICATE_ARK, .offset = 48, .length = input.certificates };

	mock_host = host;
	memset(mock_certificates, 0, 48);
	memcpy(mock_certificates, &entry, sizeof(entry));
	mock_certificates_size = input.certificates == 0 ? 0 : (48u + input.certificates) % sizeof(mock_certificates);
	mock_vtpm_slow = input.vtpm < 0x20;
	mock_vtpm_dies = input.vtpm >= 0xF0;
	mock_vtpm_no_page = input.vtpm >= 0xE0;
	mock_vtpm_reply = (struct vtpm_reply){ .error = input.vtpm == 0xD0 ? ERR_STATE : 0, .size = input.manifest };
}

/* Everything that is the guest's, before the call. */
static uint8_t before[PAGES * PAGE_SIZE];

static bool inside(uint64_t at, const struct svsm_attest_buffer *buffer)
{
	return at >= buffer->address && at - buffer->address < buffer->size;
}

static void check_writes(const struct svsm_attest_request *request)
{
	for (uint64_t i = 0; i < sizeof(before); i++) {
		if (mock_memory(BASE)[i] != before[i])
			require(inside(BASE + i, &request->report) || inside(BASE + i, &request->manifest) ||
				inside(BASE + i, &request->certificates));
	}
}

static void check_success(const struct svsm_attest_request *request, const struct vcpu_call *call)
{
	static uint8_t text[64 + 2 * PAGE_SIZE];
	const struct snp_report *report = (const void *)mock_memory(request->report.address);
	uint8_t hash[64];

	require(call->r8 == sizeof(*report) && call->rcx <= request->manifest.size &&
		call->rdx <= request->certificates.size && call->rcx <= 2 * PAGE_SIZE);
	/* The nonce as it was: results may lie over it. */
	memcpy(text, before + (request->nonce - BASE), 64);
	memcpy(text + 64, mock_memory(request->manifest.address), call->rcx);
	SHA512(text, 64 + call->rcx, hash);
	require(memcmp(report->report_data, hash, sizeof(hash)) == 0 && report->vmpl == 0);
}

static void run(void)
{
	struct svsm_attest_request request;
	struct vcpu_call call = { .rdx = UNTOUCHED, .r8 = UNTOUCHED };
	uint64_t at = BASE + (input.place & 0x0Fu) * PAGE_SIZE + ((input.place & 0x10u) != 0 ? 8u : 0xFA8u), result;

	if ((input.place & 0xE0u) == 0xE0u)
		at = input.raw;
	make_request(&request);
	prepare();
	if (at >= BASE && at <= BASE + PAGES * PAGE_SIZE - sizeof(request))
		memcpy(mock_memory(at), &request, sizeof(request));
	memcpy(before, mock_memory(BASE), sizeof(before));
	call.rcx = at;
	mock_fault_countdown = input.fault < 8 ? input.fault : 0;
	result = mock_call(SVSM_PROTOCOL_ATTEST, input.number % 3u, &call);
	mock_fault_countdown = 0;
	check_writes(&request);
	if (result == SVSM_SUCCESS)
		check_success(&request, &call);
	else if (call.rcx != at)
		require(result == SVSM_ERR_INVALID_PARAMETER && call.r8 == sizeof(struct snp_report));
	else
		require(call.rdx == UNTOUCHED && call.r8 == UNTOUCHED);
}

/* Calls change no page states: the memory is made once. */
static void make_memory(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	mock_reset();
	protocol_attest_init();
	for (uint64_t i = 0; i < PAGES; i++)
		mock_give(BASE + i * PAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_memory();
	memset(mock_memory(BASE), 0, sizeof(before));
	mock_psp_reset();
	mock_vtpm_start();
	for (uint32_t i = 0; i < 8 && size != 0; i++) {
		size_t part = size < sizeof(input) ? size : sizeof(input);

		memset(&input, 0x40, sizeof(input));
		memcpy(&input, data, part);
		run();
		data += part;
		size -= part;
	}
	return 0;
}
