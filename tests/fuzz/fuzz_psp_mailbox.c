/* SPDX-License-Identifier: MIT */
/*
 * The mailbox of the security processor: the fuzzer is the host, and chooses who asks. Whatever the host does, a caller gets
 * its own report or an error, a number never seals two messages (the mock watches that), and a mailbox that closed stays so.
 */
#include "tests/mock/mock.h"
#include "tests/mock/psp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t owner, data, host, at_low, at_high, value;
};

static struct step step;
static struct psp_answer answer;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void change_answer(struct mock_answer *changed)
{
	uint8_t *bytes = (uint8_t *)changed;

	bytes[(step.at_low | (uint32_t)step.at_high << 8) % offsetof(struct mock_answer, size)] ^= step.value;
}

static int host(const struct platform_message *message, uint64_t *detail)
{
	uint32_t at = (step.at_low | (uint32_t)step.at_high << 8);
	int error;

	switch (step.host % 8u) {
	case 0:
	case 1:
		return ERR_BUSY;
	case 2:
		*detail = step.value;
		return step.value % 2u == 0 ? ERR_OVERFLOW : ERR_HOST;
	case 3:
		error = mock_psp_carry(message, detail);
		mock_shared(message->response)[at % PAGE_SIZE] ^= step.value;
		return error;
	case 4:
		mock_psp_change = change_answer;
		error = mock_psp_carry(message, detail);
		mock_psp_change = NULL;
		return error;
	case 5:
		return 0;
	default:
		return mock_psp_carry(message, detail);
	}
}

static void prepare_certificates(void)
{
	struct snp_certificate_entry entry = { .guid = SNP_CERTIFICATE_ASK, .offset = 48u + step.at_low % 8u,
					       .length = (uint32_t)step.at_high << (step.value % 9u) };

	if (step.value >= 0xF0) {
		mock_certificates_size = 0;
		return;
	}
	memcpy(mock_certificates, &entry, sizeof(entry));
	mock_certificates[step.data] ^= (uint8_t)(step.host >> 4);
	mock_certificates_size = (entry.offset + entry.length) % sizeof(mock_certificates);
}

static void run_step(void)
{
	struct psp_request request = { .owner = step.owner % 4u, .certificates = (step.owner & 0x80u) != 0 };
	bool was_open = psp_is_open();
	int error;

	memset(request.data, (int)(step.data % 4u), sizeof(request.data));
	prepare_certificates();
	error = psp_report(&request, &answer);
	require(was_open || (error == ERR_UNSUPPORTED && !psp_is_open()));
	if (error == 0) {
		require(psp_is_open() && answer.report.vmpl == 0 && answer.certificates_size <= PSP_CERTIFICATES_MAX);
		require(memcmp(answer.report.report_data, request.data, sizeof(request.data)) == 0);
		require(request.certificates || answer.certificates_size == 0);
	}
	require(error == 0 || error == ERR_BUSY || error == ERR_HOST || error == ERR_STATE || error == ERR_UNSUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mock_psp_reset();
	mock_host = host;
	for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		run_step();
	}
	return 0;
}
