/* SPDX-License-Identifier: MIT */
#include "sha384.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

void sha384(const void *data, size_t size, uint8_t hash[SHA384_SIZE])
{
	if (EVP_Digest(data, size, hash, NULL, EVP_sha384(), NULL) != 1) {
		fputs("igvm: SHA-384 is not available in this libcrypto\n", stderr);
		exit(EXIT_FAILURE);
	}
}
