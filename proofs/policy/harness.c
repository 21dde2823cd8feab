/* SPDX-License-Identifier: MIT */
/* The names of services in a policy page. */
#include "proofs/prover.h"

#include "lib/policy.c"

struct slot {
	char slot[POLICY_NAME_SIZE];
};

void prove_slot(void)
{
	struct slot any = ANY(struct slot);
	uint32_t i = any_u8() % POLICY_NAME_SIZE;

	if (!slot_good(any.slot)) {
		CANARY("refused");
		return;
	}
	PROVE(any.slot[0] != 0 && any.slot[POLICY_NAME_SIZE - 1] == 0, "a name is not empty and ends");
	PROVE(any.slot[i] == 0 || name_character(any.slot[i]), "it has known characters only");
	PROVE(IMPLIES(i > 0 && any.slot[i] != 0, any.slot[i - 1] != 0), "all behind its end is zero");
	CANARY("accepted");
}
