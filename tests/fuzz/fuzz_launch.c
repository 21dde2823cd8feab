/* SPDX-License-Identifier: MIT */
/*
 * Launch blocks: a good one, of which the input changes fields, and a host that may refuse or take pages away. A block that is
 * accepted launches the guest, or ends the VM where image or host gives a reason; then all pages of its ranges are
 * the guest's, and no others; no other level gets anything, and no key of a higher one is in the guest's secrets page.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "abi/policy.h"
#include "abi/terminate.h"
#include "kernel/guest/launch.h"
#include "tests/mock/mock.h"
#include "tests/mock/region.h"

#define LIMIT (1ull << 32)
#define RAM_END (MOCK_RAM_BASE + MOCK_RAM_SIZE)
#define IMAGE 0x200000ull
#define SECRETS 0x203000ull
#define CHANGES_MAX 24u
#define NO_PANIC 0x100
#define KEY_BYTE 0x10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct launch_block block;
static struct policy_page policy = { .guest_vmpl = MOCK_VMPL };
static struct vmsa template;
static struct snp_cpuid_page cpuid;
static struct snp_secrets_page secrets;
static uint8_t madt[64];
static struct memory_map map;
static const uint8_t *input;
static size_t left;
static jmp_buf out;

static void require(bool good)
{
	if (!good)
		abort();
}

static uint8_t next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/* Mostly pages that meet each other, sometimes anything. */
static uint64_t next_number(void)
{
	static const uint64_t places[] = { 0,		     MOCK_RAM_BASE, RAM_END,		     LIMIT, MONITOR_GPA,
					   LAUNCH_FIRMWARE_START, LAUNCH_FIRMWARE_END, ~0ull << PAGE_SHIFT };
	uint8_t kind = next();
	uint64_t number = 0;

	if (kind < 160)
		return IMAGE + kind % 32u * PAGE_SIZE;
	if (kind < 200)
		return kind % 8u * PAGE_SIZE;
	if (kind < 240)
		return places[kind % ARRAY_SIZE(places)] - next() % 3u * PAGE_SIZE;
	if (kind < 248)
		return IMAGE + kind * 8ull;
	for (uint32_t i = 0; i < 8; i++)
		number = number << 8 | next();
	return number;
}

static void add(uint32_t kind, uint64_t start, uint64_t pages)
{
	block.range[block.range_count++] = (struct launch_range){ .gpa = start, .size = pages * PAGE_SIZE, .kind = kind };
}

static void good_block(void)
{
	block = (struct launch_block){ .magic = LAUNCH_MAGIC, .version = LAUNCH_VERSION, .region_gpa = MONITOR_GPA,
				       .free_end = MONITOR_SIZE, .image_end = MONITOR_SIZE };
	add(LAUNCH_RANGE_IMAGE, IMAGE, 2);
	add(LAUNCH_RANGE_SECRETS, SECRETS, 1);
	add(LAUNCH_RANGE_CPUID, SECRETS + PAGE_SIZE, 1);
	add(LAUNCH_RANGE_CAA, SECRETS + 2 * PAGE_SIZE, 1);
	add(LAUNCH_RANGE_MADT, SECRETS + 3 * PAGE_SIZE, 1);
	add(LAUNCH_RANGE_ZERO, SECRETS + 4 * PAGE_SIZE, 1);
}

static void change_range(void)
{
	struct launch_range *range = &block.range[next() % 8u];

	switch (next() % 4u) {
	case 0:
		range->gpa = next_number();
		break;
	case 1:
		range->size = next() < 200 ? next() % 8u * PAGE_SIZE : next_number();
		break;
	case 2:
		range->kind = next() % 8u;
		break;
	default:
		range->flags = next() % 8u;
		break;
	}
}

static void change(void)
{
	uint64_t *const numbers[] = { &block.map_gpa,	 &block.map_size,   &block.cbit_gpa,	   &block.cbit_size,   &block.vp_count_gpa,
				      &block.image_end, &block.region_gpa, &block.archive_offset, &block.archive_size, &block.free_end };
	uint8_t what = next() % 32u;

	if (what < ARRAY_SIZE(numbers))
		*numbers[what] = next_number();
	else if (what < 20)
		change_range();
	else if (what < 24)
		block.map_kind = next() % 4u;
	else if (what < 26)
		block.range_count = next() % (LAUNCH_RANGE_MAX + 2u);
	else if (what < 28)
		block.flags = next();
	else if (what == 28)
		memset(block.image_name, next(), sizeof(block.image_name));
	else if (what == 29)
		block.version = next();
	else if (what == 30)
		mock_refuse_private = next_number();
	else
		mock_fault_countdown = next();
}

/* What is launched is content that the security processor has put into RAM. */
static bool is_launched(const struct launch_range *range)
{
	return range->kind == LAUNCH_RANGE_IMAGE && range_within(range->gpa, range->size, MOCK_RAM_BASE, RAM_END);
}

static void put_image(const struct launch_range *range)
{
	for (uint64_t at = range->gpa; at < range->gpa + range->size; at += PAGE_SIZE) {
		uint32_t pages = mock_page(at)->size_2m ? PAGES_PER_2M : 0;

		for (uint32_t i = 0; i < pages; i++)
			mock_page(align_down(at, PAGE_SIZE_2M))[i].size_2m = false;
		mock_page(at)->validated = true;
	}
}

/* All of the image is there; one that wants to be elsewhere than in RAM is only checked here. */
static bool put_images(void)
{
	for (uint32_t i = 0; i < block.range_count; i++) {
		if (block.range[i].kind == LAUNCH_RANGE_IMAGE && !is_launched(&block.range[i]))
			return false;
	}
	for (uint32_t i = 0; i < block.range_count; i++) {
		if (is_launched(&block.range[i]))
			put_image(&block.range[i]);
	}
	return true;
}

static void leave(uint8_t code)
{
	longjmp(out, code + 1);
}

static int launch(const struct launch_inputs *inputs)
{
	int code = setjmp(out);

	if (code != 0)
		return code - 1;
	mock_panic = leave;
	launch_prepare(inputs);
	return NO_PANIC;
}

static void check_levels(void)
{
	for (uint64_t i = 0; i < MOCK_PAGES; i++)
		require(mock_rmp[i].perms[1] == 0 && mock_rmp[i].perms[3] == 0);
}

/* The first range of a kind is the one that counts; NULL: there is none. */
static const struct launch_range *first_of(uint32_t kind)
{
	for (uint32_t i = 0; i < block.range_count; i++) {
		if (block.range[i].kind == kind)
			return &block.range[i];
	}
	return NULL;
}

/* Nothing in the block, and nothing that the host does, is a reason to end the VM. */
static bool must_start(void)
{
	bool good = first_of(LAUNCH_RANGE_SECRETS) != NULL && first_of(LAUNCH_RANGE_CAA) != NULL && mock_fault_countdown == 0 &&
		    mock_refuse_private == 0 && block.map_kind == LAUNCH_MAP_NONE && block.cbit_size == 0 && block.vp_count_gpa == 0;

	for (uint32_t i = 0; i < block.range_count; i++)
		good = good && range_within(block.range[i].gpa, block.range[i].size, MOCK_RAM_BASE, RAM_END);
	return good;
}

static void check_guest(void)
{
	static const uint8_t none[2 * SNP_VMPCK_SIZE];
	const struct snp_secrets_page *page = (const void *)mock_memory(first_of(LAUNCH_RANGE_SECRETS)->gpa);
	uint64_t wanted = 0, validated = 0;

	require(mock_compare() == 0);
	for (uint32_t i = 0; i < block.range_count; i++) {
		wanted += block.range[i].size / PAGE_SIZE;
		for (uint64_t at = 0; at < block.range[i].size; at += PAGE_SIZE)
			require(mock_page(block.range[i].gpa + at)->validated);
	}
	for (uint64_t i = 0; i < MOCK_PAGES; i++)
		validated += mock_rmp[i].validated ? 1 : 0;
	require(validated == ((block.flags & LAUNCH_FLAG_VALIDATE_ALL) != 0 ? MOCK_PAGES : wanted));
	require(page_state_get(&memory_pages, gpa(first_of(LAUNCH_RANGE_CAA)->gpa)) == PAGE_CAA);
	/* Page tables, a map or a number may have been written over it: where these go is the image's business. */
	if (block.map_kind == LAUNCH_MAP_NONE && block.cbit_size == 0 && block.vp_count_gpa == 0)
		require(memcmp(page->vmpck, none, sizeof(none)) == 0 && page->vmpck[MOCK_VMPL][0] == KEY_BYTE + MOCK_VMPL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool fresh;
	const struct launch_inputs inputs = { .block = &block, .policy = &policy, .guest_vmsa = &template, .cpuid = &cpuid,
					      .secrets = &secrets, .madt = madt, .madt_length = sizeof(madt), .map = &map };
	bool good;
	int code;

	if (!fresh)
		mock_reset();
	fresh = true;
	mock_reset_states();
	mock_frames_reset();
	for (uint32_t level = 0; level < SNP_VMPL_COUNT; level++)
		memset(secrets.vmpck[level], (int)(KEY_BYTE + level), SNP_VMPCK_SIZE);
	map = (struct memory_map){ .count = 1, .range = { { MOCK_RAM_BASE, RAM_END } } };
	input = data;
	left = size;
	good_block();
	for (uint32_t i = 0; i < CHANGES_MAX && left > 0; i++)
		change();
	if (!launch_block_check(&block, LIMIT) || !put_images())
		return 0;
	good = must_start();
	code = launch(&inputs);
	mock_fault_countdown = 0;
	mock_panic = NULL;
	check_levels();
	require(code == NO_PANIC || !good);
	require(code == NO_PANIC || code == TERMINATE_GUEST_IMAGE || code == TERMINATE_MEMORY_STATE || code == TERMINATE_NO_MEMORY);
	if (code == NO_PANIC)
		check_guest();
	return 0;
}
