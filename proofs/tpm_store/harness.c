/* SPDX-License-Identifier: MIT */
/*
 * The TPM's store in memory: any content, any names and sizes, allocations that may fail. Of the bytes of an object one that
 * nobody chose is followed. The checker knows what is freed twice or used after it was freed.
 */
#include "proofs/prover.h"

#include <stdlib.h>
#include <string.h>

#include "services/vtpm/store.h"

#define NAME_ROOM (STORE_NAME_MAX + 2u)

static char name[NAME_ROOM]; /* of an object */
static uint64_t witness; /* place of the byte that is followed */
static uint32_t allocated, freed;
static bool wiping;
static const void *wiped;

static void *any_malloc(size_t size)
{
	void *block;

	PROVE(size != 0 && size <= 1u << 20, "no more than an object");
	if (any_bool())
		return NULL;
	block = malloc(size);
	ASSUME(block != NULL);
	allocated++;
	return block;
}

static void wiped_free(void *block)
{
	PROVE(block == NULL || block == wiped, "an object is wiped before it is freed");
	freed += block != NULL;
	free(block);
}

void explicit_bzero(void *from, size_t size)
{
	PROVE(size == 0 || __CPROVER_w_ok(from, size), "what is wiped is there");
	PROVE(size == __CPROVER_OBJECT_SIZE(from) || (size == 0 && __CPROVER_OBJECT_SIZE(from) == 1), "an object is wiped as a whole");
	wiped = from;
}

static void *copy_bytes(void *to, const void *from, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(to, size) && __CPROVER_r_ok(from, size)), "both sides are as long");
	if (from == name) {
		for (size_t i = 0; i < STORE_NAME_MAX; i++)
			if (i < size)
				((char *)to)[i] = name[i];
	} else if (witness < size) {
		((uint8_t *)to)[witness] = ((const uint8_t *)from)[witness];
	}
	return to;
}

static int compare(const char *a, const char *b)
{
	uint32_t i = 0;

	while (a[i] != 0 && a[i] == b[i])
		i++;
	return a[i] == b[i] ? 0 : 1;
}

static size_t length(const char *text)
{
	size_t i = 0;

	while (text[i] != 0)
		i++;
	return i;
}

/* Before it is used: its size is known then. */
const char *const engine_objects[] = { "permall", "volatilestate", "savestate", NULL };

#define malloc any_malloc
#define free wiped_free
#define memcpy copy_bytes
#define strcmp compare
#define strlen length
#include "services/vtpm/memory_store.c"
#undef malloc
#undef free

static struct memory_store store, before;
#define OBJECTS STORE_OBJECTS_MAX

/* Names are followed by zeros. */
static bool same_name(const char *a, const char *b)
{
	bool same = true;

	for (uint32_t i = 0; i < STORE_NAME_MAX; i++)
		same = same && a[i] == b[i];
	return same;
}

static bool padded(const char *text, uint32_t size)
{
	bool good = text[size - 1] == 0;

	for (uint32_t i = 1; i < size; i++)
		good = good && IMPLIES(text[i - 1] == 0, text[i] == 0);
	return good;
}

/* An object has a name and memory of its own, as much as it says; a free one has neither. Names are there once. */
static bool object_good(uint32_t index)
{
	const struct memory_object *object = &store.object[index];

	if (object->name[0] == 0)
		return object->data == NULL && object->size == 0;
	for (uint32_t i = 0; i < OBJECTS; i++) {
		if (i != index && same_name(store.object[i].name, object->name))
			return false;
	}
	return object->size <= STORE_OBJECT_MAX && padded(object->name, STORE_NAME_MAX) && object->data != NULL &&
	       __CPROVER_w_ok(object->data, object->size == 0 ? 1 : object->size);
}

static bool store_good(void)
{
	for (uint32_t i = 0; i < OBJECTS; i++) {
		if (!object_good(i))
			return false;
	}
	return true;
}

static void any_store(void)
{
	memory_store_init(&store);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct memory_object *object = &store.object[i];

		if (any_bool())
			continue;
		for (uint32_t j = 0; j + 1 < STORE_NAME_MAX; j++)
			object->name[j] = ANY(char);
		object->size = any_u32();
		ASSUME(object->name[0] != 0 && object->size <= STORE_OBJECT_MAX);
		object->data = malloc(object->size == 0 ? 1 : object->size);
		ASSUME(object->data != NULL);
	}
	ASSUME(store_good());
	before = store;
	witness = any_u64();
}

static void any_name(void)
{
	for (uint32_t i = 0; i + 1 < NAME_ROOM; i++)
		name[i] = ANY(char);
	ASSUME(padded(name, NAME_ROOM));
}

static bool same(uint32_t index)
{
	const struct memory_object *now = &store.object[index], *then = &before.object[index];

	return now->data == then->data && now->size == then->size && same_name(now->name, then->name);
}

static bool is_there(const struct memory_store *in)
{
	for (uint32_t i = 0; i < OBJECTS; i++) {
		if (name[0] != 0 && same_name(in->object[i].name, name))
			return true;
	}
	return false;
}

/* ---- what the engine calls ---- */

void prove_load(void)
{
	uint8_t *data = NULL;
	uint32_t size = 0, index = any_u8() % OBJECTS;

	any_store();
	any_name();
	int error = load(&store, name, &data, &size);

	PROVE(same(index) && freed == 0, "nothing changes");
	PROVE((error == ERR_NOT_FOUND) == !is_there(&store) && (error == 0 || error == ERR_NOT_FOUND || error == ERR_NO_MEMORY), "what is there is found");
	if (error == ERR_NO_MEMORY)
		CANARY("no memory");
	if (error != 0) {
		PROVE(allocated == 0, "a refusal leaves nothing");
		return;
	}
	PROVE(allocated == 1 && __CPROVER_w_ok(data, size == 0 ? 1 : size) && data != store.object[index].data, "a copy of its own");
	if (same_name(store.object[index].name, name)) {
		PROVE(size == store.object[index].size, "of that size");
		if (witness < size)
			PROVE(data[witness] == store.object[index].data[witness], "with all bytes");
		CANARY("loaded");
	}
}

void prove_save(void)
{
	uint32_t size = any_u32(), index = any_u8() % OBJECTS, left = 0, now = 0;

	any_store();
	any_name();
	const uint8_t *data = __CPROVER_allocate(size, 0);
	bool valid = name[0] != 0 && length(name) < STORE_NAME_MAX && size <= STORE_OBJECT_MAX, had = is_there(&store);
	int error = save(&store, name, data, size);

	for (uint32_t i = 0; i < OBJECTS; i++) {
		left += before.object[i].name[0] == 0;
		now += store.object[i].name[0] == 0;
	}
	PROVE((error == ERR_INVALID) == !valid && (error == 0 || error == ERR_INVALID || error == ERR_NO_MEMORY), "names and sizes that are too long are refused");
	PROVE(IMPLIES(valid && !had && left == 0, error != 0), "where there is no place left nothing is kept");
	if (error != 0) {
		PROVE(same(index) && allocated == 0 && freed == 0, "a refusal changes nothing");
		if (valid)
			CANARY("no place");
		else
			CANARY("refused");
		return;
	}
	PROVE(store_good() && is_there(&store), "the object is there, once, and the store keeps to its bounds");
	PROVE(allocated == 1 && freed == (had ? 1 : 0) && now == left - (had ? 0 : 1), "in the place of the one before");
	if (!same_name(store.object[index].name, name)) {
		PROVE(same(index), "all others are as they were");
		CANARY("another one");
		return;
	}
	PROVE(store.object[index].size == size && store.object[index].data != data, "a copy of that size");
	if (witness < size)
		PROVE(store.object[index].data[witness] == data[witness], "with all bytes");
	if (had)
		CANARY("replaced");
	else
		CANARY("new");
}

void prove_remove(void)
{
	uint32_t index = any_u8() % OBJECTS;

	any_store();
	any_name();
	bool had = is_there(&store), this = name[0] != 0 && same_name(store.object[index].name, name);
	int error = remove_object(&store, name);

	PROVE(error == (had ? 0 : ERR_NOT_FOUND), "what is there can be removed");
	PROVE(store_good() && !is_there(&store) && freed == (had ? 1 : 0), "it is gone and freed");
	PROVE(this || same(index), "all others are as they were");
	if (had && !this)
		CANARY("another one");
	if (!had)
		CANARY("none");
}

/* ---- as a whole ---- */

void prove_clear(void)
{
	uint32_t there = 0;

	any_store();
	PROVE(store.store.context == &store && store.store.load == load && store.store.save == save && store.store.remove == remove_object, "the callbacks know their store");
	for (uint32_t i = 0; i < OBJECTS; i++)
		there += store.object[i].data != NULL;
	memory_store_clear(&store);
	for (uint32_t i = 0; i < OBJECTS; i++)
		PROVE(store.object[i].data == NULL && store.object[i].size == 0 && store.object[i].name[0] == 0, "nothing is left");
	PROVE(freed == there && store_good(), "all of it is freed");
	if (there == OBJECTS)
		CANARY("full");
}

static uint32_t asked, saved;
static bool found[3];
static int load_error, save_error;
static uint8_t *loaded;
static uint32_t loaded_size;

/* Any store. */
static int any_load(void *context, const char *of, uint8_t **data, uint32_t *size)
{
	int error = any_bool() ? 0 : any_bool() ? ERR_NOT_FOUND : any_bool() ? ERR_NO_MEMORY : ERR_FAULT;

	PROVE(context == &before && asked < 3 && of == engine_objects[asked], "every object of the engine's is asked for, in order");
	PROVE(load_error == 0 && save_error == 0, "the first error ends it");
	PROVE(saved == allocated && freed == allocated, "what was loaded before is freed");
	found[asked] = error == 0;
	asked++;
	if (error == 0) {
		loaded_size = any_u32();
		ASSUME(loaded_size <= STORE_OBJECT_MAX);
		loaded = malloc(loaded_size == 0 ? 1 : loaded_size);
		ASSUME(loaded != NULL);
		allocated++;
		*data = loaded;
		*size = loaded_size;
	} else if (error != ERR_NOT_FOUND) {
		load_error = error;
	}
	return error;
}

/* What prove_save() shows of it. */
int stub_save(void *context, const char *of, const uint8_t *data, uint32_t size)
{
	PROVE(context == &store && asked != 0 && of == engine_objects[asked - 1] && data == loaded && size == loaded_size, "it is kept as it was loaded");
	saved++;
	save_error = any_bool() ? 0 : ERR_NO_MEMORY;
	return save_error;
}

void prove_copy(void)
{
	const struct store from = { .load = any_load, .context = &before };
	int error = memory_store_copy(&store, &from);

	PROVE(error == (load_error != 0 ? load_error : save_error), "the error of the store");
	PROVE(freed == allocated && saved == allocated, "nothing that was loaded is left");
	PROVE(IMPLIES(error == 0, asked == 3 && saved == (uint32_t)found[0] + found[1] + found[2]), "all that is there is copied");
	if (error == 0 && saved == 3)
		CANARY("all");
	if (save_error != 0)
		CANARY("no memory");
}
