/* SPDX-License-Identifier: MIT */
/* Tables of certificates: good ones, and every way to be malformed. */
#include "lib/certificate_table.h"

#include "tests/unit/unit.h"

#define ENTRY 24ull

static uint8_t table[4096];
static const uint8_t vcek[16] = SNP_CERTIFICATE_VCEK, ask[16] = SNP_CERTIFICATE_ASK, ark[16] = SNP_CERTIFICATE_ARK;

static void put(uint32_t index, const uint8_t *guid, uint32_t offset, uint32_t length)
{
	struct snp_certificate_entry entry = { .offset = offset, .length = length };

	memcpy(entry.guid, guid, sizeof(entry.guid));
	memcpy(table + index * ENTRY, &entry, sizeof(entry));
	for (uint32_t i = 0; i < length && offset + i < sizeof(table) && offset + i >= offset; i++)
		table[offset + i] = 0x77;
}

/* Three certificates behind four entries: 96..196, 196..296, 300..400. */
static void make(void)
{
	memset(table, 0, sizeof(table));
	put(0, vcek, 96, 100);
	put(1, ask, 196, 100);
	put(2, ark, 300, 100);
}

static int size_of(uint32_t capacity, uint32_t *size)
{
	*size = 0xAAAA;
	return certificate_table_size(table, capacity, size);
}

TEST(a_good_table)
{
	uint32_t size, offset, length;

	make();
	CHECK_EQ(size_of(sizeof(table), &size), 0);
	CHECK_EQ(size, 400);
	CHECK_EQ(size_of(400, &size), 0);
	CHECK_EQ(size, 400);
	CHECK_EQ(certificate_table_check(table, 400), 0);
	CHECK_EQ(certificate_table_check(table, sizeof(table)), 0);
	CHECK_EQ(certificate_table_find(table, 400, ask, &offset, &length), 0);
	CHECK_EQ(offset, 196);
	CHECK_EQ(length, 100);
	CHECK_EQ(certificate_table_find(table, 400, (const uint8_t[16]){ 1 }, &offset, &length), ERR_NOT_FOUND);
}

TEST(an_empty_table)
{
	uint32_t size, offset, length;

	memset(table, 0, sizeof(table));
	CHECK_EQ(size_of(ENTRY, &size), 0);
	CHECK_EQ(size, 0);
	CHECK_EQ(certificate_table_find(table, ENTRY, ask, &offset, &length), ERR_NOT_FOUND);
	CHECK_EQ(certificate_table_check(table, ENTRY), ERR_FORMAT);
}

TEST(tables_without_an_end)
{
	uint32_t size;

	make();
	for (uint32_t capacity = 0; capacity < 400; capacity++)
		CHECK_EQ(size_of(capacity, &size), ERR_FORMAT);
	memset(table, 1, sizeof(table));
	CHECK_EQ(size_of(sizeof(table), &size), ERR_FORMAT);
}

TEST(too_many_entries)
{
	uint32_t size, header = (CERTIFICATE_TABLE_MAX + 2) * ENTRY;

	memset(table, 0, sizeof(table));
	for (uint32_t i = 0; i < CERTIFICATE_TABLE_MAX; i++)
		put(i, vcek, header + i, 1);
	CHECK_EQ(size_of(sizeof(table), &size), 0);
	CHECK_EQ(size, header + CERTIFICATE_TABLE_MAX);
	put(CERTIFICATE_TABLE_MAX, vcek, header + CERTIFICATE_TABLE_MAX, 1);
	CHECK_EQ(size_of(sizeof(table), &size), ERR_FORMAT);
}

TEST(certificates_in_bad_places)
{
	static const uint32_t bad[][2] = { { 95, 100 },	  { 0, 96 },	     { 96, 0 },	       { 4096, 1 },
					   { 4000, 97 },  { 0xFFFFFFFF, 1 }, { 0xFFFFFFFF, 2 }, { 96, 0xFFFFFFFF },
					   { 195, 1 + 1 }, { 399, 1 },	     { 200, 10 },      { 150, 300 } };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t size;

		make();
		put(i < 8 ? 0 : 2, i < 8 ? vcek : ark, bad[i][0], bad[i][1]);
		if (i == 9) { /* lies within none of the others: still good */
			CHECK_EQ(size_of(sizeof(table), &size), 0);
			continue;
		}
		CHECK_EQ(size_of(sizeof(table), &size), ERR_FORMAT);
		CHECK_EQ(certificate_table_check(table, sizeof(table)), ERR_FORMAT);
	}
}

TEST(bytes_that_belong_to_nothing)
{
	for (uint32_t at = 296; at < sizeof(table); at = at == 299 ? 400 : at + 1) {
		make();
		table[at] = 1;
		CHECK_EQ(certificate_table_check(table, sizeof(table)), ERR_FORMAT);
	}
}

TEST(a_kind_that_is_there_twice)
{
	uint32_t size;

	make();
	put(2, vcek, 300, 100);
	CHECK_EQ(certificate_table_check(table, sizeof(table)), ERR_FORMAT);
	CHECK_EQ(size_of(sizeof(table), &size), 0);
}
