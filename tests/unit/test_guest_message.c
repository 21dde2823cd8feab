/* SPDX-License-Identifier: MIT */
/* The guest's side of guest messages against a security processor made of OpenSSL: good exchanges, and every bad one. */
#include "tests/unit/gcm.h"

#include <string.h>

#include "tests/unit/unit.h"

static const uint8_t key[SNP_VMPCK_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static struct guest_channel channel;
static uint8_t page[PAGE_SIZE] __attribute__((aligned(8)));
static const uint8_t question[96] = "what is measured?";
static const uint8_t *payload;
static uint32_t payload_size;

static struct snp_msg_header *answer_header(void)
{
	return (struct snp_msg_header *)(void *)page;
}

static void open_channel(uint64_t last)
{
	CHECK_EQ(guest_channel_init(&channel, test_gcm, 0, key, last), 0);
}

/* Writes a sealed answer into page: header as given, payload of size bytes of value. */
static void seal_answer(struct snp_msg_header header, uint8_t value)
{
	uint8_t iv[12] = { 0 };
	uint32_t size = header.msg_size <= SNP_MSG_PAYLOAD_MAX ? header.msg_size : SNP_MSG_PAYLOAD_MAX;

	memset(page, 0, sizeof(page));
	memset(page + sizeof(header), value, size);
	memcpy(iv, &header.msg_seqno, 8);
	memcpy(page, &header, sizeof(header));
	test_gcm_encrypt(key, iv, page + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE, page + sizeof(header), size,
			 answer_header()->authtag);
}

static struct snp_msg_header good_header(uint64_t number)
{
	return (struct snp_msg_header){ .msg_seqno = number,
					.algo = 1,
					.hdr_version = 1,
					.hdr_size = 0x60,
					.msg_type = SNP_MSG_REPORT_RSP,
					.msg_version = 1,
					.msg_size = 0x100 };
}

static void ask(void)
{
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, sizeof(question)), 0);
}

static int open_answer(void)
{
	payload = NULL;
	payload_size = 0;
	return guest_channel_open(&channel, page, &payload, &payload_size);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* The channel is wiped, and stays so. */
static void check_wiped(void)
{
	CHECK_EQ(channel.state, GUEST_CHANNEL_WIPED);
	CHECK(all_zero(channel.key, sizeof(channel.key)));
	CHECK(all_zero(channel.answer, sizeof(channel.answer)));
	CHECK(guest_channel_request(&channel) == NULL);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, sizeof(question)), ERR_STATE);
	CHECK_EQ(open_answer(), ERR_STATE);
}

/* The answer in the page did not open: the identical request can be sent again, and the answer to it opens. */
static void check_sent(const uint8_t *request)
{
	uint64_t number = channel.number;

	CHECK(payload == NULL);
	CHECK_EQ(channel.state, GUEST_CHANNEL_SENT);
	CHECK(all_zero(channel.answer, sizeof(channel.answer)));
	CHECK(memcmp(request, guest_channel_request(&channel), PAGE_SIZE) == 0);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, sizeof(question)), ERR_STATE);
	seal_answer(good_header(number + 1), 0x33);
	CHECK_EQ(open_answer(), 0);
	CHECK_EQ(payload[0], 0x33);
	CHECK_EQ(channel.number, number + 2);
}

static void refuse_answer(void)
{
	static uint8_t request[PAGE_SIZE];

	memcpy(request, guest_channel_request(&channel), sizeof(request));
	CHECK_EQ(open_answer(), ERR_FORMAT);
	check_sent(request);
}

TEST(keys_and_numbers_to_start_with)
{
	static const uint8_t none[SNP_VMPCK_SIZE];

	CHECK_EQ(guest_channel_init(&channel, test_gcm, 4, key, 0), ERR_INVALID);
	CHECK_EQ(guest_channel_init(&channel, test_gcm, 0, none, 0), ERR_INVALID);
	check_wiped();
	CHECK_EQ(guest_channel_init(&channel, test_gcm, 0, key, 1), ERR_INVALID);
	CHECK_EQ(guest_channel_init(&channel, test_gcm, 0, key, UINT64_MAX - 1), ERR_INVALID);
	check_wiped();
	CHECK_EQ(guest_channel_init(&channel, test_gcm, 3, key, 6), 0);
	CHECK_EQ(channel.number, 7);
	CHECK(guest_channel_request(&channel) == NULL);
	CHECK_EQ(open_answer(), ERR_STATE);
	CHECK_EQ(channel.state, GUEST_CHANNEL_READY);
}

TEST(a_request_is_what_the_manual_says)
{
	struct snp_msg_header header;
	uint8_t copy[PAGE_SIZE], tag[16], iv[12] = { 1 };

	open_channel(0);
	ask();
	memcpy(copy, guest_channel_request(&channel), sizeof(copy));
	memcpy(&header, copy, sizeof(header));
	CHECK_EQ(header.msg_seqno, 1);
	CHECK_EQ(header.algo, 1);
	CHECK_EQ(header.hdr_version, 1);
	CHECK_EQ(header.hdr_size, 0x60);
	CHECK_EQ(header.msg_type, 5);
	CHECK_EQ(header.msg_version, 1);
	CHECK_EQ(header.msg_size, 96);
	CHECK_EQ(header.msg_vmpck, 0);
	CHECK(all_zero(copy + 0x10, 0x10));
	CHECK(all_zero(copy + 0x60 + 96, PAGE_SIZE - 0x60 - 96));
	CHECK(memcmp(copy + 0x60, question, sizeof(question)) != 0);
	test_gcm(key, iv, copy + 0x30, 0x30, copy + 0x60, 96, false, tag);
	CHECK(memcmp(copy + 0x60, question, sizeof(question)) == 0);
	CHECK(memcmp(copy, tag, sizeof(tag)) == 0);
}

TEST(numbers_go_up_by_two)
{
	open_channel(0);
	for (uint64_t number = 1; number < 12; number += 2) {
		ask();
		CHECK_EQ(((const struct snp_msg_header *)(const void *)guest_channel_request(&channel))->msg_seqno, number);
		seal_answer(good_header(number + 1), (uint8_t)number);
		CHECK_EQ(open_answer(), 0);
		CHECK_EQ(payload_size, 0x100);
		CHECK_EQ(payload[0], number);
		CHECK_EQ(payload[0xFF], number);
	}
}

TEST(nothing_else_is_sealed_before_the_answer)
{
	uint8_t first[PAGE_SIZE];

	open_channel(0);
	ask();
	memcpy(first, guest_channel_request(&channel), sizeof(first));
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, "something else", 14), ERR_STATE);
	CHECK(memcmp(first, guest_channel_request(&channel), sizeof(first)) == 0);
}

TEST(bad_requests)
{
	static uint8_t large[PAGE_SIZE];

	open_channel(0);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, large, 0), ERR_INVALID);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, large, SNP_MSG_PAYLOAD_MAX + 1), ERR_INVALID);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_RSP, large, 8), ERR_INVALID);
	CHECK_EQ(channel.state, GUEST_CHANNEL_READY);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, large, SNP_MSG_PAYLOAD_MAX), 0);
}

TEST(the_last_number)
{
	open_channel(UINT64_MAX - 5);
	ask();
	seal_answer(good_header(UINT64_MAX - 3), 1);
	CHECK_EQ(open_answer(), 0);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, sizeof(question)), ERR_OVERFLOW);
	check_wiped();
}

/* Sealed under the right key, but not the answer to this request. */
TEST(well_sealed_answers_that_do_not_fit)
{
	struct snp_msg_header bad[12];

	for (unsigned i = 0; i < 12; i++)
		bad[i] = good_header(2);
	bad[0].msg_seqno = 1;
	bad[1].msg_seqno = 3;
	bad[2].msg_seqno = 4;
	bad[3].algo = 0;
	bad[4].hdr_version = 2;
	bad[5].hdr_size = 0x61;
	bad[6].msg_type = SNP_MSG_REPORT_REQ;
	bad[7].msg_type = SNP_MSG_KEY_RSP;
	bad[8].msg_version = 2;
	bad[9].msg_size = 0;
	bad[10].msg_size = SNP_MSG_PAYLOAD_MAX + 1;
	bad[11].msg_vmpck = 1;
	for (unsigned i = 0; i < 12; i++) {
		open_channel(0);
		ask();
		seal_answer(bad[i], 1);
		refuse_answer();
	}
}

TEST(every_bit_that_the_host_changes)
{
	for (uint32_t at = 0; at < 0x60 + 0x100; at++) {
		open_channel(0);
		ask();
		seal_answer(good_header(2), 9);
		page[at] ^= (uint8_t)(1u << at % 8u);
		/* The unused half of the tag and a reserved field are not protected. */
		if ((at >= 0x10 && at < 0x20) || (at >= 0x28 && at < 0x30)) {
			CHECK_EQ(open_answer(), 0);
			continue;
		}
		refuse_answer();
	}
}

TEST(a_truncated_answer)
{
	open_channel(0);
	ask();
	seal_answer(good_header(2), 9);
	answer_header()->msg_size--;
	refuse_answer();
}

TEST(an_answer_is_good_once)
{
	uint8_t first[PAGE_SIZE];

	open_channel(0);
	ask();
	seal_answer(good_header(2), 1);
	memcpy(first, page, sizeof(first));
	CHECK_EQ(open_answer(), 0);
	CHECK_EQ(open_answer(), ERR_STATE);
	CHECK_EQ(channel.state, GUEST_CHANNEL_READY);
	ask();
	memcpy(page, first, sizeof(first));
	refuse_answer();
}

TEST(the_request_itself_is_no_answer)
{
	open_channel(0);
	ask();
	memcpy(page, guest_channel_request(&channel), sizeof(page));
	refuse_answer();
}

/* The message counted, and its answer is lost: the next one has the next number, and the old answer does not open. */
TEST(a_request_that_is_given_up)
{
	static uint8_t first[PAGE_SIZE], late[PAGE_SIZE];

	open_channel(0);
	CHECK_EQ(guest_channel_skip(&channel), ERR_STATE);
	ask();
	memcpy(first, guest_channel_request(&channel), sizeof(first));
	seal_answer(good_header(2), 1);
	memcpy(late, page, sizeof(late));
	CHECK_EQ(guest_channel_skip(&channel), 0);
	CHECK(guest_channel_request(&channel) == NULL);
	CHECK_EQ(open_answer(), ERR_STATE);
	ask();
	CHECK_EQ(channel.number, 3);
	CHECK(memcmp(first + 0x60, guest_channel_request(&channel) + 0x60, sizeof(question)) != 0);
	memcpy(page, late, sizeof(page));
	refuse_answer();
	guest_channel_wipe(&channel);
	CHECK_EQ(guest_channel_skip(&channel), ERR_STATE);
	check_wiped();
}

TEST(the_last_number_is_given_up)
{
	open_channel(UINT64_MAX - 5);
	ask();
	CHECK_EQ(guest_channel_skip(&channel), 0);
	CHECK_EQ(guest_channel_seal(&channel, SNP_MSG_REPORT_REQ, question, sizeof(question)), ERR_OVERFLOW);
	check_wiped();
}
