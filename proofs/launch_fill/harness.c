/* SPDX-License-Identifier: MIT */
/* What the monitor writes into the guest's memory before it runs: where and how much, what it says, and which keys are not in it. */
#include "proofs/prover.h"
#include "proofs/string.h"

#define RANGES 3u
#define OWN_PANIC
#include "proofs/launch.h"

static struct snp_secrets_page secrets;
static struct snp_cpuid_page cpuid;
static struct launch_inputs inputs = { .block = &block, .secrets = &secrets, .cpuid = &cpuid };
static uint32_t vcpus, level, byte;
static uint32_t writes;
static enum { SECRETS, CPUID, MADT, C_BIT, MAP, VP_COUNT, GUEST } filling;

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

/* Ends the VM. */
void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(failed || (filling == SECRETS && (named(LAUNCH_RANGE_SECRETS) == NULL || named(LAUNCH_RANGE_CAA) == NULL)),
	      "the VM ends only when a step has failed or a place is missing");
	CANARY("the VM ends");
	ASSUME(false);
	for (;;)
		;
}

static void in_range(uint32_t kind, uint64_t address, uint64_t size)
{
	const struct launch_range *range = named(kind);

	PROVE(range != NULL && address == range->gpa && size <= range->size, "inside the range that the image names for it");
}

static uint64_t entry_at, entry_read;
static uint32_t entries_read, entries_present;
static bool has_features, pcid; /* what the table says */
static uint32_t map_count; /* entries of the guest's map */

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
		PROVE(to->ebx == (sizes && !pcid ? from->ebx & ~CPUID_ADDRESS_SIZES_EBX_INVLPGB : from->ebx), "no INVLPGB without PCID, no other feature changes");
	}
}

void stub_write_guest(uint64_t address, const void *data, uint64_t size)
{
	PROVE(!failed, "nothing is written after a failure");
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
		if (block.map_kind != LAUNCH_MAP_E820)
			PROVE(address == block.map_gpa && size == (map_count + 1ull) * sizeof(struct igvm_memory_map_entry) && size <= block.map_size,
			      "all of the map, inside the parameter of the firmware");
		else if (writes == 1)
			PROVE(address - block.map_gpa == 0x1E8 && size == 1 && *(const uint8_t *)data == map_count, "their number, where Linux looks for it");
		else
			PROVE(address - block.map_gpa == 0x2D0 && size == map_count * 20u && size <= PAGE_SIZE - 0x2D0,
			      "all of the map, inside the page of Linux's parameters");
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
	PROVE(leaf == 1 && subleaf == 0 && page->count == cpuid.count, "the features of this table");
	*result = (struct cpuid_result){ any_u32(), any_u32(), 0, any_u32() };
	if (has_features)
		result->ecx = pcid ? any_u32() | 1u << 17 : any_u32() & ~(1u << 17);
	return has_features ? 0 : ERR_NOT_FOUND;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	PROVE(size == 8, "an entry");
	entry_at = address.v;
	PROVE(address.v == block.cbit_gpa + entries_read * 8u, "one entry after the other");
	if (any_bool()) {
		failed = true;
		return ERR_ADDRESS;
	}
	entry_read = any_u64();
	*(uint64_t *)out = entry_read;
	entries_read++;
	entries_present += (entry_read & PTE_PRESENT) != 0;
	return 0;
}

void stub_build_map(const struct launch_inputs *from, struct guest_map *map)
{
	map->count = map_count = any_u8() % (GUEST_MAP_MAX + 1u);
}

int guest_map_write_e820(const struct guest_map *guest, uint8_t *out, uint32_t max, uint32_t *count)
{
	PROVE((uint64_t)max * E820_ENTRY_SIZE <= __CPROVER_OBJECT_SIZE(out), "room for the entries");
	if (guest->count > max) {
		failed = true;
		return ERR_OVERFLOW;
	}
	*count = guest->count;
	return 0;
}

int guest_map_write_igvm(const struct guest_map *guest, struct igvm_memory_map_entry *out, uint32_t max)
{
	PROVE((uint64_t)max * sizeof(*out) <= __CPROVER_OBJECT_SIZE(out), "room for the entries");
	failed = guest->count >= max;
	return failed ? ERR_OVERFLOW : 0;
}

static uint64_t written_from, done; /* where write_guest() began, and how far it is */
static uint8_t content[PAGE_SIZE * 2u];

/* Only validated memory is written, and all of it is below the C-bit. */
int guest_write(gpa_t address, const void *data, uint64_t size)
{
	PROVE(filling == GUEST && !failed, "nothing is written after a failure");
	PROVE(size != 0 && (address.v & PAGE_MASK) + size <= PAGE_SIZE, "no page is crossed");
	PROVE(address.v == written_from + done && data == content + done, "one piece after the other");
	writes++;
	if (address.v >= paging_c_bit || any_bool()) {
		failed = true;
		return any_bool() ? ERR_ADDRESS : ERR_FAULT;
	}
	done += size;
	return 0;
}

/* The guest's map at one address that nobody chose. */
static uint64_t witness;
static uint32_t witness_type; /* 0: not in the map */
static struct guest_map guest_map;
static struct memory_map ram;
static bool ram_at_1m;

void guest_map_init(struct guest_map *guest, const struct memory_map *from)
{
	PROVE(guest == &guest_map && from == &ram, "the map begins with RAM");
}

bool memory_map_contains(const struct memory_map *from, uint64_t start, uint64_t size)
{
	PROVE(from == &ram && start == 0x100000, "is there RAM at 1 MiB?");
	return ram_at_1m;
}

int guest_map_mark(struct guest_map *guest, uint64_t start, uint64_t end, uint32_t type)
{
	PROVE(guest == &guest_map && !failed && start < end, "nothing goes on after a failure");
	failed = any_bool();
	if (failed)
		return ERR_OVERFLOW;
	if (witness >= start && witness < end)
		witness_type = type;
	return 0;
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
	failed = false;
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

void prove_cpuid(void)
{
	start();
	filling = CPUID;
	cpuid.count = 1u + any_u8() % 2u;
	for (uint32_t i = 0; i < 2; i++)
		cpuid.entry[i] = (struct snp_cpuid_entry){ any_u32(), any_u32(), any_u64(), any_u64(), any_u32(), any_u32(), any_u32(), any_u32(), 0 };
	has_features = any_bool();
	pcid = has_features && any_bool();
	fill_cpuid(&inputs);
	PROVE(writes == (named(LAUNCH_RANGE_CPUID) != NULL ? 1u : 0u), "written once, if the image has a place for it");
	if (writes != 0)
		CANARY("written");
	else
		CANARY("no place");
}

void prove_madt(void)
{
	static uint8_t madt[PAGE_SIZE];

	start();
	filling = MADT;
	inputs.madt = madt;
	inputs.madt_length = any_u32();
	fill_madt(&inputs);
	const struct launch_range *range = named(LAUNCH_RANGE_MADT);

	PROVE(writes == (range != NULL && inputs.madt_length != 0 && inputs.madt_length <= range->size ? 1u : 0u),
	      "written once, if there are both and it fits");
	if (writes != 0)
		CANARY("written");
	else
		CANARY("nothing to write");
}

/* Page tables of a few entries; tools/igvm lays out whole pages in RAM. */
void prove_c_bit(void)
{
	start();
	filling = C_BIT;
	block.cbit_gpa = any_u64() & ~7ull;
	block.cbit_size = any_u8() % 5u * 8u;
	ASSUME(block.cbit_gpa <= paging_c_bit - block.cbit_size);
	entries_read = entries_present = 0;
	set_c_bit(&block);
	PROVE(entries_read == block.cbit_size / 8u && writes == entries_present, "each entry is read, those that are present are written");
	if (writes == 4)
		CANARY("four entries");
	if (writes < entries_read)
		CANARY("an entry that is not present");
}

void prove_map(void)
{
	start();
	filling = MAP;
	block.map_kind = any_u32();
	block.map_gpa = any_u64();
	block.map_size = any_u64();
	ASSUME(are_places(&block, paging_c_bit));
	write_map(&inputs);
	PROVE(writes == (block.map_kind == LAUNCH_MAP_NONE ? 0u : block.map_kind == LAUNCH_MAP_E820 ? 2u : 1u), "all parts are written");
	if (writes == 2)
		CANARY("Linux");
	if (writes == 1)
		CANARY("firmware");
	if (writes == 0)
		CANARY("not asked for");
}

void prove_vp_count(void)
{
	start();
	filling = VP_COUNT;
	block.vp_count_gpa = any_u64();
	write_vp_count(&inputs);
	PROVE(writes == (block.vp_count_gpa != 0 ? 1u : 0u), "written once, if the image asks");
	if (writes != 0)
		CANARY("written");
	else
		CANARY("not asked for");
}

void prove_write(void)
{
	uint64_t size = any_u16();

	start();
	filling = GUEST;
	written_from = any_u64();
	done = 0;
	ASSUME(size <= sizeof(content));
	write_guest(written_from, content, size);
	PROVE(done == size && !failed, "all of it, and no further; no error is ignored");
	if (writes == 3)
		CANARY("over three pages");
	if (writes == 0)
		CANARY("nothing");
}

void prove_build_map(void)
{
	bool firmware = false;
	uint32_t expected;

	start();
	inputs.map = &ram;
	paging_region_gpa = (uint64_t)any_u16() << 16;
	ram_at_1m = any_bool();
	witness = any_u64();
	expected = witness_type = any_bool() ? 1 : 0;
	for (uint32_t i = 0; i < block.range_count; i++)
		firmware = firmware || is_firmware(&block.range[i]);
	if (witness >= 0xA0000 && witness < 0x100000)
		expected = !firmware ? 2u : ram_at_1m ? 1u : expected;
	if (witness >= paging_region_gpa && witness - paging_region_gpa < MONITOR_SIZE)
		expected = 2;
	for (uint32_t i = 0; i < block.range_count; i++) {
		const struct launch_range *range = &block.range[i];

		if (witness >= range->gpa && witness - range->gpa < range->size && (range->flags & 3u) != 0)
			expected = (range->flags & LAUNCH_RANGE_FLAG_ACPI) != 0 ? 3 : 2;
	}
	build_map(&inputs, &guest_map);
	PROVE(!failed, "no error is ignored");
	PROVE(witness_type == expected, "RAM, but for the PC's devices, the monitor and what the image keeps");
	if (witness >= paging_region_gpa && witness - paging_region_gpa < MONITOR_SIZE) {
		PROVE(witness_type == E820_RESERVED || witness_type == E820_ACPI, "the monitor's memory is never RAM");
		CANARY("the monitor's");
	}
	if (witness_type == E820_ACPI)
		CANARY("tables");
	if (firmware)
		CANARY("firmware");
}
