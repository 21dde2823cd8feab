/* SPDX-License-Identifier: MIT */
/* gcm.h - AES-256-GCM of OpenSSL in the form that lib/guest_message.h asks for. Include it first: OpenSSL has an ERR_STATE, too. */
#ifndef TESTS_UNIT_GCM_H
#define TESTS_UNIT_GCM_H

#include <stdlib.h>

#include <openssl/evp.h>

#include "lib/guest_message.h"

/* Decrypting with GCM is encrypting in counter mode; the tag is computed over the ciphertext by encrypting it again. */
static inline void test_gcm_encrypt(const uint8_t *key, const uint8_t *iv, const uint8_t *aad, uint32_t aad_size,
				    uint8_t *data, uint32_t size, uint8_t *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done;

	if (context == NULL || EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, iv) != 1 ||
	    EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_size) != 1 ||
	    (size != 0 && EVP_EncryptUpdate(context, data, &done, data, (int)size) != 1) ||
	    EVP_EncryptFinal_ex(context, tag, &done) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, GUEST_MESSAGE_TAG_SIZE, tag) != 1)
		abort();
	EVP_CIPHER_CTX_free(context);
}

static inline void test_gcm(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE],
			    const uint8_t *aad, uint32_t aad_size, uint8_t *data, uint32_t size, bool encrypt,
			    uint8_t tag[GUEST_MESSAGE_TAG_SIZE])
{
	static uint8_t again[PAGE_SIZE];

	test_gcm_encrypt(key, iv, aad, aad_size, data, size, tag);
	if (encrypt)
		return;
	for (uint32_t i = 0; i < size; i++)
		again[i] = data[i];
	test_gcm_encrypt(key, iv, aad, aad_size, again, size, tag);
}

#endif
