/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of guest messages: a sequence of questions and answers in which the fuzzer is the host. Each step
 * asks, repeats an answer, changes a good one, or makes one up. Whatever happens: a number is used for one ciphertext,
 * only the untouched answer opens, and after a refusal the identical request goes out again, or none with its number.
 */
#include "tests/unit/gcm.h"

#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[SNP_VMPCK_SIZE] = { 7 };
static struct guest_channel channel;
static uint8_t page[PAGE_SIZE] __attribute__((aligned(8))), good[PAGE_SIZE], sent[PAGE_SIZE], question[96];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void make_answer(uint16_t size)
{
	struct snp_msg_header *header = (struct snp_msg_header *)(void *)page;
	uint8_t iv[12] = { 0 };

	memset(page, 0, sizeof(page));
	*header = (struct snp_msg_header){ .msg_seqno = channel.number + 1u, .algo = 1, .hdr_version = 1, .hdr_size = 0x60,
					   .msg_type = (uint8_t)(channel.type + 1u), .msg_version = 1,
					   .msg_size = (uint16_t)(1 + size % SNP_MSG_PAYLOAD_MAX) };
	memcpy(iv, &header->msg_seqno, 8);
	test_gcm_encrypt(key, iv, page + 0x30, 0x30, page + 0x60, header->msg_size, header->authtag);
	memcpy(good, page, sizeof(good));
}

static void check_open(void)
{
	enum guest_channel_state before = channel.state;
	uint64_t number = channel.number;
	const uint8_t *payload;
	uint32_t length;
	int error = guest_channel_open(&channel, page, &payload, &length);

	if (before != GUEST_CHANNEL_SENT) {
		require(error == ERR_STATE && channel.state == before);
		return;
	}
	if (error != 0) {
		require(channel.state == GUEST_CHANNEL_SENT && channel.number == number);
		return;
	}
	require(channel.number == number + 2 && channel.state == GUEST_CHANNEL_READY && length <= SNP_MSG_PAYLOAD_MAX);
	/* What opened is what the security processor sealed, but for bytes that nothing protects. */
	require(memcmp(good, page, 16) == 0 && memcmp(good + 0x30, page + 0x30, 0x30u + length) == 0);
}

static void step(uint8_t what, uint16_t at, uint8_t value)
{
	uint64_t number = channel.number;

	switch (what % 7u) {
	case 0:
		memset(question, value, sizeof(question));
		if (guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, 1u + at % 96u) == 0) {
			require(channel.number == number);
			memcpy(sent, guest_channel_request(&channel), PAGE_SIZE);
		}
		break;
	case 1:
		make_answer(at);
		break;
	case 2:
		page[at % PAGE_SIZE] ^= value;
		break;
	case 3:
		check_open();
		break;
	case 4:
		memcpy(page, good, sizeof(page));
		break;
	case 5:
		memcpy(page, sent, sizeof(page));
		break;
	default:
		if (guest_channel_skip(&channel) == 0)
			require(channel.number == number + 2 && guest_channel_request(&channel) == NULL);
		break;
	}
	if (channel.state == GUEST_CHANNEL_SENT && what % 7u != 0)
		require(memcmp(sent, guest_channel_request(&channel), PAGE_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	require(guest_channel_init(&channel, test_gcm, 0, key, 0) == 0);
	memset(page, 0, sizeof(page));
	memset(good, 0, sizeof(good));
	for (; size >= 4; data += 4, size -= 4)
		step(data[0], (uint16_t)(data[1] | data[2] << 8), data[3]);
	return 0;
}
