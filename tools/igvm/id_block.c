/* SPDX-License-Identifier: MIT */
#include "id_block.h"

#include <string.h>

#include "sha384.h"

void key_digest(const struct snp_public_key *key, uint8_t digest[SNP_DIGEST_SIZE])
{
	sha384(key, sizeof(*key), digest);
}

/* ---- forms ---- */

void id_block_from_directive(const struct igvm_snp_id_block *directive, uint64_t policy, struct snp_id_block *block)
{
	memset(block, 0, sizeof(*block));
	memcpy(block->ld, directive->ld, sizeof(block->ld));
	memcpy(block->family_id, directive->family_id, sizeof(block->family_id));
	memcpy(block->image_id, directive->image_id, sizeof(block->image_id));
	block->version = directive->version;
	block->guest_svn = directive->guest_svn;
	block->policy = policy;
}

static void signature_from(struct snp_signature *to, const struct igvm_snp_signature *from)
{
	memcpy(to->r, from->r, sizeof(to->r));
	memcpy(to->s, from->s, sizeof(to->s));
}

static void key_from(struct snp_public_key *to, const struct igvm_snp_public_key *from)
{
	to->curve = from->curve;
	memcpy(to->qx, from->qx, sizeof(to->qx));
	memcpy(to->qy, from->qy, sizeof(to->qy));
}

void id_auth_from_directive(const struct igvm_snp_id_block *directive, struct snp_id_auth *auth)
{
	memset(auth, 0, sizeof(*auth));
	auth->id_key_algorithm = directive->id_key_algorithm;
	signature_from(&auth->id_block_signature, &directive->id_key_signature);
	key_from(&auth->id_key, &directive->id_public_key);
	if (directive->author_key_enabled == 0)
		return;
	auth->author_key_algorithm = directive->author_key_algorithm;
	signature_from(&auth->id_key_signature, &directive->author_key_signature);
	key_from(&auth->author_key, &directive->author_public_key);
}

static void signature_to(struct igvm_snp_signature *to, const struct snp_signature *from)
{
	memcpy(to->r, from->r, sizeof(to->r));
	memcpy(to->s, from->s, sizeof(to->s));
}

static void key_to(struct igvm_snp_public_key *to, const struct snp_public_key *from)
{
	to->curve = from->curve;
	memcpy(to->qx, from->qx, sizeof(to->qx));
	memcpy(to->qy, from->qy, sizeof(to->qy));
}

void id_block_to_directive(const struct snp_id_block *block, const struct snp_id_auth *auth, uint32_t mask,
			   struct igvm_snp_id_block *directive)
{
	memset(directive, 0, sizeof(*directive));
	directive->compatibility_mask = mask;
	memcpy(directive->ld, block->ld, sizeof(block->ld));
	memcpy(directive->family_id, block->family_id, sizeof(block->family_id));
	memcpy(directive->image_id, block->image_id, sizeof(block->image_id));
	directive->version = block->version;
	directive->guest_svn = block->guest_svn;
	directive->id_key_algorithm = auth->id_key_algorithm;
	signature_to(&directive->id_key_signature, &auth->id_block_signature);
	key_to(&directive->id_public_key, &auth->id_key);
	if (auth->author_key_algorithm == 0)
		return;
	directive->author_key_enabled = 1;
	directive->author_key_algorithm = auth->author_key_algorithm;
	signature_to(&directive->author_key_signature, &auth->id_key_signature);
	key_to(&directive->author_public_key, &auth->author_key);
}

const char *id_auth_check(const struct snp_id_block *block, const struct snp_id_auth *auth)
{
	if (auth->id_key_algorithm != SNP_ALGORITHM_ECDSA_P384_SHA384)
		return "the ID key's algorithm is not ECDSA P-384 with SHA-384";
	if (!signature_verify(&auth->id_key, block, sizeof(*block), &auth->id_block_signature))
		return "the ID block's signature does not match the ID key";
	if (auth->author_key_algorithm == 0)
		return NULL;
	if (auth->author_key_algorithm != SNP_ALGORITHM_ECDSA_P384_SHA384)
		return "the author key's algorithm is not ECDSA P-384 with SHA-384";
	if (!signature_verify(&auth->author_key, &auth->id_key, sizeof(auth->id_key), &auth->id_key_signature))
		return "the ID key's signature does not match the author key";
	return NULL;
}
