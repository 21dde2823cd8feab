/* SPDX-License-Identifier: MIT */
/* What the monitor and the host hand over: secrets page, CPUID page, memory map, registers and levels. */
#define GUEST_AREA "01"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/access.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"
#include "tests/guest/traps.h"

#define CPUID_MAX_LEAF 0x80000000u
#define FEATURES_NEEDED (GHCB_FEATURE_SNP | GHCB_FEATURE_AP_CREATION | GHCB_FEATURE_MULTI_VMPL)
#define MSR_STAR 0xC0000081u
#define MSR_LSTAR 0xC0000082u
#define MSR_FS_BASE 0xC0000100u
#define MSR_GS_BASE 0xC0000101u
#define MSR_KERNEL_GS_BASE 0xC0000102u
#define CANONICAL_VALUE 0x0000123456789000ull

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

TEST(host_offers_what_is_needed)
{
	CHECK(ghcb_sev_info >> 48 >= GHCB_VERSION_SNP);
	CHECK((ghcb_sev_info >> 32 & 0xFFFFu) <= GHCB_VERSION_SNP);
	CHECK_EQ(1ull << (ghcb_sev_info >> 24 & 0xFFu), paging_c_bit);
	CHECK_EQ(ghcb_features >> 12 & FEATURES_NEEDED, FEATURES_NEEDED);
}

TEST(secrets_page_names_the_monitor)
{
	const struct snp_secrets_page *secrets = MACHINE_SECRETS;

	CHECK(is_aligned(secrets->svsm_base, PAGE_SIZE_2M));
	CHECK_EQ(secrets->svsm_size, MONITOR_SIZE);
	CHECK_EQ(secrets->svsm_caa & PAGE_MASK, 0);
	CHECK(secrets->svsm_max_version >= SVSM_CORE_VERSION);
	CHECK(secrets->svsm_guest_vmpl >= 1 && secrets->svsm_guest_vmpl <= 3);
	CHECK(is_zero(secrets->reserved_15d, sizeof(secrets->reserved_15d)));
	CHECK(secrets->version != 0);
}

/* Keys of more privileged levels would let the guest speak to the security processor as the monitor. */
TEST(secrets_page_holds_only_own_keys)
{
	for (uint32_t level = 0; level < SNP_VMPL_COUNT; level++) {
		bool zero = is_zero(MACHINE_SECRETS->vmpck[level], SNP_VMPCK_SIZE);

		CHECK_EQ_FOR(zero, level < MACHINE_SECRETS->svsm_guest_vmpl, level);
	}
	CHECK(memcmp(MACHINE_SECRETS->vmpck[2], MACHINE_SECRETS->vmpck[3], SNP_VMPCK_SIZE) != 0);
}

TEST(cpuid_page_is_sane)
{
	uint32_t out[4];

	CHECK(MACHINE_CPUID->count >= 1 && MACHINE_CPUID->count <= SNP_CPUID_MAX_ENTRIES);
	machine_cpuid(0, 0, out);
	CHECK(out[0] >= 1);
	machine_cpuid(CPUID_MAX_LEAF, 0, out);
	CHECK(out[0] >= CPUID_SEV_LEAF);
	machine_cpuid(CPUID_SEV_LEAF, 0, out);
	CHECK_EQ(out[0] & (CPUID_SEV_EAX_SEV | CPUID_SEV_EAX_ES | CPUID_SEV_EAX_SNP | CPUID_SEV_EAX_VMPL),
		 CPUID_SEV_EAX_SEV | CPUID_SEV_EAX_ES | CPUID_SEV_EAX_SNP | CPUID_SEV_EAX_VMPL);
	CHECK((out[0] & CPUID_SEV_EAX_SVSM) != 0);
	CHECK_EQ(1ull << (out[1] & CPUID_SEV_EBX_CBIT_MASK), paging_c_bit);
	for (uint32_t i = 0; i < MACHINE_CPUID->count; i++) {
		for (uint32_t j = 0; j < i; j++)
			CHECK(MACHINE_CPUID->entry[i].eax_in != MACHINE_CPUID->entry[j].eax_in ||
			      MACHINE_CPUID->entry[i].ecx_in != MACHINE_CPUID->entry[j].ecx_in ||
			      MACHINE_CPUID->entry[i].xcr0_in != MACHINE_CPUID->entry[j].xcr0_in ||
			      MACHINE_CPUID->entry[i].xss_in != MACHINE_CPUID->entry[j].xss_in);
	}
}

/* The instruction itself raises #VC; the handler answers from the page. */
TEST(instructions_raise_vc)
{
	uint32_t out[4];
	uint64_t status = 0;

	cpu_cpuid(CPUID_SEV_LEAF, 0, out);
	CHECK_EQ(1ull << (out[1] & CPUID_SEV_EBX_CBIT_MASK), paging_c_bit);
	CHECK_EQ(cpu_port_in(NUTSHELL_PORT_ID), NUTSHELL_ID);
	cpu_port_out(NUTSHELL_PORT_PROBE, 0);
	CHECK_EQ(access_read_msr(MSR_SEV_STATUS, &status), 0);
	CHECK_EQ(status, SEV_STATUS_SEV | SEV_STATUS_SEV_ES | SEV_STATUS_SNP);
}

uint32_t mode32_vc(uint32_t eax);

/* Firmware meets #VC before long mode: 32-bit gate, paging off, all memory private. */
TEST(instructions_raise_vc_without_paging)
{
	CHECK_EQ(mode32_vc(CPUID_SEV_LEAF), SVM_EXIT_CPUID);
	CHECK_EQ(mode32_vc(0), SVM_EXIT_CPUID);
}

TEST(memory_map_leaves_the_monitor_out)
{
	const struct igvm_memory_map_entry *entry = MACHINE_MAP;
	uint64_t previous = 0;
	uint32_t count = 0;

	while (count < MACHINE_MAP_ENTRIES && entry[count].page_count != 0) {
		uint64_t start = entry[count].start_page * PAGE_SIZE;
		uint64_t size = entry[count].page_count * PAGE_SIZE;

		CHECK(start >= previous);
		CHECK(!ranges_overlap(start, size, monitor_gpa(), MONITOR_SIZE) ||
		      entry[count].type != IGVM_MEMORY_TYPE_MEMORY);
		previous = start + size;
		count++;
	}
	CHECK(count >= 2);
	CHECK(count < MACHINE_MAP_ENTRIES);
	CHECK(!machine_is_ram(monitor_gpa(), PAGE_SIZE));
	CHECK(!machine_is_ram((uint64_t)(uintptr_t)MACHINE_SECRETS, PAGE_SIZE));
	CHECK(!machine_is_ram((uint64_t)(uintptr_t)MACHINE_CPUID, PAGE_SIZE));
	CHECK(!machine_is_ram(svsm_caa, PAGE_SIZE));
	CHECK(!machine_is_ram(0xA0000, PAGE_SIZE));
}

TEST(image_belongs_to_the_guest)
{
	extern const uint8_t payload_start[], payload_end[];
	uint64_t start = (uint64_t)(uintptr_t)payload_start, end = (uint64_t)(uintptr_t)payload_end;

	expect_rmp(start, (uint32_t)((ghcb_gpa() - start) / PAGE_SIZE), rmp_given());
	expect_rmp(ghcb_gpa(), 1, rmp_shared());
	expect_rmp(ghcb_gpa() + PAGE_SIZE, (uint32_t)((end - ghcb_gpa()) / PAGE_SIZE) - 1u, rmp_given());
	expect_rmp((uint64_t)(uintptr_t)MACHINE_SECRETS, 1, rmp_given());
	expect_rmp((uint64_t)(uintptr_t)MACHINE_CPUID, 1, rmp_given());
	expect_rmp(svsm_caa, 1, rmp_given());
	CHECK((machine_rmp(end) & NUTSHELL_RMP_VALIDATED) == 0);
}

/* Neither instruction may change anything here, whatever it answers. */
TEST(own_pvalidate_and_rmpadjust_are_refused)
{
	static uint8_t own_page[PAGE_SIZE] __attribute__((aligned(4096)));
	uint64_t gpa = (uint64_t)(uintptr_t)own_page;
	uint32_t level = MACHINE_SECRETS->svsm_guest_vmpl;
	uint64_t result;

	result = access_pvalidate(own_page, RMP_PAGE_4K, 0);
	CHECK((result & ACCESS_FAULT) != 0 || (uint32_t)(result & ~ACCESS_CARRY) != SNP_SUCCESS);
	expect_rmp(gpa, 1, rmp_given());
	result = access_pvalidate(own_page, RMP_PAGE_4K, 1);
	CHECK((result & ACCESS_FAULT) != 0 || (uint32_t)(result & ~ACCESS_CARRY) != SNP_SUCCESS);
	for (uint32_t target = 0; target <= level; target++) {
		result = access_rmpadjust(own_page, RMP_PAGE_4K, target | RMP_ATTR_RWX);
		CHECK((result & ACCESS_FAULT) != 0 || result == SNP_FAIL_PERMISSION || result == SNP_FAIL_INPUT);
		result = access_rmpadjust(own_page, RMP_PAGE_4K, target | RMP_ATTR_READ | RMP_ATTR_VMSA);
		CHECK((result & ACCESS_FAULT) != 0 || result != SNP_SUCCESS);
	}
	expect_rmp(gpa, 1, rmp_given());
}

TEST(own_pvalidate_does_not_validate)
{
	uint64_t block = block_take(false);
	uint64_t result = access_pvalidate(page_at(block), RMP_PAGE_4K, 1);

	CHECK((result & ACCESS_FAULT) != 0 || (uint32_t)(result & ~ACCESS_CARRY) != SNP_SUCCESS);
	expect_rmp(block, 1, rmp_unvalidated());
	block_return(block);
}

TEST(state_survives_a_call)
{
	static uint8_t before[256], after[256];
	static const uint32_t msr[] = { MSR_STAR, MSR_LSTAR, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE };
	uint64_t value = 0;

	cpu_write_cr4(cpu_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	for (uint32_t i = 0; i < sizeof(before); i++)
		before[i] = (uint8_t)(i * 7u + 1u);
	for (uint32_t i = 0; i < ARRAY_SIZE(msr); i++)
		CHECK_EQ(access_write_msr(msr[i], CANONICAL_VALUE + i), 0);
	cpu_write_cr2(CANONICAL_VALUE);
	vector_state_set(before);
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
	vector_state_get(after);
	CHECK_EQ(memcmp(before, after, sizeof(before)), 0);
	CHECK_EQ(cpu_read_cr2(), CANONICAL_VALUE);
	for (uint32_t i = 0; i < ARRAY_SIZE(msr); i++) {
		CHECK_EQ(access_read_msr(msr[i], &value), 0);
		CHECK_EQ_FOR(value, CANONICAL_VALUE + i, msr[i]);
	}
}
