/* SPDX-License-Identifier: MIT */
/* Public areas of TPM keys: RSA and ECC endorsement keys, and everything that is none. */
#include "lib/tpm_public.h"

#include "tests/services/key/key.h"
#include "tests/unit/unit.h"

#define RSA_SIZE sizeof(test_endorsement_key)
#define OFF_ATTRIBUTES 4u
#define OFF_POLICY 8u
#define OFF_SYMMETRIC (OFF_POLICY + 2u + 32u)

static uint8_t data[1024];
static uint64_t size;
static struct tpm_public key;

static void add(uint64_t value, uint32_t bytes)
{
	for (uint32_t i = bytes; i-- > 0;)
		data[size++] = (uint8_t)(value >> 8 * i);
}

static void make_rsa(void)
{
	memcpy(data, test_endorsement_key, RSA_SIZE);
	size = RSA_SIZE;
}

static void make_ecc(uint32_t curve, uint32_t bytes)
{
	size = 0;
	add(TPM_ALG_ECC, 2);
	add(TPM_ALG_SHA384, 2);
	add(0x000300B2, 4);
	add(48, 2);
	memset(data + size, 0x33, 48);
	size += 48;
	add(0x00060100, 4); /* AES, 256 bits */
	add(0x0043, 2);     /* CFB */
	add(TPM_ALG_NULL, 2);
	add(curve, 2);
	add(TPM_ALG_NULL, 2);
	add(bytes, 2);
	memset(data + size, 0x55, bytes);
	size += bytes;
	add(bytes, 2);
	memset(data + size, 0x66, bytes);
	size += bytes;
}

static int read(void)
{
	return tpm_public_read(data, size, &key);
}

TEST(an_rsa_key)
{
	make_rsa();
	CHECK_EQ(read(), 0);
	CHECK_EQ(key.type, TPM_ALG_RSA);
	CHECK_EQ(key.name_algorithm, TPM_ALG_SHA256);
	CHECK_EQ(key.bits, 2048);
	CHECK_EQ(key.exponent, 65537);
	CHECK_EQ(key.policy.size, 32);
	CHECK_EQ(key.policy.data[0], 0x83);
	CHECK_EQ(key.modulus.size, 256);
	CHECK(tpm_public_is_endorsement_key(&key));
	data[OFF_SYMMETRIC + 13] = 5; /* the exponent's last byte */
	CHECK_EQ(read(), 0);
	CHECK_EQ(key.exponent, 5);
}

TEST(ecc_keys)
{
	make_ecc(TPM_CURVE_P256, 32);
	CHECK_EQ(read(), 0);
	CHECK_EQ(key.curve, TPM_CURVE_P256);
	CHECK_EQ(key.x.size, 32);
	CHECK_EQ(key.y.data[0], 0x66);
	CHECK(tpm_public_is_endorsement_key(&key));
	make_ecc(TPM_CURVE_P384, 48);
	CHECK_EQ(read(), 0);
	make_ecc(TPM_CURVE_P384, 32);
	CHECK_EQ(read(), ERR_FORMAT);
	make_ecc(TPM_CURVE_P256, 48);
	CHECK_EQ(read(), ERR_FORMAT);
	make_ecc(5, 48);
	CHECK_EQ(read(), ERR_UNSUPPORTED);
}

TEST(sizes)
{
	make_rsa();
	for (uint64_t other = 0; other < sizeof(data); other++) {
		int error = tpm_public_read(data, other, &key);

		CHECK_EQ(error, other == RSA_SIZE ? 0 : ERR_FORMAT);
	}
	make_ecc(TPM_CURVE_P256, 32);
	for (uint64_t other = 0; other < sizeof(data); other++)
		CHECK_EQ(tpm_public_read(data, other, &key), other == size ? 0 : ERR_FORMAT);
}

TEST(other_algorithms)
{
	static const uint16_t bad[][2] = { { 0, 0x0008 },  { 0, 0x0025 }, { 0, 0 }, { OFF_SYMMETRIC, 0x0003 },
					   { OFF_SYMMETRIC, 0x0040 }, { OFF_SYMMETRIC + 6, 0x0015 } };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		make_rsa();
		data[bad[i][0]] = (uint8_t)(bad[i][1] >> 8);
		data[bad[i][0] + 1] = (uint8_t)bad[i][1];
		CHECK_EQ(read(), ERR_UNSUPPORTED);
	}
}

TEST(moduli)
{
	make_rsa();
	data[RSA_SIZE - 1] &= 0xFE;
	CHECK_EQ(read(), ERR_FORMAT); /* even */
	make_rsa();
	data[RSA_SIZE - 256] &= 0x7F;
	CHECK_EQ(read(), ERR_FORMAT); /* shorter than it says */
	make_rsa();
	data[OFF_SYMMETRIC + 8] = 0x0C; /* 3072 bits */
	CHECK_EQ(read(), ERR_FORMAT);
	make_rsa();
	data[OFF_SYMMETRIC + 8] = 4;
	CHECK_EQ(read(), ERR_UNSUPPORTED);
	make_rsa();
	data[OFF_SYMMETRIC + 9] = 8;
	CHECK_EQ(read(), ERR_UNSUPPORTED);
}

TEST(attributes)
{
	for (uint32_t bit = 0; bit < 32; bit++) {
		const uint32_t needed = TPM_ATTRIBUTE_FIXED_TPM | TPM_ATTRIBUTE_FIXED_PARENT | TPM_ATTRIBUTE_SENSITIVE_ORIGIN |
					TPM_ATTRIBUTE_RESTRICTED | TPM_ATTRIBUTE_DECRYPT | TPM_ATTRIBUTE_SIGN;

		make_rsa();
		data[OFF_ATTRIBUTES + 3 - bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_EQ(read(), 0);
		CHECK_EQ(tpm_public_is_endorsement_key(&key), (needed >> bit & 1u) == 0);
	}
}

TEST(a_policy_that_is_too_long)
{
	make_rsa();
	data[OFF_POLICY + 1] = 65;
	CHECK_EQ(read(), ERR_FORMAT);
	data[OFF_POLICY] = 0xFF;
	CHECK_EQ(read(), ERR_FORMAT);
}
