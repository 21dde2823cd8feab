/* SPDX-License-Identifier: MIT */
/* CREATE_VCPU and DELETE_VCPU. The save areas made here are never run. */
#define GUEST_AREA "07"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/access.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define OWN_APIC_ID 0u
#define MANY 64u

/* Three pages that most tests need: a save area, a calling area, and one more. */
struct pages {
	uint64_t block, vmsa, caa, other;
};

static uint64_t create(uint64_t vmsa, uint64_t caa, uint64_t apic_id)
{
	return svsm_core(SVSM_CORE_CREATE_VCPU, vmsa, caa, apic_id);
}

static uint64_t delete (uint64_t vmsa)
{
	return svsm_core(SVSM_CORE_DELETE_VCPU, vmsa, 0, 0);
}

static struct vmsa *area_at(uint64_t gpa)
{
	return (struct vmsa *)(uintptr_t)gpa;
}

/* As Linux fills it for a processor in real mode. */
static void fill_area(uint64_t gpa)
{
	struct vmsa *area = area_at(gpa);

	memset(area, 0, sizeof(*area));
	area->vmpl = MACHINE_SECRETS->svsm_guest_vmpl;
	area->efer = EFER_SVME;
	area->sev_features = SEV_FEATURE_SNP_ACTIVE;
	area->cr0 = 0x60000010;
	area->rflags = 2;
	area->dr6 = 0xFFFF0FF0;
	area->dr7 = 0x400;
	area->xcr0 = 1;
	area->mxcsr = 0x1F80;
}

static struct pages take_pages(void)
{
	uint64_t block = block_take(false);
	/* Not at the start of the block: some processors refuse a save area there. */
	struct pages pages = { block, block + PAGE_SIZE, block + 2 * PAGE_SIZE, block + 3 * PAGE_SIZE };

	page_give(pages.vmsa);
	page_give(pages.caa);
	page_give(pages.other);
	fill_area(pages.vmsa);
	return pages;
}

/* A refused area is the guest's as before. */
static void expect_unchanged(const struct pages *pages)
{
	expect_rmp(pages->vmsa, 3, rmp_given());
	CHECK(!probe_refused(page_at(pages->vmsa + PAGE_SIZE - 1), PROBE_WRITE));
}

TEST(create_makes_a_save_area)
{
	struct pages pages = take_pages();

	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	expect_rmp(pages.vmsa, 1, rmp_save_area());
	expect_rmp(pages.caa, 2, rmp_given());
	CHECK(probe_refused(&area_at(pages.vmsa)->rip, PROBE_WRITE));
	CHECK(probe_refused(&area_at(pages.vmsa)->vmpl, PROBE_WRITE));
	CHECK(!probe_refused(&area_at(pages.vmsa)->rip, PROBE_READ));
	CHECK_EQ(area_at(pages.vmsa)->cr0, 0x60000010);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

TEST(delete_gives_the_page_back)
{
	struct pages pages = take_pages();

	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	expect_rmp(pages.vmsa, 3, rmp_given());
	/* The content is the guest's own, but for the bit that let it run. */
	CHECK_EQ(area_at(pages.vmsa)->cr0, 0x60000010);
	CHECK_EQ(area_at(pages.vmsa)->efer, 0);
	CHECK_EQ(delete (pages.vmsa), SVSM_ERR_INVALID_PARAMETER);
	/* Usable in every way: content, PVALIDATE, calling area, save area. */
	memset(page_at(pages.vmsa), 0x13, PAGE_SIZE);
	page_take(pages.vmsa);
	page_give(pages.vmsa);
	page_take(pages.caa);
	page_give(pages.caa);
	fill_area(pages.vmsa);
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

TEST(create_takes_only_the_low_half_of_r8)
{
	struct pages pages = take_pages();

	CHECK_EQ(create(pages.vmsa, pages.caa, 0xABCDEF0100000000ull | OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

TEST(create_refuses_unaligned_pages)
{
	struct pages pages = take_pages();

	for (uint64_t offset = 1; offset < PAGE_SIZE; offset <<= 1) {
		CHECK_EQ_FOR(create(pages.vmsa + offset, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER, offset);
		CHECK_EQ_FOR(create(pages.vmsa, pages.caa + offset, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER, offset);
	}
	expect_unchanged(&pages);
	block_return(pages.block);
}

TEST(create_refuses_one_page_for_both)
{
	struct pages pages = take_pages();

	CHECK_EQ(create(pages.vmsa, pages.vmsa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	expect_unchanged(&pages);
	block_return(pages.block);
}

TEST(create_refuses_unknown_processors)
{
	static const uint32_t unknown[] = { 0xFE, 0xFF, 0x100, 0x1234, 0x7FFFFFFF, 0xFFFFFFFF };
	struct pages pages = take_pages();

	for (uint32_t i = 0; i < ARRAY_SIZE(unknown); i++)
		CHECK_EQ_FOR(create(pages.vmsa, pages.caa, unknown[i]), SVSM_ERR_INVALID_PARAMETER, unknown[i]);
	expect_unchanged(&pages);
	block_return(pages.block);
}

TEST(create_refuses_other_levels)
{
	static const uint8_t level[] = { 0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF };
	struct pages pages = take_pages();

	for (uint32_t i = 0; i < ARRAY_SIZE(level); i++) {
		if (level[i] == MACHINE_SECRETS->svsm_guest_vmpl)
			continue;
		area_at(pages.vmsa)->vmpl = level[i];
		CHECK_EQ_FOR(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER, level[i]);
		CHECK_EQ_FOR(area_at(pages.vmsa)->vmpl, level[i], level[i]);
		expect_unchanged(&pages);
	}
	block_return(pages.block);
}

TEST(create_refuses_an_area_that_cannot_run)
{
	struct pages pages = take_pages();

	area_at(pages.vmsa)->efer = ~EFER_SVME;
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER);
	area_at(pages.vmsa)->efer = 0;
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER);
	expect_unchanged(&pages);
	block_return(pages.block);
}

/* Other features would change what the monitor can rely on, register protection above all. */
TEST(create_refuses_other_features)
{
	struct pages pages = take_pages();

	area_at(pages.vmsa)->sev_features = 0;
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER);
	for (uint32_t bit = 1; bit < 64; bit++) {
		area_at(pages.vmsa)->sev_features = SEV_FEATURE_SNP_ACTIVE | 1ull << bit;
		CHECK_EQ_FOR(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_PARAMETER, bit);
	}
	expect_unchanged(&pages);
	block_return(pages.block);
}

TEST(create_refuses_pages_that_are_not_validated)
{
	struct pages pages = take_pages();
	uint64_t missing = pages.block + 9 * PAGE_SIZE;

	CHECK_EQ(create(missing, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(pages.vmsa, missing, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(pages.vmsa, ghcb_gpa(), OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(ghcb_gpa(), pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	expect_rmp(missing, 1, rmp_unvalidated());
	expect_unchanged(&pages);
	block_return(pages.block);
}

TEST(create_refuses_what_is_not_guest_memory)
{
	struct pages pages = take_pages();
	uint64_t bad[] = { monitor_gpa(),
			   monitor_gpa() + MONITOR_SIZE - PAGE_SIZE,
			   machine_ram_end(),
			   machine_low_ram_end(),
			   0xA0000,
			   0xFEE00000,
			   0xFFFFFFFFF000ull,
			   pages.other | paging_c_bit,
			   pages.other | 1ull << 52,
			   0xFFFFFFFFFFFFF000ull };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ_FOR(create(bad[i], pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS, bad[i]);
		CHECK_EQ_FOR(create(pages.vmsa, bad[i], OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS, bad[i]);
	}
	CHECK_EQ(create(svsm_caa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	expect_unchanged(&pages);
	block_return(pages.block);
}

/* A registered page is one thing only. */
TEST(create_twice_is_refused)
{
	struct pages pages = take_pages();
	uint64_t second = pages.block + 4 * PAGE_SIZE;

	page_give(second);
	fill_area(second);
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(create(pages.vmsa, pages.other, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(second, pages.vmsa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(create(pages.caa, pages.other, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
	expect_rmp(pages.vmsa, 1, rmp_save_area());
	expect_rmp(pages.caa, 3, rmp_given());
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

/* A processor that is started again keeps its calling area: the old save area is deleted only after the new one is made. */
TEST(calling_area_outlives_a_save_area)
{
	struct pages pages = take_pages();
	uint64_t second = pages.block + 4 * PAGE_SIZE;

	page_give(second);
	fill_area(second);
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(create(second, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	CHECK_EQ(svsm_entry(pages.caa | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, pages.caa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(delete (second), SVSM_SUCCESS);
	page_take(pages.caa);
	block_return(pages.block);
}

/* The same with the calling area in use. */
TEST(present_calling_area_outlives_a_save_area)
{
	struct pages pages = take_pages();

	CHECK_EQ(create(pages.vmsa, svsm_caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	CHECK_EQ(svsm_entry(svsm_caa | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
	block_return(pages.block);
}

/* A save area that never ran has made no request, whatever the guest wrote into it. */
TEST(forged_request_is_not_served)
{
	struct pages pages = take_pages();
	struct svsm_caa *caa = (struct svsm_caa *)(uintptr_t)pages.caa;
	struct registers registers = { .rax = 5, .rcx = 6, .rflags = 2 };

	area_at(pages.vmsa)->exit_code = SVM_EXIT_VMGEXIT;
	area_at(pages.vmsa)->rax = SVSM_CORE_QUERY_PROTOCOL;
	area_at(pages.vmsa)->rcx = 1;
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	caa->call_pending = 1;
	CHECK_EQ(svsm_enter(&registers, 0), 0);
	CHECK_EQ(registers.rax, 5);
	CHECK_EQ(registers.rcx, 6);
	CHECK_EQ(caa->call_pending, 1);
	CHECK_EQ(area_at(pages.vmsa)->rcx, 1);
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

/* A calling area serves one processor. With one processor only there is nothing to try. */
TEST(processors_do_not_share_a_calling_area)
{
	struct pages pages = take_pages();
	uint64_t second = pages.block + 4 * PAGE_SIZE;
	uint64_t result = create(pages.vmsa, pages.caa, PROCESSOR_APIC_ID);

	page_give(second);
	fill_area(second);
	if (result == SVSM_SUCCESS) {
		CHECK_EQ(create(second, svsm_caa, PROCESSOR_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
		CHECK_EQ(create(second, pages.caa, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
		CHECK_EQ(create(pages.vmsa, pages.other, OWN_APIC_ID), SVSM_ERR_INVALID_ADDRESS);
		CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, pages.caa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
		CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
		page_take(pages.caa);
	} else {
		CHECK_EQ(result, SVSM_ERR_INVALID_PARAMETER);
	}
	block_return(pages.block);
}

TEST(save_area_is_no_other_memory)
{
	struct pages pages = take_pages();
	static const uint64_t flags[] = { ENTRY_VALIDATE, ENTRY_VALIDATE | ENTRY_IGNORE, ENTRY_RESCIND,
					  ENTRY_RESCIND | ENTRY_IGNORE };

	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++) {
		CHECK_EQ_FOR(svsm_entry(pages.vmsa | flags[i]), SVSM_ERR_INVALID_ADDRESS, flags[i]);
		CHECK_EQ_FOR(svsm_entry(pages.caa | flags[i]), SVSM_ERR_INVALID_ADDRESS, flags[i]);
		CHECK_EQ_FOR(svsm_entry(pages.block | ENTRY_2M | flags[i]), SVSM_ERR_INVALID_ADDRESS, flags[i]);
	}
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, pages.vmsa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, pages.caa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(svsm_core(SVSM_CORE_PVALIDATE, pages.vmsa, 0, 0), SVSM_ERR_INVALID_ADDRESS);
	expect_rmp(pages.vmsa, 1, rmp_save_area());
	CHECK_EQ(area_at(pages.vmsa)->cr0, 0x60000010);
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

TEST(save_area_inside_a_large_page)
{
	uint64_t block = block_take(true);
	uint64_t vmsa = block + PAGE_SIZE, caa = block + 2 * PAGE_SIZE;

	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_VALIDATE), SVSM_SUCCESS);
	fill_area(vmsa);
	CHECK_EQ(create(vmsa, caa, OWN_APIC_ID), SVSM_SUCCESS);
	expect_rmp(block, 1, rmp_given());
	expect_rmp(vmsa, 1, rmp_save_area());
	expect_rmp(caa, PAGES_PER_2M - 2u, rmp_given());
	CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_ERR_INVALID_ADDRESS);
	CHECK_EQ(delete (vmsa), SVSM_SUCCESS);
	expect_rmp(block, PAGES_PER_2M, rmp_given());
	block_return(block);
}

/* Only this level's own grants may be left on a save area. */
TEST(save_area_is_closed_to_other_levels)
{
	struct pages pages = take_pages();

	if (MACHINE_SECRETS->svsm_guest_vmpl < 3) {
		CHECK_EQ(access_rmpadjust(page_at(pages.vmsa), RMP_PAGE_4K, 3 | RMP_ATTR_RWX), SNP_SUCCESS);
		CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
		expect_rmp(pages.vmsa, 1, rmp_save_area());
		(void)access_rmpadjust(page_at(pages.vmsa), RMP_PAGE_4K, 3 | RMP_ATTR_RWX);
		CHECK_EQ(machine_rmp(pages.vmsa) & 2u << NUTSHELL_RMP_PERM_SHIFT(3), 0);
		CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	}
	block_return(pages.block);
}

TEST(delete_refuses_what_is_no_save_area)
{
	struct pages pages = take_pages();
	uint64_t bad[] = { pages.vmsa,
			   pages.vmsa + 1,
			   pages.vmsa + 8,
			   pages.vmsa + 0x800,
			   pages.caa,
			   svsm_caa,
			   0,
			   ~0ull,
			   machine_ram_end(),
			   0xFFFFFFFFF000ull,
			   pages.vmsa | paging_c_bit,
			   pages.block + 9 * PAGE_SIZE,
			   ghcb_gpa(),
			   0xFEE00000 };

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ_FOR(delete (bad[i]), SVSM_ERR_INVALID_PARAMETER, bad[i]);
	CHECK_EQ(create(pages.vmsa, pages.caa, OWN_APIC_ID), SVSM_SUCCESS);
	CHECK_EQ(delete (pages.vmsa + 8), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(delete (pages.vmsa | paging_c_bit), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(delete (pages.caa), SVSM_ERR_INVALID_PARAMETER);
	expect_rmp(pages.vmsa, 1, rmp_save_area());
	CHECK_EQ(delete (pages.vmsa), SVSM_SUCCESS);
	block_return(pages.block);
}

/* The caller's own save area lies in the monitor's memory: no address there can be named. */
TEST(delete_cannot_name_the_callers_area)
{
	for (uint64_t offset = 0; offset < MONITOR_SIZE; offset += PAGE_SIZE)
		CHECK_EQ_FOR(delete (monitor_gpa() + offset), SVSM_ERR_INVALID_PARAMETER, offset);
}

/* However many a guest asks for, the monitor's memory does not grow, and all can be given back. */
TEST(save_areas_are_bounded)
{
	uint64_t block = block_take(false);
	uint64_t result = SVSM_SUCCESS;
	uint32_t count = 0;

	for (uint32_t i = 0; i < 2 * MANY + 2; i++)
		page_give(block + i * PAGE_SIZE);
	while (count < MANY && result == SVSM_SUCCESS) {
		uint64_t vmsa = block + (2 * count + 1) * PAGE_SIZE;

		fill_area(vmsa);
		result = create(vmsa, vmsa + PAGE_SIZE, OWN_APIC_ID);
		count += result == SVSM_SUCCESS ? 1 : 0;
	}
	CHECK(count >= 1);
	CHECK(result == SVSM_SUCCESS || result == SVSM_ERR_INVALID_REQUEST);
	if (count < MANY)
		expect_rmp(block + (2 * count + 1) * PAGE_SIZE, 2, rmp_given());
	for (uint32_t i = 0; i < count; i++)
		CHECK_EQ(delete (block + (2 * i + 1) * PAGE_SIZE), SVSM_SUCCESS);
	expect_rmp(block, 2 * MANY + 2, rmp_given());
	block_return(block);
}

/* A host that asks to run a page of the guest's choice must be told no by the hardware: it is no save area. */
TEST(ordinary_page_is_no_save_area)
{
	struct pages pages = take_pages();

	(void)access_rmpadjust(page_at(pages.vmsa), RMP_PAGE_4K, 3 | RMP_ATTR_RWX | RMP_ATTR_VMSA);
	CHECK_EQ(machine_rmp(pages.vmsa) & NUTSHELL_RMP_VMSA, 0);
	block_return(pages.block);
}
