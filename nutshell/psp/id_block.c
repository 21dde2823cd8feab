/* SPDX-License-Identifier: MIT */
/* The end of a launch with an ID block (firmware ABI, SNP_LAUNCH_FINISH): the guest's owner has signed what may run. */
#include "bearssl.h"
#include "lib/string.h"
#include "nutshell/psp.h"

#define NUMBER_SIZE 48u /* of P-384 */
#define SIGNED_KEY_SIZE sizeof(struct snp_public_key)

static struct {
	struct snp_id_block block;
	uint8_t id_key_digest[SNP_DIGEST_SIZE], author_key_digest[SNP_DIGEST_SIZE];
	bool author;
} id;

static void sha384(const void *data, uint64_t size, uint8_t out[SNP_DIGEST_SIZE])
{
	br_sha384_context context;

	br_sha384_init(&context);
	br_sha384_update(&context, data, size);
	br_sha384_out(&context, out);
}

/* Little-endian in 72 bytes to big-endian in 48; false when it is larger. */
static bool take_number(const uint8_t number[72], uint8_t *out)
{
	uint8_t rest = 0;

	for (uint32_t i = 0; i < NUMBER_SIZE; i++)
		out[NUMBER_SIZE - 1u - i] = number[i];
	for (uint32_t i = NUMBER_SIZE; i < 72u; i++)
		rest |= number[i];
	return rest == 0;
}

static bool verify(const struct snp_public_key *key, const void *data, uint64_t size, const struct snp_signature *signature)
{
	uint8_t point[1 + 2 * NUMBER_SIZE] = { 4 }, numbers[2 * NUMBER_SIZE], hash[SNP_DIGEST_SIZE];
	const br_ec_public_key public_key = { .curve = BR_EC_secp384r1, .q = point, .qlen = sizeof(point) };

	if (key->curve != SNP_CURVE_P384 || !take_number(key->qx, point + 1) || !take_number(key->qy, point + 1 + NUMBER_SIZE) ||
	    !take_number(signature->r, numbers) || !take_number(signature->s, numbers + NUMBER_SIZE))
		return false;
	sha384(data, size, hash);
	return br_ecdsa_i31_vrfy_raw(&br_ec_prime_i31, hash, sizeof(hash), &public_key, numbers, sizeof(numbers)) == 1;
}

void psp_id_reset(void)
{
	memset(&id, 0, sizeof(id));
}

const char *psp_launch_finish(const struct snp_id_block *block, const struct snp_id_auth *auth)
{
	if (block->version != 1)
		return "ID block: unknown version";
	if (memcmp(block->ld, psp_launch_digest(), SNP_DIGEST_SIZE) != 0)
		return "ID block: it was signed for another launch digest";
	if (block->policy != psp_policy())
		return "ID block: it was signed for another guest policy";
	if (auth->id_key_algorithm != SNP_ALGORITHM_ECDSA_P384_SHA384 ||
	    !verify(&auth->id_key, block, sizeof(*block), &auth->id_block_signature))
		return "ID block: the ID key's signature is wrong";
	if (auth->author_key_algorithm != 0 &&
	    (auth->author_key_algorithm != SNP_ALGORITHM_ECDSA_P384_SHA384 ||
	     !verify(&auth->author_key, &auth->id_key, SIGNED_KEY_SIZE, &auth->id_key_signature)))
		return "ID block: the author key's signature is wrong";
	id.block = *block;
	id.author = auth->author_key_algorithm != 0;
	sha384(&auth->id_key, SIGNED_KEY_SIZE, id.id_key_digest);
	if (id.author)
		sha384(&auth->author_key, SIGNED_KEY_SIZE, id.author_key_digest);
	return NULL;
}

const struct snp_id_block *psp_id_block(void)
{
	return &id.block;
}

void psp_id_fill_report(struct snp_report *report)
{
	report->guest_svn = id.block.guest_svn;
	memcpy(report->family_id, id.block.family_id, sizeof(report->family_id));
	memcpy(report->image_id, id.block.image_id, sizeof(report->image_id));
	memcpy(report->id_key_digest, id.id_key_digest, SNP_DIGEST_SIZE);
	memcpy(report->author_key_digest, id.author_key_digest, SNP_DIGEST_SIZE);
	if (id.author)
		report->flags |= 1u;
}
