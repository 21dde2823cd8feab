/* SPDX-License-Identifier: MIT */
#include "lib/snp_report.h"

#include "lib/string.h"

#define ALGORITHM_ECDSA_P384_SHA384 1u

_Static_assert(offsetof(struct snp_report, signature_r) == SNP_REPORT_SIGNED_SIZE, "signed part of a report");

static bool all_zero(const uint8_t *bytes, uint64_t size)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < size; i++)
		any |= bytes[i];
	return any == 0;
}

int snp_report_read(const void *data, uint64_t size, struct snp_report *report)
{
	const uint64_t rest = sizeof(report->signature_r) - SNP_SIGNATURE_NUMBER;

	if (size != sizeof(*report))
		return ERR_SIZE;
	memcpy(report, data, sizeof(*report));
	if (report->version < SNP_REPORT_VERSION_MIN || report->version > SNP_REPORT_VERSION_MAX ||
	    report->signature_algo != ALGORITHM_ECDSA_P384_SHA384)
		return ERR_UNSUPPORTED;
	if (!all_zero(report->signature_r + SNP_SIGNATURE_NUMBER, rest) ||
	    !all_zero(report->signature_s + SNP_SIGNATURE_NUMBER, rest) ||
	    !all_zero(report->signature_reserved, sizeof(report->signature_reserved)))
		return ERR_FORMAT;
	return 0;
}

struct snp_tcb snp_tcb_read(uint64_t value, bool turin)
{
	uint8_t byte[8];

	for (uint32_t i = 0; i < 8; i++)
		byte[i] = (uint8_t)(value >> 8u * i);
	if (turin)
		return (struct snp_tcb){ .fmc = byte[0], .bootloader = byte[1], .tee = byte[2], .snp = byte[3],
					 .microcode = byte[7] };
	return (struct snp_tcb){ .bootloader = byte[0], .tee = byte[1], .snp = byte[6], .microcode = byte[7] };
}

bool snp_tcb_reaches(const struct snp_tcb *a, const struct snp_tcb *b)
{
	return a->fmc >= b->fmc && a->bootloader >= b->bootloader && a->tee >= b->tee && a->snp >= b->snp &&
	       a->microcode >= b->microcode;
}
