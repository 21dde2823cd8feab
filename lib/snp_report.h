/* SPDX-License-Identifier: MIT */
/*
 * snp_report.h - reader of attestation reports (struct snp_report) as a verifier gets them: bytes from somewhere.
 *
 * The signature covers the first SNP_REPORT_SIGNED_SIZE bytes; whatever a signature does not cover is checked here, so that
 * no bit of an accepted report is free.
 */
#ifndef LIB_SNP_REPORT_H
#define LIB_SNP_REPORT_H

#include "abi/snp.h"
#include "lib/types.h"

#define SNP_REPORT_VERSION_MIN 2u
#define SNP_REPORT_VERSION_MAX 5u
#define SNP_REPORT_SIGNED_SIZE 0x2A0u
#define SNP_SIGNATURE_NUMBER 48u /* bytes of R and S, little-endian, that may be other than zero */

/*
 * Copies a report. ERR_SIZE: not exactly a report; ERR_UNSUPPORTED: a version or signature algorithm that is not known;
 * ERR_FORMAT: bytes of the signature that must be zero are not.
 */
int snp_report_read(const void *data, uint64_t size, struct snp_report *report) __must_check;

enum snp_signing_key { SNP_KEY_VCEK = 0, SNP_KEY_VLEK = 1, SNP_KEY_NONE = 7 };
static inline uint32_t snp_report_signing_key(const struct snp_report *report)
{
	return report->flags >> 2 & 7u;
}

static inline bool snp_report_chip_id_masked(const struct snp_report *report)
{
	return (report->flags & 2u) != 0;
}

/* Security versions in a TCB value. From Turin on there is one more, and the others lie elsewhere. */
struct snp_tcb {
	uint8_t fmc, bootloader, tee, snp, microcode;
};
struct snp_tcb snp_tcb_read(uint64_t value, bool turin);
/* True when no part of a is below b's. */
bool snp_tcb_reaches(const struct snp_tcb *a, const struct snp_tcb *b);

#endif
