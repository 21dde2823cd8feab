/* SPDX-License-Identifier: MIT */
/* What the monitor writes into the guest's memory before it runs: where, how much, and which keys are not in it. */
#include "proofs/prover.h"
#include "proofs/string.h"

#include "abi/launch.h"
#undef LAUNCH_RANGE_MAX
#define LAUNCH_RANGE_MAX 3u /* the array keeps its size */

#include "kernel/guest/launch.c"

uint32_t guest_plane;
uint64_t paging_c_bit, paging_region_gpa;
struct page_state_map memory_pages;

static struct launch_block block;
static struct snp_secrets_page secrets;
static struct snp_cpuid_page cpuid;
static struct launch_inputs inputs = { .block = &block, .secrets = &secrets, .cpuid = &cpuid };
static uint32_t vcpus, level, byte;
static uint32_t writes;
static enum { SECRETS, CPUID, MADT, C_BIT, MAP, VP_COUNT, GUEST } filling;

/* Ends the VM. */
void log_panic(uint8_t code, const char *format, ...)
{
	ASSUME(false);
	for (;;)
		;
}

uint32_t vcpu_count(void) { return vcpus; }

/* The first range of a kind, as the block has it. */
static const struct launch_range *named(uint32_t kind)
{
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++) {
		if (i < block.range_count && block.range[i].kind == kind)
			return &block.range[i];
	}
	return NULL;
}

static void in_range(uint32_t kind, uint64_t address, uint64_t size)
{
	const struct launch_range *range = named(kind);

	PROVE(range != NULL && address == range->gpa && size <= range->size, "inside the range that the image names for it");
}

static uint64_t entry_at, entry_read;

static void secrets_written(const struct snp_secrets_page *page)
{
	PROVE(IMPLIES(level < guest_plane, page->vmpck[level][byte] == 0), "no key of a level above the guest's");
	PROVE(IMPLIES(level >= guest_plane && !again, page->vmpck[level][byte] == secrets.vmpck[level][byte]), "the guest's keys are as they came");
	PROVE(page->svsm_guest_vmpl == guest_plane && page->svsm_base == paging_region_gpa && page->svsm_size == MONITOR_SIZE &&
	      page->svsm_caa == named(LAUNCH_RANGE_CAA)->gpa, "the guest finds its level, the monitor and its calling area");
}

static void cpuid_written(const struct snp_cpuid_page *page)
{
	PROVE(page->count == cpuid.count, "as many entries");
	for (uint32_t i = 0; i < 2; i++) {
		const struct snp_cpuid_entry *to = &page->entry[i], *from = &cpuid.entry[i];
		bool sev = from->eax_in == CPUID_SEV_LEAF && i < cpuid.count, sizes = from->eax_in == CPUID_ADDRESS_SIZES_LEAF && i < cpuid.count;

		PROVE(to->eax_in == from->eax_in && to->ecx_in == from->ecx_in && to->ecx == from->ecx && to->edx == from->edx, "entries stay");
		PROVE(to->eax == (sev ? from->eax | CPUID_SEV_EAX_SVSM : from->eax), "the guest is told of the monitor");
		PROVE(to->ebx == from->ebx || (sizes && to->ebx == (from->ebx & ~CPUID_ADDRESS_SIZES_EBX_INVLPGB)), "no other feature changes");
	}
}

void stub_write_guest(uint64_t address, const void *data, uint64_t size)
{
	writes++;
	switch (filling) {
	case SECRETS:
		in_range(LAUNCH_RANGE_SECRETS, address, size);
		PROVE(size == PAGE_SIZE && data == &guest_secrets, "the page of secrets");
		secrets_written(data);
		break;
	case CPUID:
		in_range(LAUNCH_RANGE_CPUID, address, size);
		PROVE(size == PAGE_SIZE, "a page");
		cpuid_written(data);
		break;
	case MADT:
		in_range(LAUNCH_RANGE_MADT, address, size);
		PROVE(data == inputs.madt && size == inputs.madt_length, "the table, all of it");
		break;
	case C_BIT:
		PROVE(address == entry_at && size == 8 && address >= block.cbit_gpa && address - block.cbit_gpa <= block.cbit_size - 8,
		      "an entry of the page tables that the image names");
		PROVE((entry_read & PTE_PRESENT) != 0 && *(const uint64_t *)data == (entry_read | paging_c_bit), "its C-bit is set, no more");
		break;
	case MAP:
		PROVE(address >= block.map_gpa && address - block.map_gpa <= PAGE_SIZE * 2 - size, "inside the parameter");
		if (block.map_kind == LAUNCH_MAP_E820)
			PROVE(address - block.map_gpa + size <= PAGE_SIZE, "inside the page of Linux's parameters");
		else
			PROVE(address == block.map_gpa && size <= block.map_size, "inside the parameter of the firmware");
		PROVE(size <= __CPROVER_OBJECT_SIZE(data), "from a table that is that long");
		break;
	case VP_COUNT:
		PROVE(address == block.vp_count_gpa && address != 0 && size == 4 && *(const uint32_t *)data == vcpus, "the number of vCPUs");
		break;
	default:
		PROVE(false, "nothing else is written");
	}
}

/* ---- what it rests on ---- */

int cpuid_table_lookup(const struct snp_cpuid_page *page, uint32_t leaf, uint32_t subleaf, struct cpuid_result *result)
{
	*result = (struct cpuid_result){ any_u32(), any_u32(), any_u32(), any_u32() };
	return any_bool() ? 0 : ERR_NOT_FOUND;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	PROVE(size == 8, "an entry");
	entry_at = address.v;
	entry_read = any_u64();
	*(uint64_t *)out = entry_read;
	return any_bool() ? 0 : ERR_ADDRESS;
}

void stub_build_map(const struct launch_inputs *from, struct guest_map *map)
{
	map->count = any_u8() % (GUEST_MAP_MAX + 1u);
}

int guest_map_write_e820(const struct guest_map *guest, uint8_t *out, uint32_t max, uint32_t *count)
{
	PROVE((uint64_t)max * E820_ENTRY_SIZE <= __CPROVER_OBJECT_SIZE(out), "room for the entries");
	if (guest->count > max)
		return ERR_OVERFLOW;
	*count = guest->count;
	return 0;
}

int guest_map_write_igvm(const struct guest_map *guest, struct igvm_memory_map_entry *out, uint32_t max)
{
	PROVE((uint64_t)max * sizeof(*out) <= __CPROVER_OBJECT_SIZE(out), "room for the entries");
	return guest->count >= max ? ERR_OVERFLOW : 0;
}

/* A block that launch_block_check() has accepted: ranges of whole pages. */
static void start(void)
{
	block.range_count = any_u8() % (LAUNCH_RANGE_MAX + 1u);
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++) {
		block.range[i] = (struct launch_range){ (uint64_t)any_u32() * PAGE_SIZE, (1u + (uint64_t)any_u16()) * PAGE_SIZE, any_u8() % 8u, any_u32() };
	}
	guest_plane = 1u + any_u8() % 3u;
	again = any_bool();
	paging_c_bit = 1ull << (32u + any_u8() % 32u);
	paging_region_gpa = any_u64();
	vcpus = any_u32();
	writes = 0;
}

void prove_secrets(void)
{
	start();
	filling = SECRETS;
	level = any_u8() % 4u;
	byte = any_u8() % SNP_VMPCK_SIZE;
	__CPROVER_havoc_object(&secrets);
	__CPROVER_havoc_object(&guest_secrets);
	fill_secrets(&inputs);
	PROVE(writes == 1, "written once");
	CANARY("written");
}
