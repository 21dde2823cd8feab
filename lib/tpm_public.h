/* SPDX-License-Identifier: MIT */
/*
 * tpm_public.h - reader of a TPM's public area (TPMT_PUBLIC, TPM 2.0 part 2, 12.2.4) of an RSA or ECC key: what a vTPM hands
 * out as its manifest. Big-endian; every byte is accounted for.
 */
#ifndef LIB_TPM_PUBLIC_H
#define LIB_TPM_PUBLIC_H

#include "lib/types.h"

#define TPM_ALG_RSA 0x0001u
#define TPM_ALG_SHA256 0x000Bu
#define TPM_ALG_SHA384 0x000Cu
#define TPM_ALG_NULL 0x0010u
#define TPM_ALG_ECC 0x0023u
#define TPM_CURVE_P256 0x0003u
#define TPM_CURVE_P384 0x0004u

#define TPM_ATTRIBUTE_FIXED_TPM (1u << 1)
#define TPM_ATTRIBUTE_FIXED_PARENT (1u << 4)
#define TPM_ATTRIBUTE_SENSITIVE_ORIGIN (1u << 5)
#define TPM_ATTRIBUTE_RESTRICTED (1u << 16)
#define TPM_ATTRIBUTE_DECRYPT (1u << 17)
#define TPM_ATTRIBUTE_SIGN (1u << 18)

/* Points into the data that was read. */
struct tpm_bytes {
	const uint8_t *data;
	uint32_t size;
};

struct tpm_public {
	uint16_t type; /* TPM_ALG_RSA or TPM_ALG_ECC */
	uint16_t name_algorithm;
	uint32_t attributes;
	struct tpm_bytes policy;
	uint16_t bits;          /* RSA */
	uint32_t exponent;      /* RSA; 65537 where the TPM says 0 */
	struct tpm_bytes modulus;
	uint16_t curve;         /* ECC: TPM_CURVE_* */
	struct tpm_bytes x, y;
};

/*
 * ERR_FORMAT: cut off, something behind it, or sizes that do not fit the key; ERR_UNSUPPORTED: not an RSA key of 2048 to 4096
 * bits and not an ECC key on P-256 or P-384, or an algorithm that is not known.
 */
int tpm_public_read(const void *data, uint64_t size, struct tpm_public *key) __must_check;

/* An endorsement key's attributes: made by the TPM and fixed to it, for decryption only, restricted. */
bool tpm_public_is_endorsement_key(const struct tpm_public *key);

#endif
