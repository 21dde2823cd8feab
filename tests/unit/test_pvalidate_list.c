/* SPDX-License-Identifier: MIT */
#include "lib/pvalidate_list.h"
#include "tests/unit/unit.h"

TEST(capacity)
{
	uint32_t capacity = 0;

	CHECK_EQ(pvalidate_list_capacity(gpa(0x1000), &capacity), 0);
	CHECK_EQ(capacity, 511);
	CHECK_EQ(pvalidate_list_capacity(gpa(0x1008), &capacity), 0);
	CHECK_EQ(capacity, SVSM_PVALIDATE_MAX_IN_CAA);
	CHECK_EQ(pvalidate_list_capacity(gpa(0x1FF0), &capacity), 0);
	CHECK_EQ(capacity, 1);
	CHECK_EQ(pvalidate_list_capacity(gpa(0x1FF8), &capacity), ERR_INVALID);
	for (uint64_t offset = 1; offset < 8; offset++)
		CHECK_EQ(pvalidate_list_capacity(gpa(0x1000 + offset), &capacity), ERR_INVALID);
	CHECK_EQ(pvalidate_list_capacity(gpa(~0ull - 7), &capacity), ERR_INVALID);
}

TEST(header)
{
	struct svsm_pvalidate_header header = { .entries = 1, .next = 0 };

	CHECK_EQ(pvalidate_list_check(&header, 1), 0);
	header.entries = 0;
	CHECK_EQ(pvalidate_list_check(&header, 511), ERR_INVALID);
	header = (struct svsm_pvalidate_header){ .entries = 5, .next = 5 };
	CHECK_EQ(pvalidate_list_check(&header, 511), ERR_INVALID);
	header.next = 4;
	CHECK_EQ(pvalidate_list_check(&header, 511), 0);
	CHECK_EQ(pvalidate_list_check(&header, 4), ERR_INVALID);
	header = (struct svsm_pvalidate_header){ .entries = 0xFFFF, .next = 0 };
	CHECK_EQ(pvalidate_list_check(&header, 511), ERR_INVALID);
}

TEST(entries)
{
	struct pvalidate_entry entry;

	CHECK_EQ(pvalidate_entry_decode(0x12345000ull | SVSM_PVALIDATE_VALIDATE, &entry), 0);
	CHECK_EQ(entry.address.v, 0x12345000);
	CHECK(entry.validate && !entry.size_2m && !entry.ignore_cf);
	CHECK_EQ(pvalidate_entry_decode(0x400000ull | SVSM_PVALIDATE_SIZE_2M | SVSM_PVALIDATE_IGNORE_CF, &entry), 0);
	CHECK(!entry.validate && entry.size_2m && entry.ignore_cf);
	CHECK_EQ(pvalidate_entry_decode(0x401000ull | SVSM_PVALIDATE_SIZE_2M, &entry), ERR_INVALID);
	CHECK_EQ(pvalidate_entry_decode(0x400000ull | 2, &entry), ERR_INVALID);
	CHECK_EQ(pvalidate_entry_decode(0x400000ull | 3, &entry), ERR_INVALID);
	for (unsigned bit = 4; bit < 12; bit++)
		CHECK_EQ(pvalidate_entry_decode(0x400000ull | 1ull << bit, &entry), ERR_INVALID);
	CHECK_EQ(pvalidate_entry_decode(0xFFFFFFFFFFFFF000ull, &entry), 0);
}
