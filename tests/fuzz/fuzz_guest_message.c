/* SPDX-License-Identifier: MIT */
/*
 * Guest messages. The first byte chooses: a raw message; or one with a good header and tag around the fuzzer's payload,
 * with some bytes of the header exchanged. A refused message must leave the response alone, an answered one must be in
 * order and must have used up its number.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tests/mock/nutshell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t request[PAGE_SIZE] __attribute__((aligned(8))), response[PAGE_SIZE] __attribute__((aligned(8)));

static struct snp_msg_header *header_of(uint8_t *message)
{
	return (struct snp_msg_header *)(void *)message;
}

static void seal(void)
{
	struct snp_msg_header *header = header_of(request);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t iv[12] = { 0 };
	int done;

	memcpy(iv, &header->msg_seqno, 8);
	EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, psp_vmpck(header->msg_vmpck % SNP_VMPL_COUNT), iv);
	EVP_EncryptUpdate(context, NULL, &done, request + 0x30, 0x30);
	if (header->msg_size <= SNP_MSG_PAYLOAD_MAX)
		EVP_EncryptUpdate(context, request + 0x60, &done, request + 0x60, header->msg_size);
	EVP_EncryptFinal_ex(context, request, &done);
	EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, header->authtag);
	EVP_CIPHER_CTX_free(context);
}

/* data: key and type, one exchanged byte of the header, then the payload. */
static void build(const uint8_t *data, size_t size)
{
	uint8_t exchanged = size > 2 ? data[1] : 0xFF;
	size_t payload = size > 3 ? size - 3u : 0;

	if (payload > SNP_MSG_PAYLOAD_MAX)
		payload = SNP_MSG_PAYLOAD_MAX;
	memset(request, 0, sizeof(request));
	*header_of(request) = (struct snp_msg_header){ .msg_seqno = 1,
						       .algo = 1,
						       .hdr_version = 1,
						       .hdr_size = SNP_MSG_HEADER_SIZE,
						       .msg_type = size > 0 && (data[0] & 4u) != 0 ? SNP_MSG_KEY_REQ
												   : SNP_MSG_REPORT_REQ,
						       .msg_version = 1,
						       .msg_size = (uint16_t)payload,
						       .msg_vmpck = size > 0 ? data[0] & 3u : 0 };
	if (payload != 0)
		memcpy(request + SNP_MSG_HEADER_SIZE, data + 3, payload);
	if (exchanged >= 0x20 && exchanged < SNP_MSG_HEADER_SIZE)
		request[exchanged] = data[2];
	seal();
}

static void check(uint32_t status)
{
	const struct snp_msg_header *answer = header_of(response), *asked = header_of(request);

	if (status != 0) {
		for (uint32_t i = 0; i < PAGE_SIZE; i++) {
			if (response[i] != 0x77)
				abort();
		}
		return;
	}
	if (answer->msg_seqno != 2 || answer->msg_type != asked->msg_type + 1 ||
	    answer->msg_vmpck != asked->msg_vmpck || answer->msg_size > SNP_MSG_PAYLOAD_MAX)
		abort();
	if (psp_guest_message(request, response) == 0) /* the number is used up */
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mock_tsc = 0;
	psp_launch_start(SNP_POLICY_MUST_BE_ONE);
	if (size > 0 && data[0] >= 0x80) {
		memset(request, 0, sizeof(request));
		memcpy(request, data + 1, size - 1 < PAGE_SIZE ? size - 1 : PAGE_SIZE);
	} else {
		build(data, size);
	}
	memset(response, 0x77, sizeof(response));
	check(psp_guest_message(request, response));
	return 0;
}
