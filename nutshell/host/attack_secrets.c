/* SPDX-License-Identifier: MIT */
/*
 * What must stay with VMPL0, as words of 8 bytes. Fixed ones are known from the launch on; the script's secrets are read where
 * they lie, again and again, because they change: nothing is encrypted here, so the host can act as an oracle.
 */
#include "abi/nutshell.h"
#include "lib/string.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"
#include "nutshell/psp.h"

#define WORD 8u
#define SLOTS 16384u /* a power of two */
#define WORDS_MAX (SLOTS / 2u)
#define BYTES_OF_A_SECRET 6u /* different ones in a word: anything else may stand anywhere by chance */

struct known {
	uint64_t word; /* 0: none */
	uint32_t source;
};

uint8_t attack_secret_starts[65536 / 8];

static const char *const names[ATTACK_CANARIES] = { "the message key of VMPL0", "the message key of VMPL1",
						    "the planted canary" };
static struct known table[SLOTS];
static uint32_t words_total, words_of[ATTACK_CANARIES + ATTACK_SECRETS_MAX];
static const struct attack_script *script;

uint32_t attack_canary(uint32_t which, uint8_t out[ATTACK_CANARY_MAX])
{
	if (which < 2) {
		memcpy(out, psp_vmpck(which), SNP_VMPCK_SIZE);
		return SNP_VMPCK_SIZE;
	}
	if (which != 2)
		return 0;
	for (uint32_t i = 0; i < NUTSHELL_CANARY_WORDS; i++) {
		uint64_t word = nutshell_canary_word(i);

		memcpy(out + (size_t)i * WORD, &word, sizeof(word));
	}
	return NUTSHELL_CANARY_WORDS * WORD;
}

/* Where the word is, or could be. */
static struct known *slot_of(uint64_t word)
{
	uint32_t at = (uint32_t)((word * 0x9E3779B97F4A7C15ull) >> 40) % SLOTS;

	while (table[at].word != 0 && table[at].word != word)
		at = (at + 1u) % SLOTS;
	return &table[at];
}

static void learn(uint64_t word, uint32_t source)
{
	struct known *slot = slot_of(word);
	uint16_t first = (uint16_t)word;

	if (slot->word == word || words_total == WORDS_MAX)
		return;
	*slot = (struct known){ word, source };
	attack_secret_starts[first / 8u] = (uint8_t)(attack_secret_starts[first / 8u] | 1u << (first % 8u));
	words_total++;
	words_of[source]++;
}

/* Most of what lies between secrets is zero, small or an address of the monitor's. */
static bool looks_secret(uint64_t word)
{
	uint32_t different = 0;

	for (uint32_t i = 0; i < WORD; i++) {
		uint32_t j = 0;

		while (j < i && (uint8_t)(word >> 8u * j) != (uint8_t)(word >> 8u * i))
			j++;
		different += j == i;
	}
	return different >= BYTES_OF_A_SECRET;
}

static void learn_bytes(const uint8_t *bytes, uint64_t size, uint32_t source)
{
	for (uint64_t at = 0; at + WORD <= size; at += WORD) {
		uint64_t word;

		memcpy(&word, bytes + at, sizeof(word));
		if (word != 0 && attack_secret_of(word) == ATTACK_NOTHING && looks_secret(word))
			learn(word, source);
	}
}

void attack_secrets_init(const struct attack_script *from)
{
	uint8_t canary[ATTACK_CANARY_MAX];

	script = from;
	words_total = 0;
	memset(table, 0, sizeof(table));
	memset(words_of, 0, sizeof(words_of));
	memset(attack_secret_starts, 0, sizeof(attack_secret_starts));
	for (uint32_t i = 0; i < ATTACK_CANARIES; i++) {
		uint32_t size = attack_canary(i, canary);

		for (uint32_t at = 0; at < size; at += WORD) {
			uint64_t word;

			memcpy(&word, canary + at, sizeof(word));
			learn(word, i);
		}
	}
}

/* Where the pointers of a service lead; false: one of them is not there. */
static bool follow_pointers(const struct attack_secret *secret, uint32_t space, uint64_t *at)
{
	for (uint32_t i = 0; i < secret->pointers; i++) {
		const uint8_t *bytes = *at % sizeof(*at) != 0 ? NULL : machine_user_memory(space, *at);

		if (bytes == NULL)
			return false;
		memcpy(at, bytes, sizeof(*at));
		if (*at == 0 || !checked_add(*at, secret->behind[i], at))
			return false;
	}
	return true;
}

/* A page at a time: what lies behind the next one is another address. */
static void read_pages(const struct attack_secret *secret, uint64_t base, uint32_t space, uint32_t source)
{
	uint64_t at = base + secret->address.offset, end;

	if (!follow_pointers(secret, space, &at) || !checked_add(at, secret->size, &end))
		return;
	while (at < end) {
		uint64_t room = PAGE_SIZE - (at & PAGE_MASK), size = end - at < room ? end - at : room;
		const uint8_t *bytes = secret->address.base == BASE_SERVICE ? machine_user_memory(space, at) : attack_bytes(at);

		if (bytes != NULL)
			learn_bytes(bytes, size, source);
		at += size;
	}
}

void attack_secrets_read(void)
{
	for (uint32_t i = 0; script != NULL && i < script->secret_count; i++) {
		const struct attack_secret *secret = &script->secret[i];
		bool service = secret->address.base == BASE_SERVICE;

		for (uint32_t space = 0; space < (service ? MACHINE_USER_SPACES : 1u); space++)
			read_pages(secret, attack_base(secret->address.base), space, ATTACK_CANARIES + i);
	}
}

uint32_t attack_secret_of(uint64_t word)
{
	const struct known *slot;

	if (!attack_may_start((uint16_t)word))
		return ATTACK_NOTHING;
	slot = slot_of(word);
	return slot->word == word && word != 0 ? slot->source : ATTACK_NOTHING;
}

uint32_t attack_secrets_count(void)
{
	return ATTACK_CANARIES + (script == NULL ? 0 : script->secret_count);
}

const char *attack_secret_name(uint32_t which)
{
	return which < ATTACK_CANARIES ? names[which] : script->secret[which - ATTACK_CANARIES].name;
}

uint32_t attack_secret_words(uint32_t which)
{
	return words_of[which];
}
