/* SPDX-License-Identifier: MIT */
#include "tests/unit/gcm.h"

#include <stdio.h>
#include <string.h>

#include "kernel/x86/paging.h"
#include "tests/mock/psp.h"

#define SEEN_MAX 4096u

mock_carry *mock_host;
mock_change *mock_psp_change;
uint32_t mock_carries;
uint8_t mock_certificates[PSP_CERTIFICATES_MAX + PAGE_SIZE];
uint32_t mock_certificates_size;
struct snp_report_req mock_psp_question;

static uint8_t key[SNP_VMPCK_SIZE];
static uint64_t next_number;
static uint8_t seen[SEEN_MAX][PAGE_SIZE]; /* ciphertext of each number, by number / 2 */
static bool is_seen[SEEN_MAX];
static uint32_t seen_end;

static void require(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "message to the security processor: %s\n", what);
		abort();
	}
}

void mock_psp_reset(void)
{
	static uint8_t generation;
	struct snp_secrets_page secrets = { .version = 3 };

	memset(is_seen, 0, seen_end * sizeof(is_seen[0]));
	seen_end = 0;
	memset(key, 0x40 + generation++ % 64, sizeof(key));
	memcpy(secrets.vmpck[0], key, sizeof(key));
	next_number = 1;
	mock_host = mock_psp_carry;
	mock_psp_change = NULL;
	mock_carries = 0;
	mock_certificates_size = 0;
	psp_init(&secrets);
	for (uint32_t i = 0; i < SNP_VMPCK_SIZE; i++)
		require(secrets.vmpck[0][i] == 0, "the key is left in the secrets page");
}

uint8_t *mock_shared(pa_t page)
{
	return paging_region_pointer(page);
}

int memory_allocate_shared(uint64_t count, pa_t *out)
{
	return memory_allocate(count, out);
}

static void watch(const uint8_t *page)
{
	struct snp_msg_header header;
	uint64_t index;

	memcpy(&header, page, sizeof(header));
	index = header.msg_seqno / 2u;
	require(header.msg_seqno % 2u == 1 && index < SEEN_MAX, "no such number");
	require(header.msg_vmpck == 0, "not VMPL0's key");
	require(!is_seen[index] || memcmp(seen[index], page, PAGE_SIZE) == 0, "a number is used for two ciphertexts");
	memcpy(seen[index], page, PAGE_SIZE);
	is_seen[index] = true;
	seen_end = index >= seen_end ? (uint32_t)index + 1u : seen_end;
}

int platform_message_carry(const struct platform_message *message, uint64_t *detail)
{
	watch(mock_shared(message->request));
	mock_carries++;
	*detail = 0;
	return mock_host(message, detail);
}

/* ---- the security processor ---- */

static void iv_of(uint64_t number, uint8_t iv[12])
{
	memset(iv, 0, 12);
	memcpy(iv, &number, sizeof(number));
}

static bool open_question(const uint8_t *page)
{
	static uint8_t copy[PAGE_SIZE] __attribute__((aligned(8)));
	struct snp_msg_header header;
	uint8_t iv[12], tag[16];

	memcpy(copy, page, sizeof(copy));
	memcpy(&header, copy, sizeof(header));
	if (header.msg_seqno != next_number)
		return false;
	iv_of(header.msg_seqno, iv);
	test_gcm(key, iv, copy + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE, copy + sizeof(header), header.msg_size, false, tag);
	require(memcmp(tag, header.authtag, sizeof(tag)) == 0, "it does not decrypt");
	require(header.msg_type == SNP_MSG_REPORT_REQ && header.msg_size == sizeof(mock_psp_question), "not a question");
	memcpy(&mock_psp_question, copy + sizeof(header), sizeof(mock_psp_question));
	return true;
}

static void seal_answer(struct mock_answer *answer, uint8_t *page)
{
	uint32_t size = answer->header.msg_size <= SNP_MSG_PAYLOAD_MAX ? answer->header.msg_size : SNP_MSG_PAYLOAD_MAX;
	uint8_t iv[12];

	memset(page, 0, PAGE_SIZE);
	memcpy(page + sizeof(answer->header), &answer->response, size < sizeof(answer->response) ? size : sizeof(answer->response));
	memcpy(page, &answer->header, sizeof(answer->header));
	iv_of(answer->header.msg_seqno, iv);
	test_gcm(key, iv, page + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE, page + sizeof(answer->header), size, true, page);
}

int mock_psp_carry(const struct platform_message *message, uint64_t *detail)
{
	static struct mock_answer answer;
	uint32_t pages = (mock_certificates_size + 0xFFFu) / 0x1000u;

	if (message->certificate_pages != 0 && pages > message->certificate_pages) {
		*detail = pages;
		return ERR_OVERFLOW;
	}
	if (!open_question(mock_shared(message->request))) {
		*detail = 0x16;
		return ERR_HOST;
	}
	answer = (struct mock_answer){ .header = { .msg_seqno = next_number + 1, .algo = 1, .hdr_version = 1, .hdr_size = 0x60,
						   .msg_type = SNP_MSG_REPORT_RSP, .msg_version = 1 },
				       .response = { .report_size = sizeof(struct snp_report),
						     .report = { .version = 3, .vmpl = mock_psp_question.vmpl } },
				       .size = sizeof(answer.response) };
	memcpy(answer.response.report.report_data, mock_psp_question.user_data, 64);
	answer.header.msg_size = (uint16_t)answer.size;
	if (mock_psp_change != NULL)
		mock_psp_change(&answer);
	seal_answer(&answer, mock_shared(message->response));
	if (message->certificate_pages != 0 && mock_certificates_size != 0)
		memcpy(mock_shared(message->certificates), mock_certificates, mock_certificates_size);
	next_number += 2;
	return 0;
}
