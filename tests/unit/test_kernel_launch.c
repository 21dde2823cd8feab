/* SPDX-License-Identifier: MIT */
/* The guest's launch: what it gets, what it must not get, and which images and hosts end the VM; then its run and reset. */
#include <setjmp.h>

#include "abi/policy.h"
#include "abi/svsm.h"
#include "abi/terminate.h"
#include "kernel/guest/launch.h"
#include "kernel/guest/pages.h"
#include "kernel/guest/reset.h"
#include "kernel/guest/stay.h"
#include "kernel/x86/paging.h"
#include "tests/mock/mock.h"
#include "tests/mock/region.h"
#include "tests/unit/unit.h"

#define IMAGE 0x200000ull
#define IMAGE_SIZE 0x2000ull
#define SECRETS 0x203000ull
#define CPUID 0x204000ull
#define CAA 0x205000ull
#define MADT 0x206000ull
#define ZERO 0x207000ull
#define FREE 0x300000ull /* in no range */
#define AREA 0x400000ull
#define AREA_CAA 0x401000ull
#define MAP_OFFSET 0x1000ull /* of the guest's memory map, in the image */
#define NO_PANIC 0xFFu

static struct launch_block block;
static struct policy_page policy;
static struct vmsa template;
static struct snp_cpuid_page cpuid;
static struct snp_secrets_page secrets;
static uint8_t madt[64];
static struct memory_map map;
static struct launch_inputs inputs;
static jmp_buf out;

static void add_range(uint32_t kind, uint64_t start, uint64_t size)
{
	block.range[block.range_count++] = (struct launch_range){ .gpa = start, .size = size, .kind = kind };
}

static struct launch_range *range_of(uint32_t kind)
{
	uint32_t i = 0;

	while (i < LAUNCH_RANGE_MAX - 1u && block.range[i].kind != kind)
		i++;
	return &block.range[i];
}

/* As the security processor leaves it: content, validated, the guest has no access yet. */
static void launched(uint64_t start, uint64_t size)
{
	for (uint64_t at = start; at < start + size; at += PAGE_SIZE) {
		struct mock_page *page = mock_page(align_down(at, PAGE_SIZE_2M));

		for (uint32_t i = 0; page->size_2m && i < PAGES_PER_2M; i++)
			page[i].size_2m = false;
		mock_page(at)->validated = true;
		memset(mock_memory(at), (int)(at / PAGE_SIZE % 251), PAGE_SIZE);
	}
}

static void make_tables(void)
{
	cpuid = (struct snp_cpuid_page){ .count = 3 };
	cpuid.entry[0] = (struct snp_cpuid_entry){ .eax_in = CPUID_FEATURES_LEAF, .ecx = CPUID_FEATURES_ECX_PCID };
	cpuid.entry[1] = (struct snp_cpuid_entry){ .eax_in = CPUID_ADDRESS_SIZES_LEAF,
						   .ebx = CPUID_ADDRESS_SIZES_EBX_INVLPGB | 1u };
	cpuid.entry[2] = (struct snp_cpuid_entry){ .eax_in = CPUID_SEV_LEAF, .eax = 2 };
	memset(&secrets, 0, sizeof(secrets));
	for (uint32_t level = 0; level < 4; level++)
		memset(secrets.vmpck[level], (int)(0x10 + level), SNP_VMPCK_SIZE);
	secrets.version = 3;
	memset(madt, 0x77, sizeof(madt));
}

static void start(void)
{
	mock_reset();
	mock_frames_reset();
	block = (struct launch_block){ .magic = LAUNCH_MAGIC, .version = LAUNCH_VERSION, .region_gpa = MONITOR_GPA,
				       .free_end = MONITOR_SIZE, .image_end = MONITOR_SIZE };
	add_range(LAUNCH_RANGE_IMAGE, IMAGE, IMAGE_SIZE);
	add_range(LAUNCH_RANGE_SECRETS, SECRETS, PAGE_SIZE);
	add_range(LAUNCH_RANGE_CPUID, CPUID, PAGE_SIZE);
	add_range(LAUNCH_RANGE_CAA, CAA, PAGE_SIZE);
	add_range(LAUNCH_RANGE_MADT, MADT, PAGE_SIZE);
	add_range(LAUNCH_RANGE_ZERO, ZERO, PAGE_SIZE);
	policy = (struct policy_page){ .guest_vmpl = MOCK_VMPL };
	template = (struct vmsa){ .rip = 0x1234, .cr3 = 0x9000, .vmpl = 0, .efer = 0x500 };
	make_tables();
	map = (struct memory_map){ .count = 1 };
	map.range[0] = (struct page_range){ MOCK_RAM_BASE, MOCK_RAM_BASE + MOCK_RAM_SIZE };
	inputs = (struct launch_inputs){ .block = &block, .policy = &policy, .guest_vmsa = &template, .cpuid = &cpuid,
					 .secrets = &secrets, .madt = madt, .madt_length = sizeof(madt), .map = &map };
	launched(IMAGE, IMAGE_SIZE);
}

static void leave(uint8_t code)
{
	longjmp(out, code + 1);
}

/* Runs a function that may end the VM: the code with which it did, or NO_PANIC. */
static uint32_t code_of(void (*function)(void))
{
	int code = setjmp(out);

	if (code == 0) {
		mock_panic = leave;
		function();
		mock_panic = NULL;
		return NO_PANIC;
	}
	mock_panic = NULL;
	return (uint32_t)code - 1u;
}

static void prepare(void)
{
	launch_prepare(&inputs);
}

static enum page_state state(uint64_t address)
{
	return page_state_get(&memory_pages, gpa(address));
}

/* The first of all: a launch makes the copy. */
TEST(a_reset_without_a_copy_ends_the_vm)
{
	start();
	CHECK_EQ(code_of(guest_reset), TERMINATE_GUEST_RESET);
}

/* ---- the block ---- */

TEST(blocks_that_are_good)
{
	const uint64_t limit = MONITOR_GPA + 2 * MONITOR_SIZE;

	start();
	CHECK(launch_block_check(&block, MOCK_RAM_BASE + MOCK_RAM_SIZE));
	CHECK(launch_block_check(&block, ZERO + PAGE_SIZE)); /* the last range ends at the limit */
	CHECK(!launch_block_check(&block, ZERO));
	block.free_end = 0;
	CHECK(launch_block_check(&block, limit));
	/* Beside the monitor's region, on both sides. */
	add_range(LAUNCH_RANGE_ZERO, MONITOR_GPA - PAGE_SIZE, PAGE_SIZE);
	add_range(LAUNCH_RANGE_ZERO, MONITOR_GPA + MONITOR_SIZE, PAGE_SIZE);
	CHECK(launch_block_check(&block, limit));
	block.range[block.range_count - 2].size = 2 * PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	block.range[block.range_count - 2].size = PAGE_SIZE;
	block.range[block.range_count - 1].gpa -= PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
}

TEST(heads_of_blocks_that_are_bad)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.magic++;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.version--;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.region_gpa += PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.free_end = MONITOR_SIZE + PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	block.free_end = MONITOR_SIZE - 1u;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.range_count = LAUNCH_RANGE_MAX + 1u;
	CHECK(!launch_block_check(&block, limit));
	start();
	memset(block.image_name, 'n', sizeof(block.image_name)); /* it has no end */
	CHECK(!launch_block_check(&block, limit));
	block.image_name[sizeof(block.image_name) - 1u] = '\0';
	CHECK(launch_block_check(&block, limit));
}

TEST(kinds_of_ranges)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.range[1].kind = 0;
	CHECK(!launch_block_check(&block, limit));
	block.range[1].kind = LAUNCH_RANGE_MADT + 1u;
	CHECK(!launch_block_check(&block, limit));
}

TEST(places_of_maps)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.map_gpa = ~0ull; /* no map: no matter */
	CHECK(launch_block_check(&block, limit));
	block.map_kind = LAUNCH_MAP_E820;
	CHECK(!launch_block_check(&block, limit));
	block.map_gpa = limit - PAGE_SIZE + 1u;
	CHECK(!launch_block_check(&block, limit));
	block.map_gpa = limit - PAGE_SIZE;
	CHECK(launch_block_check(&block, limit));
	block.map_kind = LAUNCH_MAP_IGVM;
	CHECK(!launch_block_check(&block, limit)); /* of no size */
	block.map_size = PAGE_SIZE;
	CHECK(launch_block_check(&block, limit));
	block.map_size = ~0ull;
	CHECK(!launch_block_check(&block, limit));
	block.map_size = PAGE_SIZE;
	block.map_kind = LAUNCH_MAP_IGVM + 1u;
	CHECK(!launch_block_check(&block, limit));
}

TEST(places_of_page_tables)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.cbit_gpa = ~0ull; /* none: no matter */
	CHECK(launch_block_check(&block, limit));
	block.cbit_size = PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	block.cbit_gpa = ~0ull << PAGE_SHIFT; /* ends at 0 */
	CHECK(!launch_block_check(&block, limit));
	block.cbit_gpa = limit - PAGE_SIZE;
	CHECK(launch_block_check(&block, limit));
	block.cbit_gpa += 8;
	CHECK(!launch_block_check(&block, limit));
	block.cbit_gpa -= 8;
	block.cbit_size = PAGE_SIZE + 8u;
	CHECK(!launch_block_check(&block, limit));
	block.cbit_size = 2 * PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
}

TEST(places_of_numbers_of_vcpus)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.vp_count_gpa = limit - 4u;
	CHECK(launch_block_check(&block, limit));
	block.vp_count_gpa = limit - 3u;
	CHECK(!launch_block_check(&block, limit));
	block.vp_count_gpa = ~0ull;
	CHECK(!launch_block_check(&block, limit));
}

TEST(archives_of_blocks)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.image_end = LAUNCH_OFF_IMAGE + 4 * PAGE_SIZE;
	block.archive_offset = LAUNCH_OFF_IMAGE;
	block.archive_size = 4 * PAGE_SIZE;
	CHECK(launch_block_check(&block, limit));
	block.archive_size += PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	block.archive_size = PAGE_SIZE;
	block.archive_offset = LAUNCH_OFF_IMAGE - PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
	block.archive_offset = LAUNCH_OFF_IMAGE + 1u;
	CHECK(!launch_block_check(&block, limit));
	block.archive_offset = LAUNCH_OFF_IMAGE;
	block.archive_size = ~0ull << PAGE_SHIFT;
	CHECK(!launch_block_check(&block, limit));
}

TEST(ranges_of_blocks_that_are_bad)
{
	const uint64_t limit = MOCK_RAM_BASE + MOCK_RAM_SIZE;

	start();
	block.range[1].gpa += 1;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.range[1].size += 8;
	CHECK(!launch_block_check(&block, limit));
	start();
	block.range[0].size = 4 * PAGE_SIZE; /* over the next one */
	CHECK(!launch_block_check(&block, limit));
	start();
	block.range[5].size = ~0ull << PAGE_SHIFT;
	CHECK(!launch_block_check(&block, limit));
}

TEST(firmware_of_blocks)
{
	const uint64_t limit = 1ull << 40;
	struct page_range firmware;

	start();
	firmware = launch_firmware(&block);
	CHECK_EQ(firmware.end, 0);
	add_range(LAUNCH_RANGE_IMAGE, LAUNCH_FIRMWARE_END - 4 * PAGE_SIZE, PAGE_SIZE);
	add_range(LAUNCH_RANGE_IMAGE, LAUNCH_FIRMWARE_END - 2 * PAGE_SIZE, 2 * PAGE_SIZE);
	CHECK(launch_block_check(&block, limit));
	firmware = launch_firmware(&block);
	CHECK_EQ(firmware.start, LAUNCH_FIRMWARE_END - 4 * PAGE_SIZE);
	CHECK_EQ(firmware.end, LAUNCH_FIRMWARE_END);
	/* It is launched content, and all of it is there. */
	block.range[block.range_count - 1].kind = LAUNCH_RANGE_ZERO;
	CHECK(!launch_block_check(&block, limit));
	block.range[block.range_count - 1].kind = LAUNCH_RANGE_IMAGE;
	block.range[block.range_count - 1].size += PAGE_SIZE;
	CHECK(!launch_block_check(&block, limit));
}

/* ---- what the guest gets ---- */

TEST(memory_of_the_guest)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(mock_compare(), 0);
	CHECK_EQ(state(IMAGE), PAGE_VALIDATED);
	CHECK_EQ(*mock_memory(IMAGE + PAGE_SIZE), (IMAGE + PAGE_SIZE) / PAGE_SIZE % 251);
	CHECK_EQ(state(ZERO), PAGE_VALIDATED);
	CHECK_EQ(*mock_memory(ZERO), 0);
	CHECK_EQ(*mock_memory(ZERO + PAGE_MASK), 0);
	CHECK_EQ(state(CAA), PAGE_CAA);
	CHECK_EQ(state(IMAGE - PAGE_SIZE), PAGE_UNVALIDATED);
	CHECK_EQ(state(ZERO + PAGE_SIZE), PAGE_UNVALIDATED);
	CHECK_EQ(*mock_memory(FREE), 0xA5);
}

TEST(all_memory_for_a_guest_that_cannot_accept)
{
	start();
	block.flags = LAUNCH_FLAG_VALIDATE_ALL;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(mock_compare(), 0);
	for (uint64_t at = MOCK_RAM_BASE; at < MOCK_RAM_BASE + MOCK_RAM_SIZE; at += PAGE_SIZE)
		CHECK(state(at) == PAGE_VALIDATED || (at == CAA && state(at) == PAGE_CAA));
	CHECK_EQ(*mock_memory(FREE), 0);
	CHECK_EQ(*mock_memory(IMAGE + PAGE_SIZE), (IMAGE + PAGE_SIZE) / PAGE_SIZE % 251);
	CHECK(mock_page(0x600000)->size_2m); /* in large steps where nothing is in the way */
}

TEST(secrets_of_the_guest)
{
	const struct snp_secrets_page *page = (const struct snp_secrets_page *)mock_memory(SECRETS);
	static const uint8_t none[SNP_VMPCK_SIZE];

	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(memcmp(page->vmpck[0], none, sizeof(none)), 0);
	CHECK_EQ(memcmp(page->vmpck[1], none, sizeof(none)), 0);
	CHECK_EQ(memcmp(page->vmpck[2], secrets.vmpck[2], sizeof(none)), 0);
	CHECK_EQ(memcmp(page->vmpck[3], secrets.vmpck[3], sizeof(none)), 0);
	CHECK_EQ(page->version, 3);
	CHECK_EQ(page->svsm_base, MONITOR_GPA);
	CHECK_EQ(page->svsm_size, MONITOR_SIZE);
	CHECK_EQ(page->svsm_caa, CAA);
	CHECK_EQ(page->svsm_guest_vmpl, MOCK_VMPL);
	CHECK_EQ(page->svsm_max_version, SVSM_CORE_VERSION);
}

TEST(keys_follow_the_level_of_the_guest)
{
	const struct snp_secrets_page *page = (const struct snp_secrets_page *)mock_memory(SECRETS);

	start();
	policy.guest_vmpl = 1;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(page->vmpck[0][0], 0);
	CHECK_EQ(page->vmpck[1][0], 0x11);
	CHECK_EQ(mock_page(ZERO)->perms[1], 0xF);
	CHECK_EQ(mock_page(ZERO)->perms[2], 0);
	CHECK_EQ(vcpu_by_index(0)->vmsa->vmpl, 1);
}

TEST(cpuid_of_the_guest)
{
	const struct snp_cpuid_page *page = (const struct snp_cpuid_page *)mock_memory(CPUID);

	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(page->count, 3);
	CHECK_EQ(page->entry[2].eax, 2 | CPUID_SEV_EAX_SVSM);
	CHECK_EQ(page->entry[1].ebx, CPUID_ADDRESS_SIZES_EBX_INVLPGB | 1u);
	CHECK_EQ(cpuid.entry[2].eax, 2); /* the monitor's own stays */
	start();
	cpuid.entry[0].ecx = 0;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(page->entry[1].ebx, 1);
	start();
	range_of(LAUNCH_RANGE_CPUID)->kind = LAUNCH_RANGE_ZERO;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(page->count, 0);
}

TEST(madt_of_the_guest)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(*mock_memory(MADT + sizeof(madt) - 1), 0x77);
	CHECK_EQ(*mock_memory(MADT + sizeof(madt)), 0);
	start();
	inputs.madt_length = 0;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(*mock_memory(MADT), 0);
	start();
	inputs.madt_length = PAGE_SIZE + 1u;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(*mock_memory(MADT), 0);
}

TEST(c_bit_of_the_guests_tables)
{
	uint64_t *table = (uint64_t *)(uintptr_t)mock_memory(IMAGE);

	start();
	memset(table, 0, PAGE_SIZE);
	table[0] = 0x5000 | PTE_PRESENT;
	table[1] = 0x6000 | PTE_WRITE;
	table[511] = 0x7000 | PTE_PRESENT;
	block.cbit_gpa = IMAGE;
	block.cbit_size = PAGE_SIZE;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(table[0], 0x5000 | PTE_PRESENT | paging_c_bit);
	CHECK_EQ(table[1], 0x6000 | PTE_WRITE);
	CHECK_EQ(table[511], 0x7000 | PTE_PRESENT | paging_c_bit);
	CHECK_EQ(vcpu_by_index(0)->vmsa->cr3, 0x9000 | paging_c_bit);
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(vcpu_by_index(0)->vmsa->cr3, 0x9000);
}

static uint32_t type_in_e820(uint64_t address)
{
	const uint8_t *params = mock_memory(IMAGE + MAP_OFFSET);
	uint64_t start_size[2];
	uint32_t type;

	for (uint32_t i = 0; i < params[0x1E8]; i++) {
		memcpy(start_size, params + 0x2D0 + (size_t)i * E820_ENTRY_SIZE, sizeof(start_size));
		memcpy(&type, params + 0x2D0 + (size_t)i * E820_ENTRY_SIZE + 16, sizeof(type));
		if (address - start_size[0] < start_size[1])
			return type;
	}
	return 0;
}

TEST(e820_map_of_the_guest)
{
	start();
	block.map_kind = LAUNCH_MAP_E820;
	block.map_gpa = IMAGE + MAP_OFFSET;
	range_of(LAUNCH_RANGE_CAA)->flags = LAUNCH_RANGE_FLAG_RESERVED;
	range_of(LAUNCH_RANGE_MADT)->flags = LAUNCH_RANGE_FLAG_ACPI;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(type_in_e820(0xA0000), E820_RESERVED);
	CHECK_EQ(type_in_e820(0xFF000), E820_RESERVED);
	CHECK_EQ(type_in_e820(MOCK_RAM_BASE), E820_RAM);
	CHECK_EQ(type_in_e820(CAA), E820_RESERVED);
	CHECK_EQ(type_in_e820(MADT), E820_ACPI);
	CHECK_EQ(type_in_e820(ZERO), E820_RAM);
	CHECK_EQ(type_in_e820(MONITOR_GPA), E820_RESERVED);
	CHECK_EQ(type_in_e820(MONITOR_GPA + MONITOR_SIZE), 0);
}

static uint32_t type_in_igvm(uint64_t address)
{
	const struct igvm_memory_map_entry *entry =
		(const struct igvm_memory_map_entry *)(uintptr_t)mock_memory(IMAGE + MAP_OFFSET);

	for (; entry->page_count != 0; entry++) {
		if (address / PAGE_SIZE - entry->start_page < entry->page_count)
			return entry->type;
	}
	return ~0u;
}

TEST(igvm_map_of_the_guest)
{
	start();
	block.map_kind = LAUNCH_MAP_IGVM;
	block.map_gpa = IMAGE + MAP_OFFSET;
	block.map_size = PAGE_SIZE;
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(type_in_igvm(MOCK_RAM_BASE), IGVM_MEMORY_TYPE_MEMORY);
	CHECK_EQ(type_in_igvm(MONITOR_GPA), IGVM_MEMORY_TYPE_RESERVED);
	CHECK_EQ(type_in_igvm(MOCK_RAM_BASE + MOCK_RAM_SIZE), ~0u);
	/* Legacy, RAM, the monitor, and the end: four entries are just enough. */
	start();
	block.map_kind = LAUNCH_MAP_IGVM;
	block.map_gpa = IMAGE + MAP_OFFSET;
	block.map_size = 4 * sizeof(struct igvm_memory_map_entry);
	CHECK_EQ(code_of(prepare), NO_PANIC);
	start();
	block.map_kind = LAUNCH_MAP_IGVM;
	block.map_gpa = IMAGE + MAP_OFFSET;
	block.map_size = 4 * sizeof(struct igvm_memory_map_entry) - 1;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
}

TEST(number_of_processors)
{
	uint32_t count;

	start();
	block.vp_count_gpa = IMAGE + PAGE_SIZE - 2; /* over the end of a page */
	CHECK_EQ(code_of(prepare), NO_PANIC);
	memcpy(&count, mock_memory(IMAGE + PAGE_SIZE - 2), sizeof(count));
	CHECK_EQ(count, 2);
}

TEST(first_processor)
{
	const struct vcpu *vcpu;

	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	vcpu = vcpu_by_index(0);
	CHECK_EQ(vcpu->vmsa->rip, 0x1234);
	CHECK_EQ(vcpu->vmsa->vmpl, MOCK_VMPL);
	CHECK_EQ(vcpu->vmsa->efer, 0x500 | EFER_SVME);
	CHECK_EQ(vcpu->vmsa->sev_features, platform_guest_features());
	CHECK_EQ(vcpu->caa.v, CAA);
	CHECK_EQ(vcpu->vmsa_gpa.v, mock_registered);
	CHECK(mock_registered >= MONITOR_GPA && mock_registered < MONITOR_GPA + MONITOR_SIZE);
}

/* ---- images and hosts that end the VM ---- */

TEST(images_that_end_the_vm)
{
	start();
	range_of(LAUNCH_RANGE_SECRETS)->kind = LAUNCH_RANGE_ZERO;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
	start();
	range_of(LAUNCH_RANGE_CAA)->kind = LAUNCH_RANGE_ZERO;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
	start();
	map.range[0].end = ZERO;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
	/* What the monitor writes goes to memory of the guest only. */
	start();
	block.vp_count_gpa = FREE;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
	start();
	block.cbit_gpa = FREE;
	block.cbit_size = PAGE_SIZE;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
	start();
	block.map_kind = LAUNCH_MAP_E820;
	block.map_gpa = FREE;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_IMAGE);
}

TEST(hosts_that_end_the_vm)
{
	start();
	mock_refuse_private = ZERO;
	CHECK_EQ(code_of(prepare), TERMINATE_MEMORY_STATE);
	start();
	block.flags = LAUNCH_FLAG_VALIDATE_ALL;
	mock_refuse_private = FREE;
	CHECK_EQ(code_of(prepare), TERMINATE_MEMORY_STATE);
	start();
	mock_page(IMAGE + PAGE_SIZE)->validated = false; /* a page in place of the launched one */
	CHECK_EQ(code_of(prepare), TERMINATE_MEMORY_STATE);
	start();
	mock_page(ZERO)->validated = true; /* one that is validated already: there are two of them */
	CHECK_EQ(code_of(prepare), TERMINATE_MEMORY_STATE);
	start();
	mock_page(FREE)->assigned = false;
	block.flags = LAUNCH_FLAG_VALIDATE_ALL;
	CHECK_EQ(code_of(prepare), TERMINATE_MEMORY_STATE);
	start();
	mock_refuse_area = true;
	CHECK_EQ(code_of(prepare), TERMINATE_GUEST_RUN);
	start();
	mock_frame_countdown = 2; /* the first is for the copy of the image */
	CHECK_EQ(code_of(prepare), TERMINATE_NO_MEMORY);
	mock_frame_countdown = 0;
}

/* Wherever the host takes a page away, the launch either ends the VM or has made a guest whose memory is as it must be. */
TEST(a_fault_at_every_step)
{
	uint32_t panics = 0;

	for (uint64_t step = 1;; step++) {
		uint32_t code;

		start();
		mock_fault_countdown = step;
		code = code_of(prepare);
		if (mock_fault_countdown != 0)
			break;
		panics += code != NO_PANIC;
		CHECK(code == TERMINATE_MEMORY_STATE || code == TERMINATE_GUEST_IMAGE || code == NO_PANIC);
		if (code == NO_PANIC)
			CHECK_EQ(mock_compare(), 0);
	}
	mock_fault_countdown = 0;
	CHECK(panics > 10);
}

/* ---- running ---- */

#define STOP 0x100 /* longjmp value: the test has seen enough */

static uint32_t runs, idles;
static int (*script)(uint32_t run);

static int guest(uint32_t plane)
{
	CHECK_EQ(plane, MOCK_VMPL);
	if (runs == 8)
		longjmp(out, STOP + 1);
	return script(runs++);
}

static void idle(void)
{
	if (++idles == 3)
		longjmp(out, STOP + 1);
}

static struct vcpu *running;

static void run_it(void)
{
	vcpu_run(running);
}

/* Runs a vCPU under a script, until a panic or until the script has run for long enough (STOP). */
static uint32_t run_script(uint32_t index, int (*what)(uint32_t run))
{
	runs = idles = 0;
	script = what;
	mock_guest = guest;
	mock_idle = idle;
	running = vcpu_by_index(index);
	return code_of(run_it);
}

static void request(uint64_t rax, uint64_t rcx)
{
	struct vmsa *vmsa = vcpu_by_index(0)->vmsa;

	vmsa->exit_code = SVM_EXIT_VMGEXIT;
	vmsa->rax = rax;
	vmsa->rcx = rcx;
	*mock_memory(CAA) = 1;
}

static int call_once(uint32_t run)
{
	struct vmsa *vmsa = vcpu_by_index(0)->vmsa;

	CHECK((vmsa->efer & EFER_SVME) != 0); /* it can run */
	if (run == 0) {
		request(SVSM_CORE_QUERY_PROTOCOL, (uint64_t)SVSM_PROTOCOL_CORE << 32 | SVSM_CORE_VERSION);
	} else if (run == 1) {
		CHECK_EQ(vmsa->rax, SVSM_SUCCESS);
		CHECK_EQ(vmsa->rcx, (uint64_t)SVSM_CORE_VERSION << 32 | SVSM_CORE_VERSION);
		CHECK_EQ(*mock_memory(CAA), 0);
		vmsa->rax = 0xABCD; /* no request: the registers are the guest's */
	} else {
		CHECK_EQ(vmsa->rax, 0xABCD);
	}
	return 0;
}

TEST(a_request_is_served_once)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(run_script(0, call_once), STOP);
	CHECK_EQ(vcpu_by_index(0)->calls, 1);
	CHECK_EQ(vcpu_by_index(0)->entries, 9);
	CHECK_EQ(idles, 0);
}

static int pending_without_exit(uint32_t run)
{
	if (run == 0) {
		request(0, 0);
		vcpu_by_index(0)->vmsa->exit_code = 0x60; /* an interrupt of the host's */
	}
	return 0;
}

TEST(no_request_without_an_exit_for_one)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(run_script(0, pending_without_exit), STOP);
	CHECK_EQ(vcpu_by_index(0)->calls, 0);
	CHECK_EQ(*mock_memory(CAA), 1);
}

static int refuse(uint32_t run)
{
	(void)run;
	return ERR_HOST;
}

static int refuse_later(uint32_t run)
{
	return run == 0 ? 0 : ERR_HOST;
}

TEST(a_host_that_refuses)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(run_script(0, refuse), TERMINATE_GUEST_RUN);
	/* Later it says that another vCPU has taken the area out of use. */
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(run_script(0, refuse_later), STOP);
	CHECK_EQ(idles, 3);
}

static int never(uint32_t run)
{
	CHECK(run > 8u); /* a vCPU without a save area is not run */
	return 0;
}

TEST(a_vcpu_without_an_area_waits)
{
	start();
	CHECK_EQ(code_of(prepare), NO_PANIC);
	CHECK_EQ(run_script(1, never), STOP);
	CHECK_EQ(idles, 3);
	CHECK_EQ(runs, 0);
}

/* Bucket n: below 2^n microseconds. */
TEST(buckets_of_stays)
{
	CHECK_EQ(stay_bucket(0, 1000), 0);
	CHECK_EQ(stay_bucket(1, 1000), 1);
	CHECK_EQ(stay_bucket(2, 1000), 2);
	CHECK_EQ(stay_bucket(3, 1000), 2);
	CHECK_EQ(stay_bucket(4, 1000), 3);
	CHECK_EQ(stay_bucket(1999, 2000000), 0);
	CHECK_EQ(stay_bucket(2000, 2000000), 1);
	CHECK_EQ(stay_bucket(~0ull, 1000000), STAY_BUCKETS - 1u); /* no overflow on the way */
}

/* ---- resets: from here on every launch is one after a reset ---- */

static bool launch_is_first = true;

static uint32_t reset(void)
{
	launch_is_first = false;
	return code_of(guest_reset);
}

static struct snp_secrets_page *guest_secrets(void)
{
	return (struct snp_secrets_page *)(uintptr_t)mock_memory(SECRETS);
}

/* After a reset the image's pages are given like any other, from the copy. */
static void start_later(void)
{
	start();
	for (uint64_t at = IMAGE; at < IMAGE + IMAGE_SIZE; at += PAGE_SIZE)
		mock_page(at)->validated = launch_is_first;
	CHECK_EQ(code_of(prepare), NO_PANIC);
}

static int ask_for_reset(uint32_t run)
{
	return run == 1 ? ERR_STATE : 0;
}

TEST(a_reset_gives_the_launched_memory)
{
	start_later();
	memset(mock_memory(IMAGE), 0xEE, IMAGE_SIZE);
	memset(mock_memory(ZERO), 0xEE, PAGE_SIZE);
	mock_give(FREE);
	memset(mock_memory(FREE), 0xEE, PAGE_SIZE);
	launch_is_first = false;
	CHECK_EQ(run_script(0, ask_for_reset), STOP);
	CHECK_EQ(*mock_memory(IMAGE), IMAGE / PAGE_SIZE % 251);
	CHECK_EQ(*mock_memory(IMAGE + IMAGE_SIZE - 1), (IMAGE + PAGE_SIZE) / PAGE_SIZE % 251);
	CHECK_EQ(*mock_memory(ZERO), 0);
	CHECK_EQ(state(FREE), PAGE_UNVALIDATED);
	CHECK_EQ(state(CAA), PAGE_CAA);
	CHECK_EQ(vcpu_by_index(0)->vmsa->rip, 0x1234);
	CHECK_EQ(mock_compare(), 0);
}

/* The security processor has seen the numbers of the guest's messages: they go on, those of other levels do not change. */
TEST(a_reset_keeps_the_numbers_of_messages)
{
	start_later();
	guest_secrets()->msg_seqno[1] = 11;
	guest_secrets()->msg_seqno[2] = 22;
	guest_secrets()->msg_seqno[3] = 33;
	guest_secrets()->svsm_caa = FREE;
	CHECK_EQ(reset(), NO_PANIC);
	CHECK_EQ(guest_secrets()->msg_seqno[1], 0);
	CHECK_EQ(guest_secrets()->msg_seqno[2], 22);
	CHECK_EQ(guest_secrets()->msg_seqno[3], 33);
	CHECK_EQ(guest_secrets()->svsm_caa, CAA);
	CHECK_EQ(guest_secrets()->vmpck[1][0], 0);
	CHECK_EQ(guest_secrets()->vmpck[2][0], 0x12);
}

/* A guest that gave the page away has no numbers to keep. */
TEST(a_reset_without_a_secrets_page)
{
	start_later();
	CHECK_EQ(guest_page_take(gpa(SECRETS), false), 0);
	CHECK_EQ(reset(), NO_PANIC);
	CHECK_EQ(state(SECRETS), PAGE_VALIDATED);
	CHECK_EQ(guest_secrets()->msg_seqno[2], 22); /* those of the guest before */
}

TEST(a_reset_takes_areas_of_other_vcpus)
{
	struct vmsa *area = (struct vmsa *)(uintptr_t)mock_memory(AREA);

	start_later();
	mock_give(AREA);
	mock_give(AREA_CAA);
	*area = (struct vmsa){ .vmpl = MOCK_VMPL, .efer = EFER_SVME, .sev_features = platform_guest_features() };
	CHECK_EQ(vcpu_create(1, gpa(AREA), gpa(AREA_CAA), platform_guest_features()), 0);
	CHECK_EQ(state(AREA), PAGE_VMSA);
	CHECK_EQ(reset(), NO_PANIC);
	CHECK_EQ(state(AREA), PAGE_UNVALIDATED);
	CHECK_EQ(state(AREA_CAA), PAGE_UNVALIDATED);
	CHECK(!vcpu_by_index(1)->area[0].used);
	CHECK(vcpu_by_index(1)->vmsa == NULL);
	CHECK_EQ(mock_compare(), 0);
}

/*
 * The first vCPU can leave its first save area for one that the guest made: the calling area of the first serves nothing
 * any more, is the guest's to give back, and does not stand in the way of a reset.
 */
TEST(a_reset_after_the_first_area_was_left)
{
	struct vmsa *area = (struct vmsa *)(uintptr_t)mock_memory(AREA);
	struct vcpu_call call;

	start_later();
	CHECK_EQ(state(CAA), PAGE_CAA);
	mock_give(AREA);
	mock_give(AREA_CAA);
	*area = (struct vmsa){ .vmpl = MOCK_VMPL, .efer = EFER_SVME, .sev_features = platform_guest_features() };
	CHECK_EQ(vcpu_create(0, gpa(AREA), gpa(AREA_CAA), platform_guest_features()), 0);
	CHECK_EQ(state(CAA), PAGE_CAA); /* the new area has not run */
	area->exit_code = SVM_EXIT_VMGEXIT;
	*mock_memory(AREA_CAA) = 1;
	CHECK(vcpu_take_request(vcpu_by_index(0), &call));
	CHECK_EQ(state(CAA), PAGE_VALIDATED);
	CHECK_EQ(state(AREA_CAA), PAGE_CAA);
	CHECK_EQ(reset(), NO_PANIC);
	CHECK_EQ(state(CAA), PAGE_CAA);
	CHECK_EQ(state(AREA_CAA), PAGE_UNVALIDATED);
	CHECK_EQ(mock_compare(), 0);
}

/* Whatever page the host takes at whatever step: the VM ends, or the new guest's memory is as it must be. */
TEST(a_fault_at_every_step_of_a_reset)
{
	uint32_t good = 0, ended = 0;

	for (uint64_t step = 1;; step++) {
		uint32_t code;

		start_later();
		mock_fault_countdown = step;
		code = reset();
		if (mock_fault_countdown != 0)
			break;
		CHECK(code == NO_PANIC || code == TERMINATE_GUEST_RESET || code == TERMINATE_MEMORY_STATE ||
		      code == TERMINATE_GUEST_IMAGE);
		good += code == NO_PANIC;
		ended += code != NO_PANIC;
		if (code == NO_PANIC)
			CHECK_EQ(mock_compare(), 0);
	}
	mock_fault_countdown = 0;
	CHECK(good > 0);
	CHECK(ended > 10);
}
