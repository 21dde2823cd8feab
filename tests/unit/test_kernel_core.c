/* SPDX-License-Identifier: MIT */
/* The Core protocol on the mock platform: results, page states, permissions, and what is left after a failure. */
#include <string.h>
#include <unistd.h>

#include "abi/svsm.h"
#include "kernel/guest/pages.h"
#include "kernel/protocol/protocol.h"
#include "tests/mock/mock.h"
#include "tests/unit/unit.h"

#define LIST 0x00110000ull  /* page with the request */
#define CAA 0x00111000ull   /* calling area of the first vCPU */
#define PAGE_A 0x00120000ull
#define BLOCK_A 0x00400000ull
#define BLOCK_B 0x00600000ull
#define RAM_END (MOCK_RAM_BASE + MOCK_RAM_SIZE)

static void start(void)
{
	enum page_state found;

	mock_reset();
	mock_give(LIST);
	mock_give(CAA);
	vcpu_by_index(0)->caa = gpa(CAA);
	CHECK_EQ(page_state_claim(&memory_pages, gpa(CAA), false, PAGE_VALIDATED, &found), 0);
	page_state_settle(&memory_pages, gpa(CAA), false, PAGE_CAA);
}

static uint64_t entry(uint64_t address, bool size_2m, bool validate)
{
	return address | (size_2m ? 1u : 0) | (validate ? SVSM_PVALIDATE_VALIDATE : 0);
}

static uint16_t list_next(uint64_t request)
{
	uint16_t next;

	memcpy(&next, mock_memory(request + 2), sizeof(next));
	return next;
}

static uint64_t run_list(uint64_t request, const uint64_t *entries, uint16_t count, uint16_t next)
{
	struct svsm_pvalidate_header header = { .entries = count, .next = next };
	struct vcpu_call call = { .rcx = request };

	memcpy(mock_memory(request), &header, sizeof(header));
	if (entries != NULL)
		memcpy(mock_memory(request + 8), entries, count * sizeof(entries[0]));
	return mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_PVALIDATE, &call);
}

static uint64_t run_one(uint64_t raw)
{
	return run_list(LIST, &raw, 1, 0);
}

static uint64_t core(uint32_t number, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct vcpu_call call = { .rcx = rcx, .rdx = rdx, .r8 = r8 };

	return mock_call(SVSM_PROTOCOL_CORE, number, &call);
}

TEST(validate_zeroes_and_grants)
{
	start();
	CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_SUCCESS);
	CHECK_EQ(list_next(LIST), 1);
	CHECK(mock_page(PAGE_A)->validated);
	CHECK_EQ(mock_page(PAGE_A)->perms[MOCK_VMPL], 0xF);
	CHECK_EQ(mock_page(PAGE_A)->perms[3], 0);
	CHECK_EQ(*mock_memory(PAGE_A), 0);
	CHECK_EQ(*mock_memory(PAGE_A + 4095), 0);
	CHECK_EQ(*mock_memory(PAGE_A + 4096), 0xA5);
	CHECK_EQ(mock_compare(), 0);
}

TEST(double_validation_is_refused)
{
	uint64_t before;

	start();
	CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_SUCCESS);
	*mock_memory(PAGE_A) = 7;
	before = mock_pvalidate_count;
	CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(list_next(LIST), 0);
	CHECK_EQ(*mock_memory(PAGE_A), 7);
	CHECK_EQ(run_one(entry(PAGE_A, false, true) | SVSM_PVALIDATE_IGNORE_CF), SVSM_SUCCESS);
	CHECK_EQ(*mock_memory(PAGE_A), 0);
	CHECK_EQ(mock_pvalidate_count, before);
}

TEST(rescind_takes_the_permissions)
{
	start();
	CHECK_EQ(run_one(entry(PAGE_A, false, false)), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(run_one(entry(PAGE_A, false, false) | SVSM_PVALIDATE_IGNORE_CF), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_SUCCESS);
	uint64_t generation = guest_flush_generation();
	CHECK_EQ(run_one(entry(PAGE_A, false, false)), SVSM_SUCCESS);
	CHECK(guest_flush_generation() != generation);
	/* Nothing but the way back to the guest needs the flush; then it happens once. */
	CHECK_EQ(mock_flushes, 0);
	guest_flush();
	guest_flush();
	CHECK_EQ(mock_flushes, 1);
	CHECK(!mock_page(PAGE_A)->validated);
	CHECK_EQ(mock_page(PAGE_A)->perms[MOCK_VMPL], 0);
	CHECK_EQ(mock_compare(), 0);
}

TEST(two_mebibytes)
{
	start();
	CHECK_EQ(run_one(entry(BLOCK_A, true, true)), SVSM_SUCCESS);
	CHECK(mock_page(BLOCK_A + 0x1FF000)->validated);
	CHECK_EQ(run_one(entry(BLOCK_A, true, true)), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(run_one(entry(BLOCK_A + 0x3000, false, false)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(BLOCK_A, true, true)), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	CHECK_EQ(run_one(entry(BLOCK_A, true, false)), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	CHECK_EQ(run_one(entry(BLOCK_A + 0x3000, false, true)), SVSM_SUCCESS);
	/* Uniform again in the map, but the hardware holds 4 KiB entries. */
	CHECK_EQ(run_one(entry(BLOCK_A, true, false)), SVSM_ERR_CORE_FAIL_SIZEMISMATCH);
	CHECK_EQ(mock_compare(), 0);
	CHECK_EQ(run_one(entry(BLOCK_B, true, true)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(BLOCK_B, true, false)), SVSM_SUCCESS);
	CHECK_EQ(mock_compare(), 0);
}

TEST(malformed_lists)
{
	uint64_t one = entry(PAGE_A, false, true);

	start();
	CHECK_EQ(run_list(LIST, &one, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_list(LIST, &one, 1, 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_list(LIST, &one, 1, 0xFFFF), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_list(LIST, NULL, 512, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_list(LIST, NULL, 0xFFFF, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_list(LIST + 0x800, NULL, 256, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, LIST + 4, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, LIST + 0xFF8, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, PAGE_A, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, CAA, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, 0, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, ~7ull, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, 1ull << 47 | LIST, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	for (unsigned bit = 4; bit < 12; bit++)
		CHECK_EQ(run_one(one | 1ull << bit), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_one(PAGE_A | 2 | 4), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_one(PAGE_A | 3 | 4), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_one(entry(BLOCK_A + 0x1000, true, true)), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_one(entry(RAM_END, false, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(0, false, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(0, true, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(0xFFFFFFFFFFFFF000ull, false, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(CAA, false, false)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(CAA, false, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(mock_compare(), 0);
}

TEST(list_in_the_calling_area)
{
	uint64_t one = entry(PAGE_A, false, true);

	start();
	CHECK_EQ(run_list(CAA + 8, &one, 1, 0), SVSM_SUCCESS);
	CHECK_EQ(run_list(CAA + 8, NULL, 511, 0), SVSM_ERR_INVALID_PARAMETER);
}

TEST(failing_entry_is_named)
{
	uint64_t entries[] = { entry(PAGE_A, false, true), entry(PAGE_A + 0x1000, false, true),
			       entry(PAGE_A, false, true), entry(PAGE_A + 0x2000, false, true) };

	start();
	CHECK_EQ(run_list(LIST, entries, 4, 0), SVSM_ERR_CORE_NO_CHANGE);
	CHECK_EQ(list_next(LIST), 2);
	CHECK(mock_page(PAGE_A + 0x1000)->validated);
	CHECK(!mock_page(PAGE_A + 0x2000)->validated);
	CHECK_EQ(run_list(LIST, entries, 4, 3), SVSM_SUCCESS);
	CHECK(mock_page(PAGE_A + 0x2000)->validated);
}

TEST(list_that_takes_its_own_page)
{
	uint64_t entries[] = { entry(LIST, false, false), entry(PAGE_A, false, true) };

	start();
	CHECK_EQ(run_list(LIST, entries, 2, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK(!mock_page(LIST)->validated);
	CHECK(mock_page(PAGE_A)->validated);
	CHECK_EQ(mock_compare(), 0);
}

TEST(long_lists_are_cut)
{
	static uint64_t entries[511];
	uint16_t count = 0;

	start();
	/* 2 MiB of single pages count 1 each; take and give so that more than 8192 pages' worth comes together. */
	for (unsigned round = 0; count < 17; round++)
		entries[count++] = entry(BLOCK_A, true, round % 2 == 0);
	CHECK_EQ(run_list(LIST, entries, count, 0), SVSM_ERR_INCOMPLETE);
	CHECK_EQ(list_next(LIST), 16);
	CHECK_EQ(run_list(LIST, entries, count, list_next(LIST)), SVSM_SUCCESS);
	CHECK_EQ(list_next(LIST), 17);
	CHECK_EQ(mock_compare(), 0);
}

TEST(host_takes_a_page_at_every_step)
{
	for (uint64_t step = 1; step < 40; step++) {
		uint64_t entries[] = { entry(PAGE_A, false, true), entry(PAGE_A, false, false),
				       entry(BLOCK_A, true, true) };
		uint64_t result;

		start();
		mock_fault_countdown = step;
		result = run_list(LIST, entries, 3, 0);
		mock_fault_countdown = 0;
		CHECK(result == SVSM_SUCCESS || result == SVSM_ERR_INVALID_ADDRESS);
		/* A page that was left half-way is never validated again. */
		if (page_state_get(&memory_pages, gpa(PAGE_A)) == PAGE_LOST)
			CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_ERR_INVALID_ADDRESS);
	}
}

TEST(remap_ca)
{
	start();
	mock_give(PAGE_A);
	memset(mock_memory(PAGE_A), 0xFF, 16);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, CAA, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, PAGE_A + 8, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, PAGE_A + 0x1000, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, RAM_END, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, 0xFFFFFFFFFFFFF000ull, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, PAGE_A, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(*mock_memory(PAGE_A + 7), 0);
	CHECK_EQ(*mock_memory(PAGE_A + 8), 0xFF);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_CAA);
	CHECK_EQ(page_state_get(&memory_pages, gpa(CAA)), PAGE_VALIDATED);
	CHECK_EQ(run_one(entry(CAA, false, false)), SVSM_SUCCESS);
	CHECK_EQ(mock_compare(), 0);
}

static void make_vmsa(uint64_t address, uint8_t vmpl, uint64_t efer, uint64_t features)
{
	struct vmsa *vmsa = (struct vmsa *)(void *)mock_memory(address);

	vmsa->vmpl = vmpl;
	vmsa->efer = efer;
	vmsa->sev_features = features;
}

TEST(create_and_delete_vcpu)
{
	const uint64_t vmsa = PAGE_A, caa = PAGE_A + 0x1000;

	start();
	mock_give(vmsa);
	mock_give(caa);
	make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa + 1, caa, 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa + 8, 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, vmsa, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 2), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, CAA, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, CAA, caa, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, PAGE_A + 0x2000, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, RAM_END, caa, 1), SVSM_ERR_INVALID_ADDRESS);
	make_vmsa(vmsa, 1, EFER_SVME, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_ERR_INVALID_PARAMETER);
	make_vmsa(vmsa, MOCK_VMPL, 0, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_ERR_INVALID_PARAMETER);
	make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 3);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(mock_compare(), 0);
	make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_SUCCESS);
	CHECK_EQ(page_state_get(&memory_pages, gpa(vmsa)), PAGE_VMSA);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(vmsa, false, false)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(caa, false, false)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, vmsa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, vmsa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(mock_compare(), 0);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, caa, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, vmsa + 8, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, 0x1000, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(run_one(entry(vmsa, false, false)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(caa, false, false)), SVSM_SUCCESS);
	CHECK_EQ(mock_compare(), 0);
}

TEST(save_areas_are_bounded)
{
	start();
	for (uint64_t i = 0; i <= VCPU_AREAS_MAX; i++) {
		uint64_t vmsa = PAGE_A + i * 0x2000;

		mock_give(vmsa);
		mock_give(vmsa + 0x1000);
		make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 1);
		CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, vmsa + 0x1000, 1),
			 i < VCPU_AREAS_MAX ? SVSM_SUCCESS : SVSM_ERR_INVALID_REQUEST);
	}
	CHECK_EQ(mock_compare(), 0);
}

/*
 * All that another vCPU's calls can hold is held for ever: its own locks, a page of another block that it works on, and that
 * block. The calls of this one come to their ends; one lock common to both would stop them here, and the alarm ends it.
 */
TEST(calls_do_not_wait_for_another_vcpu)
{
	const uint64_t vmsa = PAGE_A, caa = PAGE_A + 0x1000, busy = BLOCK_B + 0x5000, pinned = BLOCK_B + PAGE_SIZE_2M;
	enum page_state found;

	start();
	mock_give(vmsa);
	mock_give(caa);
	mock_give(busy);
	make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 1);
	spinlock_acquire(&vcpu_by_index(1)->lock);
	spinlock_acquire(&vcpu_by_index(1)->area_lock);
	REQUIRE(page_state_claim(&memory_pages, gpa(busy), false, PAGE_VALIDATED, &found) == 0);
	REQUIRE(page_state_pin(&memory_pages, gpa(pinned), &found) == 0);
	alarm(20);
	CHECK_EQ(run_one(entry(BLOCK_A, true, true)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(BLOCK_A, true, false)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(busy + PAGE_SIZE, false, true)), SVSM_SUCCESS);
	CHECK_EQ(run_one(entry(busy, false, false)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 0), SVSM_SUCCESS);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, caa, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, CAA, 0, 0), SVSM_SUCCESS);
	alarm(0);
	page_state_unpin(&memory_pages, gpa(pinned));
}

/* What is about to be checked cannot be changed any more by a vCPU that still has a translation (the mock stops, too). */
TEST(save_area_is_read_after_the_flush)
{
	start();
	mock_give(PAGE_A);
	mock_give(PAGE_A + 0x1000);
	make_vmsa(PAGE_A, MOCK_VMPL, EFER_SVME, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, PAGE_A, PAGE_A + 0x1000, 1), SVSM_SUCCESS);
	CHECK_EQ(mock_flushes, 1);
	CHECK(!mock_unflushed);
}

/* What a reset takes: given pages of all kinds and sizes. */
TEST(everything_is_taken_back)
{
	uint64_t lost = 7;

	start();
	page_state_set_range(&memory_pages, CAA, CAA + PAGE_SIZE, PAGE_VALIDATED);
	mock_give(PAGE_A);
	mock_give(BLOCK_B + 3 * PAGE_SIZE);
	CHECK_EQ(run_one(entry(BLOCK_A, true, true)), SVSM_SUCCESS);
	CHECK_EQ(guest_pages_take_all(&lost), 0);
	CHECK_EQ(lost, 0);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_UNVALIDATED);
	CHECK_EQ(page_state_get(&memory_pages, gpa(BLOCK_A)), PAGE_UNVALIDATED);
	CHECK_EQ(mock_compare(), 0);
	for (uint64_t i = 0; i < MOCK_PAGES; i++)
		CHECK(!mock_rmp[i].validated);
	CHECK_EQ(guest_pages_take_all(&lost), 0);
}

/*
 * A page that the monitor cannot reach may be there again later, with its permissions and its content: it is not taken, and is
 * not called lost.
 */
TEST(page_that_cannot_be_taken_back)
{
	uint64_t lost = 7;

	start();
	page_state_set_range(&memory_pages, CAA, CAA + PAGE_SIZE, PAGE_UNVALIDATED);
	mock_give(PAGE_A);
	mock_page(PAGE_A)->assigned = false;
	CHECK_EQ(guest_pages_take_all(&lost), ERR_PERMISSION);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_VALIDATED);
	CHECK_EQ(lost, 0);
	mock_page(PAGE_A)->assigned = true;
	CHECK_EQ(guest_pages_take_all(&lost), 0);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_UNVALIDATED);
}

/* The same while it is to become a save area: it stays the guest's, so that a reset sees it. */
TEST(area_that_cannot_be_revoked)
{
	uint64_t lost = 7;

	start();
	page_state_set_range(&memory_pages, CAA, CAA + PAGE_SIZE, PAGE_UNVALIDATED);
	mock_give(PAGE_A);
	mock_give(PAGE_A + 0x1000);
	make_vmsa(PAGE_A, MOCK_VMPL, EFER_SVME, 1);
	mock_page(PAGE_A)->assigned = false;
	CHECK(core(SVSM_CORE_CREATE_VCPU, PAGE_A, PAGE_A + 0x1000, 1) != SVSM_SUCCESS);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_VALIDATED);
	CHECK_EQ(guest_pages_take_all(&lost), ERR_PERMISSION);
	mock_page(PAGE_A)->assigned = true;
	CHECK_EQ(guest_pages_take_all(&lost), 0);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_UNVALIDATED);
}

/* Launched for reading: no call changes such a page, gives it a part to play or has the monitor write to it; a reset leaves it. */
TEST(fixed_pages)
{
	uint32_t number = 7;
	uint64_t lost;

	start();
	mock_page(PAGE_A)->assigned = mock_page(PAGE_A)->validated = true;
	CHECK_EQ(guest_page_grant_launched(gpa(PAGE_A), true), 0);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_FIXED);
	CHECK_EQ(mock_page(PAGE_A)->perms[MOCK_VMPL], 1);
	CHECK_EQ(guest_page_grant_launched(gpa(PAGE_A), false), ERR_ADDRESS);
	mock_give(PAGE_A + 0x1000);
	make_vmsa(PAGE_A + 0x1000, MOCK_VMPL, EFER_SVME, 1);
	CHECK_EQ(run_one(entry(PAGE_A, false, false)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(run_one(entry(PAGE_A, false, true)), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_REMAP_CA, PAGE_A, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, PAGE_A + 0x1000, PAGE_A, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, PAGE_A, PAGE_A + 0x1000, 1), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(core(SVSM_CORE_PVALIDATE, PAGE_A, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(guest_write(gpa(PAGE_A), &number, sizeof(number)), ERR_ADDRESS);
	CHECK(!guest_owns_range(gpa(PAGE_A), 1));
	page_state_set_range(&memory_pages, CAA, CAA + PAGE_SIZE, PAGE_VALIDATED);
	CHECK_EQ(guest_pages_take_all(&lost), 0);
	CHECK_EQ(page_state_get(&memory_pages, gpa(PAGE_A)), PAGE_FIXED);
	CHECK_EQ(mock_compare(), 0);
}

static void start_with_area(uint64_t vmsa, uint64_t caa)
{
	start();
	mock_give(vmsa);
	mock_give(caa);
	make_vmsa(vmsa, MOCK_VMPL, EFER_SVME, 1);
	CHECK_EQ(core(SVSM_CORE_CREATE_VCPU, vmsa, caa, 1), SVSM_SUCCESS);
}

/* Areas of the guest's and the first one of the monitor's: none can run any more, and nothing of them is remembered. */
TEST(all_vcpus_are_stopped)
{
	const uint64_t vmsa = PAGE_A, caa = PAGE_A + 0x1000;

	start_with_area(vmsa, caa);
	vcpu_lock_all();
	CHECK_EQ(vcpu_stop_all(), 0);
	vcpu_unlock_all();
	CHECK(vcpu_by_index(0)->vmsa == NULL && vcpu_by_index(1)->vmsa == NULL);
	CHECK_EQ(page_state_get(&memory_pages, gpa(vmsa)), PAGE_VALIDATED);
	CHECK_EQ(page_state_get(&memory_pages, gpa(caa)), PAGE_VALIDATED);
	CHECK_EQ(page_state_get(&memory_pages, gpa(CAA)), PAGE_VALIDATED);
	CHECK_EQ(core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(mock_compare(), 0);
}

/* The host takes a save area away and then asks for a reset: nobody knows whether it comes back and runs, so it is not stopped. */
TEST(vcpu_whose_area_is_gone_is_not_stopped)
{
	const uint64_t vmsa = PAGE_A, caa = PAGE_A + 0x1000;

	start_with_area(vmsa, caa);
	mock_page(vmsa)->assigned = false;
	vcpu_lock_all();
	CHECK_EQ(vcpu_stop_all(), ERR_FAULT);
	vcpu_unlock_all();
	CHECK_EQ(page_state_get(&memory_pages, gpa(vmsa)), PAGE_VMSA);
	CHECK(core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0) != SVSM_SUCCESS);
	mock_page(vmsa)->assigned = true;
	vcpu_lock_all();
	CHECK_EQ(vcpu_stop_all(), 0);
	vcpu_unlock_all();
	CHECK_EQ(page_state_get(&memory_pages, gpa(vmsa)), PAGE_VALIDATED);
	CHECK_EQ(page_state_get(&memory_pages, gpa(caa)), PAGE_VALIDATED);
}

TEST(queries_and_unknown_calls)
{
	struct vcpu_call call = { .rcx = 1, .rdx = 0x1234, .r8 = 0x5678 };

	start();
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 1ull << 32 | 1);
	CHECK_EQ(call.rdx, 0x1234);
	for (uint64_t version = 0; version < 4; version++) {
		for (uint64_t protocol = 0; protocol < 6; protocol++) {
			call.rcx = protocol << 32 | version;
			CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &call), SVSM_SUCCESS);
			CHECK_EQ(call.rcx, protocol == 0 && version == 1 ? (1ull << 32 | 1) : 0);
		}
	}
	call.rcx = 1;
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_CONFIGURE_VTOM, &call), SVSM_SUCCESS);
	CHECK_EQ(call.rcx, 0);
	CHECK_EQ(mock_call(SVSM_PROTOCOL_CORE, SVSM_CORE_CONFIGURE_VTOM, &call), SVSM_ERR_INVALID_REQUEST);
	CHECK_EQ(core(SVSM_CORE_DEPOSIT_MEM, LIST, 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(core(SVSM_CORE_WITHDRAW_MEM, LIST, 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(core(8, 0, 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(core(0xFFFFFFFFu, 0, 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(mock_call(5, 0, &call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
	CHECK_EQ(mock_call(0xFFFFFFFFu, 0, &call), SVSM_ERR_UNSUPPORTED_PROTOCOL);
}

/* Every error of the monitor's has its code, and none of them is a success. */
TEST(codes_of_errors)
{
	static const struct {
		int error;
		uint64_t code;
	} codes[] = { { 0, SVSM_SUCCESS },
		      { ERR_INVALID, SVSM_ERR_INVALID_PARAMETER },
		      { ERR_FORMAT, SVSM_ERR_INVALID_PARAMETER },
		      { ERR_OVERFLOW, SVSM_ERR_INVALID_PARAMETER },
		      { ERR_ADDRESS, SVSM_ERR_INVALID_ADDRESS },
		      { ERR_FAULT, SVSM_ERR_INVALID_ADDRESS },
		      { ERR_BUSY, SVSM_ERR_BUSY },
		      { ERR_INCOMPLETE, SVSM_ERR_INCOMPLETE },
		      { ERR_UNSUPPORTED, SVSM_ERR_UNSUPPORTED_CALL },
		      { ERR_STATE, SVSM_ERR_INVALID_REQUEST },
		      { ERR_HOST, SVSM_ERR_INVALID_REQUEST } };

	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++)
		CHECK_EQ(protocol_result(codes[i].error), codes[i].code);
	for (int error = -1000; error < 0; error++)
		CHECK(protocol_result(error) != SVSM_SUCCESS);
}

static uint64_t random_state = 0x9E3779B97F4A7C15ull;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A few pages and blocks, so that operations meet; the odd address outside. */
static uint64_t random_address(void)
{
	switch (next_random() % 8) {
	case 0:
		return BLOCK_A;
	case 1:
		return BLOCK_B;
	case 2:
		return next_random() & ~PAGE_MASK;
	default:
		return (next_random() % 2 == 0 ? PAGE_A : BLOCK_A) + (next_random() % 8) * PAGE_SIZE;
	}
}

TEST(random_calls_keep_states_and_reverse_map_together)
{
	start();
	for (unsigned round = 0; round < 60000; round++) {
		if (page_state_get(&memory_pages, gpa(LIST)) == PAGE_UNVALIDATED)
			mock_give(LIST);
		switch (next_random() % 6) {
		case 0:
			(void)core(SVSM_CORE_CREATE_VCPU, random_address(), random_address(), next_random() % 3);
			break;
		case 1:
			(void)core(SVSM_CORE_DELETE_VCPU, random_address(), 0, 0);
			break;
		case 2:
			(void)core(SVSM_CORE_REMAP_CA, random_address(), 0, 0);
			break;
		default:
			(void)run_one(random_address() | (next_random() & (next_random() % 4 == 0 ? 0xFFF : 0xD)));
			break;
		}
		if (round % 4 == 0) {
			uint64_t address = PAGE_A + (next_random() % 8) * PAGE_SIZE;

			if (page_state_get(&memory_pages, gpa(address)) == PAGE_VALIDATED)
				make_vmsa(address, MOCK_VMPL, EFER_SVME, 1);
		}
		if (round % 16 == 0)
			CHECK_EQ(mock_compare(), 0);
	}
}
