/* SPDX-License-Identifier: MIT */
/* The policy page: the names of services in it, and all of it. */
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

#define RUN 64u

/* ---- the whole page ---- */

static struct policy_page page;
static uint32_t witness; /* a slot that nobody chose, */
static bool witness_asked, witness_good; /* and what prove_slot() shows of it */
static uint32_t slots_asked;
static uint32_t byte; /* a byte that nobody chose, */
static bool byte_zero; /* and that it is zero, as prove_zero() shows */

bool stub_slot_good(const char slot[POLICY_NAME_SIZE])
{
	bool good = any_bool();

	PROVE(slots_asked < POLICY_OFF_MAX && slot == page.off[slots_asked], "slot after slot");
	if (slots_asked++ == witness) {
		witness_asked = true;
		witness_good = good;
	}
	return good;
}

/* What prove_zero() shows of it. */
bool stub_all_zero(const void *data, size_t size)
{
	uint64_t start = (uint64_t)((const uint8_t *)data - (const uint8_t *)&page);
	bool zero = any_bool();

	PROVE(__CPROVER_same_object(data, &page) && start <= sizeof(page) && size <= sizeof(page) - start, "inside the page");
	if (zero && byte >= start && byte < start + size)
		byte_zero = true;
	return zero;
}

static bool known_fields(void)
{
	return page.magic == POLICY_MAGIC && page.version == POLICY_VERSION && page.guest_vmpl >= 1 && page.guest_vmpl <= 3 &&
	       page.flags <= 3 && page.serial_port >= 1 && page.serial_port <= 0xFFF8 &&
	       page.secure_boot <= POLICY_SECURE_BOOT_DEPLOYED && page.off_count <= POLICY_OFF_MAX;
}

void prove_page(void)
{
	page = ANY(struct policy_page);
	witness = any_u8() % POLICY_OFF_MAX;
	byte = any_u16() % sizeof(page);
	if (policy_check(&page) != NULL) {
		CANARY("refused");
		return;
	}
	PROVE(known_fields(), "every field has a known value");
	PROVE(slots_asked == page.off_count && IMPLIES(witness < page.off_count, witness_asked && witness_good), "every name was accepted");
	PROVE(IMPLIES(byte >= offsetof(struct policy_page, off) + page.off_count * POLICY_NAME_SIZE, byte_zero),
	      "all behind the names is zero");
	if (page.off_count != 0)
		CANARY("names");
	if (page.off_count < POLICY_OFF_MAX)
		CANARY("room for names");
}

void prove_zero(void)
{
	uint8_t data[RUN];
	uint32_t size = any_u16() % (RUN + 1u), i = any_u16() % RUN;

	if (!all_zero(data, size)) {
		CANARY("not zero");
		return;
	}
	PROVE(IMPLIES(i < size, data[i] == 0), "every byte is zero");
	CANARY("zero");
}

void prove_mode(void)
{
	uint32_t mode = any_u32();
	const char *name = policy_secure_boot_name(mode);

	PROVE((name != NULL) == (mode <= POLICY_SECURE_BOOT_DEPLOYED), "the three modes have names, no others do");
	if (name != NULL)
		CANARY("a mode");
}
