/* SPDX-License-Identifier: MIT */
/*
 * Where canaries are: any 8 bytes of one, at any offset, count. Private memory is not encrypted here, so the reverse map
 * tells what the host can read (pages that are its own), what the guest can (pages on which one of its levels may read),
 * and what is neither.
 */
#include "lib/string.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define WORD 8ull
#define FOUR_GIB 0x100000000ull
#define HIDDEN_WINDOW 0xFC000000ull /* what is launched outside RAM (machine_back_page()) */
#define REPORTS_MAX 8u
#define PERM_READ 1u

static bool ready;
static uint32_t leaks;
static uint64_t hits_private;

void attack_search_init(void)
{
	ready = true;
	leaks = 0;
	hits_private = 0;
}

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, sizeof(word)); /* a load, in a freestanding program, too */
	return word;
}

/* Most memory is empty. */
static bool is_zero(const uint8_t *page)
{
	for (uint32_t at = 0; at < PAGE_SIZE; at += 4u * WORD) {
		if ((word_at(page + at) | word_at(page + at + WORD) | word_at(page + at + 2u * WORD) |
		     word_at(page + at + 3u * WORD)) != 0)
			return false;
	}
	return true;
}

/* What the next known word from *at on is part of; *at moves behind it. ATTACK_NOTHING: there is none. */
static uint32_t search(const uint8_t *page, uint32_t *at)
{
	for (; *at + WORD <= PAGE_SIZE; *at += 1u) {
		uint64_t word = word_at(page + *at);
		uint32_t which = attack_secret_of(word);

		if (which != ATTACK_NOTHING) {
			*at += WORD;
			return which;
		}
	}
	return ATTACK_NOTHING;
}

static void leaked(uint32_t which, uint64_t gpa, const char *whom)
{
	if (leaks++ < REPORTS_MAX)
		machine_log("attack: LEAK: %s at 0x%llx, where %s can read it", attack_secret_name(which),
			    (unsigned long long)gpa, whom);
}

static void search_for(const uint8_t *page, uint64_t gpa, const char *whom)
{
	uint32_t at = 0, which;

	if (is_zero(page))
		return;
	while ((which = search(page, &at)) != ATTACK_NOTHING) {
		if (whom == NULL)
			hits_private++;
		else
			leaked(which, gpa + at - WORD, whom);
	}
}

void attack_watch_page(uint64_t gpa)
{
	const uint8_t *page = host_shared_page(gpa);

	if (page != NULL)
		search_for(page, align_down(gpa, PAGE_SIZE), "the host");
}

void attack_watch_word(uint64_t value)
{
	uint32_t which = attack_secret_of(value);

	if (which != ATTACK_NOTHING)
		leaked(which, 0, "the host (in a register)");
}

static void search_page(uint64_t gpa)
{
	const struct rmp_entry *entry = rmp_lookup(gpa);
	const uint8_t *page;
	bool guest = false;

	if (entry == NULL)
		return;
	for (uint32_t level = 1; level < SNP_VMPL_COUNT; level++)
		guest = guest || (entry->validated != 0 && (entry->perms[level] & PERM_READ) != 0);
	page = entry->assigned != 0 ? machine_ram_page(gpa) : host_shared_page(gpa);
	if (page != NULL)
		search_for(page, gpa, entry->assigned == 0 ? "the host" : guest ? "the guest" : NULL);
}

static void search_range(uint64_t start, uint64_t end)
{
	for (uint64_t gpa = start; gpa < end; gpa += PAGE_SIZE)
		search_page(gpa);
}

/* Registers that a level had when it stopped last: the guest sees them, whoever has the page. */
static void search_registers(const struct vcpu *vcpu)
{
	for (uint32_t level = 1; level < SNP_VMPL_COUNT; level++) {
		uint64_t gpa = vcpu->level[level].vmsa_gpa;
		const uint8_t *page = gpa == 0 ? NULL : machine_ram_page(gpa);

		if (page != NULL)
			search_for(page, gpa, "the guest (in a register)");
	}
}

void attack_search_report(void)
{
	if (!ready)
		return;
	attack_secrets_read();
	for (uint32_t i = ATTACK_CANARIES; i < attack_secrets_count(); i++)
		machine_log("attack: secret %s: %u words known", attack_secret_name(i), attack_secret_words(i));
	search_range(0, machine_low_ram_end());
	search_range(HIDDEN_WINDOW, FOUR_GIB);
	search_range(FOUR_GIB, machine_high_ram_end());
	for (uint32_t i = 0; i < machine_vcpu_count; i++)
		search_registers(&machine_vcpu[i]);
	machine_log("attack: canaries: %llu words in private memory, %u where they must not be",
		    (unsigned long long)hits_private, leaks);
}
