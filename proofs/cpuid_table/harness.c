/* SPDX-License-Identifier: MIT */
/* The CPUID page, whatever the host put in. */
#include "proofs/prover.h"

#include "lib/cpuid_table.c"

static struct snp_cpuid_page page;

void prove_lookup(void)
{
	struct cpuid_result result;
	uint32_t leaf = any_u32(), subleaf = any_u32();

	__CPROVER_havoc_object(&page);
	int error = cpuid_table_lookup(&page, leaf, subleaf, &result);

	PROVE(error == 0 || error == ERR_NOT_FOUND, "a documented error");
	PROVE(IMPLIES(error != 0, (result.eax | result.ebx | result.ecx | result.edx) == 0), "what is not there is zero");
	if (error == 0)
		CANARY("found");
}

void prove_check(void)
{
	uint32_t position = 0;

	__CPROVER_havoc_object(&page);
	PROVE(IMPLIES(cpuid_table_check(&page) == 0, page.count >= 1 && page.count <= SNP_CPUID_MAX_ENTRIES), "the count is that of the page");
	if (cpuid_table_c_bit(&page, &position) == 0) {
		PROVE(position >= 32 && position < 64, "a bit of the high half");
		CANARY("a C-bit");
	}
}
