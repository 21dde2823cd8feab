/* SPDX-License-Identifier: MIT */
/*
 * cpuid_table.h - look-ups in a private copy of the CPUID page, which the security processor has checked.
 */
#ifndef LIB_CPUID_TABLE_H
#define LIB_CPUID_TABLE_H

#include "abi/snp.h"
#include "lib/types.h"

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

/* ERR_FORMAT when the count is 0 or above 64, or a reserved header field is set. */
int cpuid_table_check(const struct snp_cpuid_page *page) __must_check;

/* The row for leaf and subleaf. ERR_NOT_FOUND: *result is all zero, which is also what a guest should see. */
int cpuid_table_lookup(const struct snp_cpuid_page *page, uint32_t leaf, uint32_t subleaf,
		       struct cpuid_result *result) __must_check;

/* C-bit position from leaf 8000001F. ERR_NOT_FOUND: no such leaf; ERR_FORMAT: not in 32..63. */
int cpuid_table_c_bit(const struct snp_cpuid_page *page, uint32_t *position) __must_check;

#endif
