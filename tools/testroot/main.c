/* SPDX-License-Identifier: MIT */
/*
 * testroot: makes the certificates of Nutshell's test root - ARK, ASK and VCEK, shaped like AMD's - and the table in which a
 * host hands them out. Keys are in the tree or come from a published seed, salts come from what is signed: the same
 * inputs give the same bytes. None of it proves anything about any machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "abi/nutshell.h"
#include "abi/snp.h"

#define HASH_SIZE 48
#define RSA_SIZE 512
#define NOT_BEFORE "20260101000000Z"
#define NOT_AFTER "20510101000000Z"

static void require(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "testroot: %s\n", what);
		exit(1);
	}
}

/* ---- keys ---- */

static EVP_PKEY *read_key(const char *folder, const char *name)
{
	EVP_PKEY *key = NULL;
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.pem", folder, name);
	file = fopen(path, "r");
	if (file != NULL)
		key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	if (key == NULL || EVP_PKEY_get_size(key) != RSA_SIZE) {
		fprintf(stderr, "testroot: %s: cannot be read, or is no RSA key of 4096 bits\n", path);
		exit(1);
	}
	(void)fclose(file);
	return key;
}

struct drbg {
	uint8_t key[HASH_SIZE], value[HASH_SIZE];
};

static void hmac(const uint8_t key[HASH_SIZE], const void *data, size_t size, uint8_t out[HASH_SIZE])
{
	unsigned length = 0;

	require(HMAC(EVP_sha384(), key, HASH_SIZE, data, size, out, &length) != NULL && length == HASH_SIZE, "HMAC failed");
}

/* SP 800-90A, HMAC_DRBG_Update. */
static void drbg_update(struct drbg *drbg, const void *data, size_t size)
{
	uint8_t text[HASH_SIZE + 1 + 128];

	require(size <= 128, "too long");
	for (unsigned round = 0; round <= (size != 0 ? 1u : 0u); round++) {
		memcpy(text, drbg->value, HASH_SIZE);
		text[HASH_SIZE] = (uint8_t)round;
		if (size != 0)
			memcpy(text + HASH_SIZE + 1, data, size);
		hmac(drbg->key, text, HASH_SIZE + 1 + size, drbg->key);
		hmac(drbg->key, drbg->value, HASH_SIZE, drbg->value);
	}
}

/* The secret of the VCEK, as nutshell/psp makes it. */
static void vcek_secret(uint8_t secret[HASH_SIZE])
{
	static const char seed[] = NUTSHELL_TEST_SEED, label[] = "VCEK";
	struct drbg drbg;

	memset(drbg.key, 0, sizeof(drbg.key));
	memset(drbg.value, 1, sizeof(drbg.value));
	drbg_update(&drbg, seed, sizeof(seed));
	drbg_update(&drbg, label, strlen(label));
	drbg_update(&drbg, NULL, 0);
	hmac(drbg.key, drbg.value, HASH_SIZE, secret);
	secret[0] = NUTSHELL_VCEK_FIRST_BYTE;
}

static EVP_PKEY *vcek_key(void)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t secret[HASH_SIZE], encoded[1 + 2 * HASH_SIZE];
	EVP_PKEY *key = NULL;
	OSSL_PARAM *parameters;
	BIGNUM *scalar;

	vcek_secret(secret);
	scalar = BN_bin2bn(secret, sizeof(secret), NULL);
	require(EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
			EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof(encoded), NULL) ==
				sizeof(encoded) &&
			OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0) == 1 &&
			OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof(encoded)) == 1,
		"the VCEK cannot be made");
	parameters = OSSL_PARAM_BLD_to_param(builder);
	require(EVP_PKEY_fromdata_init(context) == 1 &&
			EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1,
		"the VCEK cannot be made");
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(scalar);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return key;
}

/* ---- signatures: RSASSA-PSS as AMD's certificates have it, with a salt that is derived ---- */

static void sha384(const void *data, size_t size, uint8_t out[HASH_SIZE])
{
	require(EVP_Digest(data, size, out, NULL, EVP_sha384(), NULL) == 1, "SHA-384 failed");
}

/* RFC 8017, 9.1.1: the encoded message for a modulus of 4096 bits. */
static void pss_encode(const uint8_t hash[HASH_SIZE], uint8_t encoded[RSA_SIZE])
{
	uint8_t text[8 + 2 * HASH_SIZE] = { 0 }, *salt = text + 8 + HASH_SIZE, mask[RSA_SIZE + HASH_SIZE];
	size_t masked = RSA_SIZE - HASH_SIZE - 1;

	memcpy(text + 8, hash, HASH_SIZE);
	hmac(hash, "salt", 4, salt);
	memset(encoded, 0, RSA_SIZE);
	encoded[masked - HASH_SIZE - 1] = 1;
	memcpy(encoded + masked - HASH_SIZE, salt, HASH_SIZE);
	sha384(text, sizeof(text), encoded + masked);
	encoded[RSA_SIZE - 1] = 0xBC;
	for (uint32_t i = 0; (size_t)i * HASH_SIZE < masked; i++) {
		uint8_t block[HASH_SIZE + 4] = { 0 };

		memcpy(block, encoded + masked, HASH_SIZE);
		block[HASH_SIZE + 3] = (uint8_t)i;
		sha384(block, sizeof(block), mask + (size_t)i * HASH_SIZE);
	}
	for (size_t i = 0; i < masked; i++)
		encoded[i] ^= mask[i];
	encoded[0] &= 0x7F;
}

static void sign_again(X509 *certificate, EVP_PKEY *signer)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer, NULL);
	uint8_t hash[HASH_SIZE], encoded[RSA_SIZE], signature[RSA_SIZE], *body = NULL;
	int size = i2d_re_X509_tbs(certificate, &body);
	const ASN1_BIT_STRING *place;
	size_t length = sizeof(signature);

	require(size > 0, "no certificate");
	sha384(body, (size_t)size, hash);
	pss_encode(hash, encoded);
	require(EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
			EVP_PKEY_sign(context, signature, &length, encoded, sizeof(encoded)) == 1 && length == RSA_SIZE,
		"cannot sign");
	X509_get0_signature(&place, NULL, certificate);
	require(ASN1_STRING_length(place) == RSA_SIZE, "not the signature that was expected");
	memcpy((uint8_t *)(uintptr_t)ASN1_STRING_get0_data(place), signature, RSA_SIZE);
	EVP_PKEY_CTX_free(context);
	OPENSSL_free(body);
}

/* OpenSSL signs first: that puts the algorithm's parameters in place. */
static void sign(X509 *certificate, EVP_PKEY *signer)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;

	require(EVP_DigestSignInit(context, &key, EVP_sha384(), NULL, signer) == 1 &&
			EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(key, HASH_SIZE) == 1 && X509_sign_ctx(certificate, context) > 0,
		"cannot sign");
	EVP_MD_CTX_free(context);
	sign_again(certificate, signer);
}

/* ---- certificates ---- */

static void add_name(X509_NAME *name, const char *common)
{
	require(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Nutshell test root - not AMD", -1, -1, 0) ==
				1 &&
			X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)common, -1, -1, 0) == 1,
		"no name");
}

static X509 *begin(const char *subject, const char *issuer, long serial, EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	require(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
			ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1 &&
			ASN1_TIME_set_string(X509_getm_notBefore(certificate), NOT_BEFORE) == 1 &&
			ASN1_TIME_set_string(X509_getm_notAfter(certificate), NOT_AFTER) == 1 &&
			X509_set_pubkey(certificate, key) == 1,
		"no certificate");
	add_name(X509_get_subject_name(certificate), subject);
	add_name(X509_get_issuer_name(certificate), issuer);
	return certificate;
}

static void add_authority(X509 *certificate, const char *path)
{
	X509_EXTENSION *constraints = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, path);
	X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,keyCertSign,cRLSign");

	require(X509_add_ext(certificate, constraints, -1) == 1 && X509_add_ext(certificate, usage, -1) == 1,
		"no extension");
	X509_EXTENSION_free(constraints);
	X509_EXTENSION_free(usage);
}

static void add_extension(X509 *certificate, const char *oid, const void *content, int size)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	require(object != NULL && ASN1_OCTET_STRING_set(value, content, size) == 1, "no extension");
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
	require(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "no extension");
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* INTEGER of one byte, below 128. */
static void add_number(X509 *certificate, const char *oid, uint64_t value)
{
	const uint8_t content[3] = { 2, 1, (uint8_t)(value & 0x7F) };

	add_extension(certificate, oid, content, sizeof(content));
}

/* What AMD's key service writes into a VCEK: the versions and the chip that the key is derived for (57230). */
static void add_chip(X509 *certificate)
{
	static const char product[] = "\x16\x0cNutshell-Z80";
	static const char *const levels[8] = { ".3.1", ".3.2", ".3.4", ".3.5", ".3.6", ".3.7", ".3.3", ".3.8" };
	uint8_t chip[64] = { 0 };
	char oid[40];

	memcpy(chip, NUTSHELL_CHIP_ID, strlen(NUTSHELL_CHIP_ID));
	add_number(certificate, SNP_OID ".1", 0);
	add_extension(certificate, SNP_OID ".2", product, sizeof(product) - 1);
	for (uint32_t i = 0; i < 8; i++) {
		snprintf(oid, sizeof(oid), "%s%s", SNP_OID, levels[i]);
		add_number(certificate, oid, NUTSHELL_TCB >> 8 * i);
	}
	add_extension(certificate, SNP_OID ".4", chip, sizeof(chip));
}

/* ---- the table ---- */

static void put(FILE *file, const void *data, size_t size)
{
	require(fwrite(data, size, 1, file) == 1, "cannot write");
}

static void write_table(FILE *file, X509 *const certificate[3])
{
	static const uint8_t guid[3][16] = { SNP_CERTIFICATE_VCEK, SNP_CERTIFICATE_ASK, SNP_CERTIFICATE_ARK };
	struct snp_certificate_entry entry[4];
	uint8_t *encoded[3] = { NULL };
	uint32_t at = sizeof(entry);

	memset(entry, 0, sizeof(entry));
	for (uint32_t i = 0; i < 3; i++) {
		int size = i2d_X509(certificate[i], &encoded[i]);

		require(size > 0, "cannot encode");
		memcpy(entry[i].guid, guid[i], sizeof(guid[i]));
		entry[i].offset = at;
		entry[i].length = (uint32_t)size;
		at += (uint32_t)size;
	}
	put(file, entry, sizeof(entry));
	for (uint32_t i = 0; i < 3; i++)
		put(file, encoded[i], entry[i].length);
	for (uint32_t i = 0; i < 3; i++)
		OPENSSL_free(encoded[i]);
}

static void make(const char *keys, FILE *file)
{
	EVP_PKEY *ark_key = read_key(keys, "ark"), *ask_key = read_key(keys, "ask"), *chip_key = vcek_key();
	X509 *ark = begin("ARK-Nutshell", "ARK-Nutshell", 1, ark_key);
	X509 *ask = begin("SEV-Nutshell", "ARK-Nutshell", 2, ask_key);
	X509 *vcek = begin("SEV-VCEK", "SEV-Nutshell", 3, chip_key);

	add_authority(ark, "critical,CA:TRUE");
	add_authority(ask, "critical,CA:TRUE,pathlen:0");
	add_chip(vcek);
	sign(ark, ark_key);
	sign(ask, ark_key);
	sign(vcek, ask_key);
	require(X509_verify(ark, ark_key) == 1 && X509_verify(ask, ark_key) == 1 && X509_verify(vcek, ask_key) == 1,
		"the signatures do not verify");
	write_table(file, (X509 *const[3]){ vcek, ask, ark });
	X509_free(vcek);
	X509_free(ask);
	X509_free(ark);
	EVP_PKEY_free(chip_key);
	EVP_PKEY_free(ask_key);
	EVP_PKEY_free(ark_key);
}

int main(int argc, char **argv)
{
	FILE *file;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		puts("usage: testroot KEYS OUTPUT\n\nWrites the certificate table of Nutshell's test root, from ark.pem and ask.pem in "
		     "the folder KEYS.");
		return 0;
	}
	if (argc != 3) {
		fputs("testroot: two arguments are needed; 'testroot --help' explains\n", stderr);
		return 2;
	}
	file = fopen(argv[2], "wb");
	require(file != NULL, "the output file cannot be made");
	make(argv[1], file);
	require(fclose(file) == 0, "cannot write");
	return 0;
}
