/* SPDX-License-Identifier: MIT */
/* Policy pages and policy texts: what is accepted is good, and comes back the same when it is written and read. */
#include <stdlib.h>
#include <string.h>

#include "lib/policy.h"
#include "tools/igvm/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct policy_page *policy)
{
	struct policy_page again;
	struct policy_error error;
	char text[1024];

	policy_init(&again);
	if (policy_check(policy) != NULL || !policy_format(policy, text, sizeof(text)) ||
	    policy_parse(&again, text, strlen(text), &error) != 0 || memcmp(policy, &again, sizeof(again)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_page policy;
	struct policy_error error;

	policy_init(&policy);
	if (size > 0 && data[0] == 0) {
		size_t length = size - 1 < sizeof(policy) ? size - 1 : sizeof(policy);

		memcpy(&policy, data + 1, length);
		if (policy_check(&policy) == NULL)
			check_round_trip(&policy);
	} else {
		if (policy_parse(&policy, (const char *)data, size, &error) != 0 && (error.text == NULL || error.line == 0))
			abort();
		check_round_trip(&policy);
	}
	return 0;
}
