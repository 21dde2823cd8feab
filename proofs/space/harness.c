/* SPDX-License-Identifier: MIT */
/*
 * The address space of a process. What leads to an entry is proved alone (lookup, table); where functions change an entry, it
 * is one of three that lie side by side. Tables are arrays, at frames that are only compared. What the monitor sees of a page
 * is one array, and shown is whose it is.
 */
#include "proofs/prover.h"

#include "kernel/mm/memory.h"
#include "kernel/mm/space.h"
#include "lib/string.h"

static void checked_copy(void *to, const void *from, uint64_t size);
static void checked_zero(void *to, int byte, uint64_t size);
#define memcpy(to, from, size) checked_copy(to, from, size)
#define memset(to, byte, size) checked_zero(to, byte, size)
#include "kernel/mm/space.c"
#undef memcpy
#undef memset

uint64_t paging_c_bit, paging_region_gpa;

#define SCALED (PAGES_PER_2M == 8u)
#define TABLES (SCALED ? 8u : 1u) /* page tables, behind root, middle and directory */
#define FIXED_TABLES 3u
#define ALL_TABLES (FIXED_TABLES + TABLES)
#define TABLES_START 0x40000000ull

static struct space the_space, space_before;
#define FIRST 16u /* entries of 512; an access to one behind them would fail the proofs */
static uint64_t root[512], middle[FIRST], directory[FIRST];
static uint64_t leaf[TABLES][PAGES_PER_2M];
static uint8_t page[PAGE_SIZE];
static pa_t shown;
static uint64_t kernel_slot;
static uint32_t allocated, freed[ALL_TABLES], next_table; /* tables */

static pa_t own_frame; /* that of a page that nobody chose */
static uint32_t own_freed;
static bool own_zeroed;

/* ---- the region ---- */

static pa_t table_frame(uint64_t index) { return pa(TABLES_START + index * PAGE_SIZE); }

static bool is_table(uint64_t frame) { return frame >= TABLES_START && frame < TABLES_START + ALL_TABLES * PAGE_SIZE; }

void *paging_region_pointer(pa_t address)
{
	PROVE(is_aligned(address.v, PAGE_SIZE), "frames are whole pages");
	for (uint32_t i = 0; i < ALL_TABLES; i++) {
		if (address.v != table_frame(i).v)
			continue;
		PROVE(freed[i] == 0, "a table that was given back is not looked at");
		return i == 0 ? root : i == 1 ? middle : i == 2 ? directory : leaf[i < FIXED_TABLES ? 0 : i - FIXED_TABLES];
	}
	shown = address;
	return page;
}

uint64_t paging_kernel_slot(void) { return kernel_slot; }

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == 1 && next_table < ALL_TABLES, "one table after the other");
	if (any_bool())
		return ERR_NO_MEMORY;
	*out = table_frame(next_table++);
	allocated++;
	return 0;
}

void memory_free(pa_t start, uint64_t count)
{
	PROVE(count == 1, "frames are freed one by one");
	for (uint32_t i = 0; i < ALL_TABLES; i++) {
		if (start.v != table_frame(i).v)
			continue;
		PROVE(freed[i] == 0, "no table is freed twice");
		freed[i]++;
	}
	if (start.v == own_frame.v) {
		PROVE(own_zeroed, "it was zeroed");
		own_freed++;
	}
}

static void checked_zero(void *to, int byte, uint64_t size)
{
	PROVE(to == page && byte == 0 && size == PAGE_SIZE, "the whole page is zeroed");
	own_zeroed = own_zeroed || shown.v == own_frame.v;
}

/* ---- entries ---- */

static uint64_t table_entry(uint64_t table) { return table_frame(table).v | 1ull << 0 | 1ull << 1 | 1ull << 2 | 1ull << 5 | paging_c_bit; }

static uint64_t frame_of(uint64_t entry) { return entry & PTE_ADDRESS_MASK & ~paging_c_bit; }

static bool is_own(uint64_t entry) { return (entry & PTE_OWN) != 0; }

/* The invariant of a page: ring 3's, encrypted, never to write and execute, and no page table. */
static bool is_good(uint64_t entry)
{
	const uint64_t always = PTE_PRESENT | PTE_USER | PTE_ACCESSED | paging_c_bit;
	const uint64_t sometimes = PTE_WRITE | PTE_DIRTY | PTE_NO_EXECUTE | PTE_OWN | PTE_MOVABLE;

	if (entry == 0)
		return true;
	return (entry & always) == always && (entry & ~(always | sometimes | PTE_ADDRESS_MASK)) == 0 &&
	       ((entry & PTE_WRITE) == 0 || (entry & PTE_NO_EXECUTE) != 0) && !is_table(frame_of(entry));
}

static bool in_space(uint64_t address) { return address >= SPACE_START && address < SPACE_END; }

static void any_space(void)
{
	uint32_t c_bit = any_u8();

	ASSUME(c_bit >= 32 && c_bit < 52);
	paging_c_bit = 1ull << c_bit;
	the_space = (struct space){ .root = table_frame(0), .middle = table_frame(1), .directory = table_frame(2),
				    .own_pages = any_u64(), .table_pages = any_u64() };
	ASSUME(the_space.own_pages != 0 && the_space.own_pages <= 1ull << 20 && the_space.table_pages <= 1ull << 20);
	space_before = the_space;
}

/* ---- making and destroying ---- */

void prove_create(void)
{
	uint64_t at = any_u64() % 512u, first = any_u64() % FIRST;
	struct space space;

	any_space();
	kernel_slot = any_u64();
	int error = space_create(&space);

	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY && allocated < FIXED_TABLES, "a documented error");
		for (uint32_t i = 0; i < FIXED_TABLES; i++)
			PROVE(freed[i] == (i < allocated ? 1u : 0u), "what was allocated is given back");
		if (allocated == 2)
			CANARY("the third is missing");
		return;
	}
	PROVE(allocated == FIXED_TABLES && freed[0] + freed[1] + freed[2] == 0 && space.table_pages == FIXED_TABLES && space.own_pages == 0,
	      "three tables, no page");
	PROVE(space.root.v == table_frame(0).v && space.middle.v == table_frame(1).v && space.directory.v == table_frame(2).v, "they are the space's");
	PROVE(root[at] == (at == 0 ? table_entry(1) : at == 511 ? kernel_slot : 0), "the root has the monitor's half as it is, and one gigabyte");
	PROVE(middle[first] == (first == 0 ? table_entry(2) : 0) && directory[first] == 0, "in which nothing is mapped");
	PROVE(space_root(&space) == (table_frame(0).v | paging_c_bit), "CR3 names the root");
	CANARY("made");
}

/* Scaled: a table of eight entries. */
void prove_free_pages(void)
{
	uint32_t at = any_u8() % PAGES_PER_2M;

	any_space();
	__CPROVER_havoc_object(leaf);
	uint64_t entry = leaf[0][at];

	own_frame = pa(frame_of(entry));
	for (uint32_t i = 0; i < PAGES_PER_2M; i++)
		ASSUME(is_good(leaf[0][i]) && (i == at || !is_own(leaf[0][i]) || frame_of(leaf[0][i]) != own_frame.v));
	free_pages(leaf[0]);
	PROVE(own_freed == (is_own(entry) ? 1u : 0u), "a page is freed once when it is the space's own, and only then");
	PROVE(leaf[0][at] == entry, "the table stays as it is");
	if (is_own(entry))
		CANARY("its own");
	if (entry != 0 && !is_own(entry))
		CANARY("of the archive");
}

static uint32_t emptied[TABLES];

/* What prove_free_pages() shows. */
void stub_free_pages(uint64_t *table)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < TABLES; i++) {
		if (table != leaf[i])
			continue;
		PROVE(freed[FIXED_TABLES + i] == 0, "the pages of a table that is still there");
		emptied[i]++;
		found++;
	}
	PROVE(found == 1, "of a page table");
}

/* Scaled: a directory of eight entries. */
void prove_destroy(void)
{
	bool present[TABLES];

	any_space();
	for (uint32_t i = 0; i < TABLES; i++) {
		present[i] = any_bool();
		directory[i] = present[i] ? table_entry(FIXED_TABLES + i) : 0;
	}
	space_destroy(&the_space);
	for (uint32_t i = 0; i < FIXED_TABLES; i++)
		PROVE(freed[i] == 1, "root, middle and directory are freed");
	for (uint32_t i = 0; i < TABLES; i++)
		PROVE(freed[FIXED_TABLES + i] == present[i] && emptied[i] == present[i], "every page table is freed, and its pages before");
	PROVE(the_space.root.v == 0 && the_space.directory.v == 0 && the_space.own_pages == 0 && the_space.table_pages == 0, "nothing is left");
	if (present[0] && !present[1] && present[7])
		CANARY("the first and the last");
}

/* ---- which entry ---- */

void prove_lookup(void)
{
	uint64_t address = any_u64(), block = address / PAGE_SIZE_2M % FIRST;
	bool present = any_bool();

	any_space();
	for (uint32_t i = 0; i < FIRST; i++)
		directory[i] = any_u64();
	ASSUME(!in_space(address) || address < FIRST * PAGE_SIZE_2M);
	directory[block] = present ? table_entry(FIXED_TABLES) : 0;
	uint64_t *found = find_entry(&the_space, va(address));

	if (!in_space(address) || !present) {
		PROVE(found == NULL, "outside, or without a page table, there is none");
		CANARY("none");
		return;
	}
	PROVE(found == &leaf[0][address / PAGE_SIZE % PAGES_PER_2M], "the entry that the processor takes");
	CANARY("found");
}

void prove_table(void)
{
	uint64_t address = any_u64(), block = address / PAGE_SIZE_2M % FIRST, at = any_u64() % FIRST, before;

	any_space();
	for (uint32_t i = 0; i < FIRST; i++)
		directory[i] = any_u64();
	ASSUME(in_space(address) && address < FIRST * PAGE_SIZE_2M);
	directory[block] = 0;
	before = directory[at];
	next_table = FIXED_TABLES;
	int error = add_table(&the_space, va(address));

	PROVE(IMPLIES(at != block, directory[at] == before), "no other 2 MiB get one");
	PROVE(the_space.own_pages == space_before.own_pages && the_space.table_pages == space_before.table_pages + allocated, "tables are counted");
	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY && allocated == 0 && directory[at] == before, "without memory nothing changes");
		CANARY("no memory");
		return;
	}
	PROVE(allocated == 1 && directory[block] == table_entry(FIXED_TABLES), "the new table is that of the address, encrypted, for ring 3");
	CANARY("a table");
}

/* ---- mapping ---- */

static uint64_t place; /* the address that a function gets */
static uint64_t entries[3], before[3]; /* its entry, and its neighbours */
static bool has_table, had_table;

/* Scaled, of the 2 MiB that are searched only four have a page table. */
static uint64_t *entry_of(uint64_t address)
{
	uint64_t block = (address - SPACE_FIND_START) / PAGE_SIZE_2M, at = address / PAGE_SIZE % PAGES_PER_2M;

	return block == 0 ? &leaf[0][at] : block == 2 ? &leaf[1][at] : block == 3 ? &leaf[2][at] : block == 5 ? &leaf[3][at] : NULL;
}

/* What prove_lookup() shows. */
uint64_t *stub_find_entry(const struct space *space, va_t address)
{
	if (SCALED) {
		PROVE(space == &the_space && address.v >= SPACE_FIND_START && address.v < SPACE_FIND_END, "between program and stacks");
		return entry_of(address.v);
	}
	PROVE(space == &the_space && address.v == place, "the page that was asked for");
	return in_space(place) && has_table ? &entries[1] : NULL;
}

/* What prove_table() shows; frames are zeroed. */
int stub_add_table(struct space *space, va_t address)
{
	PROVE(space == &the_space && address.v == place && in_space(place) && !has_table, "a page table where there is none, inside");
	if (any_bool())
		return ERR_NO_MEMORY;
	has_table = true;
	allocated++;
	the_space.table_pages++;
	return 0;
}

static void any_entries(void)
{
	any_space();
	place = any_u64();
	has_table = had_table = any_bool();
	for (uint32_t i = 0; i < 3; i++)
		before[i] = entries[i] = has_table ? any_u64() : 0;
	ASSUME(is_good(entries[1]));
	if (!in_space(place))
		before[1] = entries[1] = 0;
}

static bool others_stay(void) { return entries[0] == before[0] && entries[2] == before[2]; }

static bool nothing_changed(void)
{
	return others_stay() && entries[1] == before[1] && the_space.own_pages == space_before.own_pages &&
	       the_space.table_pages == space_before.table_pages && allocated == 0 && the_space.root.v == space_before.root.v &&
	       the_space.middle.v == space_before.middle.v && the_space.directory.v == space_before.directory.v;
}

void prove_map(void)
{
	uint8_t access = any_u8() % 3u;
	bool own = any_bool(), movable = any_bool();
	uint64_t frame = any_u64();

	any_entries();
	ASSUME(is_aligned(frame, PAGE_SIZE) && frame < paging_c_bit && !is_table(frame));
	bool valid = is_aligned(place, PAGE_SIZE) && place >= SPACE_START && place < SPACE_END - PAGE_SIZE;
	int error = space_map(&the_space, va(place), pa(frame), access, own, movable);
	uint64_t entry = entries[1];

	PROVE(others_stay(), "no other page changes");
	PROVE(is_good(entry), "no page is writable and executable");
	if (error != 0) {
		PROVE(error == ERR_ADDRESS ? !valid || before[1] != 0 : error == ERR_NO_MEMORY && valid && !had_table, "a documented error");
		PROVE(nothing_changed(), "a refusal changes nothing, and leaves nothing behind");
		if (error == ERR_NO_MEMORY)
			CANARY("no memory");
		if (valid && error == ERR_ADDRESS)
			CANARY("taken");
		return;
	}
	PROVE(valid && before[1] == 0, "a free page inside");
	PROVE((entry & PTE_ADDRESS_MASK) == (frame | paging_c_bit), "it is that frame, encrypted");
	PROVE((entry & PTE_PRESENT) != 0 && (entry & PTE_USER) != 0, "ring 3 sees it");
	PROVE(((entry & PTE_WRITE) != 0) == (access == SPACE_WRITE) && ((entry & PTE_NO_EXECUTE) == 0) == (access == SPACE_EXECUTE),
	      "its rights are those asked for");
	PROVE(is_own(entry) == own && ((entry & PTE_MOVABLE) != 0) == movable, "it is whose it should be");
	PROVE(the_space.own_pages == space_before.own_pages + (own ? 1 : 0), "own pages are counted");
	PROVE(allocated == (had_table ? 0 : 1) && the_space.table_pages == space_before.table_pages + allocated, "a page table comes when there is none");
	if (allocated == 1)
		CANARY("a new page table");
	if (had_table && own)
		CANARY("an own page");
}

void prove_take(void)
{
	pa_t frame = pa(7);

	any_entries();
	bool movable = space_is_movable(&the_space, va(place));

	PROVE(movable == (is_aligned(place, PAGE_SIZE) && is_own(before[1]) && (before[1] & PTE_MOVABLE) != 0), "movable is an own page that is said to be so");
	PROVE(nothing_changed(), "looking changes nothing");
	int error = space_take(&the_space, va(place), &frame);

	PROVE(others_stay() && the_space.table_pages == space_before.table_pages, "no other page changes");
	PROVE((error == 0) == movable && (error == 0 || error == ERR_ADDRESS), "what is movable is given");
	if (error != 0) {
		PROVE(nothing_changed() && frame.v == 7, "a refusal changes nothing");
		if (before[1] != 0)
			CANARY("not movable");
		return;
	}
	PROVE(entries[1] == 0 && frame.v == frame_of(before[1]), "the page is the caller's, and no longer there");
	PROVE(the_space.own_pages == space_before.own_pages - 1, "own pages are counted");
	CANARY("taken");
}

void prove_unmap(void)
{
	any_entries();
	space_unmap(&the_space, va(place));
	PROVE(others_stay(), "no other page changes");
	PROVE(entries[1] == (is_own(before[1]) ? before[1] : 0), "a page that is not the space's own is gone; an own one stays");
	PROVE(the_space.own_pages == space_before.own_pages && the_space.table_pages == space_before.table_pages, "the counts stay");
	if (before[1] != 0 && entries[1] == 0)
		CANARY("unmapped");
	if (is_own(before[1]))
		CANARY("it stays");
}

/* ---- looking ---- */

void prove_pointer(void)
{
	bool write = any_bool();

	any_entries();
	uint8_t *pointer = space_pointer(&the_space, va(place), write);
	bool there = (before[1] & PTE_PRESENT) != 0 && (!write || (before[1] & PTE_WRITE) != 0);

	PROVE(nothing_changed(), "looking changes nothing");
	PROVE((pointer != NULL) == there, "what is mapped is seen, to write only what ring 3 may write");
	if (there) {
		PROVE(shown.v == frame_of(before[1]) && pointer == page + (place & PAGE_MASK), "its own byte of that page");
		CANARY("there");
	}
	if (!there && before[1] != 0)
		CANARY("only to read");
}

static uint8_t buffer[3 * PAGE_SIZE];
static uint64_t copied, copy_size;
static bool writing, gone;

/* What prove_pointer() shows: of pages that are there, or not, as they like. */
void *stub_space_pointer(const struct space *space, va_t address, bool write)
{
	PROVE(space == &the_space && write == writing, "the page is looked up for what is done to it");
	if (!in_space(address.v) || any_bool()) {
		gone = true;
		return NULL;
	}
	shown = pa(address.v & ~PAGE_MASK);
	return page + (address.v & PAGE_MASK);
}

static void checked_copy(void *to, const void *from, uint64_t size)
{
	const uint8_t *in_page = writing ? to : from, *in_buffer = writing ? from : to;
	uint64_t offset = (uint64_t)(in_page - page), done = (uint64_t)(in_buffer - buffer);

	PROVE(!gone && __CPROVER_same_object(in_page, page) && offset < PAGE_SIZE && size <= PAGE_SIZE - offset, "inside the page");
	PROVE(__CPROVER_same_object(in_buffer, buffer) && done == copied && size != 0 && size <= copy_size - done, "inside the buffer, piece after piece");
	PROVE(shown.v + offset == place + done, "each byte where it belongs");
	copied += size;
}

void prove_copy(void)
{
	int error;

	place = any_u64();
	copy_size = any_u64();
	ASSUME(copy_size <= 2 * PAGE_SIZE);
	writing = any_bool();
	error = writing ? space_write(&the_space, va(place), buffer, copy_size) : space_read(&the_space, va(place), buffer, copy_size);
	PROVE(error == 0 ? copied == copy_size && !gone : error == ERR_ADDRESS && gone && copied < copy_size, "all of it, or a page is not there");
	if (error == 0 && writing && copied == 2 * PAGE_SIZE && !is_aligned(place, PAGE_SIZE))
		CANARY("three pages");
	if (error != 0 && copied != 0)
		CANARY("part of it");
}

/* ---- the search ---- */

static uint64_t witness; /* a page that nobody chose */

static bool is_free(uint64_t address)
{
	const uint64_t *entry = entry_of(address);

	return entry == NULL || *entry == 0;
}

void prove_find(void)
{
	uint64_t pages = any_u64();
	va_t start = va(7);

	__CPROVER_havoc_object(leaf);
	witness = any_u64() & ~PAGE_MASK;
	ASSUME(witness >= SPACE_FIND_START && witness < SPACE_FIND_END && pages != 0);
	int error = space_find(&the_space, pages, &start);

	if (error != 0) {
		PROVE(error == ERR_NO_MEMORY && start.v == 7, "there is no room");
		PROVE(!is_free(witness) || pages > 1, "a single page is found when there is one");
		PROVE(!is_free(witness) || witness + PAGE_SIZE == SPACE_FIND_END || !is_free(witness + PAGE_SIZE) || pages > 2, "two pages are, too");
		CANARY("no room");
		return;
	}
	PROVE(is_aligned(start.v, PAGE_SIZE) && start.v >= SPACE_FIND_START && start.v < SPACE_FIND_END && pages <= (SPACE_FIND_END - start.v) / PAGE_SIZE,
	      "a run between program and stacks");
	PROVE(IMPLIES(witness >= start.v && (witness - start.v) / PAGE_SIZE < pages, is_free(witness)), "every page of it is free");
	if (pages == (SPACE_FIND_END - SPACE_FIND_START) / PAGE_SIZE)
		CANARY("all of them");
	if (start.v + pages * PAGE_SIZE == SPACE_FIND_END)
		CANARY("up to the end");
	if (start.v == SPACE_FIND_START + PAGE_SIZE && pages == 20)
		CANARY("over the end of a page table");
}
