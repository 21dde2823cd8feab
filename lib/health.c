/* SPDX-License-Identifier: MIT */
#include "lib/health.h"

void health_init(struct health *health)
{
	*health = (struct health){ .any = false };
}

static bool proportion(struct health *health, uint8_t byte)
{
	if (health->seen == 0) {
		health->first = byte;
		health->matches = 0;
	}
	health->matches += byte == health->first ? 1u : 0u;
	health->seen = (health->seen + 1u) % HEALTH_WINDOW;
	return health->matches < HEALTH_CUTOFF;
}

bool health_word(struct health *health, uint64_t word)
{
	if (word == 0 || word == ~0ull || (health->any && word == health->last))
		health->failed = true;
	health->last = word;
	health->any = true;
	for (uint32_t i = 0; i < sizeof(word); i++) {
		if (!proportion(health, (uint8_t)(word >> 8u * i & 0xFFu)))
			health->failed = true;
	}
	return !health->failed;
}
