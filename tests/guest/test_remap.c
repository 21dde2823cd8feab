/* SPDX-License-Identifier: MIT */
/* REMAP_CA. */
#define GUEST_AREA "06"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

static uint64_t remap(uint64_t gpa)
{
	return svsm_core(SVSM_CORE_REMAP_CA, gpa, 0, 0);
}

/* Moves the calling area; the completion is visible in the old one, which svsm_core() checks. */
static void move_to(uint64_t gpa)
{
	CHECK_EQ(remap(gpa), SVSM_SUCCESS);
	svsm_caa = gpa;
}

static bool still_serves(void)
{
	return svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0) == SVSM_SUCCESS;
}

TEST(remap_moves_the_calling_area)
{
	uint64_t block = block_take(false), home = svsm_caa;
	uint8_t *page = page_at(block);

	page_give(block);
	memset(page, 0xFF, PAGE_SIZE);
	move_to(block);
	for (uint32_t i = 0; i < SVSM_CAA_HEADER_SIZE; i++)
		CHECK_EQ_FOR(page[i], 0, i);
	for (uint32_t i = SVSM_CAA_HEADER_SIZE; i < PAGE_SIZE; i++)
		CHECK_EQ_FOR(page[i], 0xFF, i);
	CHECK(still_serves());
	move_to(home);
	CHECK(still_serves());
	block_return(block);
}

TEST(remap_frees_the_old_area)
{
	uint64_t block = block_take(false), home = svsm_caa;
	uint64_t first = block, second = block + PAGE_SIZE;
	struct registers registers = { .rax = SVSM_CORE_QUERY_PROTOCOL, .rcx = 1, .rflags = 2 };

	page_give(first);
	page_give(second);
	move_to(first);
	CHECK_EQ(svsm_entry(first | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	move_to(second);
	/* A request in the old area is none. */
	((struct svsm_caa *)page_at(first))->call_pending = 1;
	CHECK_EQ(svsm_enter(&registers, 0), 0);
	CHECK_EQ(registers.rax, SVSM_CORE_QUERY_PROTOCOL);
	CHECK_EQ(registers.rcx, 1);
	CHECK_EQ(((struct svsm_caa *)page_at(first))->call_pending, 1);
	/* It is an ordinary page again: usable, and can be taken back. */
	memset(page_at(first), 0x33, PAGE_SIZE);
	expect_rmp(first, 1, rmp_given());
	page_take(first);
	expect_rmp(first, 1, rmp_unvalidated());
	CHECK_EQ(svsm_entry(second | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	move_to(home);
	page_take(second);
	CHECK(still_serves());
	block_return(block);
}

TEST(remap_to_the_same_area)
{
	struct svsm_caa *caa = svsm_calling_area();

	memset(caa->buffer, 0x77, sizeof(caa->buffer));
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(remap(svsm_caa), SVSM_SUCCESS);
	CHECK_EQ(caa->buffer[0], 0x77);
	CHECK_EQ(caa->buffer[sizeof(caa->buffer) - 1], 0x77);
	CHECK(still_serves());
}

TEST(remap_refuses_unaligned_addresses)
{
	uint64_t block = block_take(false);

	page_give(block);
	for (uint64_t offset = 1; offset < PAGE_SIZE; offset <<= 1)
		CHECK_EQ_FOR(remap(block + offset), SVSM_ERR_INVALID_PARAMETER, offset);
	CHECK_EQ(remap(svsm_caa + 8), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(remap(~0ull), SVSM_ERR_INVALID_PARAMETER);
	CHECK(still_serves());
	block_return(block);
}

TEST(remap_refuses_what_is_not_guest_memory)
{
	uint64_t block = block_take(false);
	uint64_t bad[] = { monitor_gpa(),
			   monitor_gpa() + PAGE_SIZE,
			   monitor_gpa() + MONITOR_SIZE - PAGE_SIZE,
			   machine_ram_end(),
			   machine_low_ram_end(),
			   0xA0000,
			   0xFEC00000,
			   0xFED00000,
			   0xFEE00000,
			   0xFFFFF000,
			   0x10000000000ull,
			   0xFFFFFFFFF000ull,
			   svsm_caa | paging_c_bit,
			   block | paging_c_bit,
			   svsm_caa | 1ull << 52,
			   svsm_caa | 1ull << 63,
			   0x7FFFFFFFFFFFF000ull,
			   0xFFFFFFFFFFFFF000ull,
			   0xFFFFFFFF80000000ull };

	page_give(block);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ_FOR(remap(bad[i]), SVSM_ERR_INVALID_ADDRESS, bad[i]);
	CHECK(still_serves());
	block_return(block);
}

TEST(remap_refuses_memory_that_is_not_private)
{
	uint64_t block = block_take(false);

	CHECK_EQ(remap(block), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(remap(ghcb_gpa()), SVSM_ERR_INVALID_ADDRESS);
	page_give(block);
	page_take(block);
	CHECK_EQ(remap(block), SVSM_ERR_INVALID_ADDRESS);
	expect_rmp(block, 1, rmp_unvalidated());
	CHECK(still_serves());
	block_return(block);
}
