/* SPDX-License-Identifier: MIT */
/* Health tests of the noise source: good ones pass, broken ones are noticed for good. */
#include "lib/health.h"
#include "tests/unit/unit.h"

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = (state += 0x9E3779B97F4A7C15ull);

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ z >> 27) * 0x94D049BB133111EBull;
	return z ^ z >> 31;
}

TEST(good_source)
{
	struct health health;

	health_init(&health);
	state = 1;
	for (uint32_t i = 0; i < 1000000; i++) {
		if (!health_word(&health, next())) {
			CHECK(false);
			break;
		}
	}
}

static void check_broken(uint64_t word)
{
	struct health health;

	health_init(&health);
	CHECK(health_word(&health, 0x0123456789ABCDEFull));
	CHECK(!health_word(&health, word));
	/* For good. */
	CHECK(!health_word(&health, 0xFEDCBA9876543210ull));
}

TEST(stuck_source)
{
	check_broken(0);
	check_broken(~0ull);
	check_broken(0x0123456789ABCDEFull);
}

/* One byte in four has the same value: below four bits of entropy each. */
TEST(biased_source)
{
	struct health health;
	uint32_t words = 0;

	health_init(&health);
	state = 2;
	while (words < 1000 && health_word(&health, (next() & ~0xFFFFull) | 0x5A5A))
		words++;
	CHECK(words < HEALTH_WINDOW / 8);
}

TEST(windows_start_anew)
{
	struct health health;

	health_init(&health);
	state = 3;
	for (uint32_t i = 0; i < HEALTH_WINDOW / 8; i++)
		CHECK(health_word(&health, next()));
	CHECK_EQ(health.seen, 0);
	CHECK(health_word(&health, next()));
	CHECK_EQ(health.seen, 8);
}
