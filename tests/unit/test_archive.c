/* SPDX-License-Identifier: MIT */
/* The archive of services: what is well-formed is found, everything else is refused as a whole. */
#include "lib/archive.h"
#include "tests/unit/unit.h"

#define FILES 3u
#define SIZE (5 * PAGE_SIZE)

static uint8_t data[SIZE];
static struct archive_header header;
static struct archive_entry entry[ARCHIVE_FILES_MAX];
static struct archive archive;

static int open_it(void)
{
	memset(data, 0, sizeof(data));
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), entry, sizeof(entry));
	return archive_open(&archive, data, SIZE);
}

static void make(void)
{
	memset(entry, 0, sizeof(entry));
	header = (struct archive_header){ .magic = ARCHIVE_MAGIC, .count = FILES, .size = SIZE };
	entry[0] = (struct archive_entry){ .name = "one", .offset = PAGE_SIZE, .size = PAGE_SIZE + 1 };
	entry[1] = (struct archive_entry){ .name = "empty", .offset = 3 * PAGE_SIZE, .size = 0 };
	entry[2] = (struct archive_entry){ .name = "two", .offset = 3 * PAGE_SIZE, .size = 2 * PAGE_SIZE };
}

static void refused(void)
{
	CHECK_EQ(open_it(), ERR_FORMAT);
	CHECK(archive.data == NULL && archive.count == 0);
	make();
}

TEST(files_are_found)
{
	uint64_t offset, size;

	make();
	CHECK_EQ(open_it(), 0);
	CHECK_EQ(archive.count, FILES);
	CHECK_EQ(archive_find(&archive, "one", &offset, &size), 0);
	CHECK_EQ(offset, PAGE_SIZE);
	CHECK_EQ(size, PAGE_SIZE + 1);
	CHECK_EQ(archive_find(&archive, "two", &offset, &size), 0);
	CHECK_EQ(size, 2 * PAGE_SIZE);
	CHECK_EQ(archive_find(&archive, "empty", &offset, &size), 0);
	CHECK_EQ(size, 0);
	CHECK_EQ(archive_find(&archive, "tw", &offset, &size), ERR_NOT_FOUND);
	CHECK_EQ(archive_find(&archive, "", &offset, &size), ERR_NOT_FOUND);
	header.count = 0;
	CHECK_EQ(open_it(), 0);
	CHECK_EQ(archive_find(&archive, "one", &offset, &size), ERR_NOT_FOUND);
}

TEST(bad_headers)
{
	make();
	header.magic ^= 1;
	refused();
	header.reserved = 1;
	refused();
	header.size -= PAGE_SIZE;
	refused();
	header.size += PAGE_SIZE;
	refused();
	header.count = ARCHIVE_FILES_MAX + 1;
	refused();
	header.count = ~0u;
	refused();
	CHECK_EQ(archive_open(&archive, data, 0), ERR_FORMAT);
	CHECK_EQ(archive_open(&archive, data, sizeof(header) - 1), ERR_FORMAT);
	CHECK_EQ(open_it(), 0);
	header.size = 100;
	memcpy(data, &header, sizeof(header));
	CHECK_EQ(archive_open(&archive, data, 100), ERR_FORMAT);
}

TEST(bad_entries)
{
	make();
	entry[1].name[0] = 0;
	refused();
	memset(entry[1].name, 'x', SERVICE_NAME_MAX);
	refused();
	memcpy(entry[2].name, "one", 4);
	refused();
	entry[0].offset = 0; /* over the header */
	refused();
	entry[0].offset = PAGE_SIZE + 8;
	refused();
	entry[2].offset = 2 * PAGE_SIZE; /* over the first file */
	refused();
	entry[2].size++;
	refused();
	entry[2].size = ~0ull;
	refused();
	entry[2].offset = ~0ull << 12;
	refused();
	CHECK_EQ(open_it(), 0);
}
