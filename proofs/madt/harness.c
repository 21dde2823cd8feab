/* SPDX-License-Identifier: MIT */
/* The host's table of processors, of any length: its loops have contracts and are not unwound. */
#include "proofs/prover.h"

#include "lib/madt.c"

void prove_parse(void)
{
	struct madt_cpus cpus;
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 20);
	uint8_t *table = __CPROVER_allocate(size, 0);
	int error = madt_parse(table, size, &cpus);

	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_NOT_FOUND || error == ERR_OVERFLOW, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(cpus.count <= MADT_CPU_MAX, "as many processors as there is room for");
	PROVE(cpus.length >= MADT_HEADER_SIZE && cpus.length <= size, "the table lies inside");
	CANARY("read");
}
