/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random calls, most of them nearly right, against a model: the model says what each must answer and what
 * state every page is in afterwards.
 */
#define GUEST_AREA "08"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define ROUNDS 6000u
#define GARBAGE_ROUNDS 4000u
#define CHECK_EVERY 500u
#define BLOCKS 2u
#define MODEL_PAGES (BLOCKS * PAGES_PER_2M)
#define BUSY_PAGES 24u /* pages that most calls name, so that they meet */
#define ENTRIES_MAX 12u
#define AREAS_MAX 16u
#define SEED 0x9E3779B97F4A7C15ull

enum model_state { MODEL_UNVALIDATED, MODEL_VALIDATED, MODEL_CAA, MODEL_VMSA };

struct model {
	uint64_t block[BLOCKS]; /* in small pages */
	uint8_t state[MODEL_PAGES];
	uint64_t home; /* calling area of the launch */
	struct {
		uint64_t vmsa, caa;
	} area[AREAS_MAX];
	uint32_t area_count;
};

static struct model model;
static uint64_t random_state;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t random_below(uint32_t limit)
{
	return (uint32_t)(random_u64() >> 33) % limit;
}

static uint64_t page_address(uint32_t index)
{
	return model.block[index / PAGES_PER_2M] + index % PAGES_PER_2M * PAGE_SIZE;
}

/* Index of a page of the model, MODEL_PAGES for all others. */
static uint32_t page_index(uint64_t gpa)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		if (gpa >= model.block[i] && gpa < model.block[i] + PAGE_SIZE_2M)
			return i * PAGES_PER_2M + (uint32_t)((gpa - model.block[i]) / PAGE_SIZE);
	}
	return MODEL_PAGES;
}

/* Addresses that are never a guest's memory. */
static uint64_t random_bad_address(void)
{
	const uint64_t bad[] = { monitor_gpa(),
				 monitor_gpa() + 0x3000,
				 monitor_gpa() + MONITOR_SIZE - PAGE_SIZE,
				 0xA0000,
				 0xFEC00000,
				 0xFEE00000,
				 0xFFFFF000,
				 0xFFFFFFFFF000ull,
				 0x7FFFFFFFFFFFF000ull,
				 0xFFFFFFFFFFFFF000ull };

	switch (random_below(4)) {
	case 0:
		return monitor_gpa() + random_below((uint32_t)(MONITOR_SIZE / PAGE_SIZE)) * PAGE_SIZE;
	case 1:
		return page_address(random_below(MODEL_PAGES)) | paging_c_bit;
	case 2:
		return page_address(random_below(MODEL_PAGES)) | 1ull << (52 + random_below(12));
	default:
		return bad[random_below(ARRAY_SIZE(bad))];
	}
}

static uint64_t random_page(void)
{
	uint32_t choice = random_below(10);

	if (choice == 0)
		return random_bad_address();
	return page_address(choice < 8 ? random_below(BUSY_PAGES) : random_below(MODEL_PAGES));
}

/* ---- what the model says ---- */

static uint64_t model_small(uint32_t index, bool validate, bool ignore)
{
	uint8_t wanted = validate ? MODEL_VALIDATED : MODEL_UNVALIDATED;

	if (model.state[index] != MODEL_UNVALIDATED && model.state[index] != MODEL_VALIDATED)
		return SVSM_ERR_INVALID_ADDRESS;
	if (model.state[index] == wanted)
		return ignore ? SVSM_SUCCESS : SVSM_ERR_CORE_NO_CHANGE;
	model.state[index] = wanted;
	return SVSM_SUCCESS;
}

/* The blocks are made of small pages: a large entry never succeeds in changing anything. */
static uint64_t model_large(uint32_t first, bool validate, bool ignore)
{
	uint32_t validated = 0;

	for (uint32_t i = first; i < first + PAGES_PER_2M; i++) {
		if (model.state[i] != MODEL_UNVALIDATED && model.state[i] != MODEL_VALIDATED)
			return SVSM_ERR_INVALID_ADDRESS;
		validated += model.state[i] == MODEL_VALIDATED ? 1 : 0;
	}
	if (validated == 0 && !validate)
		return ignore ? SVSM_SUCCESS : SVSM_ERR_CORE_NO_CHANGE;
	if (validated == PAGES_PER_2M && validate && !ignore)
		return SVSM_ERR_CORE_NO_CHANGE;
	return SVSM_ERR_CORE_FAIL_SIZEMISMATCH;
}

static uint64_t model_entry(uint64_t entry)
{
	bool validate = (entry & ENTRY_VALIDATE) != 0, ignore = (entry & ENTRY_IGNORE) != 0;
	uint64_t size = entry & SVSM_PVALIDATE_SIZE_MASK, gpa = entry & ~PAGE_MASK;
	uint32_t index = page_index(gpa);

	if ((entry & SVSM_PVALIDATE_RESERVED_MASK) != 0 || size > ENTRY_2M)
		return SVSM_ERR_INVALID_PARAMETER;
	if (size == ENTRY_2M && !is_aligned(gpa, PAGE_SIZE_2M))
		return SVSM_ERR_INVALID_PARAMETER;
	if (index == MODEL_PAGES)
		return SVSM_ERR_INVALID_ADDRESS;
	return size == ENTRY_2M ? model_large(index, validate, ignore) : model_small(index, validate, ignore);
}

static uint64_t model_list(const uint64_t *entries, uint16_t count, uint16_t *next)
{
	if (count == 0 || count > SVSM_PVALIDATE_MAX_IN_CAA || *next >= count)
		return SVSM_ERR_INVALID_PARAMETER;
	for (; *next < count; (*next)++) {
		uint64_t result = model_entry(entries[*next]);

		if (result != SVSM_SUCCESS)
			return result;
	}
	return SVSM_SUCCESS;
}

static bool model_page_is(uint64_t gpa, enum model_state state)
{
	uint32_t index = page_index(gpa);

	return index != MODEL_PAGES && model.state[index] == state;
}

static void model_set(uint64_t gpa, enum model_state state)
{
	uint32_t index = page_index(gpa);

	if (index != MODEL_PAGES)
		model.state[index] = (uint8_t)state;
}

/* All save areas are this processor's: each may use any of its calling areas. */
static bool model_is_caa(uint64_t gpa)
{
	for (uint32_t i = 0; i < model.area_count; i++) {
		if (model.area[i].caa == gpa)
			return true;
	}
	return gpa == svsm_caa;
}

static bool model_is_validated(uint64_t gpa)
{
	return model_page_is(gpa, MODEL_VALIDATED) || (gpa == model.home && !model_is_caa(gpa));
}

/* After the use of a calling area by something has ended. */
static void model_release_caa(uint64_t gpa)
{
	if (!model_is_caa(gpa))
		model_set(gpa, MODEL_VALIDATED);
}

/* ---- calls ---- */

static uint64_t random_entry(void)
{
	uint64_t entry = random_page() & ~PAGE_MASK;

	if (random_below(2) == 0)
		entry |= ENTRY_VALIDATE;
	if (random_below(4) == 0)
		entry |= ENTRY_IGNORE;
	if (random_below(12) == 0)
		entry = (random_below(3) == 0 ? entry : align_down(entry, PAGE_SIZE_2M)) | ENTRY_2M |
			(entry & (ENTRY_VALIDATE | ENTRY_IGNORE));
	if (random_below(20) == 0)
		entry |= random_u64() & 0xFFFu;
	return entry;
}

static void call_pvalidate(void)
{
	uint64_t entries[ENTRIES_MAX];
	uint16_t count = (uint16_t)random_below(ENTRIES_MAX + 1u), next = 0, expected_next;
	uint64_t result, expected;

	for (uint32_t i = 0; i < ENTRIES_MAX; i++)
		entries[i] = random_entry();
	if (random_below(8) == 0)
		next = (uint16_t)random_below(ENTRIES_MAX + 2u);
	if (random_below(30) == 0)
		count = (uint16_t)(SVSM_PVALIDATE_MAX_IN_CAA + 1u + random_below(60000));
	expected_next = next;
	expected = model_list(entries, count, &expected_next);
	/* A count beyond the array is refused before any entry is read; the copy must not run over, though. */
	if (count > ENTRIES_MAX) {
		struct svsm_pvalidate_header header = { .entries = count, .next = next };

		memcpy(page_at(svsm_list_place()), &header, sizeof(header));
		CHECK_EQ(svsm_core(SVSM_CORE_PVALIDATE, svsm_list_place(), 0, 0), expected);
		return;
	}
	result = svsm_list(svsm_list_place(), entries, count, &next);
	CHECK_EQ_FOR(result, expected, expected_next < ENTRIES_MAX ? entries[expected_next] : 0);
	CHECK_EQ(next, expected_next);
}

static void call_remap(void)
{
	uint64_t gpa = random_below(6) == 0 ? model.home : random_page();
	uint64_t expected = SVSM_ERR_INVALID_ADDRESS, result;
	uint64_t old = svsm_caa;

	if (random_below(8) == 0)
		gpa += 1u + random_below((uint32_t)PAGE_SIZE - 1u);
	if (!is_aligned(gpa, PAGE_SIZE))
		expected = SVSM_ERR_INVALID_PARAMETER;
	else if (gpa == svsm_caa || model_is_validated(gpa))
		expected = SVSM_SUCCESS;
	result = svsm_core(SVSM_CORE_REMAP_CA, gpa, random_u64(), random_u64());
	CHECK_EQ_FOR(result, expected, gpa);
	if (result != SVSM_SUCCESS || gpa == old)
		return;
	svsm_caa = gpa;
	model_set(gpa, MODEL_CAA);
	model_release_caa(old);
}

static void fill_area(uint64_t gpa, bool good)
{
	struct vmsa *area = (struct vmsa *)(uintptr_t)gpa;

	area->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
	area->efer = EFER_SVME;
	area->sev_features = SEV_FEATURE_SNP_ACTIVE;
	if (good)
		return;
	switch (random_below(3)) {
	case 0:
		area->vmpl = (uint8_t)(area->vmpl + 1u + random_below(200));
		break;
	case 1:
		area->efer = random_u64() & ~EFER_SVME;
		break;
	default:
		area->sev_features ^= 1ull << random_below(64);
		break;
	}
}

static void call_create(void)
{
	uint64_t vmsa = random_page(), caa = random_below(6) == 0 ? svsm_caa : random_page();
	bool good = random_below(3) != 0;
	uint64_t expected = SVSM_SUCCESS, result;
	uint32_t apic_id = random_below(6) == 0 ? 0xFF00u + random_below(100) : 0;

	if (random_below(10) == 0)
		vmsa |= 1ull << random_below(12);
	if (model_page_is(vmsa, MODEL_VALIDATED))
		fill_area(align_down(vmsa, PAGE_SIZE), good);
	if (!is_aligned(vmsa | caa, PAGE_SIZE) || apic_id != 0)
		expected = SVSM_ERR_INVALID_PARAMETER;
	else if (vmsa == caa || !model_page_is(vmsa, MODEL_VALIDATED) ||
		 !(model_is_validated(caa) || model_is_caa(caa)))
		expected = SVSM_ERR_INVALID_ADDRESS;
	else if (!good)
		expected = SVSM_ERR_INVALID_PARAMETER;
	result = svsm_core(SVSM_CORE_CREATE_VCPU, vmsa, caa, apic_id);
	/* How many areas a processor may have is the monitor's affair. */
	if (result == SVSM_ERR_INVALID_REQUEST && model.area_count > 0 && is_aligned(vmsa | caa, PAGE_SIZE) &&
	    vmsa != caa)
		return;
	CHECK_EQ_FOR(result, expected, vmsa);
	if (result != SVSM_SUCCESS || model.area_count == AREAS_MAX)
		return;
	model.area[model.area_count].vmsa = vmsa;
	model.area[model.area_count++].caa = caa;
	model_set(vmsa, MODEL_VMSA);
	model_set(caa, MODEL_CAA);
}

static void forget_area(uint32_t i)
{
	uint64_t caa = model.area[i].caa;

	model_set(model.area[i].vmsa, MODEL_VALIDATED);
	model.area[i] = model.area[--model.area_count];
	model_release_caa(caa);
}

static void call_delete(void)
{
	uint64_t vmsa = random_page();
	uint32_t found;
	uint64_t result;

	if (model.area_count > 0 && random_below(2) == 0)
		vmsa = model.area[random_below(model.area_count)].vmsa;
	if (random_below(8) == 0)
		vmsa |= 1ull << random_below(12);
	for (found = 0; found < model.area_count; found++) {
		if (model.area[found].vmsa == vmsa)
			break;
	}
	result = svsm_core(SVSM_CORE_DELETE_VCPU, vmsa, random_u64(), random_u64());
	CHECK_EQ_FOR(result, found < model.area_count ? SVSM_SUCCESS : SVSM_ERR_INVALID_PARAMETER, vmsa);
	if (result == SVSM_SUCCESS && found < model.area_count)
		forget_area(found);
}

static uint32_t model_rmp(uint32_t index)
{
	switch ((enum model_state)model.state[index]) {
	case MODEL_UNVALIDATED:
		return rmp_unvalidated();
	case MODEL_VMSA:
		return rmp_save_area();
	default:
		return rmp_given();
	}
}

static void compare_model(uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++)
		expect_rmp(page_address(i), 1, model_rmp(i));
}

static void start_model(void)
{
	memset(&model, 0, sizeof(model));
	for (uint32_t i = 0; i < BLOCKS; i++)
		model.block[i] = block_take(false);
	model.home = svsm_caa;
	random_state = SEED;
}

static void end_model(void)
{
	compare_model(MODEL_PAGES);
	while (model.area_count > 0) {
		CHECK_EQ(svsm_core(SVSM_CORE_DELETE_VCPU, model.area[0].vmsa, 0, 0), SVSM_SUCCESS);
		forget_area(0);
	}
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, model.home, 0, 0), SVSM_SUCCESS);
	svsm_caa = model.home;
	for (uint32_t i = 0; i < BLOCKS; i++)
		block_return(model.block[i]);
}

TEST(random_calls_agree_with_the_model)
{
	start_model();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t choice = random_below(16);

		if (choice < 9)
			call_pvalidate();
		else if (choice < 11)
			call_remap();
		else if (choice < 14)
			call_create();
		else
			call_delete();
		if (i % CHECK_EVERY == 0)
			compare_model(BUSY_PAGES);
	}
	end_model();
}

/* RCX, RDX, R8 of a garbage call: never an address at which the call could do what it asks for. */
static uint64_t random_register(void)
{
	switch (random_below(5)) {
	case 0:
		return random_u64();
	case 1:
		return random_below(16);
	case 2:
		return page_address(random_below(MODEL_PAGES)) + random_below((uint32_t)PAGE_SIZE);
	case 3:
		return ~0ull << random_below(64);
	default:
		return random_bad_address();
	}
}

/* Calls with garbage everywhere: nothing may be changed by them, and the monitor must go on. */
TEST(garbage_is_refused)
{
	start_model();
	for (uint32_t i = 0; i < GARBAGE_ROUNDS; i++) {
		uint32_t protocol = random_below(3) == 0 ? (uint32_t)random_u64() | 0x80000000u : 0;
		uint32_t number = random_below(4) == 0 ? (uint32_t)random_u64() : random_below(12);
		struct svsm_args args = { random_register(), random_register(), random_register(), random_u64() };
		uint64_t result = svsm_call(protocol, number, &args);

		if (protocol != 0)
			CHECK_EQ_FOR(result, SVSM_ERR_UNSUPPORTED_PROTOCOL, protocol);
		else if (number != SVSM_CORE_QUERY_PROTOCOL && number != SVSM_CORE_CONFIGURE_VTOM)
			CHECK_EQ_FOR(result != SVSM_SUCCESS, true, number);
	}
	end_model();
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
}

/* Entering without a request, with garbage in every register, between real calls. */
TEST(random_entries_without_request)
{
	random_state = SEED;
	for (uint32_t i = 0; i < 200; i++) {
		struct registers before = { .rax = random_u64(),
					    .rbx = random_u64(),
					    .rcx = random_u64(),
					    .rdx = random_u64(),
					    .rsi = random_u64(),
					    .rdi = random_u64(),
					    .rbp = random_u64(),
					    .r8 = random_u64(),
					    .r9 = random_u64(),
					    .r15 = random_u64(),
					    .rflags = 2 };
		struct registers after = before;

		CHECK_EQ(svsm_enter(&after, 0), 0);
		CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
	}
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
}
