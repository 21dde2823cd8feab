/* SPDX-License-Identifier: MIT */
/*
 * psp.h - the emulated security processor: launch measurement, CPUID and secrets pages, guest messages, reports.
 *
 * Its keys are made from a fixed, published seed. Reports that it signs prove nothing about any machine, and no chain
 * leads from them to AMD's roots.
 */
#ifndef NUTSHELL_PSP_H
#define NUTSHELL_PSP_H

#include "nutshell/machine.h"

/* ---- launch (launch.c) ---- */

/* Starts a launch with the guest's policy. */
void psp_launch_start(uint64_t policy);
/*
 * Takes one page into the guest, as LAUNCH_UPDATE: content is already in RAM. measured_gpa enters the digest.
 * Returns NULL, or what is wrong with the page.
 */
const char *psp_launch_page(uint64_t gpa, uint32_t type, uint64_t measured_gpa);
const uint8_t *psp_launch_digest(void);
uint64_t psp_launch_pages(void);
uint64_t psp_policy(void);

/*
 * Ends the launch under an ID block, as LAUNCH_FINISH: digest, policy and signatures must be right. NULL, or what is
 * wrong. Afterwards reports name its numbers and keys (id_block.c).
 */
const char *psp_launch_finish(const struct snp_id_block *block, const struct snp_id_auth *auth);
/* All zero without one. */
const struct snp_id_block *psp_id_block(void);
void psp_id_fill_report(struct snp_report *report);
void psp_id_reset(void);

/* Extends a digest by one page (firmware ABI 8.17). Pure. */
void psp_digest_extend(uint8_t digest[SNP_DIGEST_SIZE], const uint8_t *page, uint32_t type, uint64_t gpa);

/* ---- pages that it fills ---- */

/* Fills the CPUID page: the rows that the image asks for, or all of them when it names none. NULL or an error. */
const char *psp_fill_cpuid(struct snp_cpuid_page *page);
void psp_fill_secrets(struct snp_secrets_page *page);

/* ---- guest messages (messages.c) ---- */

/*
 * Answers one guest message. request and response are pages (private copies). Returns the firmware status; the response
 * is meaningful when it is 0.
 */
uint32_t psp_guest_message(const uint8_t *request, uint8_t *response);

#define PSP_STATUS_INVALID_PARAM 0x16u

/* Key of a level (secrets.c). */
const uint8_t *psp_vmpck(uint32_t index);
/* New keys, message numbers from 1: each launch starts so (secrets.c, messages.c). */
void psp_new_keys(void);
void psp_new_messages(void);
/* Deterministic bytes from the test seed: label names their use (secrets.c). */
void psp_derive(const char *label, const void *input, uint64_t input_size, uint8_t *out, uint64_t size);

#endif
