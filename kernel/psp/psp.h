/* SPDX-License-Identifier: MIT */
/*
 * psp.h - the mailbox of the security processor: one attestation report at a time, asked for with the message key of
 * VMPL0 (firmware ABI, chapter 7) through a host that may delay, lose, change and repeat everything.
 *
 * States:
 *
 *	FREE --a call seals its request--> ASKED --the host brings the answer--> ANSWERED --its owner fetches it--> FREE
 *	FREE, ASKED --the exchange fails for good--> CLOSED (the key is wiped, for ever)
 *
 * Invariants:
 * - A message number is used for one plaintext only: while ASKED, every further try sends the identical ciphertext, for
 *   whomever it was sealed. Nothing else is sealed under it (lib/guest_message.h).
 * - The host may say "busy", that it cannot (a page is not shared), and that the certificates need more room: it did not
 *   take the message then. After any other failure it is unknown whether the message counted. It is sent again, PSP_TRIES
 *   times in all; then the same question is sealed under the next number, which is right if the message counted and its
 *   answer was lost, and sent as often; and so on, PSP_RENEWALS times. When all of that fails, the mailbox closes. The log
 *   says why, at the first failure of a question and at the end.
 * - A call tries each message at most twice (once without certificates) and never waits: a busy host gives ERR_BUSY, the
 *   guest calls again. A call that finds another's message in the mailbox sends that. An answer that its owner does not
 *   fetch within PSP_PARK_MS, or whose owner asks for something else, is dropped.
 * - Reports are asked for at VMPL0. What they say is the caller's: the REPORT_DATA of any two purposes must differ.
 *
 * Lock: psp_lock, only tried; inside it the log's. Memory: two frames for messages, PSP_CERTIFICATE_PAGES shared ones for
 * certificates, and those of struct mailbox.
 */
#ifndef KERNEL_PSP_PSP_H
#define KERNEL_PSP_PSP_H

#include "abi/snp.h"
#include "lib/guest_message.h"
#include "lib/types.h"

#define PSP_REPORT_DATA_SIZE 64u
#define PSP_CERTIFICATE_PAGES 8u
#define PSP_CERTIFICATES_MAX (PSP_CERTIFICATE_PAGES * PAGE_SIZE)
#define PSP_PARK_MS 1000u
#define PSP_TRIES 8u
#define PSP_RENEWALS 7u
#define PSP_BUSY_MS 10000u /* a message that the host does not take for so long is given up by its callers, not by us */

/*
 * Takes VMPL0's key out of the secrets page (it is wiped there) and sets the mailbox up. On the boot CPU, before others
 * run. When that fails the mailbox is CLOSED, and a line in the log says why.
 */
void psp_init(struct snp_secrets_page *secrets);

/* True while reports can be had. */
bool psp_is_open(void);

struct psp_request {
	uint32_t owner; /* which vCPU asks */
	bool certificates; /* the host's are wanted, too */
	uint8_t data[PSP_REPORT_DATA_SIZE];
};

struct psp_answer {
	struct snp_report report;
	uint32_t certificates_size; /* bytes in use; 0: the host has none, or more than PSP_CERTIFICATES_MAX */
	uint8_t certificates[PSP_CERTIFICATES_MAX]; /* an untrusted table of certificates (lib/certificate_table.h) */
};

/*
 * Asks for a report. 0: *answer is filled. ERR_BUSY: call again with the same request. ERR_HOST: the host has not taken
 * the message for PSP_BUSY_MS; ERR_STATE: the security processor refuses the request, or the exchange failed for
 * good and the mailbox is CLOSED now; ERR_UNSUPPORTED: it is CLOSED.
 */
int psp_report(const struct psp_request *request, struct psp_answer *answer) __must_check;

/* Size of the certificates that the host handed out last; false: it was not asked yet. */
bool psp_certificates_known(uint32_t *size);

/* ---- crypto.c: BearSSL, constant time, on general registers ---- */

void psp_gcm(const uint8_t key[SNP_VMPCK_SIZE], const uint8_t iv[GUEST_MESSAGE_IV_SIZE], const uint8_t *aad,
	     uint32_t aad_size, uint8_t *data, uint32_t size, bool encrypt, uint8_t tag[GUEST_MESSAGE_TAG_SIZE]);

/* SHA-512 over a and b, one behind the other. */
void psp_sha512(const void *a, uint64_t a_size, const void *b, uint64_t b_size, uint8_t out[PSP_REPORT_DATA_SIZE]);

#endif
