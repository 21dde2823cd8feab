/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "services/vtpm/engine.h"
#include "services/vtpm/store.h"

void store_free(uint8_t *data, uint32_t size)
{
	if (data != NULL)
		explicit_bzero(data, size);
	free(data);
}

static struct memory_object *find(struct memory_store *store, const char *name)
{
	for (uint32_t i = 0; i < STORE_OBJECTS_MAX; i++) {
		if (strcmp(store->object[i].name, name) == 0)
			return &store->object[i];
	}
	return NULL;
}

static int load(void *context, const char *name, uint8_t **data, uint32_t *size)
{
	const struct memory_object *object = find(context, name);

	if (object == NULL || name[0] == 0)
		return ERR_NOT_FOUND;
	*data = malloc(object->size == 0 ? 1 : object->size);
	if (*data == NULL)
		return ERR_NO_MEMORY;
	memcpy(*data, object->data, object->size);
	*size = object->size;
	return 0;
}

static int save(void *context, const char *name, const uint8_t *data, uint32_t size)
{
	struct memory_object *object = find(context, name);
	uint8_t *copy;

	if (name[0] == 0 || strlen(name) >= STORE_NAME_MAX || size > STORE_OBJECT_MAX)
		return ERR_INVALID;
	if (object == NULL)
		object = find(context, "");
	copy = object == NULL ? NULL : malloc(size == 0 ? 1 : size);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	memcpy(copy, data, size);
	store_free(object->data, object->size);
	memcpy(object->name, name, strlen(name) + 1);
	object->data = copy;
	object->size = size;
	return 0;
}

static void clear_object(struct memory_object *object)
{
	store_free(object->data, object->size);
	*object = (struct memory_object){ .data = NULL };
}

static int remove_object(void *context, const char *name)
{
	struct memory_object *object = name[0] == 0 ? NULL : find(context, name);

	if (object == NULL)
		return ERR_NOT_FOUND;
	clear_object(object);
	return 0;
}

void memory_store_init(struct memory_store *store)
{
	*store = (struct memory_store){ .store = { .load = load, .save = save, .remove = remove_object } };
	store->store.context = store;
}

void memory_store_clear(struct memory_store *store)
{
	for (uint32_t i = 0; i < STORE_OBJECTS_MAX; i++)
		clear_object(&store->object[i]);
}

int memory_store_copy(struct memory_store *store, const struct store *from)
{
	for (uint32_t i = 0; engine_objects[i] != NULL; i++) {
		uint8_t *data;
		uint32_t size;
		int error = from->load(from->context, engine_objects[i], &data, &size);

		if (error == ERR_NOT_FOUND)
			continue;
		if (error != 0)
			return error;
		error = save(store, engine_objects[i], data, size);
		store_free(data, size);
		if (error != 0)
			return error;
	}
	return 0;
}
