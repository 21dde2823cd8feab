/* SPDX-License-Identifier: MIT */
/*
 * The copy of the guest's image: that it has every page that the guest can change, each at a place of its own. The block is
 * any that launch_block_check() accepts (proofs/launch): ranges are whole pages, not empty, sorted and apart.
 */
#include "proofs/prover.h"

#include "abi/launch.h"
#undef LAUNCH_RANGE_MAX
#define LAUNCH_RANGE_MAX RANGES /* the array keeps its size */

#include "kernel/guest/pristine.c"

#define PIECES 20u /* for copies of up to 5 MiB: more than the region may hold */

static uint8_t memory[PIECES * PIECE_SIZE]; /* where pieces lie; nothing looks at what is in it */
static uint8_t window[PAGE_SIZE];
static struct launch_block block;
static struct memory_map map;

void log_line(const char *format, ...) {}

/* ---- the region ---- */

static uint32_t allocated, freed;
static bool may_fail;

int memory_allocate(uint64_t count, pa_t *out)
{
	PROVE(count == PIECE_PAGES && allocated < PIECES, "a piece");
	if (may_fail && any_bool())
		return ERR_NO_MEMORY;
	*out = pa((uint64_t)allocated++ * PIECE_SIZE);
	return 0;
}

/* Of the pieces one that nobody chose. */
static uint32_t watched, watched_freed;

void memory_free(pa_t start, uint64_t count)
{
	PROVE(count == PIECE_PAGES && start.v % PIECE_SIZE == 0 && start.v / PIECE_SIZE < allocated, "a piece that was taken");
	if (start.v / PIECE_SIZE == watched)
		watched_freed++;
	freed++;
}

void *paging_region_pointer(pa_t address)
{
	return memory + address.v;
}

pa_t paging_region_pa(const void *pointer)
{
	PROVE(__CPROVER_same_object(pointer, memory), "of the region");
	return pa((uint64_t)((const uint8_t *)pointer - memory));
}

/* ---- RAM ---- */

static uint64_t total, blocks_size;
static bool blocks_taken;

uint64_t memory_map_total(const struct memory_map *of)
{
	PROVE(of == &map, "the VM's RAM");
	return total;
}

/* Whole blocks of 2 MiB. */
int memory_take_blocks(struct memory_map *from, uint64_t size, void **out)
{
	PROVE(from == &map && size <= total / SHARE_OF_RAM && !blocks_taken, "no more than a share of RAM, once");
	PROVE(allocated == freed, "nothing of the region stays taken");
	if (any_bool())
		return ERR_NO_MEMORY;
	blocks_taken = true;
	blocks_size = align_up(size, PAGE_SIZE_2M);
	ASSUME(blocks_size <= sizeof(memory));
	*out = memory;
	return 0;
}

/* ---- the block ---- */

static const struct launch_range *range_with(uint64_t address)
{
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++) {
		if (i < block.range_count && address >= block.range[i].gpa && address - block.range[i].gpa < block.range[i].size)
			return &block.range[i];
	}
	return NULL;
}

static bool guest_can_change(uint64_t address)
{
	const struct launch_range *range = range_with(address);

	return range != NULL && range->kind == LAUNCH_RANGE_IMAGE && (range->flags & LAUNCH_RANGE_FLAG_FIXED) == 0;
}

static void any_block(uint32_t pages)
{
	block.range_count = any_u8() % (LAUNCH_RANGE_MAX + 1u);
	for (uint32_t i = 0; i < LAUNCH_RANGE_MAX; i++) {
		struct launch_range *range = &block.range[i];
		uint64_t previous = i == 0 ? 0 : block.range[i - 1].gpa + block.range[i - 1].size;

		*range = (struct launch_range){ any_u32() * PAGE_SIZE, (1u + (uint64_t)any_u16() % pages) * PAGE_SIZE, any_u32(), any_u32() };
		ASSUME(range->gpa >= previous);
	}
}

static void start(uint32_t pages)
{
	any_block(pages);
	total = any_u64();
	may_fail = any_bool();
	allocated = freed = watched_freed = 0;
	watched = any_u32();
	blocks_taken = false;
	exists = false;
}

/* Pieces as take() leaves them: apart. */
static void any_pieces(void)
{
	bool in_turn = any_bool();

	for (uint32_t i = 0; i < 4; i++)
		piece[i] = memory + (in_turn ? i : 3u - i) * PIECE_SIZE;
}

void prove_place(void)
{
	uint64_t address = any_u32() * PAGE_SIZE, other = any_u32() * PAGE_SIZE;

	start(256);
	any_pieces();
	exists = any_bool();
	ASSUME(image_size(&block) <= 4 * PIECE_SIZE);
	const uint8_t *at = pristine_page(&block, address), *other_at = pristine_page(&block, other);

	PROVE((at != NULL) == (exists && guest_can_change(address)), "the pages that the guest can change have a copy, when there is one");
	if (at == NULL) {
		CANARY("none");
		return;
	}
	uint64_t offset = (uint64_t)(at - memory);

	PROVE(__CPROVER_same_object(at, memory) && offset % PAGE_SIZE == 0 && offset <= 4 * PIECE_SIZE - PAGE_SIZE, "a page of a piece");
	PROVE(offset_of(&block, address) <= image_size(&block) - PAGE_SIZE, "inside the copy's size");
	if (other_at != NULL && other != address) {
		PROVE(at != other_at, "two pages, two places");
		CANARY("two pages");
	}
	CANARY("a page");
}

void prove_region(void)
{
	uint32_t count = any_u32();

	start(256);
	ASSUME(count <= 6);
	int error = take_from_region(count);

	if (error != 0) {
		PROVE(freed == allocated && watched_freed == (watched < allocated ? 1u : 0u), "what was taken is given back, once");
		if (allocated != 0)
			CANARY("given back");
		return;
	}
	PROVE(freed == 0 && allocated == count, "all pieces are taken");
	if (watched < count) {
		PROVE(piece[watched] == memory + watched * PIECE_SIZE, "each piece is one that was taken, and no other's");
		CANARY("taken");
	}
}

/* What the proof region shows: all of the pieces, or nothing. */
int stub_take_from_region(uint32_t count)
{
	PROVE(count != 0 && count <= IN_REGION_MAX / PIECE_SIZE, "of the region only a small copy");
	if (any_bool())
		return ERR_NO_MEMORY;
	allocated = count;
	return 0;
}

void prove_take(void)
{
	uint64_t size = any_u64();

	start(256);
	ASSUME(size != 0 && size <= sizeof(memory) && (size & PAGE_MASK) == 0);
	int error = take(&map, size);

	if (error != 0) {
		PROVE(freed == allocated && !blocks_taken, "nothing stays taken");
		CANARY("no memory");
		return;
	}
	if (!blocks_taken) {
		PROVE(allocated * PIECE_SIZE >= size, "the region's pieces cover the image");
		CANARY("of the region");
		return;
	}
	PROVE(allocated == 0 && blocks_size >= size, "the blocks cover the image, and nothing of the region is taken");
	if (watched < PIECES && watched * PIECE_SIZE < size) {
		PROVE(piece[watched] == memory + watched * PIECE_SIZE && (watched + 1u) * PIECE_SIZE <= blocks_size,
		      "the pieces lie in the blocks, one behind the other");
		CANARY("of RAM");
	}
}

/* ---- copying ---- */

static bool window_open, refuse;
static uint64_t window_gpa;
static uint64_t witness; /* a page, none in particular */
static uint64_t witness_offset; /* of its copy */
static uint32_t witness_copies, copies, failed;
static uint64_t taken_size;

va_t memory_window_map(enum window_slot slot, gpa_t address)
{
	PROVE(!window_open && slot == WINDOW_COPY, "one window at a time");
	PROVE((address.v & PAGE_MASK) == 0 && guest_can_change(address.v), "what is mapped is a page that the guest can change");
	window_open = true;
	window_gpa = address.v;
	return va((uint64_t)(uintptr_t)window);
}

void memory_window_unmap(enum window_slot slot)
{
	PROVE(window_open && slot == WINDOW_COPY, "what was mapped");
	window_open = false;
}

int access_copy(void *destination, const void *source, uint64_t size)
{
	uint64_t offset = (uint64_t)((uint8_t *)destination - memory);

	PROVE(window_open && source == window && size == PAGE_SIZE, "a page, from where it is mapped");
	PROVE(__CPROVER_same_object(destination, memory) && offset <= sizeof(memory) - PAGE_SIZE, "to a piece");
	PROVE(failed == 0, "nothing is copied after a failure");
	if (refuse && any_bool()) {
		failed++;
		return ERR_FAULT;
	}
	if (window_gpa == witness)
		witness_copies++;
	PROVE((window_gpa == witness) == (offset == witness_offset), "each page goes to its own place");
	copies++;
	return 0;
}

/* What the proof take shows. */
int stub_take(struct memory_map *from, uint64_t size)
{
	PROVE(from == &map && size != 0, "memory for something");
	taken_size = size;
	if (any_bool())
		return ERR_NO_MEMORY;
	witness_offset = any_u8() * PAGE_SIZE;
	ASSUME(witness_offset < size);
	return 0;
}

/* What the proof place shows: every page that the guest can change has an offset of its own. */
uint64_t stub_offset_of(const struct launch_block *of, uint64_t address)
{
	uint64_t offset = any_u8() * PAGE_SIZE;

	if (address == witness)
		return guest_can_change(witness) ? witness_offset : ~0ull;
	ASSUME(offset < taken_size && offset != witness_offset);
	return offset;
}

uint8_t *stub_place(uint64_t offset)
{
	PROVE(offset < taken_size, "a place in the copy");
	return memory + offset;
}

static void start_copy(void)
{
	start(2);
	witness = any_u32() * PAGE_SIZE;
	refuse = any_bool();
	window_open = false;
	witness_copies = copies = failed = 0;
	taken_size = 0;
}

void prove_save(void)
{
	start_copy();
	pristine_save(&block, &map);

	PROVE(!window_open, "nothing stays mapped");
	PROVE(IMPLIES(copies != 0, taken_size == image_size(&block)), "memory is taken for all of the image");
	PROVE(pristine_exists() == exists && IMPLIES(failed != 0, !exists), "there is no copy of which a page is missing");
	if (!exists) {
		PROVE(pristine_page(&block, witness) == NULL, "without a copy no page has one");
		if (failed != 0)
			CANARY("a page cannot be read");
		return;
	}
	PROVE(copies * PAGE_SIZE == image_size(&block), "each page is copied once");
	PROVE(witness_copies == (guest_can_change(witness) ? 1u : 0u), "every page that the guest can change");
	if (witness_copies != 0) {
		PROVE(pristine_page(&block, witness) == memory + witness_offset, "it is found where it was copied to");
		CANARY("copied");
	}
	if (copies == 4)
		CANARY("all");
}
