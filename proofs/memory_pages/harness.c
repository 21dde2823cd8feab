/* SPDX-License-Identifier: MIT */
/*
 * Where the map of the guest's pages comes from, and what the monitor takes from the RAM that the host tells of. The witness is
 * one page that nobody chose: whether it is the guest's RAM, and its state in the map.
 */
#include "proofs/prover.h"

#include "lib/memory_map.h"
#undef MEMORY_MAP_MAX
#define MEMORY_MAP_MAX 2u

#include "kernel/mm/pages.c"

#define LIMIT (1ull << 52) /* of addresses */
#define BLOCKS 2u

uint64_t paging_c_bit, paging_region_gpa;

static uint64_t witness, witness_state;
static struct memory_map map;
static struct page_range firmware;

/* As memory_map_parse() makes them, pages in place of bytes. */
static bool is_good(const struct memory_map *of)
{
	if (of->count > MEMORY_MAP_MAX)
		return false;
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < of->count; i++) {
		if (of->range[i].start >= of->range[i].end || of->range[i].end > LIMIT || (of->range[i].start & PAGE_MASK) != 0 ||
		    (of->range[i].end & PAGE_MASK) != 0)
			return false;
		if (i > 0 && of->range[i - 1].end > of->range[i].start)
			return false;
	}
	return true;
}

static bool inside(const struct page_range *range, uint64_t at)
{
	return at >= range->start && at < range->end;
}

static bool holds(const struct memory_map *of, uint64_t at)
{
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < of->count; i++) {
		if (inside(&of->range[i], at))
			return true;
	}
	return false;
}

static bool apart(const struct memory_map *of, const struct page_range *range)
{
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < of->count; i++) {
		if (range->start < range->end && of->range[i].start < range->end && range->start < of->range[i].end)
			return false;
	}
	return true;
}

static void any_map(void)
{
	witness = any_u64() & ~PAGE_MASK;
	paging_c_bit = any_bool() ? 0 : 1ull << 51;
	paging_region_gpa = any_u64() & ~PAGE_MASK_2M;
	ASSUME(paging_region_gpa <= LIMIT - MONITOR_SIZE);
	__CPROVER_havoc_object(&map);
	ASSUME(is_good(&map));
	witness_state = PAGE_UNVALIDATED;
}

/* ---- what other proofs show (proofs/memory_map, proofs/page_state) ---- */

static bool ram; /* the map has the witness */
static bool removal_fails, removal_failed;
static struct page_range gone[4];
static uint32_t removals;

/* Of the ranges that are left only the witness is known. */
int memory_map_remove(struct memory_map *from, uint64_t start, uint64_t end)
{
	PROVE(from == &map && removals < 4u, "of the guest's RAM");
	if (removal_fails && any_bool()) {
		removal_failed = true;
		return ERR_OVERFLOW;
	}
	gone[removals] = (struct page_range){ start, end };
	if (inside(&gone[removals], witness))
		ram = false;
	removals++;
	map.count = any_u32();
	ASSUME(map.count <= MEMORY_MAP_MAX);
	return 0;
}

bool memory_map_contains(const struct memory_map *of, uint64_t start, uint64_t size)
{
	for (uint32_t i = 0; i < MEMORY_MAP_MAX && i < of->count; i++) {
		if (range_within(start, size, of->range[i].start, of->range[i].end))
			return true;
	}
	return false;
}

static bool map_made;

void page_state_set_range(struct page_state_map *of, uint64_t start, uint64_t end, enum page_state state)
{
	PROVE(of == &memory_pages && map_made, "the map, once it is there");
	if (witness >= start && witness < end)
		witness_state = state;
}

/* ---- taking blocks ---- */

static uint64_t entry[BLOCKS], entry_touched, base, asked_start, asked_size, accepted, zeroed;
static bool asked, failed;

static int any_error(int error)
{
	failed = any_bool();
	return failed ? error : 0;
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	PROVE(!asked && accepted == 0 && entry_touched == 0, "first of all, once");
	PROVE(is_aligned(start.v, PAGE_SIZE_2M) && is_aligned(size, PAGE_SIZE_2M) && memory_map_contains(&map, start.v, size), "blocks of RAM");
	asked = true;
	asked_start = start.v;
	asked_size = size;
	return any_error(ERR_HOST);
}

uint64_t *paging_directory_entry(va_t address)
{
	PROVE(is_aligned(address.v, PAGE_SIZE_2M) && address.v >= base && address.v - base < asked_size && address.v - base < BLOCKS * PAGE_SIZE_2M,
	      "an entry of the room for it");
	PROVE(accepted == (address.v - base) / PAGE_SIZE_2M, "one after the other");
	entry_touched++;
	return &entry[(address.v - base) / PAGE_SIZE_2M];
}

int platform_page_accept(va_t address, bool size_2m)
{
	PROVE(size_2m && !failed && zeroed == accepted && address.v == base + accepted * PAGE_SIZE_2M, "the next block");
	PROVE(entry[accepted] == ((asked_start + accepted * PAGE_SIZE_2M) | PTE_DATA | PTE_LARGE | paging_c_bit),
	      "mapped to its place, private, not executable");
	accepted++;
	return any_error(ERR_FAULT);
}

int access_zero(void *destination, uint64_t size)
{
	PROVE(!failed && accepted == zeroed + 1u && size == PAGE_SIZE_2M && (uint64_t)(uintptr_t)destination == base + zeroed * PAGE_SIZE_2M,
	      "what was accepted last");
	zeroed++;
	return any_error(ERR_FAULT);
}

void prove_blocks(void)
{
	uint64_t size = any_u64();
	void *memory = NULL;

	any_map();
	base = BLOCKS_VA;
	map_made = true;
	removal_fails = true;
	ASSUME(size <= BLOCKS * PAGE_SIZE_2M || size > BLOCKS_SIZE_MAX);
	ram = holds(&map, witness);
	bool held = ram;
	int error = memory_take_blocks(&map, size, &memory);
	bool taken = asked && witness >= asked_start && witness - asked_start < asked_size;

	PROVE(IMPLIES(taken, held), "only RAM is taken");
	PROVE(IMPLIES(failed, error != 0), "a failure is told");
	if (error != 0) {
		PROVE(ram == held && IMPLIES(!removal_failed, witness_state == PAGE_UNVALIDATED && memory == NULL),
		      "nothing is given");
		if (error == ERR_NO_MEMORY)
			CANARY("too little");
		else
			CANARY("refused");
		return;
	}
	PROVE((uint64_t)(uintptr_t)memory == base && asked_size >= size && zeroed * PAGE_SIZE_2M == asked_size && entry_touched == zeroed,
	      "all of it is accepted and zeroed");
	PROVE(BLOCKS_VA >= MONITOR_VA + 0x28000000ull && BLOCKS_VA - MONITOR_VA + asked_size <= 1ull << 30, "inside the monitor's gigabyte");
	PROVE(witness_state == (taken ? PAGE_MONITOR : PAGE_UNVALIDATED), "it is the monitor's, and nothing else is");
	PROVE(ram == (held && !taken), "it is no longer the guest's");
	if (taken)
		CANARY("taken");
	if (zeroed == BLOCKS)
		CANARY("all blocks");
}

/* ---- the ranges that are tracked ---- */

void prove_insert(void)
{
	struct page_range range = { any_u64() & ~PAGE_MASK, any_u64() & ~PAGE_MASK };

	any_map();
	ASSUME(range.end <= LIMIT && apart(&map, &range));
	bool held = holds(&map, witness);
	uint32_t count = map.count;
	int error = insert(&map, &range);

	if (error != 0) {
		PROVE(error == ERR_OVERFLOW && count == MEMORY_MAP_MAX && map.count == count && holds(&map, witness) == held, "no room");
		CANARY("no room");
		return;
	}
	PROVE(is_good(&map), "sorted, apart");
	PROVE(holds(&map, witness) == (held || inside(&range, witness)), "the range is there, and what was there is");
	if (map.count == count)
		CANARY("an empty one");
	if (map.count == 2 && map.range[0].start == range.start)
		CANARY("before the other");
}

static struct memory_map tracked;
static bool tracked_witness;
static struct page_range inserted[2];
static uint32_t inserts;

/* What prove_insert() shows of it. */
int stub_insert(struct memory_map *into, const struct page_range *range)
{
	PROVE(into == &tracked && removals == 2 && inserts < 2, "into what is tracked");
	if (inserts == 0) {
		PROVE(tracked.count == map.count && tracked.range[0].start == map.range[0].start, "beside all of the RAM");
		tracked_witness = ram;
	}
	PROVE((gone[0].start == range->start && gone[0].end == range->end) || (gone[1].start == range->start && gone[1].end == range->end),
	      "the RAM does not have it");
	if (any_bool())
		return ERR_OVERFLOW;
	inserted[inserts++] = *range;
	tracked_witness = tracked_witness || inside(range, witness);
	return 0;
}

void prove_tracked(void)
{
	any_map();
	removal_fails = true;
	firmware = (struct page_range){ any_u64() & ~PAGE_MASK, any_u64() & ~PAGE_MASK };
	const struct page_range monitor = { paging_region_gpa, paging_region_gpa + MONITOR_SIZE };

	ram = holds(&map, witness);
	bool held = ram;
	int error = find_tracked(&map, &firmware, &tracked);

	if (error != 0) {
		PROVE(error == ERR_OVERFLOW || (error == ERR_FORMAT && map.count == 0), "too many pieces, or no RAM");
		if (error == ERR_FORMAT)
			CANARY("no RAM");
		return;
	}
	PROVE(map.count != 0 && ram == (held && !inside(&monitor, witness) && !inside(&firmware, witness)),
	      "the guest's RAM is neither the monitor nor the firmware");
	PROVE(tracked_witness == (ram || inside(&monitor, witness) || inside(&firmware, witness)), "all of it is tracked, and nothing else");
	if (inside(&monitor, witness) && held)
		CANARY("RAM over the monitor");
	if (inside(&firmware, witness) && held)
		CANARY("RAM over the firmware");
}

/* ---- the start ---- */

static struct memory_map tracked_told;
static struct page_range taken_told;
static uint64_t needed, allocated_pages, free_bytes;
static pa_t allocated_at;
static bool from_ram;

void *paging_region_pointer(pa_t address) { return (void *)(uintptr_t)paging_region_va(address).v; }
uint64_t memory_free_size(void) { return free_bytes; }

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(allocated_pages == 0 && count != 0, "once");
	if (any_bool())
		return ERR_NO_MEMORY;
	allocated_pages = count;
	*out = allocated_at;
	return 0;
}

int stub_find_tracked(struct memory_map *of, const struct page_range *without, struct memory_map *all)
{
	PROVE(of == &map && without == &firmware, "the host's map, without the firmware");
	if (any_bool())
		return any_bool() ? ERR_OVERFLOW : ERR_FORMAT;
	ASSUME(map.count != 0);
	*all = tracked_told;
	return 0;
}

int page_state_size(const struct page_range *range, uint32_t count, uint64_t *bytes)
{
	PROVE(count == tracked_told.count && IMPLIES(count > 1, range[1].start == tracked_told.range[1].start), "of all that is tracked");
	*bytes = needed;
	return any_bool() ? ERR_INVALID : 0;
}

/* What prove_blocks() shows of it. */
int stub_take(const struct memory_map *of, uint64_t size, va_t where, uint64_t room, struct page_range *taken)
{
	PROVE(of == &map && size == needed && where.v == MAP_VA && room == MAP_SIZE_MAX, "the map's room");
	PROVE(MAP_VA >= MONITOR_VA + MONITOR_SIZE && MAP_VA + MAP_SIZE_MAX <= MONITOR_VA + 0x20000000ull, "behind the region, before the windows");
	if (any_bool())
		return any_bool() ? ERR_NO_MEMORY : ERR_HOST;
	ASSUME(taken_told.end - taken_told.start >= size && IMPLIES(inside(&taken_told, witness), ram));
	from_ram = true;
	*taken = taken_told;
	return 0;
}

int page_state_init(struct page_state_map *of, const struct page_range *range, uint32_t count, void *memory, uint64_t size)
{
	PROVE(of == &memory_pages && count == tracked_told.count && IMPLIES(count > 1, range[1].start == tracked_told.range[1].start),
	      "over all that is tracked");
	PROVE(size == needed, "as long as it has to be");
	if (from_ram)
		PROVE((uint64_t)(uintptr_t)memory == MAP_VA && allocated_pages == 0, "where the blocks are mapped");
	else
		PROVE((uint64_t)(uintptr_t)memory == paging_region_va(allocated_at).v && allocated_pages * PAGE_SIZE >= size, "frames for all of it");
	if (any_bool())
		return ERR_OVERFLOW;
	map_made = true;
	return 0;
}

void prove_init(void)
{
	any_map();
	removal_fails = true;
	__CPROVER_havoc_object(&tracked_told);
	ASSUME(is_good(&tracked_told));
	needed = any_u64();
	ASSUME(needed != 0 && needed <= 1ull << 45); /* 514 bytes a block, of addresses below LIMIT */
	free_bytes = any_u32();
	allocated_at = pa(paging_region_gpa + ((any_u32() % MONITOR_SIZE) & ~PAGE_MASK));
	taken_told = (struct page_range){ any_u64() & ~PAGE_MASK_2M, any_u64() & ~PAGE_MASK_2M };
	ASSUME(taken_told.start < taken_told.end);
	ram = any_bool();
	bool held = ram;
	int error = memory_pages_init(&map, &firmware);

	if (error != 0) {
		CANARY("refused");
		return;
	}
	bool hole = witness >= 0xA0000ull && witness < 0xC0000ull;
	bool taken = from_ram && inside(&taken_told, witness);
	bool monitor = witness >= paging_region_gpa && witness - paging_region_gpa < MONITOR_SIZE;

	PROVE(map_made && memory_pages_size() == needed, "there is a map");
	PROVE(witness_state == (hole ? PAGE_DEVICE : monitor || taken ? PAGE_MONITOR : PAGE_UNVALIDATED), "the states at the start");
	PROVE(ram == (held && !hole && !taken), "what is taken and the hole are no longer RAM of the guest's");
	PROVE(from_ram == (needed > free_bytes / 3u), "a small map takes no RAM");
	if (taken)
		CANARY("from RAM");
	if (allocated_pages != 0)
		CANARY("from the region");
}
