/* SPDX-License-Identifier: MIT */
#include <bearssl.h>

#include "kernel/psp/psp.h"
#include "lib/wipe.h"

void psp_gcm(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE], const uint8_t *aad,
	     uint32_t aad_size, uint8_t *data, uint32_t size, bool encrypt, uint8_t tag[GUEST_MESSAGE_TAG_SIZE])
{
	br_aes_ct64_ctr_keys aes;
	br_gcm_context gcm;

	br_aes_ct64_ctr_init(&aes, key, SNP_VMPCK_SIZE);
	br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&gcm, iv, GUEST_MESSAGE_IV_SIZE);
	br_gcm_aad_inject(&gcm, aad, aad_size);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, encrypt, data, size);
	br_gcm_get_tag(&gcm, tag);
	wipe(&aes, sizeof(aes));
	wipe(&gcm, sizeof(gcm));
}

void psp_sha512(const void *a, uint64_t a_size, const void *b, uint64_t b_size, uint8_t out[PSP_REPORT_DATA_SIZE])
{
	br_sha512_context context;

	br_sha512_init(&context);
	br_sha512_update(&context, a, a_size);
	br_sha512_update(&context, b, b_size);
	br_sha512_out(&context, out);
}
