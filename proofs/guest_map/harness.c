/* SPDX-License-Identifier: MIT */
/*
 * Marking ranges of the map that the guest gets. append_entry() is proved alone; guest_map_mark() is proved with it replaced by
 * what that proof shows.
 *
 * Addresses and types are only compared here, never calculated with: few of them stand for all. Six entries, a range and a
 * witness have no more than 15 different addresses and 7 types.
 */
#include "proofs/prover.h"

#include "lib/memory_map.h"
#undef GUEST_MAP_MAX
#define GUEST_MAP_MAX 6u

#include "lib/memory_map.c"
#include "proofs/string.h"

#define NOTHING 0u
static uint64_t any_address(void) { return any_u8() & 15u; }
static uint32_t any_type(void) { return any_u8() & 7u; }

static struct guest_map map, before;

static bool is_guest_map(const struct guest_map *guest)
{
	bool good = guest->count <= GUEST_MAP_MAX;

	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++) {
		if (i >= guest->count)
			continue;
		good = good && guest->entry[i].start < guest->entry[i].end && guest->entry[i].type != NOTHING;
		good = good && (i == 0 || guest->entry[i - 1].end <= guest->entry[i].start);
	}
	return good;
}

static uint32_t type_at(const struct guest_map *guest, uint64_t at)
{
	uint32_t type = NOTHING;

	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++) {
		if (i < guest->count && at >= guest->entry[i].start && at < guest->entry[i].end)
			type = guest->entry[i].type;
	}
	return type;
}

static bool same_entry(const struct guest_map_entry *a, const struct guest_map_entry *b)
{
	return a->start == b->start && a->end == b->end && a->type == b->type;
}

static void any_map(void)
{
	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++)
		map.entry[i] = (struct guest_map_entry){ .start = any_address(), .end = any_address(), .type = any_type() };
	map.count = any_u8() & 7u;
	ASSUME(is_guest_map(&map));
	before = map;
}

/* ---- one entry ---- */

void prove_append(void)
{
	uint64_t start = any_address(), end = any_address(), at = any_address();
	uint32_t type = any_type(), count = any_u8(), which = any_u8() % GUEST_MAP_MAX;
	struct guest_map_entry last = { 0 }, other;

	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++)
		map.entry[i] = (struct guest_map_entry){ .start = any_address(), .end = any_address(), .type = any_type() };
	ASSUME(count <= GUEST_MAP_MAX);
	map.count = count;
	if (count != 0)
		last = map.entry[count - 1];
	other = map.entry[which];
	/* It is the last one so far, and begins where that one ends, or behind it. */
	ASSUME(count == 0 || (last.start < last.end && IMPLIES(start < end, last.end <= start)));
	int error = append_entry(&map, start, end, type);
	bool joins = start < end && count != 0 && last.end == start && last.type == type;

	PROVE(error == 0 || error == ERR_OVERFLOW, "a documented error");
	PROVE((error != 0) == (start < end && count == GUEST_MAP_MAX && !joins), "refused when there is no room, and only then");
	PROVE(map.count == count + (error == 0 && start < end && !joins), "one entry more, unless it goes on where the last one ends");
	PROVE(IMPLIES(which < count && !(joins && which == count - 1), same_entry(&map.entry[which], &other)), "all others are what they were");
	if (error != 0) {
		CANARY("no room");
		return;
	}
	if (start >= end) {
		CANARY("nothing");
		return;
	}
	const struct guest_map_entry *now = &map.entry[map.count - 1];

	PROVE(now->end == end && now->type == type, "it ends there and has that type");
	PROVE(now->start == (joins ? last.start : start), "it begins there, or where the last one did");
	if (joins) {
		PROVE((at >= now->start && at < now->end) == ((at >= last.start && at < last.end) || (at >= start && at < end)),
		      "it is both, and nothing else");
		CANARY("joined");
	} else {
		CANARY("one more");
	}
}

/* ---- marking ---- */

/* The table that is put together: what prove_append() shows of its end, and the type of the witness. */
static uint64_t witness, made_end;
static uint32_t made, made_count, made_type, witness_type;
static bool in_order = true, apart_from_map = true;

/* What prove_append() shows of it. The content of the table is a number that changes with each entry. */
int stub_append_entry(struct guest_map *guest, uint64_t start, uint64_t end, uint32_t type)
{
	apart_from_map = apart_from_map && guest != &map;
	if (start >= end)
		return 0;
	in_order = in_order && (made_count == 0 || made_end <= start) && type != NOTHING && guest->count == made_count;
	if (made_count == 0 || made_end != start || made_type != type) {
		if (made_count == GUEST_MAP_MAX)
			return ERR_OVERFLOW;
		guest->count = ++made_count;
	}
	made_end = end;
	made_type = type;
	guest->entry[0].start = ++made;
	if (witness >= start && witness < end)
		witness_type = type;
	return 0;
}

void prove_mark(void)
{
	uint64_t start = any_address(), end = any_address();
	uint32_t type = any_type();

	any_map();
	witness = any_address();
	ASSUME(type != NOTHING);
	int error = guest_map_mark(&map, start, end, type);

	PROVE(error == 0 || error == ERR_OVERFLOW || error == ERR_INVALID, "a documented error");
	PROVE((error == ERR_INVALID) == (start >= end), "no empty range");
	PROVE(apart_from_map, "the map itself is not touched before all is done");
	PROVE(in_order, "each entry has a type and begins behind the one before");
	if (error != 0) {
		PROVE(map.count == before.count && same_entry(&map.entry[0], &before.entry[0]) && type_at(&map, witness) == type_at(&before, witness),
		      "a refusal changes nothing");
		PROVE(error == ERR_INVALID || made_count == GUEST_MAP_MAX, "refused when there is no room, and only then");
		if (error == ERR_OVERFLOW)
			CANARY("no room");
		return;
	}
	PROVE(map.count == made_count && map.entry[0].start == made, "the map is what was put together, all of it");
	PROVE(witness_type == (witness >= start && witness < end ? type : type_at(&before, witness)),
	      "the range has the new type, and all else the one that it had");
	if (map.count < before.count)
		CANARY("entries are swallowed");
	if (map.count == before.count + 2u)
		CANARY("one becomes three");
}
