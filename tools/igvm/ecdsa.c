/* SPDX-License-Identifier: MIT */
#include "ecdsa.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 48u /* of P-384 */
#define SNP_NUMBER_SIZE sizeof(((struct snp_signature *)0)->r)
#define DER_MAX 160u

struct signing_key {
	EVP_PKEY *key;
	struct snp_public_key public_key;
};

static void reverse(uint8_t *to, const uint8_t *from)
{
	for (size_t i = 0; i < NUMBER_SIZE; i++)
		to[i] = from[NUMBER_SIZE - 1 - i];
}

/* ---- keys ---- */

static bool take_public(struct signing_key *key)
{
	uint8_t point[1 + 2 * NUMBER_SIZE];
	char group[32] = "";
	size_t size = 0;

	if (EVP_PKEY_get_group_name(key->key, group, sizeof(group), NULL) != 1 || strcmp(group, "secp384r1") != 0 ||
	    EVP_PKEY_set_utf8_string_param(key->key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1 ||
	    EVP_PKEY_get_octet_string_param(key->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size) != 1 ||
	    size != sizeof(point) || point[0] != 4)
		return false;
	memset(&key->public_key, 0, sizeof(key->public_key));
	key->public_key.curve = SNP_CURVE_P384;
	reverse(key->public_key.qx, point + 1);
	reverse(key->public_key.qy, point + 1 + NUMBER_SIZE);
	return true;
}

/* An encrypted key would make the library ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

const char *key_read(struct signing_key **out, const char *path, bool private_key)
{
	FILE *file = fopen(path, "r");
	struct signing_key *key;

	*out = NULL;
	if (file == NULL)
		return strerror(errno);
	key = calloc(1, sizeof(*key));
	if (key != NULL)
		key->key = private_key ? PEM_read_PrivateKey(file, NULL, no_password, NULL) :
					 PEM_read_PUBKEY(file, NULL, no_password, NULL);
	(void)fclose(file);
	if (key == NULL || key->key == NULL || !take_public(key)) {
		key_free(key);
		return private_key ? "is no private key for P-384 in PEM without a password" :
				     "is no public key for P-384 in PEM";
	}
	*out = key;
	return NULL;
}

void key_free(struct signing_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

void key_public(const struct signing_key *key, struct snp_public_key *public_key)
{
	*public_key = key->public_key;
}

/* ---- signatures ---- */

static bool from_ecdsa(const ECDSA_SIG *numbers, struct snp_signature *signature)
{
	uint8_t number[NUMBER_SIZE];

	memset(signature, 0, sizeof(*signature));
	if (BN_bn2binpad(ECDSA_SIG_get0_r(numbers), number, NUMBER_SIZE) < 0)
		return false;
	reverse(signature->r, number);
	if (BN_bn2binpad(ECDSA_SIG_get0_s(numbers), number, NUMBER_SIZE) < 0)
		return false;
	reverse(signature->s, number);
	return true;
}

bool signature_parse(const uint8_t *data, size_t size, struct snp_signature *signature)
{
	const uint8_t *at = data;
	ECDSA_SIG *numbers;
	bool good;

	if (size == 2ull * NUMBER_SIZE) {
		memset(signature, 0, sizeof(*signature));
		reverse(signature->r, data);
		reverse(signature->s, data + NUMBER_SIZE);
		return true;
	}
	if (size > DER_MAX)
		return false;
	numbers = d2i_ECDSA_SIG(NULL, &at, (long)size);
	if (numbers == NULL)
		return false;
	good = at == data + size && from_ecdsa(numbers, signature);
	ECDSA_SIG_free(numbers);
	return good;
}

bool key_sign(const struct signing_key *key, const void *data, size_t size, struct snp_signature *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t der_size = sizeof(der);
	bool good = false;

	if (context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key->key) == 1 &&
	    EVP_DigestSign(context, der, &der_size, data, size) == 1)
		good = signature_parse(der, der_size, signature);
	EVP_MD_CTX_free(context);
	return good;
}

static EVP_PKEY *make_key(const struct snp_public_key *key)
{
	uint8_t point[1 + 2 * NUMBER_SIZE] = { 4 };
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY *result = NULL;

	reverse(point + 1, key->qx);
	reverse(point + 1 + NUMBER_SIZE, key->qy);
	if (builder != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "secp384r1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
		parameters = OSSL_PARAM_BLD_to_param(builder);
	if (context != NULL && parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &result, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		result = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return result;
}

/* DER of a signature; its size, 0 when that fails. */
static size_t to_der(const struct snp_signature *signature, uint8_t der[DER_MAX])
{
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	uint8_t number[NUMBER_SIZE];
	BIGNUM *r, *s;
	int size = 0;

	reverse(number, signature->r);
	r = BN_bin2bn(number, NUMBER_SIZE, NULL);
	reverse(number, signature->s);
	s = BN_bin2bn(number, NUMBER_SIZE, NULL);
	if (numbers != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(numbers, r, s) == 1) {
		r = s = NULL;
		size = i2d_ECDSA_SIG(numbers, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(numbers);
	return size > 0 ? (size_t)size : 0;
}

/* Bytes behind a P-384 number must be zero. */
static bool rest_is_zero(const uint8_t number[SNP_NUMBER_SIZE])
{
	uint8_t rest = 0;

	for (size_t i = NUMBER_SIZE; i < SNP_NUMBER_SIZE; i++)
		rest |= number[i];
	return rest == 0;
}

bool signature_verify(const struct snp_public_key *key, const void *data, size_t size,
		      const struct snp_signature *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *public_key = NULL;
	uint8_t der[DER_MAX];
	size_t der_size = to_der(signature, der);
	bool good = false;

	if (key->curve == SNP_CURVE_P384 && rest_is_zero(key->qx) && rest_is_zero(key->qy) && rest_is_zero(signature->r) &&
	    rest_is_zero(signature->s))
		public_key = make_key(key);
	if (context != NULL && public_key != NULL && der_size != 0 &&
	    EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, public_key) == 1)
		good = EVP_DigestVerify(context, der, der_size, data, size) == 1;
	EVP_PKEY_free(public_key);
	EVP_MD_CTX_free(context);
	return good;
}
