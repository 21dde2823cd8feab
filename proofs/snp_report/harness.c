/* SPDX-License-Identifier: MIT */
/* The reader of attestation reports, on bytes of any number and content; security versions of any value. */
#include "proofs/prover.h"

#include "lib/snp_report.c"

void prove_read(void)
{
	struct snp_report report;
	uint64_t size = any_u64();
	uint32_t i = any_u8() % sizeof(report.signature_r), j = any_u16() % sizeof(report.signature_reserved);
	uint32_t byte = any_u16() % SNP_REPORT_SIGNED_SIZE;

	ASSUME(size <= 1ull << 40);
	const uint8_t *data = __CPROVER_allocate(size, 0);
	int error = snp_report_read(data, size, &report);

	if (error != 0) {
		PROVE(error == ERR_SIZE ? size != sizeof(report) : error == ERR_UNSUPPORTED || error == ERR_FORMAT, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(size == sizeof(report) && report.version >= 2 && report.version <= 5 && report.signature_algo == 1, "a report of a known version");
	PROVE(IMPLIES(i >= 48, report.signature_r[i] == 0 && report.signature_s[i] == 0) && report.signature_reserved[j] == 0,
	      "what no signature covers is zero");
	PROVE(((const uint8_t *)&report)[byte] == data[byte], "what is signed is what was read");
	CANARY("read");
}

static bool same(const struct snp_tcb *a, const struct snp_tcb *b)
{
	return a->fmc == b->fmc && a->bootloader == b->bootloader && a->tee == b->tee && a->snp == b->snp && a->microcode == b->microcode;
}

void prove_versions(void)
{
	struct snp_tcb a = snp_tcb_read(any_u64(), any_bool()), b = snp_tcb_read(any_u64(), any_bool()), c;

	PROVE(snp_tcb_reaches(&a, &a), "versions reach themselves");
	PROVE(IMPLIES(snp_tcb_reaches(&a, &b) && snp_tcb_reaches(&b, &a), same(&a, &b)), "those that reach each other are the same");
	PROVE(IMPLIES(snp_tcb_reaches(&a, &b) && snp_tcb_reaches(&b, &c), snp_tcb_reaches(&a, &c)), "none is lost on the way");
	if (snp_tcb_reaches(&a, &b) && !same(&a, &b))
		CANARY("newer");
	if (!snp_tcb_reaches(&a, &b) && !snp_tcb_reaches(&b, &a))
		CANARY("neither");
}
