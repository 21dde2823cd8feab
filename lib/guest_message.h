/* SPDX-License-Identifier: MIT */
/*
 * guest_message.h - the guest's side of SEV-SNP guest messages (firmware ABI chapter 7): one request at a time to the
 * security processor, through a host that may do anything with the pages.
 *
 * States of a channel: WIPED (no key; for ever), READY, SENT (a sealed request has no answer yet).
 *
 *	READY --seal--> SENT --open: good answer, or skip--> READY
 *	any --wipe--> WIPED
 *
 * Invariants:
 * - A number, and with it an IV, is used for one plaintext only: while SENT nothing else can be sealed, and what is sent
 *   again is the identical ciphertext. A caller that lost interest in an answer fetches it all the same.
 * - Requests have odd numbers, their answers the next even one. Nothing but the answer to the present request opens.
 * - An answer that does not open changes nothing: whether the security processor counted the request is unknown then. It
 *   did not when the identical request is answered later; if it did, the number after the answer's is its next one.
 *
 * The caller serialises calls. Nothing here allocates or blocks; AES-256-GCM comes from the caller.
 */
#ifndef LIB_GUEST_MESSAGE_H
#define LIB_GUEST_MESSAGE_H

#include "abi/snp.h"
#include "lib/types.h"

#define GUEST_MESSAGE_IV_SIZE 12u
#define GUEST_MESSAGE_TAG_SIZE 16u

/* AES-256-GCM in place: encrypts or decrypts size bytes (0..SNP_MSG_PAYLOAD_MAX) and gives the tag over both. */
typedef void (*guest_message_gcm)(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE],
				  const uint8_t *aad, uint32_t aad_size, uint8_t *data, uint32_t size, bool encrypt,
				  uint8_t tag[GUEST_MESSAGE_TAG_SIZE]);

enum guest_channel_state { GUEST_CHANNEL_WIPED, GUEST_CHANNEL_READY, GUEST_CHANNEL_SENT };

struct guest_channel {
	enum guest_channel_state state;
	guest_message_gcm gcm;
	uint64_t number; /* of the request that is sealed, or of the next one: odd */
	uint8_t index;   /* of the key: 0..3 */
	uint8_t type;    /* of the sealed request */
	uint8_t key[SNP_VMPCK_SIZE];
	/* Aligned: a header is read from its start. */
	uint8_t request[PAGE_SIZE] __attribute__((aligned(8))); /* sealed, as it goes out */
	uint8_t answer[PAGE_SIZE] __attribute__((aligned(8)));  /* private copy, decrypted in place */
};

/*
 * Takes key index (0..3) and the number of the last message that was exchanged under it (secrets page: msg_seqno, even;
 * 0: none). ERR_INVALID: no such key, a key of zeros (taken away), or an odd number; the channel is WIPED then.
 */
int guest_channel_init(struct guest_channel *channel, guest_message_gcm gcm, uint32_t index,
		       const uint8_t key[SNP_VMPCK_SIZE], uint64_t last_number) __must_check;

/*
 * Seals a request. type: one of SNP_MSG_*_REQ, answered by type + 1. ERR_STATE: wiped, or a request is under way;
 * ERR_INVALID: size or type; ERR_OVERFLOW: no numbers are left (wiped).
 */
int guest_channel_seal(struct guest_channel *channel, uint8_t type, const void *payload, uint32_t size) __must_check;

/* The page to send, and to send again; NULL when not SENT. Its unused rest is zero. */
const uint8_t *guest_channel_request(const struct guest_channel *channel);

/*
 * Opens the answer in a page that the host may change at any time: it is copied once. *payload points into the channel
 * until the next call, *size is its length. ERR_STATE: nothing was asked; ERR_FORMAT: not the answer; the request can be
 * sent again.
 */
int guest_channel_open(struct guest_channel *channel, const volatile void *page, const uint8_t **payload,
		       uint32_t *size) __must_check;

/*
 * Gives the sealed request up, for good: the security processor counted it, as far as one can tell, and its answer is lost.
 * The next request has the next number. ERR_STATE: not SENT.
 */
int guest_channel_skip(struct guest_channel *channel) __must_check;

/* Forgets the key. */
void guest_channel_wipe(struct guest_channel *channel);

#endif
