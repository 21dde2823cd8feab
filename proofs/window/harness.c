/* SPDX-License-Identifier: MIT */
/*
 * The windows on guest memory, of one of two processors. An entry of the table that nobody chose stands for all others; of the
 * directory there are the large window's entry and its neighbours. A page that is mapped lies below the C-bit: the caller found
 * its state in the map of the guest's pages.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
static void cpu_flush_page(uint64_t address);
#define cpu_flush_page(address) cpu_flush_page((address).v)

#include "kernel/mm/window.c"
#undef cpu_flush_page

#define ENTRIES 10u /* of 512; an access to one behind them would fail the proofs */
#define CPU_SIZE 0x400000ull                   /* of one processor's windows */
#define ROOM_START (MONITOR_VA + 0x20000000ull) /* what is before and behind them is others' (kernel/mm/pages.c) */
#define ROOM_END (MONITOR_VA + 0x28000000ull)

uint64_t paging_c_bit, paging_region_gpa;

static struct percpu self, other;
static uint64_t table[ENTRIES], other_table[ENTRIES], directory[3];
static uint64_t at, at_before, other_before; /* an entry that nobody chose */
static uint64_t neighbours_before[2];
static uint64_t flushed, flushed_entry;
static bool large;
static uint32_t flushes;

struct percpu *percpu_self(void) { return &self; }

static void cpu_flush_page(uint64_t address)
{
	flushed = address;
	flushed_entry = large ? directory[1] : table[(address - self.window_va.v) / PAGE_SIZE % ENTRIES];
	flushes++;
}

/* ---- the start of a processor's windows ---- */

static pa_t frame;
static uint32_t allocated, installed;
static uint64_t installed_at;

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == 1 && allocated == 0, "one page table");
	if (any_bool())
		return ERR_NO_MEMORY;
	allocated++;
	*out = frame;
	return 0;
}

void paging_install_table(va_t address, pa_t new_table)
{
	PROVE(allocated == 1 && new_table.v == frame.v && installed == 0, "the new table is installed, once");
	installed++;
	installed_at = address.v;
}

void *paging_region_pointer(pa_t address)
{
	PROVE(allocated == 1 && address.v == frame.v, "the new table");
	return table;
}

static uint64_t directory_address;

uint64_t *paging_directory_entry(va_t address)
{
	PROVE(address.v >= MONITOR_VA && address.v - MONITOR_VA < 1ull << 30, "of the gigabyte");
	directory_address = address.v;
	return &directory[1];
}

void prove_init(void)
{
	uint64_t other_index = any_u32(), index;

	self.index = any_u32();
	ASSUME(self.index < PERCPU_MAX && other_index < PERCPU_MAX && other_index != self.index);
	index = self.index;
	frame = pa(any_u64() & ~PAGE_MASK);
	self.window_va = va(7);
	directory[1] = 7;
	int error = memory_windows_init(&self);

	PROVE(directory[1] == 7 && self.index == index, "nothing is mapped by it");
	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY && allocated == 0 && installed == 0 && self.window_4k == NULL && self.window_2m == NULL &&
		      self.window_va.v == 7, "without memory nothing has changed");
		CANARY("no memory");
		return;
	}
	uint64_t small = self.window_va.v, start = small - PAGE_SIZE_2M;

	PROVE(allocated == 1 && installed == 1 && installed_at == small && self.window_4k == table, "the table serves the small windows");
	PROVE(self.window_2m == &directory[1] && align_down(directory_address, PAGE_SIZE_2M) == start, "the entry of the 2 MiB before is the large window's");
	PROVE(is_aligned(small, PAGE_SIZE_2M), "a whole table, a whole block");
	PROVE(start >= ROOM_START && start <= ROOM_END - CPU_SIZE, "inside the room of the windows");
	PROVE(start == ROOM_START + index * CPU_SIZE && !ranges_overlap(start, CPU_SIZE, ROOM_START + other_index * CPU_SIZE, CPU_SIZE),
	      "no other processor has them");
	if (index == PERCPU_MAX - 1)
		CANARY("the last processor");
}

/* ---- mapping ---- */

static void any_windows(void)
{
	uint32_t c_bit = any_u8();

	ASSUME(c_bit >= 32 && c_bit < 52);
	paging_c_bit = 1ull << c_bit;
	__CPROVER_havoc_object(table);
	__CPROVER_havoc_object(other_table);
	for (uint32_t i = 0; i < 3; i++)
		directory[i] = any_u64();
	self.index = any_u8() % PERCPU_MAX;
	self.window_va = va(ROOM_START + self.index * CPU_SIZE + PAGE_SIZE_2M);
	self.window_4k = table;
	self.window_2m = &directory[1];
	other.window_4k = other_table;
	at = any_u8() % ENTRIES;
	at_before = table[at];
	other_before = other_table[at];
	neighbours_before[0] = directory[0];
	neighbours_before[1] = directory[2];
}

static bool others_stay(void)
{
	return other_table[at] == other_before && directory[0] == neighbours_before[0] && directory[2] == neighbours_before[1];
}

static uint64_t any_page(void)
{
	uint64_t page = any_u64();

	ASSUME(page < paging_c_bit);
	return page;
}

/* Index of the entry that translates an address of the small windows. */
static uint64_t entry_of(va_t where)
{
	PROVE(where.v >= self.window_va.v && where.v < self.window_va.v + PAGE_SIZE_2M && is_aligned(where.v, PAGE_SIZE),
	      "a small window of this processor");
	return (where.v - self.window_va.v) / PAGE_SIZE % ENTRIES;
}

/* The rights: the monitor's to read and write, nobody's to execute, not ring 3's; encrypted. */
static bool maps(uint64_t entry, uint64_t page, uint64_t size_bit)
{
	const uint64_t rights = 1ull << 0 | 1ull << 1 | 1ull << 5 | 1ull << 6 | 1ull << 63;

	return entry == (page | rights | size_bit | paging_c_bit) && (entry & PTE_USER) == 0;
}

void prove_map(void)
{
	uint8_t slot = any_u8() % WINDOW_SLOTS, other_slot = any_u8() % WINDOW_SLOTS;
	uint64_t page, other_page, large_before;

	any_windows();
	page = any_page();
	other_page = any_page();
	large_before = directory[1];
	ASSUME(slot != other_slot);
	va_t where = memory_window_map(slot, gpa(page));
	uint64_t index = entry_of(where), entry = table[index];

	PROVE(maps(entry, page & ~PAGE_MASK, 0), "it is the page asked for, private, to read and write");
	PROVE(flushes == 1 && flushed == where.v && flushed_entry == entry, "its old translation is flushed afterwards");
	PROVE(IMPLIES(at != index, table[at] == at_before), "no other entry changes");
	PROVE(others_stay() && directory[1] == large_before, "nor one of another processor, nor a large one");

	va_t next = memory_window_map(other_slot, gpa(other_page));

	PROVE(table[index] == entry && maps(table[entry_of(next)], other_page & ~PAGE_MASK, 0), "both slots are mapped");
	PROVE(where.v + 2 * PAGE_SIZE <= next.v || next.v + 2 * PAGE_SIZE <= where.v, "a page lies between them");
	PROVE(IMPLIES(at % 2 == 0, table[at] == at_before), "and is none of a slot");
	CANARY("mapped");
}

void prove_unmap(void)
{
	uint8_t slot = any_u8() % WINDOW_SLOTS;
	uint64_t large_before;

	any_windows();
	large_before = directory[1];
	va_t where = memory_window_map(slot, gpa(any_page()));
	uint64_t index = entry_of(where);

	flushes = 0;
	memory_window_unmap(slot);
	PROVE(table[index] == 0, "what was mapped is no longer");
	PROVE(flushes == 1 && flushed == where.v && flushed_entry == 0, "its translation is flushed afterwards");
	PROVE(IMPLIES(at != index, table[at] == at_before), "no other entry changes");
	PROVE(others_stay() && directory[1] == large_before, "nor one of another processor, nor a large one");
	CANARY("unmapped");
}

void prove_large(void)
{
	uint64_t page;

	any_windows();
	page = any_page();
	large = true;
	va_t where = memory_window_map_2m(gpa(page));

	PROVE(where.v == self.window_va.v - PAGE_SIZE_2M, "the large window of this processor");
	PROVE(maps(directory[1], page & ~PAGE_MASK_2M, 1ull << 7), "it is the block asked for, private, to read and write");
	PROVE(flushes == 1 && flushed == where.v && flushed_entry == directory[1], "its old translation is flushed afterwards");
	PROVE(others_stay() && table[at] == at_before, "no other entry changes");
	memory_window_unmap_2m();
	PROVE(directory[1] == 0, "what was mapped is no longer");
	PROVE(flushes == 2 && flushed == where.v && flushed_entry == 0, "its translation is flushed afterwards");
	PROVE(others_stay() && table[at] == at_before, "still no other");
	CANARY("a block");
}
