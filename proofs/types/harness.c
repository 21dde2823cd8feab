/* SPDX-License-Identifier: MIT */
/* The range checks that every guest address and every length of a file goes through, against exact arithmetic. */
#include "proofs/prover.h"

#include "lib/types.h"

typedef unsigned __int128 wide;

void prove_sums(void)
{
	uint64_t a = any_u64(), b = any_u64(), out;

	PROVE(checked_add(a, b, &out) == ((wide)a + b <= UINT64_MAX), "a sum that does not fit is reported");
	if (checked_add(a, b, &out)) {
		PROVE(out == (wide)a + b, "the sum is exact");
		CANARY("it fits");
	}
}

void prove_products(void)
{
	/* All that the code multiplies with: sizes of pages, entries, sectors. */
	uint64_t a = any_u64(), b = any_bool() ? PAGE_SIZE : 514, out;

	PROVE(checked_mul(a, b, &out) == ((wide)a * b <= UINT64_MAX), "a product that does not fit is reported");
	if (checked_mul(a, b, &out)) {
		PROVE(out == (uint64_t)((wide)a * b), "the product is exact");
		CANARY("it fits");
	}
}

void prove_ranges(void)
{
	uint64_t start = any_u64(), size = any_u64(), low = any_u64(), high = any_u64(), at = any_u64();
	wide end = (wide)start + size;
	bool within = range_within(start, size, low, high);

	PROVE(within == (size != 0 && start >= low && end <= high), "inside is inside, without wrapping");
	if (within && at >= start && (wide)at < end) {
		PROVE(at >= low && at < high, "every byte is inside");
		CANARY("inside");
	}
}

void prove_overlap(void)
{
	uint64_t a = any_u64(), a_size = any_u64(), b = any_u64(), b_size = any_u64(), at = any_u64();

	ASSUME((wide)a + a_size <= UINT64_MAX && (wide)b + b_size <= UINT64_MAX);
	bool shared = at >= a && at < a + a_size && at >= b && at < b + b_size;

	PROVE(IMPLIES(shared, ranges_overlap(a, a_size, b, b_size)), "a shared byte is an overlap");
	uint64_t first = a > b ? a : b;

	PROVE(IMPLIES(ranges_overlap(a, a_size, b, b_size) && a_size != 0 && b_size != 0,
		      first >= a && first < a + a_size && first >= b && first < b + b_size), "an overlap has a shared byte");
	if (shared)
		CANARY("they overlap");
}

void prove_alignment(void)
{
	uint64_t value = any_u64(), bits = any_u8();

	ASSUME(bits < 64);
	uint64_t power = 1ull << bits, down = align_down(value, power);

	PROVE(is_aligned(down, power) && down <= value && value - down < power, "the multiple below");
	PROVE(is_aligned(value, power) == (down == value), "aligned is its own multiple");
	ASSUME((wide)value + power - 1 <= UINT64_MAX);
	uint64_t up = align_up(value, power);

	PROVE(is_aligned(up, power) && up >= value && up - value < power, "the multiple above");
	CANARY("rounded");
}
