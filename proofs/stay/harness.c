/* SPDX-License-Identifier: MIT */
/*
 * The histogram of stays at VMPL0: which bucket a stay counts in. The speeds are the lowest and the highest that the timer
 * takes (TICKS_PER_MS_MIN and _MAX in kernel/platform/snp/timer.c) and the one that it has without an answer of the host.
 */
#include "proofs/prover.h"

#include "kernel/guest/stay.c"

void prove_bucket(void)
{
	uint64_t ticks = any_u64(), ticks_per_ms;

	ticks_per_ms = any_bool() ? 100000u : any_bool() ? 2000000u : 10000000u;
	uint32_t bucket = stay_bucket(ticks, ticks_per_ms);

	PROVE(bucket < STAY_BUCKETS, "one of the buckets");
	PROVE(IMPLIES(bucket != 0, (unsigned __int128)ticks * 1000u >= (unsigned __int128)ticks_per_ms << (bucket - 1u)), "not shorter than the bucket says");
	PROVE(IMPLIES(bucket != STAY_BUCKETS - 1u, (unsigned __int128)ticks * 1000u < (unsigned __int128)ticks_per_ms << bucket), "shorter than the next says, but for the last");
	if (bucket == 0)
		CANARY("below a microsecond");
	if (bucket == STAY_BUCKETS - 1u)
		CANARY("the last");
	if (bucket == 7)
		CANARY("between");
}
