/* SPDX-License-Identifier: MIT */
/*
 * Encryption of guest messages, and digests: what BearSSL is asked for, in which order, and that the key does not stay. What
 * it computes is its own; messages are tested against another implementation.
 */
#include "proofs/prover.h"
#include <stddef.h>

#define BR_BEARSSL_H__ /* of BearSSL only what is used */
typedef struct {
	const void *vtable;
	uint8_t keys[64];
} br_aes_ct64_ctr_keys;
typedef struct {
	uint8_t state[64];
} br_gcm_context;
typedef struct {
	uint8_t state[64];
} br_sha512_context;
typedef int br_ghash;
static const int br_ghash_ctmul64;
static void br_aes_ct64_ctr_init(br_aes_ct64_ctr_keys *keys, const void *key, size_t size);
static void br_gcm_init(br_gcm_context *gcm, const void *cipher, br_ghash hash);
static void br_gcm_reset(br_gcm_context *gcm, const void *iv, size_t size);
static void br_gcm_aad_inject(br_gcm_context *gcm, const void *data, size_t size);
static void br_gcm_flip(br_gcm_context *gcm);
static void br_gcm_run(br_gcm_context *gcm, int encrypt, void *data, size_t size);
static void br_gcm_get_tag(br_gcm_context *gcm, void *tag);
static void br_sha512_init(br_sha512_context *context);
static void br_sha512_update(br_sha512_context *context, const void *data, size_t size);
static void br_sha512_out(const br_sha512_context *context, void *out);

#define LIB_WIPE_H
#include "lib/types.h"
static void wipe(void *memory, uint64_t size);
#include "kernel/psp/crypto.c"

static uint8_t key[SNP_VMPCK_SIZE], iv[GUEST_MESSAGE_IV_SIZE], header[16], data[16], tag[GUEST_MESSAGE_TAG_SIZE], other[16], digest[64];
static uint32_t header_size, data_size, steps, wiped;
static bool encrypts;
static const void *keys_at, *gcm_at;

static void next(uint32_t wanted)
{
	PROVE(steps == wanted && wiped == 0, "one after the other");
	steps++;
}

static void br_aes_ct64_ctr_init(br_aes_ct64_ctr_keys *keys, const void *from, size_t size)
{
	next(0);
	PROVE(from == key && size == 32, "AES-256 with the key of the channel");
	keys_at = keys;
}

static void br_gcm_init(br_gcm_context *gcm, const void *cipher, br_ghash hash)
{
	next(1);
	PROVE(cipher == &((const br_aes_ct64_ctr_keys *)keys_at)->vtable, "GCM over it");
	gcm_at = gcm;
}

static void br_gcm_reset(br_gcm_context *gcm, const void *from, size_t size)
{
	next(2);
	PROVE(gcm == gcm_at && from == iv && size == 12, "with 96 bits that are never used again");
}

static void br_gcm_aad_inject(br_gcm_context *gcm, const void *from, size_t size)
{
	next(3);
	PROVE(gcm == gcm_at && from == header && size == header_size, "all of the header is authenticated");
}

static void br_gcm_flip(br_gcm_context *gcm)
{
	next(4);
	PROVE(gcm == gcm_at, "then comes the text");
}

static void br_gcm_run(br_gcm_context *gcm, int encrypt, void *text, size_t size)
{
	next(5);
	PROVE(gcm == gcm_at && encrypt == (encrypts ? 1 : 0) && text == data && size == data_size, "all of it, in the right direction");
}

static void br_gcm_get_tag(br_gcm_context *gcm, void *out)
{
	next(6);
	PROVE(gcm == gcm_at && out == tag, "the whole tag");
}

static void wipe(void *memory, uint64_t size)
{
	PROVE(steps == 7, "when all is done");
	PROVE((memory == keys_at && size == sizeof(br_aes_ct64_ctr_keys)) || (memory == gcm_at && size == sizeof(br_gcm_context)),
	      "the key's schedule and the state, all of them");
	wiped += memory == keys_at ? 1 : 2;
}

void prove_gcm(void)
{
	header_size = any_u32();
	data_size = any_u32();
	encrypts = any_bool();
	psp_gcm(key, iv, header, header_size, data, data_size, encrypts, tag);
	PROVE(steps == 7 && wiped == 3, "the tag is made, nothing of the key stays on the stack");
	CANARY("done");
}

static const void *sha_at;
static uint64_t first_size, second_size;

static void br_sha512_init(br_sha512_context *context)
{
	next(0);
	sha_at = context;
}

static void br_sha512_update(br_sha512_context *context, const void *from, size_t size)
{
	PROVE(context == sha_at && (steps == 1 ? from == data && size == first_size : from == other && size == second_size), "the first, then the second");
	next(steps == 1 ? 1 : 2);
}

static void br_sha512_out(const br_sha512_context *context, void *out)
{
	next(3);
	PROVE(context == sha_at && out == digest, "of both");
}

void prove_sha512(void)
{
	first_size = any_u64();
	second_size = any_u64();
	psp_sha512(data, first_size, other, second_size, digest);
	PROVE(steps == 4, "a digest is made");
	CANARY("done");
}
