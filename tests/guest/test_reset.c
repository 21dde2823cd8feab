/* SPDX-License-Identifier: MIT */
/*
 * Resets of the guest, in each way that there is: the payload starts again as at the first time, and nothing of before is
 * left. The resets that the machine counts say how far it is; only a run with the parameter RUN_RESET comes here.
 */
#define GUEST_AREA AREA_RESET
#include "tests/guest/test.h"

#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"

#define PORT_RESET 0xCF9u
#define PORT_KEYBOARD 0x64u
#define RESET_HARD 6u
#define RESET_KEYBOARD 0xFEu
#define BLOCKS_START 0x09000000ull /* where block_take() begins (machine.c) */
#define MARK 0x5A
#define DATA_AT_START 0x1234u

enum way { WAY_PORT, WAY_KEYBOARD, WAY_TRIPLE_FAULT, WAY_OTHER_PROCESSOR, WAYS };

static volatile uint32_t data = DATA_AT_START, zero;
static struct processor processor;

static void die(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	for (;;)
		__asm__ volatile("lidt %0; ud2" : : "m"(nothing));
}

static void stay(void)
{
	for (;;)
		__asm__ volatile("pause");
}

/* What a reset must undo: content, page states, another processor's area, the calling area. */
static void leave_traces(void)
{
	uint64_t small = block_take(false), large = block_take(true);

	data = zero = 0xBAD;
	page_give(small);
	page_give(small + PAGE_SIZE);
	memset((void *)(uintptr_t)small, MARK, PAGE_SIZE);
	CHECK_EQ(svsm_entry(large | ENTRY_2M | ENTRY_VALIDATE), SVSM_SUCCESS);
	memset((void *)(uintptr_t)large, MARK, PAGE_SIZE);
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, small + PAGE_SIZE, 0, 0), SVSM_SUCCESS);
	svsm_caa = small + PAGE_SIZE;
	((uint8_t *)(uintptr_t)MACHINE_MAP)[PAGE_SIZE - 1] = MARK;
}

static void reset(uint32_t way)
{
	bool other = processor_start(&processor, way == WAY_OTHER_PROCESSOR ? die : stay);

	test_print("note: reset %u\n", way + 1u);
	if (way == WAY_KEYBOARD)
		ghcb_port_out_8(PORT_KEYBOARD, RESET_KEYBOARD);
	else if (way == WAY_TRIPLE_FAULT || (way == WAY_OTHER_PROCESSOR && !other))
		die();
	else if (way == WAY_PORT)
		ghcb_port_out_8(PORT_RESET, RESET_HARD);
	stay();
}

/* The first pages of the blocks that were in use, and one behind them. */
static void check_memory(void)
{
	for (uint64_t block = BLOCKS_START; block < BLOCKS_START + 4 * PAGE_SIZE_2M; block += PAGE_SIZE_2M) {
		for (uint64_t page = block; page < block + 4 * PAGE_SIZE; page += PAGE_SIZE) {
			uint32_t state = machine_rmp(page) & ~NUTSHELL_RMP_2M;

			CHECK_EQ_FOR(state == rmp_unvalidated() || state == rmp_shared(), true, page);
		}
		CHECK_EQ_FOR(svsm_entry(block | ENTRY_RESCIND), SVSM_ERR_CORE_NO_CHANGE, block);
	}
}

static void check_content(void)
{
	uint64_t block = block_take(false);

	page_give(block);
	for (uint64_t at = 0; at < PAGE_SIZE; at += sizeof(uint64_t))
		CHECK_EQ_FOR(*(volatile uint64_t *)(uintptr_t)(block + at), 0, block + at);
	block_return(block);
}

TEST(reset_starts_the_guest_as_at_first)
{
	CHECK_EQ(data, DATA_AT_START);
	CHECK_EQ(zero, 0);
	CHECK_EQ(((const uint8_t *)MACHINE_MAP)[PAGE_SIZE - 1], 0);
	CHECK_EQ(svsm_caa, MACHINE_SECRETS->svsm_caa);
	CHECK_EQ(MACHINE_SECRETS->svsm_guest_vmpl, 2);
	for (uint32_t i = 0; i < SNP_VMPCK_SIZE; i++)
		CHECK_EQ_FOR(MACHINE_SECRETS->vmpck[0][i] | MACHINE_SECRETS->vmpck[1][i], 0, i);
	check_memory();
	check_content();
}

TEST(reset_in_every_way)
{
	uint32_t resets = machine_device(NUTSHELL_PORT_RESETS);

	if (resets == WAYS)
		return;
	leave_traces();
	reset(resets);
}
