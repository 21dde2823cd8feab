/* SPDX-License-Identifier: MIT */
/*
 * psp.h - a host with a security processor made of OpenSSL, for the monitor's mailbox. Every message that the monitor
 * hands to the host is watched: one that reuses a number for another ciphertext, or that is not sealed with VMPL0's key,
 * ends the program.
 */
#ifndef TESTS_MOCK_PSP_H
#define TESTS_MOCK_PSP_H

#include "kernel/platform/platform.h"
#include "kernel/psp/psp.h"
#include "tests/mock/mock.h"

/* Fresh keys and numbers, an open mailbox, a host that does its work and has no certificates. */
void mock_psp_reset(void);

/* What the host does with a message; mock_psp_carry() unless a test says otherwise. mock_carries counts calls of it. */
typedef int mock_carry(const struct platform_message *message, uint64_t *detail);
extern mock_carry *mock_host;
extern uint32_t mock_carries;
/* The honest host: answers, and writes mock_certificates when there is room. */
mock_carry mock_psp_carry;

extern uint8_t mock_certificates[PSP_CERTIFICATES_MAX + PAGE_SIZE];
extern uint32_t mock_certificates_size; /* 0: none */

/* What the security processor puts into its answer, before it is sealed: to be changed by a test. */
struct mock_answer {
	struct snp_msg_header header;
	struct snp_report_rsp response;
	uint32_t size; /* of the response */
};
typedef void mock_change(struct mock_answer *answer);
extern mock_change *mock_psp_change; /* NULL: nothing is changed */
/* The last question that it decrypted. */
extern struct snp_report_req mock_psp_question;
/* The shared pages as the host sees them. */
uint8_t *mock_shared(pa_t page);

#endif
