/* SPDX-License-Identifier: MIT */
/* Manifests of all services: there is one way to write one, and every other is refused. */
#include "lib/services_manifest.h"

#include "tests/unit/unit.h"

static uint8_t data[1024];
static uint32_t size;
static struct services_manifest manifest;
static const uint8_t vtpm[16] = SVSM_GUID_VTPM, table[16] = SVSM_GUID_SERVICES;

static void put_entry(uint32_t index, uint8_t guid, uint32_t offset, uint32_t length)
{
	struct svsm_services_entry entry = { .guid = { guid }, .offset = offset, .length = length };

	memcpy(data + 24 + index * sizeof(entry), &entry, sizeof(entry));
}

static void put_header(uint32_t total, uint32_t count)
{
	struct svsm_services_header header = { .size = total, .count = count };

	memcpy(header.guid, table, sizeof(table));
	memcpy(data, &header, sizeof(header));
}

/* Three services with 10, 0 and 20 bytes. */
static void make(void)
{
	memset(data, 0x11, sizeof(data));
	put_entry(0, 0x0F, 96, 10);
	put_entry(1, 0xF0, 106, 0);
	put_entry(2, 0x3C, 106, 20);
	size = 126;
	put_header(size, 3);
}

static int read(void)
{
	return services_manifest_read(data, size, &manifest);
}

TEST(a_good_manifest)
{
	make();
	CHECK_EQ(read(), 0);
	CHECK_EQ(manifest.count, 3);
	CHECK_EQ(services_manifest_find(&manifest, (const uint8_t[16]){ 0x3C })->offset, 106);
	CHECK_EQ(services_manifest_find(&manifest, (const uint8_t[16]){ 0xF0 })->length, 0);
	CHECK(services_manifest_find(&manifest, vtpm) == NULL);
	put_header(24, 0);
	size = 24;
	CHECK_EQ(read(), 0);
	CHECK_EQ(manifest.count, 0);
}

TEST(sizes)
{
	make();
	for (uint32_t other = 0; other < 300; other++)
		CHECK_EQ(services_manifest_read(data, other, &manifest), other == 126 ? 0 : ERR_FORMAT);
	put_header(127, 3);
	CHECK_EQ(read(), ERR_FORMAT);
	size = 127;
	CHECK_EQ(read(), ERR_FORMAT);
}

/* Every bit of header and entries but those of the services' names. */
TEST(every_bit)
{
	make();
	for (uint32_t bit = 0; bit < 96 * 8; bit++) {
		uint32_t place = bit / 8 < 24 ? 24 : (bit / 8 - 24) % 24;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_EQ(read() == 0, place < 16);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

TEST(a_service_that_is_there_twice)
{
	make();
	put_entry(1, 0x0F, 106, 0);
	CHECK_EQ(read(), ERR_FORMAT);
}

TEST(too_many_services)
{
	memset(data, 0, sizeof(data));
	for (uint32_t count = SERVICES_MANIFEST_MAX; count <= SERVICES_MANIFEST_MAX + 1; count++) {
		size = 24 + count * 24;
		for (uint32_t i = 0; i < count; i++)
			put_entry(i, (uint8_t)i, size, 0);
		put_header(size, count);
		CHECK_EQ(read(), count == SERVICES_MANIFEST_MAX ? 0 : ERR_OVERFLOW);
	}
	put_header(size, 0xFFFFFFFF);
	CHECK_EQ(read(), ERR_OVERFLOW);
}
