/* SPDX-License-Identifier: MIT */
/*
 * The memory that the guest starts with, for one page that nobody chose: whether it is given, once, and from what. Ranges
 * are such as launch_block_check() lets through, RAM is any; every step may fail.
 */
#include "proofs/prover.h"

#define RANGES 2u
#include "proofs/launch.h"

static struct memory_map map;
static struct launch_inputs inputs = { .block = &block, .map = &map };
static uint8_t copy_of_image[PAGE_SIZE]; /* nothing looks at what is in it */

static uint64_t witness;    /* its address, page aligned */
static bool witness_ram;    /* of the guest, as the checked map says */
static uint8_t witness_state;
static bool made_private, launched, given, large, written;
static bool named, image, fixed; /* in a range of the block; the range's kind and flag */
static uint64_t copied; /* whose copy was asked for last */
static uint64_t run_start, run_end;

static bool is_in(uint64_t start, uint64_t size)
{
	return witness >= start && witness - start < size;
}

/* ---- what it rests on ---- */

/* What proofs/memory_map shows: a range that is contained is RAM to its last byte. */
bool memory_map_contains(const struct memory_map *in, uint64_t start, uint64_t size)
{
	bool contained = any_bool() && IMPLIES(is_in(start, size), witness_ram);

	PROVE(in == &map, "the checked map of RAM is asked");
	failed = failed || !contained;
	return contained;
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	int error = may_fail();

	PROVE(is_aligned(start.v | size, PAGE_SIZE) && size != 0, "whole pages");
	PROVE(IMPLIES(run_end != 0, start.v == run_start && size == run_end - run_start), "the run and no more");
	if (is_in(start.v, size)) {
		PROVE(!given && !made_private, "pages become private before they are given, once");
		PROVE(run_end != 0 || !image || again, "launched pages stay as they were launched");
		made_private = error == 0;
	}
	return error;
}

static void is_guests(void)
{
	PROVE(!given, "no page is given twice");
	PROVE(witness_ram || (witness >= LAUNCH_FIRMWARE_START && witness < LAUNCH_FIRMWARE_END), "what is given is RAM or firmware");
}

int guest_page_give(gpa_t address, bool size_2m)
{
	uint64_t size = size_2m ? PAGE_SIZE_2M : PAGE_SIZE;
	int error = may_fail();

	PROVE(is_aligned(address.v, size), "whole pages, whole blocks");
	if (is_in(address.v, size)) {
		is_guests();
		PROVE(made_private, "the host knew before that it is private");
		given = error == 0;
		large = size_2m;
	}
	return error;
}

int guest_page_grant_launched(gpa_t address, bool only_read)
{
	int error = may_fail();

	PROVE(is_aligned(address.v, PAGE_SIZE), "whole pages");
	if (address.v == witness) {
		is_guests();
		PROVE(!again && !made_private, "only what was launched keeps its content");
		PROVE(image && only_read == fixed, "what is fixed is only for reading");
		given = launched = error == 0;
	}
	return error;
}

/* There is a copy at a reset (guest_reset() looks), of all pages that were launched but the fixed ones. */
const uint8_t *pristine_page(const struct launch_block *of, uint64_t address)
{
	PROVE(of == &block, "the image's copy");
	copied = address;
	if (address == witness)
		PROVE(image && !fixed, "a page that there is a copy of");
	return copy_of_image;
}

void stub_write_guest(uint64_t address, const void *data, uint64_t size)
{
	PROVE(size == PAGE_SIZE && data == copy_of_image && address == copied, "a page from its copy");
	if (address == witness) {
		PROVE(given && !written, "content comes when the page is the guest's, once");
		written = true;
	}
}

enum page_state page_state_get(struct page_state_map *pages, gpa_t address)
{
	PROVE(pages == &memory_pages && is_aligned(address.v, PAGE_SIZE) && address.v >= run_start && address.v < run_end,
	      "a page of the range is looked at");
	return address.v == witness ? witness_state : any_u8() % PAGE_MIXED;
}

void stub_give_run(uint64_t start, uint64_t end)
{
	PROVE(start < end && is_aligned(start | end, PAGE_SIZE) && start >= run_start && end <= run_end, "pages of the range");
	if (is_in(start, end - start)) {
		PROVE(witness_state == PAGE_UNVALIDATED && !given, "only what the guest does not have yet, once");
		witness_state = PAGE_VALIDATED;
		given = true;
	}
}

static void start(void)
{
	witness = any_u64() & ~PAGE_MASK;
	witness_ram = any_bool();
	witness_state = any_u8() % PAGE_MIXED;
	made_private = launched = given = large = written = failed = false;
	run_start = run_end = 0;
	again = any_bool();
}

/* A block that launch_block_check() has accepted (main.c): ranges in RAM, firmware above. */
static void any_block(uint32_t pages)
{
	paging_region_gpa = LAUNCH_REGION_FIRST;
	block.magic = LAUNCH_MAGIC;
	block.version = LAUNCH_VERSION;
	block.region_gpa = LAUNCH_REGION_FIRST;
	block.range_count = any_u8() % (LAUNCH_RANGE_MAX + 1u);
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++)
		block.range[i] = (struct launch_range){ (any_bool() ? LAUNCH_FIRMWARE_START : 0) + any_u8() * PAGE_SIZE,
							(1u + any_u8() % pages) * PAGE_SIZE, any_u8() % 8u, any_u32() };
	ASSUME(launch_block_check(&block, 1ull << 32));
	named = image = fixed = false;
	for (uint32_t i = 0; i < block.range_count; i++) {
		const struct launch_range *range = &block.range[i];

		if (is_in(range->gpa, range->size)) {
			named = true;
			image = range->kind == LAUNCH_RANGE_IMAGE;
			fixed = (range->flags & LAUNCH_RANGE_FLAG_FIXED) != 0;
		}
	}
}

static void finish_page(void)
{
	PROVE(launched == (image && !again), "what was launched keeps its content at the first start");
	PROVE(written == (image && again), "and is what was launched after a reset");
}

/* A page of a range as launch_block_check() lets it be; give_ranges() leaves out what is fixed at a reset. */
void prove_page(void)
{
	start();
	block.range[0] = (struct launch_range){ any_u64(), any_u64(), any_u32(), any_u32() };
	image = block.range[0].kind == LAUNCH_RANGE_IMAGE;
	fixed = (block.range[0].flags & LAUNCH_RANGE_FLAG_FIXED) != 0;
	ASSUME(!(again && fixed) && IMPLIES(fixed, image));
	witness_ram = true;
	made_private = !image || again;
	int error = give_page(&inputs, &block.range[0], witness);

	PROVE((error != 0) == failed && given == !failed, "an error is told, without one the page is given");
	if (error != 0) {
		PROVE(!written, "nothing is written to a page that is not the guest's");
		CANARY("an error");
		return;
	}
	finish_page();
	if (launched)
		CANARY("launched");
	if (written)
		CANARY("from the copy");
	if (!launched && !written)
		CANARY("zeroed");
}

void prove_ranges(void)
{
	start();
	any_block(2);
	give_ranges(&inputs);
	PROVE(!failed, "no error is ignored");
	PROVE(given == (named && !(again && fixed)), "the pages of the ranges are given, and no other");
	if (!given) {
		PROVE(!launched && !written && !made_private, "what is not given is left alone");
		CANARY("not given");
		return;
	}
	finish_page();
	if (!witness_ram)
		CANARY("firmware");
	if (launched)
		CANARY("launched");
	if (written)
		CANARY("from the copy");
}

static void any_run(uint64_t base, uint32_t pages)
{
	run_start = base;
	run_end = run_start + (1u + any_u8() % pages) * PAGE_SIZE;
}

void prove_run(void)
{
	start();
	any_run((PAGES_PER_2M + any_u8() % PAGES_PER_2M) * PAGE_SIZE, 2 * PAGES_PER_2M + 2);
	witness_ram = true; /* the caller's: see proof "rest" */
	give_run(run_start, run_end);
	uint64_t first = align_down(witness, PAGE_SIZE_2M);

	PROVE(!failed, "no error is ignored");
	PROVE(given == is_in(run_start, run_end - run_start), "the pages of the run are given, and no other");
	PROVE(large == (first >= run_start && first < run_end && run_end - first >= PAGE_SIZE_2M), "in the largest steps");
	if (given && !large)
		CANARY("a page");
	if (large)
		CANARY("a block");
	if (!given)
		CANARY("not given");
}

void prove_rest(void)
{
	start();
	any_run(LEGACY_END, 7);
	uint8_t before = witness_state;

	give_rest(run_start, run_end);
	PROVE(given == (is_in(run_start, run_end - run_start) && before == PAGE_UNVALIDATED),
	      "exactly what the guest does not have yet is given");
	if (given)
		CANARY("given");
	if (!given && is_in(run_start, run_end - run_start))
		CANARY("left as it is");
}
