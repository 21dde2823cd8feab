/* SPDX-License-Identifier: MIT */
/*
 * The monitor's own page tables, from the state that the builder and the entry stub leave them in (include/abi/launch.h):
 * which entry a function finds, and that it changes no other. Root, directory and the region's tables are arrays: where they
 * lie is proved alone. Of each, an entry that nobody chose stands for all others.
 */
#include "proofs/prover.h"

#undef CASHEW_HOST
#include "abi/launch.h"
static const uint64_t monitor_start = MONITOR_VA;
#undef MONITOR_VA
#define MONITOR_VA ((uint64_t)(uintptr_t)region)

static uint8_t region[LAUNCH_OFF_PAGE_TABLES + LAUNCH_PAGE_TABLE_PAGES * 4096u]; /* its first pages */

#define KERNEL_X86_CPU_H
#define CR4_UMIP (1ull << 11)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)
static uint64_t cr3, cr4, flushed, flushed_entry;
static uint32_t cr3_writes, cr4_writes, flushes;
static uint64_t cpu_read_cr3(void) { return cr3; }
static uint64_t cpu_read_cr4(void) { return cr4; }
static void cpu_write_cr3(uint64_t value);
static void cpu_write_cr4(uint64_t value);
static void cpu_flush_page(uint64_t address);
#define cpu_flush_page(address) cpu_flush_page((address).v)

#include "kernel/x86/paging.c"
#undef cpu_flush_page

#define ENTRIES 512u
#define REGION_BLOCKS 8u /* of 2 MiB */
#define FIRST_LEAF_TABLE 3u
#define LEAVES (REGION_BLOCKS * ENTRIES)

static uint64_t root[ENTRIES], directory[ENTRIES], leaf[LEAVES];
static uint64_t at, leaf_at; /* entries of root and directory, and of the tables, that nobody chose */
static uint64_t root_before, directory_before, leaf_before;
static uint64_t region_gpa;
static uint32_t c_bit;

/* What prove_places() shows of it. */
uint64_t *stub_launch_table(uint32_t index)
{
	PROVE(index == 0 || index == 2, "the root or the directory");
	return index == 0 ? root : directory;
}

/* What prove_places() shows of it. */
void *stub_paging_region_pointer(pa_t address)
{
	uint64_t offset = address.v - (region_gpa + LAUNCH_OFF_PAGE_TABLES + FIRST_LEAF_TABLE * PAGE_SIZE);

	PROVE(address.v >= region_gpa + LAUNCH_OFF_PAGE_TABLES + FIRST_LEAF_TABLE * PAGE_SIZE && offset < sizeof(leaf) && is_aligned(offset, PAGE_SIZE),
	      "a table of the region's");
	return &leaf[offset / sizeof(uint64_t)];
}

/* The entry that prove_entry() shows to be that of the address, in a table of 16; another one that nobody chose. */
#define SOME 16u
static uint64_t entries[SOME], entry_address, other_before;
static uint32_t which, other;

uint64_t *stub_paging_region_entry(va_t address)
{
	PROVE(address.v == entry_address && address.v >= monitor_start && address.v - monitor_start < MONITOR_SIZE, "of the region");
	return &entries[which];
}

uint64_t *stub_paging_directory_entry(va_t address)
{
	PROVE(address.v == entry_address && address.v >= monitor_start && address.v - monitor_start < 1ull << 30, "of the gigabyte");
	return &entries[which];
}

static void cpu_write_cr3(uint64_t value)
{
	PROVE(value == cr3 && root[0] == 0, "translations are flushed, after the stub's are gone; the tables stay");
	cr3_writes++;
}

static void cpu_write_cr4(uint64_t value)
{
	cr4 = value;
	cr4_writes++;
}

static void cpu_flush_page(uint64_t address)
{
	flushed = address;
	flushed_entry = entries[which];
	flushes++;
}

/* The page tables of a region at any of its places, with a C-bit that the check of the CPUID page lets pass. */
static void any_tables(void)
{
	__CPROVER_havoc_object(root);
	__CPROVER_havoc_object(directory);
	region_gpa = any_u64();
	c_bit = any_u8();
	ASSUME(is_aligned(region_gpa, PAGE_SIZE_2M) && region_gpa >= LAUNCH_REGION_FIRST && region_gpa <= LAUNCH_REGION_END - MONITOR_SIZE);
	ASSUME(c_bit >= 32 && c_bit < 52);
	for (uint32_t i = 0; i < REGION_BLOCKS; i++)
		directory[i] = (region_gpa + LAUNCH_OFF_PAGE_TABLES + (FIRST_LEAF_TABLE + i) * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE |
			       PTE_ACCESSED | 1ull << c_bit;
	paging_c_bit = 1ull << c_bit;
	paging_region_gpa = region_gpa;
	at = any_u64();
	leaf_at = any_u64();
	ASSUME(at < ENTRIES && leaf_at < LEAVES);
	root_before = root[at];
	directory_before = directory[at];
	leaf_before = leaf[leaf_at];
}

void prove_init(void)
{
	any_tables();
	paging_c_bit = any_u64();
	paging_region_gpa = any_u64();
	cr3 = (region_gpa + LAUNCH_OFF_PAGE_TABLES) | (any_u64() & 0x18u); /* PWT and PCD */
	cr3 |= any_bool() ? 1ull << c_bit : 0;
	paging_init(c_bit);
	PROVE(paging_c_bit == 1ull << c_bit && paging_region_gpa == region_gpa, "C-bit and region are found");
	PROVE(root[at] == (at == 0 ? 0 : root_before) && directory[at] == directory_before, "the identity mapping is gone, and nothing else is");
	PROVE(cr3_writes == 1, "its translations are flushed");
	PROVE(paging_kernel_slot() == root[511], "the monitor's half is the root's last entry");
	CANARY("started");
}

void prove_protect(void)
{
	bool smep = any_bool(), smap = any_bool(), umip = any_bool();
	uint64_t old;

	cr4 = old = any_u64();
	paging_protect_cpu(smep, smap, umip);
	PROVE(cr4_writes == 1 && (cr4 & old) == old, "nothing is turned off");
	PROVE((cr4 & ~old & ~(CR4_SMEP | CR4_SMAP | CR4_UMIP)) == 0, "nothing else is turned on");
	PROVE(IMPLIES(smep, (cr4 >> 20 & 1) != 0) && IMPLIES(smap, (cr4 >> 21 & 1) != 0) && IMPLIES(umip, (cr4 >> 11 & 1) != 0),
	      "what there is is on");
	PROVE(IMPLIES(!smep, ((cr4 ^ old) >> 20 & 1) == 0) && IMPLIES(!smap, ((cr4 ^ old) >> 21 & 1) == 0) && IMPLIES(!umip, ((cr4 ^ old) >> 11 & 1) == 0),
	      "what there is not is not");
	if (smep && smap && umip)
		CANARY("all of them");
}

/* Addresses are as they are in the monitor, not in the array. */
void prove_entry(void)
{
	uint64_t offset = any_u64();

	any_tables();
	ASSUME(offset < 1ull << 30);
	PROVE(paging_directory_entry(va(monitor_start + offset)) == &directory[offset / PAGE_SIZE_2M],
	      "an address of the gigabyte has its entry in the directory");
	if (offset >= MONITOR_SIZE) {
		CANARY("behind the region");
		return;
	}
	PROVE(paging_region_entry(va(monitor_start + offset)) == &leaf[offset / PAGE_SIZE],
	      "a page of the region has its entry in the tables of the region");
	PROVE(root[at] == root_before && directory[at] == directory_before && leaf[leaf_at] == leaf_before, "looking changes nothing");
	CANARY("of the region");
}

static void any_entry(uint64_t size)
{
	uint64_t offset = any_u64();

	c_bit = any_u8();
	ASSUME(c_bit >= 32 && c_bit < 52 && offset < 1ull << 30 && is_aligned(offset, PAGE_SIZE));
	paging_c_bit = 1ull << c_bit;
	entry_address = monitor_start + offset;
	__CPROVER_havoc_object(entries);
	which = offset / size % SOME;
	other = any_u8() % SOME;
	other_before = entries[other];
}

void prove_shared(void)
{
	bool shared = any_bool();

	any_entry(PAGE_SIZE);
	ASSUME(entry_address - monitor_start < MONITOR_SIZE);
	const uint64_t before = entries[which];

	paging_region_set_shared(va(entry_address), shared);
	PROVE(IMPLIES(other != which, entries[other] == other_before), "no other entry changes");
	PROVE(((entries[which] ^ before) & ~(1ull << c_bit)) == 0 && (entries[which] >> c_bit & 1) == (shared ? 0 : 1),
	      "the page is shared or private; its permissions and its place stay");
	PROVE(flushes == 1 && flushed == entry_address && flushed_entry == entries[which], "its translation is flushed afterwards");
	if (shared && entries[which] != before)
		CANARY("shared");
	if (!shared && entries[which] != before)
		CANARY("private");
}

/* A table in the region, for an address behind it. */
void prove_install(void)
{
	uint64_t frame = any_u64();

	any_entry(PAGE_SIZE_2M);
	ASSUME(is_aligned(frame, PAGE_SIZE) && frame >= LAUNCH_REGION_FIRST && frame < LAUNCH_REGION_END);

	paging_install_table(va(entry_address), pa(frame));
	PROVE(IMPLIES(other != which, entries[other] == other_before), "no other entry changes");
	PROVE((entries[which] & PTE_ADDRESS_MASK) == (frame | 1ull << c_bit), "it is that table, encrypted");
	PROVE((entries[which] & ~PTE_ADDRESS_MASK) == (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED), "a table of the monitor's, not a large page, and not for ring 3");
	CANARY("installed");
}

/* Places of pages of the region; the array has its first ones, the arithmetic is the same for all. */
void prove_places(void)
{
	uint64_t offset = any_u64();
	uint32_t index = any_u8();

	any_tables();
	ASSUME(offset < sizeof(region) && index < LAUNCH_PAGE_TABLE_PAGES);
	PROVE(paging_region_pointer(pa(region_gpa + offset)) == region + offset, "a page of the region lies at its place");
	PROVE(paging_region_va(pa(region_gpa + offset)).v == MONITOR_VA + offset, "as an address, too");
	PROVE(paging_region_pa(region + offset).v == region_gpa + offset, "and back");
	PROVE((uint8_t *)launch_table(index) == region + LAUNCH_OFF_PAGE_TABLES + index * PAGE_SIZE, "a page table lies where the builder put it");
	CANARY("a page");
}
