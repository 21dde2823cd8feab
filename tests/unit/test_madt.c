/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "lib/madt.h"
#include "tests/unit/unit.h"

static uint8_t table[512];
static uint32_t used;

static void put_u32(uint32_t at, uint32_t value)
{
	memcpy(table + at, &value, sizeof(value));
}

static void begin(void)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "APIC", 4);
	used = 44;
}

static void add_apic(uint8_t id, uint32_t flags)
{
	table[used] = 0;
	table[used + 1] = 8;
	table[used + 3] = id;
	put_u32(used + 4, flags);
	used += 8;
}

static void add_x2apic(uint32_t id, uint32_t flags)
{
	table[used] = 9;
	table[used + 1] = 16;
	put_u32(used + 4, id);
	put_u32(used + 8, flags);
	used += 16;
}

static void finish(void)
{
	uint8_t sum = 0;

	put_u32(4, used);
	table[9] = 0;
	for (uint32_t i = 0; i < used; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)(0u - sum);
}

TEST(reads_processors)
{
	struct madt_cpus cpus;

	begin();
	add_apic(3, 1);
	add_apic(4, 0); /* disabled */
	table[used] = 1; /* an I/O APIC is skipped */
	table[used + 1] = 12;
	used += 12;
	add_x2apic(0x12345, 1);
	finish();
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), 0);
	CHECK_EQ(cpus.count, 2);
	CHECK_EQ(cpus.apic_id[0], 3);
	CHECK_EQ(cpus.apic_id[1], 0x12345);
	CHECK_EQ(cpus.length, used);
}

TEST(no_table)
{
	struct madt_cpus cpus;

	memset(table, 0, sizeof(table));
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_NOT_FOUND);
	CHECK_EQ(madt_parse(table, 43, &cpus), ERR_FORMAT);
	CHECK_EQ(madt_parse(table, 0, &cpus), ERR_FORMAT);
}

TEST(bad_header)
{
	struct madt_cpus cpus;

	begin();
	add_apic(0, 1);
	finish();
	table[20]++;
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT); /* checksum */
	finish();
	table[0] = 'B';
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
	begin();
	finish();
	put_u32(4, 43);
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
	put_u32(4, sizeof(table) + 1);
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
	put_u32(4, 0xFFFFFFFF);
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
}

TEST(bad_entries)
{
	struct madt_cpus cpus;

	for (uint8_t length = 0; length < 40; length++) {
		begin();
		add_apic(0, 1);
		table[45] = length;
		finish();
		if (length != 8)
			CHECK_EQ(madt_parse(table, used, &cpus), ERR_FORMAT);
	}
	begin();
	add_x2apic(0, 1);
	table[45] = 15;
	finish();
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
	begin();
	add_apic(7, 1);
	add_x2apic(7, 1);
	finish();
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
	begin();
	add_apic(1, 1);
	table[used++] = 0; /* half an entry */
	finish();
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), ERR_FORMAT);
}

TEST(too_many_processors)
{
	static uint8_t saved[44 + (MADT_CPU_MAX + 1) * 8];
	struct madt_cpus cpus;

	_Static_assert(sizeof(saved) < sizeof(table) + 64ull * 8u, "room");
	begin();
	for (uint32_t i = 0; i < 58; i++)
		add_apic((uint8_t)i, 1);
	finish();
	CHECK_EQ(madt_parse(table, sizeof(table), &cpus), 0);
	CHECK_EQ(cpus.count, 58);
	memset(saved, 0, sizeof(saved));
	memcpy(saved, table, used);
	for (uint32_t i = 58; i <= MADT_CPU_MAX; i++) {
		saved[44 + i * 8 + 1] = 8;
		saved[44 + i * 8 + 3] = (uint8_t)i;
		saved[44 + i * 8 + 4] = 1;
	}
	uint32_t length = sizeof(saved);
	uint8_t sum = 0;
	memcpy(saved + 4, &length, 4);
	saved[9] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + saved[i]);
	saved[9] = (uint8_t)(0u - sum);
	CHECK_EQ(madt_parse(saved, sizeof(saved), &cpus), ERR_OVERFLOW);
}
