/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "verify.h"

#define POINT_MAX (1u + 2u * 48u)

static bool add_rsa(OSSL_PARAM_BLD *builder, const struct tpm_public *key, BIGNUM **modulus)
{
	*modulus = BN_bin2bn(key->modulus.data, (int)key->modulus.size, NULL);
	return *modulus != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, *modulus) == 1 &&
	       OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, key->exponent) == 1;
}

static bool add_ecc(OSSL_PARAM_BLD *builder, const struct tpm_public *key, uint8_t point[POINT_MAX])
{
	point[0] = 4; /* uncompressed */
	for (uint32_t i = 0; i < key->x.size; i++) {
		point[1 + i] = key->x.data[i];
		point[1 + key->x.size + i] = key->y.data[i];
	}
	return OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
					       key->curve == TPM_CURVE_P256 ? "P-256" : "P-384", 0) == 1 &&
	       OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1u + 2u * key->x.size) == 1;
}

EVP_PKEY *key_from_tpm(const struct tpm_public *key)
{
	bool rsa = key->type == TPM_ALG_RSA;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, rsa ? "RSA" : "EC", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters = NULL;
	uint8_t point[POINT_MAX];
	BIGNUM *modulus = NULL;
	EVP_PKEY *made = NULL;

	if (builder != NULL && (rsa ? add_rsa(builder, key, &modulus) : add_ecc(builder, key, point)))
		parameters = OSSL_PARAM_BLD_to_param(builder);
	/* A point that is not on its curve is refused here. */
	if (context == NULL || parameters == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		made = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_free(modulus);
	EVP_PKEY_CTX_free(context);
	return made;
}

bool key_write_pem(EVP_PKEY *key, const char *path)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool good = false;
	char *text;
	long size;

	if (memory != NULL && PEM_write_bio_PUBKEY(memory, key) == 1) {
		size = BIO_get_mem_data(memory, &text);
		good = output_write(path, text, (size_t)size);
	}
	BIO_free(memory);
	return good;
}
