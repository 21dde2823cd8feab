/* SPDX-License-Identifier: MIT */
/*
 * The map that the guest gets: what marking a range does to any address. How an entry is added is proved alone, marking with
 * that in its place. Maps of four entries stand for longer ones: the loop treats them one by one.
 * Addresses and types are copied and compared, nothing else, and there are eleven and six of them: small ones give all orders.
 */
#include "proofs/prover.h"

#include "lib/memory_map.h"
#undef GUEST_MAP_MAX
#define GUEST_MAP_MAX 4u

#include "lib/memory_map.c"

#define NOTHING 0u /* the type of what is not in the map */

static struct guest_map map, before;
static uint64_t start, end, at; /* at: an address that nobody chose */
static uint32_t type, which; /* which: an entry that nobody chose */

static bool covers(struct guest_map_entry entry)
{
	return at >= entry.start && at < entry.end;
}

static bool is_same(struct guest_map_entry a, struct guest_map_entry b)
{
	return a.start == b.start && a.end == b.end && a.type == b.type;
}

static bool is_apart(struct guest_map_entry left, struct guest_map_entry right)
{
	return left.start < left.end && left.end <= right.start && right.start < right.end;
}

static uint64_t any_address(void)
{
	return any_u8() & 15u;
}

static uint32_t any_type(void)
{
	return any_u8() & 7u;
}

static void any_input(void)
{
	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++)
		map.entry[i] = (struct guest_map_entry){ .start = any_address(), .end = any_address(), .type = any_type() };
	map.count = any_u8();
	start = any_address();
	end = any_address();
	at = any_address();
	type = any_type();
	which = any_u8() % GUEST_MAP_MAX;
	ASSUME(map.count <= GUEST_MAP_MAX && type != NOTHING);
	before = map;
}

/* ---- one entry ---- */

/* Of a type and touching: they could be one. */
static bool is_split(struct guest_map_entry left, struct guest_map_entry right)
{
	return left.end == right.start && left.type == right.type;
}

/* The number is a constant, so that the checker knows which entry it looks at. Of marking is proved that it goes upwards. */
static void append_to(uint32_t count)
{
	struct guest_map_entry last = map.entry[count == 0 ? 0 : count - 1u], added;
	bool joins = count != 0 && last.end == start && last.type == type, others_stay = true;

	map.count = count;
	ASSUME(count == 0 || (last.start < last.end && (start >= end || start >= last.end)));
	int error = append_entry(&map, start, end, type);

	PROVE((error != 0) == (start < end && count == GUEST_MAP_MAX && !joins), "refused exactly when there is no room");
	for (uint32_t i = 0; i + 1u < count; i++)
		others_stay = others_stay && is_same(map.entry[i], before.entry[i]);
	PROVE(others_stay, "all entries before the last stay");
	if (error != 0 || start >= end) {
		PROVE(error == 0 || error == ERR_OVERFLOW, "a documented error");
		PROVE(map.count == count && IMPLIES(count != 0, is_same(map.entry[count - 1u], last)), "nothing changes");
		if (error != 0)
			CANARY("full");
		return;
	}
	PROVE(map.count == (joins ? count : count + 1u) && map.count <= GUEST_MAP_MAX, "one more, unless it joins the last");
	added = map.entry[joins ? count - 1u : count];
	if (joins) {
		PROVE(covers(added) == (covers(last) || (at >= start && at < end)) && added.type == type, "the last one grows by the range");
		if (count == GUEST_MAP_MAX)
			CANARY("joined to a full map");
		return;
	}
	PROVE(covers(added) == (at >= start && at < end) && added.type == type, "the range is added");
	if (count != 0) {
		PROVE(is_same(map.entry[count - 1u], last), "the last one stays");
		PROVE(is_apart(last, added) && !is_split(last, added), "the new one lies behind it");
	}
	if (count + 1u == GUEST_MAP_MAX)
		CANARY("the last one that fits");
}

void prove_append(void)
{
	any_input();
	for (uint32_t count = 0; count <= GUEST_MAP_MAX; count++) {
		if (map.count == count) {
			append_to(count);
			return;
		}
	}
}

/* ---- a range ---- */

static const struct guest_map *made; /* the new map */
static uint64_t made_end;            /* where its last entry ends, and of which type that is */
static uint32_t made_type;
static uint32_t found;               /* type of the witness in it */
static struct guest_map_entry kept;  /* the entry that nobody chose, in it */

/* What prove_append() shows of it. */
int stub_append_entry(struct guest_map *to, uint64_t from, uint64_t until, uint32_t of)
{
	bool joins = to->count != 0 && made_end == from && made_type == of;

	PROVE(to != &map && (made == NULL || made == to), "a new map is made");
	made = to;
	if (from >= until)
		return 0;
	PROVE(to->count == 0 || from >= made_end, "entries are added upwards");
	if (!joins && to->count == GUEST_MAP_MAX)
		return ERR_OVERFLOW;
	if (!joins)
		to->count++;
	made_end = until;
	made_type = of;
	if (at >= from && at < until)
		found = of;
	if (to->count == which + 1u) {
		kept = (struct guest_map_entry){ .start = joins ? kept.start : from, .end = until, .type = of };
		for (uint32_t i = 0; i < GUEST_MAP_MAX; i++) {
			if (i == which)
				to->entry[i] = kept;
		}
	}
	return 0;
}

static bool is_good(void)
{
	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++) {
		if (i < map.count && (map.entry[i].start >= map.entry[i].end || map.entry[i].type == NOTHING))
			return false;
		if (i != 0 && i < map.count && !is_apart(map.entry[i - 1], map.entry[i]))
			return false;
	}
	return true;
}

void prove_mark(void)
{
	uint32_t type_before = NOTHING;

	any_input();
	ASSUME(is_good());
	for (uint32_t i = 0; i < GUEST_MAP_MAX; i++) {
		if (i < map.count && covers(map.entry[i]))
			type_before = map.entry[i].type;
	}
	int error = guest_map_mark(&map, start, end, type);

	PROVE((error == ERR_INVALID) == (start >= end), "a range is not empty");
	if (error != 0) {
		PROVE(error == ERR_INVALID || error == ERR_OVERFLOW, "a documented error");
		PROVE(error == ERR_INVALID || before.count + 2u > GUEST_MAP_MAX, "there is room for two more entries: it is not refused");
		PROVE(map.count == before.count && is_same(map.entry[which], before.entry[which]), "a refusal changes nothing");
		if (error == ERR_OVERFLOW)
			CANARY("no room for the pieces");
		return;
	}
	PROVE(found == (at >= start && at < end ? type : type_before), "the range has its type, all else what it had");
	PROVE(map.count >= 1 && map.count <= GUEST_MAP_MAX, "the map is within its bounds");
	PROVE(IMPLIES(which < map.count, is_same(map.entry[which], kept)), "the map is the one that was made");
	if (map.count == before.count + 2u)
		CANARY("one becomes three");
	if (map.count + 1u < before.count)
		CANARY("three become one");
}
