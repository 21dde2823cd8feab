/* SPDX-License-Identifier: MIT */
/* Guest messages of the emulated security processor, spoken and checked with OpenSSL. */
#include "tests/unit/unit.h"

#define OPENSSL_API_COMPAT 0x10100000L /* plain elliptic-curve functions */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include "tests/mock/nutshell.h"

#define KEY_TCB_FIELD 0x20ull

static uint8_t request[PAGE_SIZE] __attribute__((aligned(8))), response[PAGE_SIZE] __attribute__((aligned(8)));
static uint8_t plain[PAGE_SIZE];
static uint64_t seqno[SNP_VMPL_COUNT];

static struct snp_msg_header *header_of(uint8_t *message)
{
	return (struct snp_msg_header *)(void *)message;
}

static void start(void)
{
	mock_reset();
	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++)
		seqno[i] = 1;
}

/* Both directions of AES-256-GCM; decrypting is true only when the tag is right. */
static bool gcm(uint8_t *message, const uint8_t *from, uint8_t *to, bool encrypt)
{
	struct snp_msg_header *header = header_of(message);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t iv[12] = { 0 };
	int size, good;

	memcpy(iv, &header->msg_seqno, 8);
	EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, psp_vmpck(header->msg_vmpck), iv, encrypt);
	EVP_CipherUpdate(context, NULL, &size, message + 0x30, 0x30);
	EVP_CipherUpdate(context, to, &size, from, header->msg_size);
	if (!encrypt)
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, header->authtag);
	good = EVP_CipherFinal_ex(context, to + size, &size);
	if (encrypt)
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, header->authtag);
	EVP_CIPHER_CTX_free(context);
	return good == 1;
}

static void make(uint32_t key, uint8_t type, const void *payload, uint16_t size)
{
	memset(request, 0, sizeof(request));
	*header_of(request) = (struct snp_msg_header){ .msg_seqno = seqno[key],
						       .algo = 1,
						       .hdr_version = 1,
						       .hdr_size = 0x60,
						       .msg_type = type,
						       .msg_version = 1,
						       .msg_size = size,
						       .msg_vmpck = (uint8_t)key };
	memcpy(request + 0x60, payload, size);
	(void)gcm(request, request + 0x60, request + 0x60, true);
}

/* Sends the prepared request; on success the response's header is checked and its payload is in plain. */
static uint32_t send(void)
{
	const struct snp_msg_header *header = header_of(response);
	uint32_t key = header_of(request)->msg_vmpck, status = psp_guest_message(request, response);

	if (status != 0)
		return status;
	CHECK_EQ(header->msg_seqno, seqno[key] + 1u);
	CHECK_EQ(header->algo, 1);
	CHECK_EQ(header->hdr_version, 1);
	CHECK_EQ(header->hdr_size, 0x60);
	CHECK_EQ(header->msg_version, 1);
	CHECK_EQ(header->msg_type, header_of(request)->msg_type + 1);
	CHECK_EQ(header->msg_vmpck, key);
	CHECK(header->msg_size <= SNP_MSG_PAYLOAD_MAX);
	CHECK(gcm(response, response + 0x60, plain, false));
	seqno[key] += 2;
	return 0;
}

static uint32_t ask_report(uint32_t key, uint32_t vmpl, uint32_t flags, struct snp_report_rsp *out)
{
	struct snp_report_req body = { .vmpl = vmpl, .flags = flags };
	uint32_t status;

	for (unsigned i = 0; i < sizeof(body.user_data); i++)
		body.user_data[i] = (uint8_t)(i * 3u + 1u);
	make(key, SNP_MSG_REPORT_REQ, &body, sizeof(body));
	status = send();
	memcpy(out, plain, sizeof(*out));
	return status;
}

static uint32_t ask_key(uint32_t key, const struct snp_key_req *body, struct snp_key_rsp *out)
{
	uint32_t status;

	make(key, SNP_MSG_KEY_REQ, body, sizeof(*body));
	status = send();
	memcpy(out, plain, sizeof(*out));
	return status;
}

TEST(report_says_what_was_launched)
{
	static struct snp_report_rsp answer;
	static const uint8_t ma[32] = { [0 ... 31] = 0xFF };

	start();
	CHECK(psp_launch_page(0x30000, SNP_PAGE_TYPE_NORMAL, 0x30000) == NULL);
	CHECK_EQ(ask_report(0, 2, 0, &answer), 0);
	CHECK_EQ(header_of(response)->msg_size, sizeof(answer));
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(answer.report_size, 0x4A0);
	CHECK_EQ(answer.report.version, 3);
	CHECK_EQ(answer.report.vmpl, 2);
	CHECK_EQ(answer.report.signature_algo, 1);
	CHECK_EQ(answer.report.policy, psp_policy());
	CHECK_EQ(answer.report.report_data[63], 63 * 3 + 1);
	CHECK(memcmp(answer.report.measurement, psp_launch_digest(), 48) == 0);
	CHECK(memcmp(answer.report.report_id_ma, ma, 32) == 0);
	CHECK_EQ(answer.report.flags, 0);
	CHECK_EQ(answer.report.current_tcb, 0x2A17000000000103ull);
	CHECK_EQ(answer.report.reported_tcb, 0x2A17000000000103ull);
	CHECK_EQ(answer.report.committed_tcb, 0x2A17000000000103ull);
	CHECK_EQ(answer.report.launch_tcb, 0x2A17000000000103ull);
	CHECK(memcmp(answer.report.chip_id, "Nutshell test root, not AMD\0\0\0", 30) == 0);
	CHECK_EQ(answer.report.current_major, 1);
	CHECK_EQ(answer.report.committed_minor, 55);
	CHECK_EQ(answer.report.platform_info, 0x21);
}

/* CPUID 1 of the machine, in parts. */
TEST(report_names_the_processor)
{
	static struct snp_report_rsp answer;
	uint32_t out[4], family, model;

	start();
	machine_cpuid(1, 0, 0, 0, out);
	family = (out[0] >> 8 & 15) + ((out[0] >> 8 & 15) == 15 ? out[0] >> 20 & 255 : 0);
	model = (out[0] >> 4 & 15) + ((out[0] >> 8 & 15) == 15 ? (out[0] >> 16 & 15) * 16 : 0);
	CHECK_EQ(ask_report(0, 0, 0, &answer), 0);
	CHECK_EQ(answer.report.cpuid_family, (uint8_t)family);
	CHECK_EQ(answer.report.cpuid_model, (uint8_t)model);
	CHECK_EQ(answer.report.cpuid_stepping, out[0] & 15);
}

/* The public half of the published test key. */
static EC_KEY *test_key(void)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_secp384r1);
	EC_POINT *point = EC_POINT_new(EC_KEY_get0_group(key));
	uint8_t scalar[48];
	BIGNUM *secret;

	psp_derive("VCEK", NULL, 0, scalar, sizeof(scalar));
	scalar[0] = 0x55;
	secret = BN_bin2bn(scalar, sizeof(scalar), NULL);
	(void)EC_POINT_mul(EC_KEY_get0_group(key), point, secret, NULL, NULL, NULL);
	(void)EC_KEY_set_public_key(key, point);
	EC_POINT_free(point);
	BN_free(secret);
	return key;
}

static bool verify(const struct snp_report *report)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	EC_KEY *key = test_key();
	uint8_t hash[48];
	int good;

	SHA384((const uint8_t *)report, 0x2A0, hash);
	ECDSA_SIG_set0(signature, BN_lebin2bn(report->signature_r, 72, NULL),
		       BN_lebin2bn(report->signature_s, 72, NULL));
	good = ECDSA_do_verify(hash, sizeof(hash), signature, key);
	ECDSA_SIG_free(signature);
	EC_KEY_free(key);
	return good == 1;
}

TEST(signature_verifies_elsewhere)
{
	static struct snp_report_rsp answer;

	start();
	CHECK_EQ(ask_report(1, 3, 1, &answer), 0);
	CHECK(verify(&answer.report));
	answer.report.report_data[5] ^= 1u;
	CHECK(!verify(&answer.report));
	answer.report.report_data[5] ^= 1u;
	answer.report.signature_r[0] ^= 1u;
	CHECK(!verify(&answer.report));
	for (unsigned i = 48; i < 72; i++)
		CHECK(answer.report.signature_r[i] == 0 && answer.report.signature_s[i] == 0);
}

TEST(report_levels)
{
	static struct snp_report_rsp answer;

	start();
	for (uint32_t key = 0; key < SNP_VMPL_COUNT; key++) {
		for (uint32_t vmpl = 0; vmpl < 6; vmpl++) {
			bool allowed = vmpl >= key && vmpl < SNP_VMPL_COUNT;

			CHECK_EQ(ask_report(key, vmpl, 0, &answer), 0);
			CHECK_EQ(answer.status, allowed ? 0 : 0x16);
			CHECK_EQ(answer.report_size, allowed ? 0x4A0 : 0);
			CHECK_EQ(answer.report.version, allowed ? 3 : 0);
		}
	}
	CHECK_EQ(ask_report(0, ~0u, 0, &answer), 0);
	CHECK_EQ(answer.status, 0x16);
}

TEST(report_key_selection)
{
	static struct snp_report_rsp answer;

	start();
	CHECK_EQ(ask_report(0, 0, 1, &answer), 0);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(ask_report(0, 0, 2, &answer), 0);
	CHECK_EQ(answer.status, 0x27);
	CHECK_EQ(ask_report(0, 0, 3, &answer), 0);
	CHECK_EQ(answer.status, 0x27);
	CHECK_EQ(answer.report_size, 0);
}

TEST(keys_depend_on_what_was_selected)
{
	struct snp_key_req body = { .vmpl = 2, .guest_field_select = 9 }, other;
	struct snp_key_rsp first, second;

	start();
	CHECK_EQ(ask_key(0, &body, &first), 0);
	CHECK_EQ(first.status, 0);
	CHECK_EQ(header_of(response)->msg_size, sizeof(first));
	CHECK_EQ(ask_key(0, &body, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) == 0);
	/* Whoever asks: the level in the request counts. */
	CHECK_EQ(ask_key(2, &body, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) == 0);
	/* What is not selected does not count. */
	other = body;
	other.guest_svn = 5;
	other.tcb_version = 7;
	other.reserved = 1;
	CHECK_EQ(ask_key(0, &other, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) == 0);
	other = body;
	other.vmpl = 3;
	CHECK_EQ(ask_key(0, &other, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) != 0);
	for (unsigned bit = 0; bit < 6; bit++) {
		other = body;
		other.guest_field_select ^= 1ull << bit;
		CHECK_EQ(ask_key(0, &other, &second), 0);
		CHECK_EQ(second.status, 0);
		CHECK(memcmp(first.key, second.key, 32) != 0);
	}
}

TEST(keys_depend_on_their_fields)
{
	struct snp_key_req body = { .guest_field_select = KEY_TCB_FIELD };
	struct snp_key_rsp first, second;

	start();
	CHECK_EQ(ask_key(0, &body, &first), 0);
	body.tcb_version = 1;
	CHECK_EQ(ask_key(0, &body, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) != 0);
	/* The measurement counts when it is selected, and only then. */
	body = (struct snp_key_req){ .guest_field_select = 1 };
	CHECK_EQ(ask_key(0, &body, &first), 0);
	CHECK(psp_launch_page(0x30000, SNP_PAGE_TYPE_NORMAL, 0x30000) == NULL);
	CHECK_EQ(ask_key(0, &body, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) == 0);
	body.guest_field_select = 8;
	CHECK_EQ(ask_key(0, &body, &first), 0);
	CHECK(psp_launch_page(0x31000, SNP_PAGE_TYPE_NORMAL, 0x31000) == NULL);
	CHECK_EQ(ask_key(0, &body, &second), 0);
	CHECK(memcmp(first.key, second.key, 32) != 0);
}

TEST(keys_refused)
{
	static const struct snp_key_req wrong[] = { { .root_key_select = 1 },
						    { .root_key_select = 2 },
						    { .guest_field_select = 64 },
						    { .guest_field_select = 1ull << 63 },
						    { .vmpl = 4 },
						    { .vmpl = ~0u } };
	static const uint8_t none[32];
	struct snp_key_req below = { .vmpl = 1 };
	struct snp_key_rsp answer;

	start();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		CHECK_EQ(ask_key(0, &wrong[i], &answer), 0);
		CHECK_EQ(answer.status, 0x16);
		CHECK(memcmp(answer.key, none, 32) == 0);
	}
	CHECK_EQ(ask_key(2, &below, &answer), 0);
	CHECK_EQ(answer.status, 0x16);
}

/* A refused message leaves the channel usable: the number was not used up. */
static void expect_refused(void)
{
	static struct snp_report_rsp answer;

	memset(response, 0x77, sizeof(response));
	CHECK_EQ(psp_guest_message(request, response), PSP_STATUS_INVALID_PARAM);
	CHECK_EQ(response[0], 0x77);
	CHECK_EQ(ask_report(1, 1, 0, &answer), 0);
	CHECK_EQ(answer.status, 0);
}

TEST(bad_headers)
{
	static const struct {
		uint8_t offset, value;
	} wrong[] = { { 0x30, 0 }, { 0x30, 2 }, { 0x30, 0xFF }, { 0x31, 0 },   { 0x31, 2 }, { 0x32, 0x5F },
		      { 0x33, 1 }, { 0x34, 0 }, { 0x34, 2 },    { 0x34, 6 },   { 0x34, 7 }, { 0x34, 0xFF },
		      { 0x35, 0 }, { 0x35, 2 }, { 0x3C, 4 },    { 0x3C, 0xFF } };
	struct snp_report_req body = { .vmpl = 1 };

	start();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(1, SNP_MSG_REPORT_REQ, &body, sizeof(body));
		request[wrong[i].offset] = wrong[i].value;
		/* With a good tag where there is a key for it. */
		if (header_of(request)->msg_vmpck < SNP_VMPL_COUNT) {
			memcpy(request + 0x60, &body, sizeof(body));
			(void)gcm(request, request + 0x60, request + 0x60, true);
		}
		expect_refused();
	}
}

TEST(key_of_another_level)
{
	struct snp_report_req body = { .vmpl = 3 };

	start();
	make(1, SNP_MSG_REPORT_REQ, &body, sizeof(body));
	header_of(request)->msg_vmpck = 0;
	expect_refused();
}

TEST(numbers_out_of_order)
{
	static const uint64_t wrong[] = { 0, 2, 3, ~0ull };
	static uint8_t first[PAGE_SIZE];
	struct snp_report_req body = { .vmpl = 1 };

	start();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		start();
		seqno[1] = wrong[i];
		make(1, SNP_MSG_REPORT_REQ, &body, sizeof(body));
		seqno[1] = 1;
		expect_refused();
	}
	/* The same message again. */
	start();
	make(1, SNP_MSG_REPORT_REQ, &body, sizeof(body));
	memcpy(first, request, sizeof(first));
	CHECK_EQ(send(), 0);
	memcpy(request, first, sizeof(first));
	expect_refused();
	/* Levels count for themselves. */
	make(3, SNP_MSG_REPORT_REQ, &body, sizeof(body));
	CHECK_EQ(header_of(request)->msg_seqno, 1);
	CHECK_EQ(send(), 0);
}

TEST(flipped_bits)
{
	struct snp_report_req body = { .vmpl = 1 };

	start();
	for (unsigned at = 0; at < 0x60u + sizeof(body); at++) {
		bool ignored = (at >= 0x10 && at < 0x20) || (at >= 0x28 && at < 0x30); /* reserved, not authenticated */

		make(1, SNP_MSG_REPORT_REQ, &body, sizeof(body));
		request[at] ^= (uint8_t)(1u << at % 8u);
		if (ignored)
			CHECK_EQ(send(), 0);
		else
			CHECK_EQ(psp_guest_message(request, response), PSP_STATUS_INVALID_PARAM);
	}
}

TEST(sizes)
{
	static const uint16_t taken[] = { 0, 1, 0x1F, 0x5F, 0x61, 0xFFF - 0x60, 4000 };
	static const uint16_t refused[] = { 4001, 4096, 0x8000, 0xFFFF };
	static uint8_t body[4000];
	uint32_t status;

	start();
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		make(0, SNP_MSG_REPORT_REQ, body, taken[i]);
		CHECK_EQ(send(), 0);
		memcpy(&status, plain, 4);
		CHECK_EQ(status, 0x16);
	}
	make(0, SNP_MSG_KEY_REQ, body, 0x1F);
	CHECK_EQ(send(), 0);
	memcpy(&status, plain, 4);
	CHECK_EQ(status, 0x16);
	make(0, SNP_MSG_KEY_REQ, body, 0x28); /* the longer form of newer firmware */
	CHECK_EQ(send(), 0);
	memcpy(&status, plain, 4);
	CHECK_EQ(status, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
		make(0, SNP_MSG_REPORT_REQ, body, 4000);
		header_of(request)->msg_size = refused[i];
		CHECK_EQ(psp_guest_message(request, response), PSP_STATUS_INVALID_PARAM);
	}
}

TEST(a_new_launch_starts_again)
{
	static struct snp_report_rsp answer;

	start();
	CHECK_EQ(ask_report(0, 0, 0, &answer), 0);
	CHECK_EQ(ask_report(0, 0, 0, &answer), 0);
	start();
	CHECK_EQ(ask_report(0, 0, 0, &answer), 0);
}
