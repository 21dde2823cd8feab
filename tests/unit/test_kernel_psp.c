/* SPDX-License-Identifier: MIT */
/* The mailbox of the security processor against an honest, a busy and a lying host. */
#include "tests/mock/mock.h"
#include "tests/mock/psp.h"

#include "tests/unit/unit.h"

#define ALL_TRIES (PSP_TRIES * (PSP_RENEWALS + 1))

static struct psp_answer answer;
static uint8_t first_message[PAGE_SIZE];

static struct psp_request request_of(uint32_t owner, uint8_t data, bool certificates)
{
	struct psp_request request = { .owner = owner, .certificates = certificates };

	memset(request.data, data, sizeof(request.data));
	return request;
}

static int ask(uint32_t owner, uint8_t data, bool certificates)
{
	struct psp_request request = request_of(owner, data, certificates);

	memset(&answer, 0xEE, sizeof(answer));
	return psp_report(&request, &answer);
}

static void check_report(uint8_t data)
{
	for (uint32_t i = 0; i < PSP_REPORT_DATA_SIZE; i++)
		CHECK_EQ(answer.report.report_data[i], data);
}

static void check_closed(void)
{
	uint32_t carried = mock_carries;

	CHECK(!psp_is_open());
	mock_host = mock_psp_carry;
	mock_psp_change = NULL;
	CHECK_EQ(ask(0, 1, false), ERR_UNSUPPORTED);
	CHECK_EQ(ask(1, 2, true), ERR_UNSUPPORTED);
	CHECK_EQ(mock_carries, carried);
}

/* All tries that a question has fail, and that is the end. */
static void check_fails_for_good(uint8_t data, bool certificates)
{
	uint32_t tries = 1;
	int error;

	while ((error = ask(0, data, certificates)) == ERR_BUSY && psp_is_open())
		tries++;
	CHECK_EQ(error, ERR_STATE);
	CHECK_EQ(tries, ALL_TRIES);
	check_closed();
}

/* ---- hosts ---- */

static int host_busy(const struct platform_message *message, uint64_t *detail)
{
	(void)detail;
	memcpy(first_message, mock_shared(message->request), PAGE_SIZE);
	return ERR_BUSY;
}

/* The same, and it takes its time. */
static int host_busy_for_long(const struct platform_message *message, uint64_t *detail)
{
	mock_clock += 100u * platform_ticks_per_ms();
	return host_busy(message, detail);
}

static int host_refuses(const struct platform_message *message, uint64_t *detail)
{
	(void)message;
	*detail = 3ull << 32;
	return ERR_HOST;
}

/* The security processor counted the message, but its answer does not arrive. */
static int host_swallows(const struct platform_message *message, uint64_t *detail)
{
	int error = mock_psp_carry(message, detail);

	memset(mock_shared(message->response), 0, PAGE_SIZE);
	return error;
}

/* ---- a good exchange ---- */

TEST(a_report)
{
	mock_psp_reset();
	CHECK(psp_is_open());
	CHECK_EQ(ask(0, 0x51, false), 0);
	check_report(0x51);
	CHECK_EQ(answer.report.vmpl, 0);
	CHECK_EQ(answer.certificates_size, 0);
	CHECK_EQ(mock_psp_question.vmpl, 0);
	CHECK_EQ(mock_psp_question.flags, 0);
	CHECK_EQ(mock_carries, 1);
	for (uint32_t i = 0; i < 100; i++) {
		CHECK_EQ(ask(i % 8, (uint8_t)i, (i & 1) != 0), 0);
		check_report((uint8_t)i);
	}
	CHECK_EQ(mock_carries, 101);
}

TEST(no_key)
{
	struct snp_secrets_page secrets = { .version = 3 };

	memset(secrets.vmpck[1], 1, sizeof(secrets.vmpck[1]));
	mock_psp_reset();
	psp_init(&secrets);
	CHECK_EQ(secrets.vmpck[1][0], 1);
	check_closed();
}

TEST(odd_number_in_the_secrets_page)
{
	struct snp_secrets_page secrets = { .vmpck = { { 1 } }, .msg_seqno = { 1 } };

	mock_psp_reset();
	psp_init(&secrets);
	CHECK_EQ(secrets.vmpck[0][0], 0);
	check_closed();
}

/* ---- certificates ---- */

static void put_certificate(uint32_t offset, uint32_t length)
{
	struct snp_certificate_entry entry = { .guid = SNP_CERTIFICATE_VCEK, .offset = offset, .length = length };

	memset(mock_certificates, 0, sizeof(mock_certificates));
	memcpy(mock_certificates, &entry, sizeof(entry));
	for (uint32_t i = 0; i < length && offset + i < sizeof(mock_certificates); i++)
		mock_certificates[offset + i] = (uint8_t)(i * 3 + 1);
	mock_certificates_size = offset + length;
}

TEST(certificates_are_handed_out)
{
	uint32_t size = 99;

	mock_psp_reset();
	CHECK(!psp_certificates_known(&size));
	put_certificate(48, 1000);
	CHECK_EQ(ask(0, 1, true), 0);
	check_report(1);
	CHECK_EQ(answer.certificates_size, 1048);
	CHECK(memcmp(answer.certificates, mock_certificates, 1048) == 0);
	CHECK(psp_certificates_known(&size));
	CHECK_EQ(size, 1048);
	CHECK_EQ(ask(0, 1, false), 0);
	CHECK_EQ(answer.certificates_size, 0);
	put_certificate(48, PSP_CERTIFICATES_MAX - 48);
	CHECK_EQ(ask(0, 2, true), 0);
	CHECK_EQ(answer.certificates_size, PSP_CERTIFICATES_MAX);
	mock_certificates_size = 0;
	CHECK_EQ(ask(0, 3, true), 0);
	CHECK_EQ(answer.certificates_size, 0);
	CHECK(psp_certificates_known(&size));
	CHECK_EQ(size, 0);
}

/* More than there is room for: the same message once more, without certificates. */
TEST(certificates_that_are_too_large)
{
	mock_psp_reset();
	put_certificate(48, PSP_CERTIFICATES_MAX);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(ask(0, (uint8_t)i, true), 0);
		check_report((uint8_t)i);
		CHECK_EQ(answer.certificates_size, 0);
		CHECK_EQ(mock_carries, 2 * (i + 1));
	}
	CHECK(psp_is_open());
}

TEST(certificates_that_are_no_table)
{
	mock_psp_reset();
	put_certificate(47, 100);
	CHECK_EQ(ask(0, 1, true), 0);
	CHECK_EQ(answer.certificates_size, 0);
	put_certificate(48, PSP_CERTIFICATES_MAX);
	mock_certificates_size = 200;
	CHECK_EQ(ask(0, 2, true), 0);
	check_report(2);
	CHECK_EQ(answer.certificates_size, 0);
	memset(mock_certificates, 1, sizeof(mock_certificates));
	mock_certificates_size = PSP_CERTIFICATES_MAX;
	CHECK_EQ(ask(0, 3, true), 0);
	CHECK_EQ(answer.certificates_size, 0);
}

static int host_asks_for_room_always(const struct platform_message *message, uint64_t *detail)
{
	(void)message;
	*detail = 0;
	return ERR_OVERFLOW;
}

TEST(a_host_that_wants_room_for_a_plain_request)
{
	mock_psp_reset();
	mock_host = host_asks_for_room_always;
	CHECK_EQ(ask(0, 1, true), ERR_BUSY);
	CHECK_EQ(mock_carries, 2);
	while (ask(0, 1, true) == ERR_BUSY)
		CHECK(mock_carries < 2 * ALL_TRIES);
	CHECK_EQ(mock_carries, 2 * ALL_TRIES);
	check_closed();
}

/* ---- a busy host: the identical message again (the mock ends the program for any other) ---- */

TEST(busy_and_then_not)
{
	static uint8_t before[PAGE_SIZE];

	mock_psp_reset();
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	memcpy(before, first_message, sizeof(before));
	for (uint32_t i = 0; i < 20; i++) {
		CHECK_EQ(ask(0, 1, false), ERR_BUSY);
		CHECK(memcmp(before, first_message, PAGE_SIZE) == 0);
	}
	CHECK_EQ(mock_carries, 21);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(0, 1, false), 0);
	check_report(1);
	CHECK_EQ(mock_carries, 22);
}

/* Another vCPU's call sends what is there, and waits until its owner has fetched it. */
TEST(another_call_helps)
{
	mock_psp_reset();
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	CHECK_EQ(ask(1, 2, false), ERR_BUSY);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(1, 2, false), ERR_BUSY);
	CHECK_EQ(mock_carries, 3);
	CHECK_EQ(ask(1, 2, false), ERR_BUSY);
	CHECK_EQ(mock_carries, 3);
	CHECK_EQ(ask(0, 1, false), 0);
	check_report(1);
	CHECK_EQ(mock_carries, 3);
	CHECK_EQ(ask(1, 2, false), 0);
	check_report(2);
	CHECK_EQ(mock_carries, 4);
}

TEST(an_answer_that_nobody_fetches)
{
	uint32_t tries = 0;

	mock_psp_reset();
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	mock_host = mock_psp_carry;
	while (ask(1, 2, false) == ERR_BUSY)
		tries++;
	CHECK(tries > 10);
	check_report(2);
	CHECK_EQ(mock_carries, 3);
}

/* The same vCPU asks for something else: the old message is sent all the same, its answer dropped at once. */
TEST(a_call_that_is_given_up)
{
	mock_psp_reset();
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	CHECK_EQ(ask(0, 2, false), ERR_BUSY);
	CHECK_EQ(ask(0, 1, true), ERR_BUSY);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(0, 2, false), 0);
	check_report(2);
	CHECK_EQ(mock_carries, 5);
}

TEST(certificates_that_are_wanted_only_later)
{
	mock_psp_reset();
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	put_certificate(48, 1000);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(0, 1, true), 0);
	check_report(1);
	CHECK_EQ(answer.certificates_size, 1048);
}

TEST(a_host_that_stays_busy)
{
	uint32_t tries = 0;
	int error;

	mock_psp_reset();
	mock_host = host_busy_for_long;
	while ((error = ask(0, 1, false)) == ERR_BUSY)
		tries++;
	CHECK_EQ(error, ERR_HOST);
	CHECK(tries > 10);
	CHECK(psp_is_open());
	CHECK_EQ(ask(1, 2, false), ERR_HOST);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(1, 2, false), ERR_BUSY);
	CHECK_EQ(ask(0, 1, false), 0);
	check_report(1);
	CHECK_EQ(ask(1, 2, false), 0);
	check_report(2);
}

TEST(busy_only_without_certificates)
{
	mock_psp_reset();
	put_certificate(48, PSP_CERTIFICATES_MAX);
	mock_host = host_busy;
	CHECK_EQ(ask(0, 1, true), ERR_BUSY);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(0, 1, true), 0);
	CHECK_EQ(mock_carries, 3);
}

/* ---- failures: the identical message again, then one under the next number, then the key is wiped, for ever ---- */

static uint32_t failing; /* tries that fail before the host is honest again */

/* A vCPU has turned the request private before the host read it: the security processor does not see the message. */
static int host_finds_no_request(const struct platform_message *message, uint64_t *detail)
{
	if (failing == 0)
		return mock_psp_carry(message, detail);
	failing--;
	return host_refuses(message, detail);
}

/* It has turned the answer private before the monitor read it: the message counted. */
static int host_loses_the_answer(const struct platform_message *message, uint64_t *detail)
{
	if (failing == 0)
		return mock_psp_carry(message, detail);
	failing--;
	return host_swallows(message, detail);
}

/* Every number of failures that may come before a good try. The mock ends the program when one number seals two messages. */
TEST(a_request_that_is_lost)
{
	for (uint32_t lost = 0; lost < PSP_TRIES; lost++) {
		mock_psp_reset();
		mock_host = host_finds_no_request;
		failing = lost;
		while (ask(0, 1, false) == ERR_BUSY)
			CHECK(mock_carries <= PSP_TRIES);
		check_report(1);
		CHECK_EQ(mock_carries, lost + 1);
		CHECK_EQ(ask(1, 2, true), 0);
		check_report(2);
	}
}

/* The message counted at its first try; the security processor refuses it from then on, and takes the next number. */
TEST(an_answer_that_is_lost)
{
	for (uint32_t lost = 1; lost <= PSP_TRIES; lost++) {
		mock_psp_reset();
		CHECK_EQ(ask(0, 7, false), 0);
		mock_host = host_loses_the_answer;
		failing = lost;
		mock_carries = 0;
		while (ask(0, 1, true) == ERR_BUSY)
			CHECK(mock_carries <= PSP_TRIES);
		check_report(1);
		CHECK_EQ(mock_carries, PSP_TRIES + 1);
		CHECK(psp_is_open());
		CHECK_EQ(ask(1, 2, false), 0);
		check_report(2);
	}
}

/* A question has its tries, however the one before fared. */
TEST(failures_do_not_add_up)
{
	mock_psp_reset();
	mock_host = host_loses_the_answer;
	for (uint32_t i = 0; i < 3 * PSP_TRIES; i++) {
		failing = 1;
		while (ask(0, (uint8_t)i, false) == ERR_BUSY)
			CHECK(psp_is_open());
		check_report((uint8_t)i);
	}
}

/* One number after the other is counted and its answer lost, until one comes through. */
TEST(answers_that_are_lost_again_and_again)
{
	mock_psp_reset();
	mock_host = host_loses_the_answer;
	failing = 5 * PSP_TRIES + 1;
	while (ask(0, 1, false) == ERR_BUSY)
		CHECK(psp_is_open());
	check_report(1);
	CHECK_EQ(mock_carries, 6 * PSP_TRIES + 1);
	CHECK_EQ(ask(0, 2, false), 0);
	check_report(2);
}

/* All numbers were counted and all answers lost: nothing is left to try. */
TEST(answers_that_are_lost_for_ever)
{
	mock_psp_reset();
	mock_host = host_swallows;
	check_fails_for_good(1, true);
	CHECK_EQ(mock_carries, ALL_TRIES);
}

TEST(refused_by_the_host)
{
	mock_psp_reset();
	CHECK_EQ(ask(0, 1, false), 0);
	mock_host = host_refuses;
	check_fails_for_good(2, false);
}

/* The host claims success and leaves the answer of the exchange before. */
static uint8_t old_answer[PAGE_SIZE];

static int host_replays(const struct platform_message *message, uint64_t *detail)
{
	(void)detail;
	memcpy(mock_shared(message->response), old_answer, PAGE_SIZE);
	return 0;
}

static int host_keeps_a_copy(const struct platform_message *message, uint64_t *detail)
{
	int error = mock_psp_carry(message, detail);

	memcpy(old_answer, mock_shared(message->response), PAGE_SIZE);
	return error;
}

static int host_keeps_a_copy_and_hides_it(const struct platform_message *message, uint64_t *detail)
{
	if (mock_carries > 1)
		return host_refuses(message, detail);
	(void)host_keeps_a_copy(message, detail);
	return host_refuses(message, detail);
}

TEST(an_answer_that_is_replayed)
{
	mock_psp_reset();
	mock_host = host_keeps_a_copy;
	CHECK_EQ(ask(0, 1, false), 0);
	mock_host = host_replays;
	check_fails_for_good(1, false);
}

/* The answer to a message that was given up comes late: it is none to the one under the next number. */
TEST(an_answer_that_comes_too_late)
{
	mock_psp_reset();
	mock_host = host_keeps_a_copy_and_hides_it;
	for (uint32_t i = 0; i < PSP_TRIES; i++)
		CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	mock_host = host_replays;
	CHECK_EQ(ask(0, 1, false), ERR_BUSY);
	mock_host = mock_psp_carry;
	CHECK_EQ(ask(0, 1, false), 0);
	check_report(1);
}

static uint32_t flip_at;

static int host_flips(const struct platform_message *message, uint64_t *detail)
{
	int error = mock_psp_carry(message, detail);

	mock_shared(message->response)[flip_at] ^= (uint8_t)(1u << flip_at % 8u);
	return error;
}

TEST(every_byte_of_the_answer)
{
	for (flip_at = 0; flip_at < SNP_MSG_HEADER_SIZE + sizeof(struct snp_report_rsp); flip_at++) {
		/* The unused half of the tag and a reserved field that nothing protects. */
		bool open = (flip_at >= 0x10 && flip_at < 0x20) || (flip_at >= 0x28 && flip_at < 0x30);

		mock_psp_reset();
		mock_host = host_flips;
		CHECK_EQ(ask(0, 1, false), open ? 0 : ERR_BUSY);
		CHECK(psp_is_open());
	}
}

static void (*change_header)(struct snp_msg_header *header);

static void change(struct mock_answer *changed)
{
	change_header(&changed->header);
}

static void wrong_number(struct snp_msg_header *header) { header->msg_seqno += 2; }
static void number_of_the_question(struct snp_msg_header *header) { header->msg_seqno -= 1; }
static void wrong_type(struct snp_msg_header *header) { header->msg_type = SNP_MSG_KEY_RSP; }
static void type_of_the_question(struct snp_msg_header *header) { header->msg_type = SNP_MSG_REPORT_REQ; }
static void wrong_version(struct snp_msg_header *header) { header->msg_version = 2; }
static void wrong_header_version(struct snp_msg_header *header) { header->hdr_version = 2; }
static void wrong_header_size(struct snp_msg_header *header) { header->hdr_size = 0x40; }
static void wrong_algorithm(struct snp_msg_header *header) { header->algo = 2; }
static void wrong_key(struct snp_msg_header *header) { header->msg_vmpck = 2; }
static void too_long(struct snp_msg_header *header) { header->msg_size = SNP_MSG_PAYLOAD_MAX + 1; }
static void empty(struct snp_msg_header *header) { header->msg_size = 0; }

/* Sealed with the right key, but not the answer. */
TEST(every_field_of_the_header)
{
	static void (*const changes[])(struct snp_msg_header *) = { wrong_number, number_of_the_question, wrong_type,
								     type_of_the_question, wrong_version,
								     wrong_header_version, wrong_header_size,
								     wrong_algorithm, wrong_key, too_long, empty };

	for (uint32_t i = 0; i < ARRAY_SIZE(changes); i++) {
		mock_psp_reset();
		change_header = changes[i];
		mock_psp_change = change;
		check_fails_for_good(1, false);
	}
}

/* ---- genuine answers without a report: the channel goes on ---- */

static void refuse(struct mock_answer *changed)
{
	changed->response = (struct snp_report_rsp){ .status = 0x16 };
}

static void refuse_shortly(struct mock_answer *changed)
{
	refuse(changed);
	changed->header.msg_size = 0x20;
}

static void other_data(struct mock_answer *changed)
{
	changed->response.report.report_data[63] ^= 1;
}

static void other_level(struct mock_answer *changed)
{
	changed->response.report.vmpl = 2;
}

static void other_size(struct mock_answer *changed)
{
	changed->response.report_size--;
}

static void short_payload(struct mock_answer *changed)
{
	changed->header.msg_size--;
}

static void very_short_payload(struct mock_answer *changed)
{
	changed->header.msg_size = 1;
}

TEST(answers_without_a_report)
{
	static mock_change *const changes[] = { refuse, refuse_shortly, other_data, other_level, other_size,
						short_payload, very_short_payload };

	mock_psp_reset();
	for (uint32_t i = 0; i < ARRAY_SIZE(changes); i++) {
		mock_psp_change = changes[i];
		CHECK_EQ(ask(0, 1, false), ERR_STATE);
		CHECK(psp_is_open());
		mock_psp_change = NULL;
		CHECK_EQ(ask(0, 1, false), 0);
		check_report(1);
	}
}

TEST(hash_over_both)
{
	/* SHA-512("abc"), FIPS 180 */
	static const uint8_t expected[8] = { 0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba };
	uint8_t out[PSP_REPORT_DATA_SIZE];

	psp_sha512("a", 1, "bc", 2, out);
	CHECK(memcmp(out, expected, sizeof(expected)) == 0);
	psp_sha512("abc", 3, "", 0, out);
	CHECK(memcmp(out, expected, sizeof(expected)) == 0);
}
