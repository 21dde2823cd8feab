/* SPDX-License-Identifier: MIT */
#include "kernel/proc/entropy.h"

#include <bearssl.h>

#include "kernel/platform/log.h"
#include "kernel/x86/cpu.h"
#include "lib/cpuid_table.h"
#include "lib/health.h"
#include "lib/string.h"
#include "lib/wipe.h"

#define TRIES 1000u
#define SEED_WORDS 6u      /* 384 bits */
#define START_WORDS 128u   /* two windows of the proportion test */
#define RDSEED_EBX (1u << 18)
#define RDRAND_ECX (1u << 30)

static br_hmac_drbg_context generator;
static struct health health;
static bool has_rdseed, has_rdrand, ready;

static bool read_word(uint64_t *word)
{
	for (uint32_t i = 0; i < TRIES; i++) {
		if (has_rdseed ? cpu_rdseed(word) : cpu_rdrand(word))
			return health_word(&health, *word);
		cpu_pause();
	}
	return false;
}

/* One word with full entropy; from RDRAND, which may stretch its seed, the sum over more than it may stretch it to. */
static bool seed_word(uint64_t *word)
{
	uint64_t next;

	*word = 0;
	for (uint32_t i = 0; i < (has_rdseed ? 1u : ENTROPY_RDRAND_FACTOR); i++) {
		if (!read_word(&next))
			return false;
		*word ^= next;
	}
	return true;
}

static bool seed(void)
{
	uint64_t words[SEED_WORDS];
	bool good = true;

	for (uint32_t i = 0; i < SEED_WORDS; i++)
		good = good && seed_word(&words[i]);
	if (good)
		br_hmac_drbg_update(&generator, words, sizeof(words));
	wipe(words, sizeof(words));
	return good;
}

int entropy_init(const struct snp_cpuid_page *cpuid)
{
	struct cpuid_result leaf;
	uint64_t word;

	has_rdseed = cpuid_table_lookup(cpuid, 7, 0, &leaf) == 0 && (leaf.ebx & RDSEED_EBX) != 0;
	has_rdrand = cpuid_table_lookup(cpuid, 1, 0, &leaf) == 0 && (leaf.ecx & RDRAND_ECX) != 0;
	if (!has_rdseed && !has_rdrand)
		return ERR_UNSUPPORTED;
	health_init(&health);
	for (uint32_t i = 0; i < START_WORDS; i++) {
		if (!read_word(&word))
			return ERR_FAULT;
	}
	br_hmac_drbg_init(&generator, &br_sha384_vtable, NULL, 0);
	ready = seed();
	return ready ? 0 : ERR_FAULT;
}

int entropy_get(void *out, uint64_t size)
{
	if (ready && !seed()) {
		ready = false;
		log_line("the processor's random number generator fails: there are no random numbers any more");
	}
	if (!ready) {
		memset(out, 0, size);
		return ERR_FAULT;
	}
	br_hmac_drbg_generate(&generator, out, size);
	return 0;
}
