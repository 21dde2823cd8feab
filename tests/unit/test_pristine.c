/* SPDX-License-Identifier: MIT */
/* The copy of the launched pages: where it lies, that it is one, and what happens without memory for it. */
#include <stdlib.h>

#include "kernel/guest/pristine.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/x86/access.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"
#include "tests/unit/unit.h"

#define MIB 0x100000ull
#define IMAGE_GPA 0x800000ull
#define PIECES_MAX 64u

static uint8_t *piece[PIECES_MAX], *blocks;
static uint32_t pieces, allowed; /* taken from the region; how many there are */
static uint64_t block_size;      /* taken from the end of RAM */
static uint64_t unreadable;      /* address of a guest page that is not there */
static uint32_t lines, mapped;

int memory_allocate(uint64_t count, pa_t *out)
{
	if (pieces == allowed)
		return ERR_NO_MEMORY;
	piece[pieces] = calloc(count, PAGE_SIZE);
	*out = pa(pieces);
	pieces++;
	return 0;
}

void memory_free(pa_t start, uint64_t count)
{
	(void)count;
	CHECK_EQ(start.v, pieces - 1);
	free(piece[--pieces]);
}

void *paging_region_pointer(pa_t address)
{
	return piece[address.v];
}

pa_t paging_region_pa(const void *pointer)
{
	uint32_t i = 0;

	while (i < pieces && piece[i] != pointer)
		i++;
	return pa(i);
}

int memory_take_blocks(struct memory_map *map, uint64_t size, void **memory)
{
	(void)map;
	blocks = calloc(1, align_up(size, PAGE_SIZE_2M));
	block_size = size;
	*memory = blocks;
	return blocks == NULL ? ERR_NO_MEMORY : 0;
}

/* Each guest page begins with its address; one is in sight at a time. */
va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	static uint64_t page[PAGE_SIZE / 8];

	CHECK_EQ(slot, WINDOW_COPY);
	CHECK_EQ(mapped++, 0);
	page[0] = address.v;
	page[1] = address.v == unreadable;
	return va((uint64_t)(uintptr_t)page);
}

void memory_window_unmap(enum window_slot slot)
{
	(void)slot;
	mapped--;
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	if (((const uint64_t *)source)[1] != 0)
		return ERR_FAULT;
	memcpy(destination, source, size);
	return 0;
}

void log_line(const char *format, ...)
{
	(void)format;
	lines++;
}

static void begin(uint32_t in_region)
{
	pieces = lines = mapped = 0;
	block_size = 0;
	unreadable = ~0ull;
	allowed = in_region;
}

static void end(void)
{
	while (pieces > 0)
		free(piece[--pieces]);
	free(blocks);
	blocks = NULL;
}

/* Two ranges of the image with something else between them. */
static struct launch_block image(uint64_t first, uint64_t second)
{
	return (struct launch_block){ .range_count = 3,
				      .range = { { .gpa = IMAGE_GPA, .size = first, .kind = LAUNCH_RANGE_IMAGE },
						 { .gpa = 16 * IMAGE_GPA, .size = PAGE_SIZE, .kind = LAUNCH_RANGE_SECRETS },
						 { .gpa = 32 * IMAGE_GPA, .size = second, .kind = LAUNCH_RANGE_IMAGE } } };
}

static bool save(const struct launch_block *block, uint64_t ram)
{
	struct memory_map map = { .range = { { 0, ram } }, .count = 1 };

	pristine_save(block, &map);
	CHECK_EQ(mapped, 0);
	return pristine_exists();
}

static void check_range(const struct launch_block *block, const struct launch_range *range)
{
	for (uint64_t at = range->gpa; at < range->gpa + range->size; at += PAGE_SIZE) {
		const uint8_t *page = pristine_page(block, at);
		uint64_t first = 0;

		REQUIRE(page != NULL);
		memcpy(&first, page, sizeof(first));
		CHECK_EQ(first, at);
	}
	CHECK(pristine_page(block, range->gpa - PAGE_SIZE) == NULL);
	CHECK(pristine_page(block, range->gpa + range->size) == NULL);
}

static void check_copy(const struct launch_block *block)
{
	check_range(block, &block->range[0]);
	check_range(block, &block->range[2]);
	CHECK(pristine_page(block, block->range[1].gpa) == NULL);
}

/* First of all: there is no copy yet. */
TEST(no_more_than_an_eighth_of_ram)
{
	const struct launch_block block = image(63 * MIB, MIB + PAGE_SIZE);

	begin(PIECES_MAX);
	CHECK(!save(&block, 512 * MIB));
	CHECK_EQ(lines, 1);
	CHECK_EQ(block_size, 0);
	CHECK(pristine_page(&block, IMAGE_GPA) == NULL);
	CHECK(save(&block, 513 * MIB));
	check_copy(&block);
	end();
}

TEST(copy_of_firmware_lies_in_the_region)
{
	const struct launch_block block = image(3 * MIB + PAGE_SIZE, 5 * MIB / 4);

	begin(PIECES_MAX);
	CHECK(save(&block, 1024 * MIB));
	CHECK_EQ(pieces, 18);
	CHECK_EQ(block_size, 0);
	check_copy(&block);
	end();
}

TEST(larger_copy_lies_at_the_end_of_ram)
{
	const struct launch_block block = image(3 * MIB, 3 * MIB / 2 + PAGE_SIZE);

	begin(PIECES_MAX);
	CHECK(save(&block, 1024 * MIB));
	CHECK_EQ(pieces, 0);
	CHECK_EQ(block_size, 9 * MIB / 2 + PAGE_SIZE);
	check_copy(&block);
	end();
}

/* What the guest cannot change needs no copy. */
TEST(fixed_range)
{
	struct launch_block block = image(63 * MIB, MIB);

	block.range[0].flags = LAUNCH_RANGE_FLAG_FIXED;
	begin(PIECES_MAX);
	CHECK(save(&block, 64 * MIB));
	CHECK_EQ(pieces, 4);
	check_range(&block, &block.range[2]);
	CHECK(pristine_page(&block, IMAGE_GPA) == NULL);
	end();
}

/* What the region gave is given back. */
TEST(full_region)
{
	const struct launch_block block = image(2 * MIB, MIB);

	begin(11);
	CHECK(save(&block, 1024 * MIB));
	CHECK_EQ(pieces, 0);
	CHECK_EQ(block_size, 3 * MIB);
	check_copy(&block);
	end();
}

TEST(page_that_is_not_there)
{
	const struct launch_block block = image(MIB, MIB);

	begin(PIECES_MAX);
	unreadable = 32 * IMAGE_GPA + 5 * PAGE_SIZE;
	CHECK(!save(&block, 1024 * MIB));
	CHECK(pristine_page(&block, IMAGE_GPA) == NULL);
	end();
}
