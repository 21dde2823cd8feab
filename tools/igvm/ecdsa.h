/* SPDX-License-Identifier: MIT */
/*
 * ecdsa.h - ECDSA over P-384 with SHA-384 from libcrypto, in the forms that the security processor takes. Apart from
 * the rest because that library's headers and ours share names.
 */
#ifndef IGVM_ECDSA_H
#define IGVM_ECDSA_H

#include <stdbool.h>

#include "abi/snp.h"

struct signing_key;

/* A P-384 key in PEM, private or public. NULL, or what is wrong with it. */
const char *key_read(struct signing_key **key, const char *path, bool private_key);
void key_free(struct signing_key *key); /* NULL is fine */
void key_public(const struct signing_key *key, struct snp_public_key *public_key);

/* Signs bytes. False when the library fails. */
bool key_sign(const struct signing_key *key, const void *data, size_t size, struct snp_signature *signature);
/* A signature made elsewhere: DER, or r and s of 48 bytes each, big-endian. False: neither. */
bool signature_parse(const uint8_t *data, size_t size, struct snp_signature *signature);
bool signature_verify(const struct snp_public_key *key, const void *data, size_t size,
		      const struct snp_signature *signature);

#endif
