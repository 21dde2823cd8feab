/* SPDX-License-Identifier: MIT */
/*
 * tpm.h - TPM commands from the payload: building them, and sending them through the vTPM protocol.
 */
#ifndef GUEST_TPM_H
#define GUEST_TPM_H

#include "lib/types.h"
#include "services/vtpm/codes.h"

#define TPM_HEADER 10u

/* Two pages, for requests that cross from one to the next; the payload's memory is mapped one to one. */
extern uint8_t tpm_buffer[2 * PAGE_SIZE];
uint64_t tpm_buffer_gpa(void);

/* The command that is being built, and the response to the last one, in the buffer. */
extern uint8_t tpm_bytes[4096];
extern uint32_t tpm_size;
extern const uint8_t *tpm_response;
extern uint32_t tpm_response_size;
/* How often the last call ended with "incomplete". */
extern uint32_t tpm_incomplete;

bool tpm_is_there(void);

/* ---- building ---- */

void tpm_begin(uint32_t tag, uint32_t code);
void tpm_put8(uint32_t value);
void tpm_put16(uint32_t value);
void tpm_put32(uint32_t value);
void tpm_put_bytes(const uint8_t *bytes, uint32_t size);
void tpm_put_zeros(uint32_t count);
/* A session area with an empty password. */
void tpm_put_password(void);

/* ---- sending ---- */

/* Issues the vTPM call for the request at a guest physical address until it is done; its result. */
uint64_t tpm_call(uint64_t gpa);
void tpm_write_request(uint8_t *to, uint32_t platform, uint32_t locality, uint32_t size);
/* As tpm_send(), but the call's result is not checked: it is returned. */
uint64_t tpm_try(uint32_t size);
/* Sends so many bytes of the command; its response code. A call that fails fails the test, and gives ~0. */
uint32_t tpm_send(uint32_t size);
/* Fills in the size, and sends all of it. */
uint32_t tpm_run(void);
uint32_t tpm_get_random(uint32_t count);

#endif
