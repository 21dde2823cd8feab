/* SPDX-License-Identifier: MIT */
#include "tests/guest/machine.h"

#include "abi/ghcb.h"
#include "abi/launch.h"
#include "lib/string.h"
#include "tests/guest/access.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define LOW_LIMIT 0x100000000ull
#define BLOCKS 12u
#define BLOCKS_START 0x09000000ull

extern const uint8_t payload_start[], payload_end[];

static uint16_t blocks_in_use;

bool payload_contains(uint64_t address)
{
	return address >= (uint64_t)(uintptr_t)payload_start && address < (uint64_t)(uintptr_t)payload_end;
}

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	memset(out, 0, 4 * sizeof(out[0]));
	for (uint32_t i = 0; i < MACHINE_CPUID->count && i < SNP_CPUID_MAX_ENTRIES; i++) {
		const struct snp_cpuid_entry *entry = &MACHINE_CPUID->entry[i];

		if (entry->eax_in == leaf && entry->ecx_in == subleaf) {
			out[0] = entry->eax;
			out[1] = entry->ebx;
			out[2] = entry->ecx;
			out[3] = entry->edx;
			return;
		}
	}
}

uint64_t machine_ram_size(void)
{
	const struct igvm_memory_map_entry *entry = MACHINE_MAP;
	uint64_t pages = 0;

	for (uint32_t i = 0; i < MACHINE_MAP_ENTRIES && entry[i].page_count != 0; i++)
		pages += entry[i].type == IGVM_MEMORY_TYPE_MEMORY ? entry[i].page_count : 0;
	return pages * PAGE_SIZE;
}

static uint64_t ram_end_below(uint64_t limit)
{
	const struct igvm_memory_map_entry *entry = MACHINE_MAP;
	uint64_t end = 0;

	for (uint32_t i = 0; i < MACHINE_MAP_ENTRIES && entry[i].page_count != 0; i++) {
		uint64_t entry_end = (entry[i].start_page + entry[i].page_count) * PAGE_SIZE;

		if (entry[i].type == IGVM_MEMORY_TYPE_MEMORY && entry_end <= limit && entry_end > end)
			end = entry_end;
	}
	return end;
}

uint64_t machine_ram_end(void)
{
	return ram_end_below(~0ull);
}

uint64_t machine_low_ram_end(void)
{
	return ram_end_below(LOW_LIMIT);
}

bool machine_is_ram(uint64_t gpa, uint64_t size)
{
	const struct igvm_memory_map_entry *entry = MACHINE_MAP;

	for (uint32_t i = 0; i < MACHINE_MAP_ENTRIES && entry[i].page_count != 0; i++) {
		uint64_t start = entry[i].start_page * PAGE_SIZE;

		if (entry[i].type == IGVM_MEMORY_TYPE_MEMORY &&
		    range_within(gpa, size, start, start + entry[i].page_count * PAGE_SIZE))
			return true;
	}
	return false;
}

uint32_t machine_device(uint16_t port)
{
	return ghcb_port_in(port);
}

void machine_end(uint32_t status)
{
	ghcb_port_out(NUTSHELL_PORT_EXIT, status);
	ghcb_terminate((uint8_t)status);
}

uint32_t machine_rmp(uint64_t gpa)
{
	ghcb_port_out(NUTSHELL_PORT_GPA_LOW, (uint32_t)gpa);
	ghcb_port_out(NUTSHELL_PORT_GPA_HIGH, (uint32_t)(gpa >> 32));
	return ghcb_port_in(NUTSHELL_PORT_RMP);
}

static uint32_t permissions(uint32_t value)
{
	return value << NUTSHELL_RMP_PERM_SHIFT(MACHINE_SECRETS->svsm_guest_vmpl);
}

uint32_t rmp_given(void)
{
	return NUTSHELL_RMP_RAM | NUTSHELL_RMP_ASSIGNED | NUTSHELL_RMP_VALIDATED | permissions(NUTSHELL_RMP_PERM_MASK);
}

uint32_t rmp_unvalidated(void)
{
	return NUTSHELL_RMP_RAM | NUTSHELL_RMP_ASSIGNED;
}

uint32_t rmp_shared(void)
{
	return NUTSHELL_RMP_RAM;
}

uint32_t rmp_save_area(void)
{
	return NUTSHELL_RMP_RAM | NUTSHELL_RMP_ASSIGNED | NUTSHELL_RMP_VALIDATED | NUTSHELL_RMP_VMSA | permissions(1);
}

void expect_rmp(uint64_t gpa, uint32_t count, uint32_t expected)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t found = machine_rmp(gpa + i * PAGE_SIZE) & ~NUTSHELL_RMP_2M;

		if (found != expected) {
			test_fail(__func__, 0, "reverse map of 0x%llx is 0x%x, expected 0x%x",
				  (unsigned long long)(gpa + i * PAGE_SIZE), found, expected);
			return;
		}
	}
}

void probe_arm(void)
{
	ghcb_port_out(NUTSHELL_PORT_PROBE, 1);
}

void probe_disarm(void)
{
	ghcb_port_out(NUTSHELL_PORT_PROBE, 0);
}

bool probe_refused(void *address, enum probe kind)
{
	uint64_t result = 0;
	uint8_t value;

	probe_arm();
	switch (kind) {
	case PROBE_READ:
		result = access_read(address, &value);
		break;
	case PROBE_WRITE:
		result = access_write(address, 0x5A);
		break;
	case PROBE_EXECUTE:
		result = access_execute(address);
		break;
	}
	probe_disarm();
	return (result & ACCESS_FAULT) != 0;
}

static uint64_t block_address(uint32_t index)
{
	return BLOCKS_START + index * PAGE_SIZE_2M;
}

/* By way of shared: what is private already would keep its size. */
static void make_private(uint64_t block, bool size_2m)
{
	uint32_t count = size_2m ? 1 : PAGES_PER_2M;

	if (ghcb_page_state(block, count, PSC_OP_SHARED, size_2m) != 0 ||
	    ghcb_page_state(block, count, PSC_OP_PRIVATE, size_2m) != 0)
		test_die("the host does not make memory private");
}

uint64_t block_take(bool size_2m)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint64_t block = block_address(i);

		if ((blocks_in_use >> i & 1u) != 0)
			continue;
		if (!machine_is_ram(block, PAGE_SIZE_2M))
			break;
		make_private(block, size_2m);
		blocks_in_use = (uint16_t)(blocks_in_use | 1u << i);
		return block;
	}
	test_die("not enough memory for the tests");
}

/* Collects the pages that are still validated and rescinds them, a call for as many as fit. */
void block_return(uint64_t block)
{
	static uint64_t entries[SVSM_PVALIDATE_MAX_IN_CAA];
	uint32_t index = (uint32_t)((block - BLOCKS_START) / PAGE_SIZE_2M), calls;
	uint32_t first = machine_rmp(block);
	uint16_t count = 0;

	if ((first & NUTSHELL_RMP_2M) != 0 && (first & NUTSHELL_RMP_VALIDATED) != 0)
		CHECK_EQ(svsm_entry(block | ENTRY_2M | ENTRY_RESCIND), SVSM_SUCCESS);
	for (uint32_t i = 0; i < PAGES_PER_2M; i++) {
		if ((machine_rmp(block + i * PAGE_SIZE) & NUTSHELL_RMP_VALIDATED) != 0)
			entries[count++] = (block + i * PAGE_SIZE) | ENTRY_RESCIND;
		if (count == ARRAY_SIZE(entries) || (i == PAGES_PER_2M - 1 && count > 0)) {
			CHECK_EQ(svsm_list_all(entries, count, &calls), SVSM_SUCCESS);
			count = 0;
		}
	}
	blocks_in_use = (uint16_t)(blocks_in_use & ~(1u << index));
}

void page_give(uint64_t gpa)
{
	CHECK_EQ(svsm_entry(gpa | ENTRY_VALIDATE), SVSM_SUCCESS);
}

void page_take(uint64_t gpa)
{
	CHECK_EQ(svsm_entry(gpa | ENTRY_RESCIND), SVSM_SUCCESS);
}
