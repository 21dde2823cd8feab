/* SPDX-License-Identifier: MIT */
/*
 * Random bytes: the instructions deliver anything or nothing, the health test (lib/health.c, tested) says yes or no. The
 * generator is BearSSL's: what counts is what it is seeded with and asked for.
 */
#include "proofs/prover.h"
#include <stddef.h>

#define BR_BEARSSL_H__ /* of BearSSL only what is used */
typedef struct {
	uint8_t k[64];
} br_hmac_drbg_context;
typedef int br_hash_class;
static const br_hash_class br_sha384_vtable;
static void br_hmac_drbg_init(br_hmac_drbg_context *context, const br_hash_class *hash, const void *seed, size_t size);
static void br_hmac_drbg_update(br_hmac_drbg_context *context, const void *seed, size_t size);
static void br_hmac_drbg_generate(br_hmac_drbg_context *context, void *out, size_t size);

#define KERNEL_X86_CPU_H
static uint64_t delivered, last_word;
static bool seed_instruction, other_instruction, last_good;
static bool deliver(uint64_t *word)
{
	last_good = any_bool();
	*word = last_word = any_u64(); /* not to be used unless it is good */
	delivered++;
	return last_good;
}
static bool cpu_rdseed(uint64_t *word)
{
	seed_instruction = true;
	return deliver(word);
}
static bool cpu_rdrand(uint64_t *word)
{
	other_instruction = true;
	return deliver(word);
}
static void cpu_pause(void)
{
	ASSUME(delivered < 3);
}

#define memset zero
#define LIB_WIPE_H
#include "lib/types.h"
static void *zero(void *destination, int byte, size_t size);
static void wipe(void *memory, uint64_t size);
#include "kernel/proc/entropy.c"
#undef memset

void log_line(const char *format, ...)
{
}

/* ---- a word ---- */

static bool healthy;
static uint64_t tested;

bool health_word(struct health *which, uint64_t word)
{
	PROVE(last_good && word == last_word, "what the instruction delivered is tested");
	tested++;
	return healthy = any_bool();
}

void prove_read_word(void)
{
	uint64_t word;

	has_rdseed = any_bool();
	bool good = read_word(&word);

	PROVE(IMPLIES(good, last_good && healthy && word == last_word),
	      "a word is one that was delivered and has passed the test");
	PROVE(tested <= 1 && delivered <= TRIES, "no other word is tried after one that fails the test");
	PROVE(!(has_rdseed ? other_instruction : seed_instruction), "RDRAND only where there is no RDSEED");
	if (good && delivered == 3)
		CANARY("at the third try");
	if (!good && delivered == 2)
		CANARY("unhealthy");
}

/* ---- the seed ---- */

static uint64_t seed_words[SEED_WORDS];
static uint32_t seed_count, updates, zeroings;
static bool seed_failed;
static const void *seed_at;

bool stub_seed_word(uint64_t *word)
{
	PROVE(!seed_failed && seed_count < SEED_WORDS, "a failure ends it");
	*word = seed_words[seed_count % SEED_WORDS] = any_u64();
	seed_count++;
	seed_failed = any_bool();
	return !seed_failed;
}

static uint32_t inits, words_read;

static void br_hmac_drbg_init(br_hmac_drbg_context *context, const br_hash_class *hash, const void *seed, size_t size)
{
	PROVE(context == &generator && hash == &br_sha384_vtable && seed == NULL && size == 0 && words_read == START_WORDS,
	      "SHA-384, once the noise source is known to be good");
	inits++;
}

static void br_hmac_drbg_update(br_hmac_drbg_context *context, const void *seed, size_t size)
{
	const uint64_t *words = seed;

	PROVE(context == &generator && size == 48 && seed_count == 6 && !seed_failed && updates == 0,
	      "384 bits, all of them good");
	for (uint32_t i = 0; i < SEED_WORDS; i++)
		PROVE(words[i] == seed_words[i], "the words that were read");
	seed_at = seed;
	updates++;
}

/* ---- what is handed out ---- */

static uint8_t buffer[8];
static uint64_t wanted;
static uint32_t seeds, generated, zeroed;

bool stub_seed(void)
{
	seeds++;
	return !(seed_failed = any_bool());
}

static void *zero(void *destination, int byte, size_t size)
{
	PROVE(destination == buffer && byte == 0 && size == wanted, "all of it is zeroed");
	zeroed++;
	return destination;
}

static void wipe(void *memory, uint64_t size)
{
	PROVE(size == 48 && IMPLIES(updates > 0, memory == seed_at), "the seed does not stay on the stack");
	zeroings++;
}

static void br_hmac_drbg_generate(br_hmac_drbg_context *context, void *out, size_t size)
{
	PROVE(context == &generator && out == buffer && size == wanted && seeds == 1 && !seed_failed,
	      "all bytes, from a generator that was just seeded");
	generated++;
}

void prove_seed(void)
{
	bool good = seed();

	PROVE(good == (updates == 1) && good == (seed_count == 6 && !seed_failed),
	      "seeded with six good words, or not at all");
	PROVE(zeroings == 1, "the seed is gone");
	if (good)
		CANARY("seeded");
	else
		CANARY("failed");
}

void prove_get(void)
{
	ready = any_bool();
	bool was_ready = ready;

	wanted = any_u64();
	int error = entropy_get(buffer, wanted);

	PROVE((error == 0) == (generated == 1 && zeroed == 0) && generated <= 1, "success is random bytes");
	PROVE((error == ERR_FAULT) == (zeroed == 1 && generated == 0) && (error == 0 || error == ERR_FAULT),
	      "else they are zero, and that is told");
	PROVE(ready == (error == 0) && IMPLIES(!was_ready, error != 0), "a generator that has failed stays off");
	if (error == 0)
		CANARY("random");
	if (error != 0 && was_ready)
		CANARY("it fails now");
}

/* ---- one word of a seed ---- */

static uint64_t sum, seed_result;
static bool word_failed, counting; /* counting: only that there are as many as wanted */

bool stub_read_word(uint64_t *word)
{
	PROVE(!word_failed, "a failure ends it");
	PROVE(seed_result == sum || counting, "the sum so far");
	ASSUME(seed_result == sum || counting); /* what was just proved: one step for each word */
	*word = any_u64();
	sum ^= *word;
	words_read++;
	return !(word_failed = any_bool());
}

void prove_seed_word(void)
{
	has_rdseed = any_bool();
	seed_result = 7;
	bool good = seed_word(&seed_result);

	PROVE(good == !word_failed, "a word is good when all that it is made of are");
	PROVE(IMPLIES(good, words_read == (has_rdseed ? 1u : ENTROPY_RDRAND_FACTOR)), "from RDRAND as many as it may stretch a seed to");
	PROVE(IMPLIES(good, seed_result == sum), "their sum");
	if (good && !has_rdseed)
		CANARY("from RDRAND");
	if (good && has_rdseed)
		CANARY("from RDSEED");
}

/* ---- the start ---- */

static uint32_t features_7, features_1;
static bool known_7, known_1;
static bool health_ready;

int cpuid_table_lookup(const struct snp_cpuid_page *page, uint32_t leaf, uint32_t subleaf, struct cpuid_result *result)
{
	bool known = leaf == 7 ? known_7 : known_1;

	PROVE((leaf == 7 || leaf == 1) && subleaf == 0, "a leaf of features");
	*result = (struct cpuid_result){ 0 };
	if (known) {
		result->ebx = leaf == 7 ? features_7 : any_u32();
		result->ecx = leaf == 1 ? features_1 : any_u32();
	}
	return known ? 0 : ERR_NOT_FOUND;
}

void health_init(struct health *which)
{
	PROVE(which == &health && words_read == 0, "before the first word");
	health_ready = true;
}

void prove_init(void)
{
	counting = true;
	known_7 = any_bool();
	known_1 = any_bool();
	features_7 = any_u32();
	features_1 = any_u32();
	int error = entropy_init(NULL);
	bool seed_there = known_7 && (features_7 >> 18 & 1) != 0, random_there = known_1 && (features_1 >> 30 & 1) != 0;

	PROVE((error == ERR_UNSUPPORTED) == (!seed_there && !random_there), "without an instruction there are no random numbers");
	PROVE(has_rdseed == seed_there && has_rdrand == random_there, "those that the processor has");
	PROVE(ready == (error == 0) && IMPLIES(error == 0, inits == 1 && seeds == 1 && !seed_failed && !word_failed && health_ready),
	      "ready once two windows of words were good and the generator is seeded");
	PROVE(error == 0 || error == ERR_UNSUPPORTED || error == ERR_FAULT, "a documented error");
	if (error == 0)
		CANARY("ready");
	if (error == ERR_FAULT && word_failed)
		CANARY("a bad source");
	if (error == ERR_FAULT && seed_failed)
		CANARY("not seeded");
}
