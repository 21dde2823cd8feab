/* SPDX-License-Identifier: MIT */
/*
 * The tests of the noise source, from any state that they can be in. What the tests must say is written a second time
 * here, as the standard has it: repetition of a word, and how often the first byte of a window occurs in it.
 */
#include "proofs/prover.h"

#include "lib/health.c"

static struct health health;

/* While the source is good, its window has fewer than HEALTH_CUTOFF bytes like the first. */
static bool consistent(void)
{
	return health.seen < HEALTH_WINDOW && health.matches <= HEALTH_WINDOW && IMPLIES(health.seen != 0, health.matches <= health.seen) &&
	       IMPLIES(!health.failed && health.seen != 0, health.matches != 0 && health.matches < HEALTH_CUTOFF);
}

static void any_health(void)
{
	health = (struct health){ any_u64(), any_bool(), any_bool(), any_u8(), any_u32(), any_u32() };
	ASSUME(consistent());
}

void prove_init(void)
{
	health = (struct health){ any_u64(), any_bool(), any_bool(), any_u8(), any_u32(), any_u32() };
	health_init(&health);
	PROVE(consistent() && !health.any && !health.failed && health.seen == 0, "no word yet, no failure, a new window");
	CANARY("ready");
}

/* The window as a record of its bytes would have it. */
static void window(struct health *model, uint8_t byte)
{
	bool first = model->seen == 0, like = first || byte == model->first;

	if (first)
		model->first = byte;
	model->matches = first ? 1 : model->matches + like;
	if (model->matches >= HEALTH_CUTOFF)
		model->failed = true;
	model->seen = model->seen == HEALTH_WINDOW - 1u ? 0 : model->seen + 1u;
}

void prove_word(void)
{
	uint64_t word = any_u64();

	any_health();
	struct health before = health, model = health;
	bool good = health_word(&health, word);

	for (uint32_t i = 0; i < 8; i++)
		window(&model, (uint8_t)(word >> 8u * i & 0xFFu));
	bool stuck = word == 0 || word == UINT64_MAX || (before.any && word == before.last);

	PROVE(consistent() && health.any && health.last == word, "the word is the last one");
	PROVE(health.seen == model.seen && health.first == model.first && health.matches == model.matches, "all of its bytes are in the window");
	PROVE(good == !health.failed && health.failed == (model.failed || stuck), "the source fails when it must, only then, and for good");
	if (good)
		CANARY("good");
	else if (!before.failed && !stuck)
		CANARY("too many alike");
}
