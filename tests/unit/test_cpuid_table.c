/* SPDX-License-Identifier: MIT */
#include "lib/cpuid_table.h"
#include "tests/unit/unit.h"

static struct snp_cpuid_page page;

static void add(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx)
{
	page.entry[page.count++] = (struct snp_cpuid_entry){
		.eax_in = leaf, .ecx_in = subleaf, .eax = eax, .ebx = ebx, .ecx = 3, .edx = 4
	};
}

static void start(void)
{
	memset(&page, 0, sizeof(page));
	add(0, 0, 0xD, 1);
	add(7, 0, 1, 7);
	add(7, 1, 2, 8);
	add(CPUID_SEV_LEAF, 0, 0x1A, 47);
}

TEST(headers)
{
	start();
	CHECK_EQ(cpuid_table_check(&page), 0);
	page.count = 0;
	CHECK_EQ(cpuid_table_check(&page), ERR_FORMAT);
	page.count = SNP_CPUID_MAX_ENTRIES;
	CHECK_EQ(cpuid_table_check(&page), 0);
	page.count = SNP_CPUID_MAX_ENTRIES + 1;
	CHECK_EQ(cpuid_table_check(&page), ERR_FORMAT);
	page.count = 0xFFFFFFFF;
	CHECK_EQ(cpuid_table_check(&page), ERR_FORMAT);
	page.count = 1;
	page.reserved_1 = 1;
	CHECK_EQ(cpuid_table_check(&page), ERR_FORMAT);
	page.reserved_1 = 0;
	page.reserved_2 = 1ull << 63;
	CHECK_EQ(cpuid_table_check(&page), ERR_FORMAT);
}

TEST(rows)
{
	struct cpuid_result result;

	start();
	CHECK_EQ(cpuid_table_lookup(&page, 7, 1, &result), 0);
	CHECK_EQ(result.eax, 2);
	CHECK_EQ(result.ebx, 8);
	CHECK_EQ(result.ecx, 3);
	CHECK_EQ(result.edx, 4);
	CHECK_EQ(cpuid_table_lookup(&page, 7, 0, &result), 0);
	CHECK_EQ(result.ebx, 7);
}

TEST(missing_rows_are_zero)
{
	struct cpuid_result result = { 1, 2, 3, 4 };

	start();
	CHECK_EQ(cpuid_table_lookup(&page, 7, 2, &result), ERR_NOT_FOUND);
	CHECK_EQ(result.eax | result.ebx | result.ecx | result.edx, 0);
	CHECK_EQ(cpuid_table_lookup(&page, 0xFFFFFFFF, 0, &result), ERR_NOT_FOUND);
}

/* Rows behind the count do not exist, and a count beyond the page is not believed. */
TEST(count_is_the_end)
{
	struct cpuid_result result;

	start();
	page.count = 2;
	CHECK_EQ(cpuid_table_lookup(&page, 7, 1, &result), ERR_NOT_FOUND);
	page.count = 0xFFFFFFFF;
	CHECK_EQ(cpuid_table_lookup(&page, 7, 1, &result), 0);
	CHECK_EQ(cpuid_table_lookup(&page, 0x12345678, 0, &result), ERR_NOT_FOUND);
}

TEST(last_row)
{
	struct cpuid_result result;

	memset(&page, 0, sizeof(page));
	for (uint32_t i = 0; i < SNP_CPUID_MAX_ENTRIES; i++)
		add(0x1000 + i, 0, i, 0);
	CHECK_EQ(cpuid_table_check(&page), 0);
	CHECK_EQ(cpuid_table_lookup(&page, 0x1000 + SNP_CPUID_MAX_ENTRIES - 1, 0, &result), 0);
	CHECK_EQ(result.eax, SNP_CPUID_MAX_ENTRIES - 1);
}

TEST(c_bit)
{
	uint32_t position = 99;

	start();
	CHECK_EQ(cpuid_table_c_bit(&page, &position), 0);
	CHECK_EQ(position, 47);
	page.entry[3].ebx = 0xFFFFFFC0u | 51; /* the other bits of EBX do not matter */
	CHECK_EQ(cpuid_table_c_bit(&page, &position), 0);
	CHECK_EQ(position, 51);
	page.entry[3].ebx = 32;
	CHECK_EQ(cpuid_table_c_bit(&page, &position), 0);
	page.entry[3].ebx = 31;
	position = 99;
	CHECK_EQ(cpuid_table_c_bit(&page, &position), ERR_FORMAT);
	page.entry[3].ebx = 0;
	CHECK_EQ(cpuid_table_c_bit(&page, &position), ERR_FORMAT);
	page.count = 3;
	CHECK_EQ(cpuid_table_c_bit(&page, &position), ERR_NOT_FOUND);
	CHECK_EQ(position, 99);
}
