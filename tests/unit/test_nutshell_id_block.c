/* SPDX-License-Identifier: MIT */
/* The end of a launch under an ID block: signatures are made by OpenSSL and checked by the security processor. */
#include "tests/unit/unit.h"

/* Before ours: that library's headers have names that ours have, too. */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include "tests/mock/nutshell.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static struct snp_id_block block;
static struct snp_id_auth auth;

static EC_KEY *new_key(struct snp_public_key *public_key)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_secp384r1);
	BIGNUM *x = BN_new(), *y = BN_new();

	(void)EC_KEY_generate_key(key);
	(void)EC_POINT_get_affine_coordinates(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key), x, y, NULL);
	memset(public_key, 0, sizeof(*public_key));
	public_key->curve = SNP_CURVE_P384;
	(void)BN_bn2lebinpad(x, public_key->qx, sizeof(public_key->qx));
	(void)BN_bn2lebinpad(y, public_key->qy, sizeof(public_key->qy));
	BN_free(x);
	BN_free(y);
	return key;
}

static void sign(EC_KEY *key, const void *data, size_t size, struct snp_signature *signature)
{
	uint8_t hash[48];
	ECDSA_SIG *numbers;

	SHA384(data, size, hash);
	numbers = ECDSA_do_sign(hash, sizeof(hash), key);
	memset(signature, 0, sizeof(*signature));
	(void)BN_bn2lebinpad(ECDSA_SIG_get0_r(numbers), signature->r, sizeof(signature->r));
	(void)BN_bn2lebinpad(ECDSA_SIG_get0_s(numbers), signature->s, sizeof(signature->s));
	ECDSA_SIG_free(numbers);
}

/* A launch of one page, and a block and authentication that fit. */
static void start(bool author)
{
	EC_KEY *id_key = new_key(&auth.id_key);

	mock_reset();
	CHECK(psp_launch_page(0x30000, SNP_PAGE_TYPE_NORMAL, 0x30000) == NULL);
	block = (struct snp_id_block){ .version = 1, .guest_svn = 7, .policy = psp_policy() };
	memcpy(block.ld, psp_launch_digest(), sizeof(block.ld));
	memset(block.family_id, 0xFA, sizeof(block.family_id));
	memset(block.image_id, 0x1A, sizeof(block.image_id));
	auth.id_key_algorithm = SNP_ALGORITHM_ECDSA_P384_SHA384;
	auth.author_key_algorithm = 0;
	sign(id_key, &block, sizeof(block), &auth.id_block_signature);
	if (author) {
		EC_KEY *key = new_key(&auth.author_key);

		auth.author_key_algorithm = SNP_ALGORITHM_ECDSA_P384_SHA384;
		sign(key, &auth.id_key, sizeof(auth.id_key), &auth.id_key_signature);
		EC_KEY_free(key);
	}
	EC_KEY_free(id_key);
}

TEST(report_names_the_block)
{
	struct snp_report report;
	uint8_t digest[48];

	for (unsigned author = 0; author < 2; author++) {
		start(author != 0);
		CHECK(psp_launch_finish(&block, &auth) == NULL);
		memset(&report, 0, sizeof(report));
		psp_id_fill_report(&report);
		CHECK_EQ(report.guest_svn, 7);
		CHECK_EQ(report.family_id[15], 0xFA);
		CHECK_EQ(report.image_id[0], 0x1A);
		CHECK_EQ(report.flags, author);
		SHA384((const uint8_t *)&auth.id_key, sizeof(auth.id_key), digest);
		CHECK(memcmp(report.id_key_digest, digest, 48) == 0);
		SHA384((const uint8_t *)&auth.author_key, sizeof(auth.author_key), digest);
		CHECK((memcmp(report.author_key_digest, digest, 48) == 0) == (author != 0));
	}
	psp_launch_start(psp_policy()); /* nothing of it is left */
	memset(&report, 0, sizeof(report));
	psp_id_fill_report(&report);
	for (size_t i = 0; i < sizeof(report); i++)
		CHECK_EQ(((const uint8_t *)&report)[i], 0);
}

#define CHECK_REFUSED(change) \
	do { \
		struct snp_id_block kept_block = block; \
		struct snp_id_auth kept_auth = auth; \
		struct snp_report report_ = { .version = 0 }; \
		change; \
		CHECK(psp_launch_finish(&block, &auth) != NULL); \
		psp_id_fill_report(&report_); \
		CHECK_EQ(report_.guest_svn, 0); \
		block = kept_block; \
		auth = kept_auth; \
	} while (0)

TEST(what_does_not_fit_is_refused)
{
	start(true);
	CHECK_REFUSED(block.version = 2);
	CHECK_REFUSED(block.ld[0] ^= 1);
	CHECK_REFUSED(block.policy ^= 1ull << 19);
	CHECK_REFUSED(block.guest_svn++);
	CHECK_REFUSED(block.family_id[3] ^= 1);
	CHECK_REFUSED(block.image_id[15] ^= 0x80);
	CHECK_REFUSED(auth.id_key_algorithm = 0);
	CHECK_REFUSED(auth.id_key_algorithm = 2);
	CHECK_REFUSED(auth.author_key_algorithm = 2);
	CHECK_REFUSED(auth.id_key.curve = 1);
	CHECK_REFUSED(auth.author_key.curve = 0);
	CHECK_REFUSED(auth.id_key.qx[0] ^= 1);
	CHECK_REFUSED(auth.id_key.qy[47] ^= 1);
	CHECK_REFUSED(auth.id_key.qy[71] ^= 1);
	CHECK_REFUSED(auth.id_key.reserved[5] ^= 1); /* the author signed it */
	CHECK_REFUSED(auth.author_key.qx[20] ^= 1);
	CHECK_REFUSED(auth.id_block_signature.r[0] ^= 1);
	CHECK_REFUSED(auth.id_block_signature.s[0] ^= 1);
	CHECK_REFUSED(auth.id_block_signature.s[48] ^= 1);
	CHECK_REFUSED(auth.id_key_signature.r[47] ^= 1);
	CHECK_REFUSED(memset(&auth.id_block_signature, 0, sizeof(auth.id_block_signature)));
	CHECK_REFUSED(memset(&auth.id_key, 0, sizeof(auth.id_key)); auth.id_key.curve = SNP_CURVE_P384);
	CHECK(psp_launch_finish(&block, &auth) == NULL);
}

/* All is right but for what the guest was launched with. */
TEST(another_policy)
{
	uint64_t policy;

	start(false);
	policy = psp_policy();
	mock_reset();
	psp_launch_start(policy ^ 1ull << 19);
	CHECK(psp_launch_page(0x30000, SNP_PAGE_TYPE_NORMAL, 0x30000) == NULL);
	CHECK(memcmp(psp_launch_digest(), block.ld, sizeof(block.ld)) == 0);
	CHECK(psp_launch_finish(&block, &auth) != NULL);
	mock_reset();
	psp_launch_start(policy);
	CHECK(psp_launch_page(0x30000, SNP_PAGE_TYPE_NORMAL, 0x30000) == NULL);
	CHECK(psp_launch_finish(&block, &auth) == NULL);
}

TEST(more_pages_are_another_digest)
{
	start(false);
	CHECK(psp_launch_page(0x31000, SNP_PAGE_TYPE_NORMAL, 0x31000) == NULL);
	CHECK(psp_launch_finish(&block, &auth) != NULL);
}
