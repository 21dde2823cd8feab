/* SPDX-License-Identifier: MIT */
/*
 * id_block.h - the ID block that a guest's owner signs, and its three forms: what is signed (struct snp_id_block), what the
 * security processor gets beside it (struct snp_id_auth), and the directive in an IGVM file (struct igvm_snp_id_block).
 */
#ifndef IGVM_ID_BLOCK_H
#define IGVM_ID_BLOCK_H

#include "abi/igvm.h"
#include "abi/snp.h"
#include "ecdsa.h"

/* The block that a directive stands for, with the guest policy that lies elsewhere in the file. */
void id_block_from_directive(const struct igvm_snp_id_block *directive, uint64_t policy, struct snp_id_block *block);
void id_auth_from_directive(const struct igvm_snp_id_block *directive, struct snp_id_auth *auth);
/* The reverse; mask of the platform. auth->author_key_algorithm 0: without an author. */
void id_block_to_directive(const struct snp_id_block *block, const struct snp_id_auth *auth, uint32_t mask,
			   struct igvm_snp_id_block *directive);

/* SHA-384 over the key's 0x404 bytes: what reports call ID key digest or author key digest. */
void key_digest(const struct snp_public_key *key, uint8_t digest[SNP_DIGEST_SIZE]);

/* NULL when both signatures hold (the author's only if there is one), else what does not. */
const char *id_auth_check(const struct snp_id_block *block, const struct snp_id_auth *auth);

#endif
