/* SPDX-License-Identifier: MIT */
/*
 * store.h - where a TPM's state lies: a few named objects, each written as a whole.
 *
 * The engine writes an object before it answers the command that changed it, so a store that has returned from save()
 * must have the object safe. Nothing of the content is checked here: a store that reads from where others write must
 * authenticate what it returns.
 */
#ifndef SERVICES_VTPM_STORE_H
#define SERVICES_VTPM_STORE_H

#include "lib/types.h"

#define STORE_NAME_MAX 16u /* with the NUL */
#define STORE_OBJECTS_MAX 4u
#define STORE_OBJECT_MAX (1u << 20)

struct store {
	/* *data: a copy from malloc(), the caller's. ERR_NOT_FOUND, ERR_NO_MEMORY, ERR_FAULT (it cannot be read). */
	int (*load)(void *context, const char *name, uint8_t **data, uint32_t *size);
	/* Replaces the object as a whole or not at all. ERR_INVALID (name, size), ERR_NO_MEMORY, ERR_FAULT. */
	int (*save)(void *context, const char *name, const uint8_t *data, uint32_t size);
	/* ERR_NOT_FOUND, ERR_FAULT. */
	int (*remove)(void *context, const char *name);
	void *context;
};

/* Wipes and frees what load() gave: state holds keys. NULL: nothing. */
void store_free(uint8_t *data, uint32_t size);

/* ---- in memory: gone with the process ---- */

struct memory_store {
	struct store store;
	struct memory_object {
		char name[STORE_NAME_MAX]; /* empty: free */
		uint8_t *data;
		uint32_t size;
	} object[STORE_OBJECTS_MAX];
};

void memory_store_init(struct memory_store *store);
/* Wipes and frees all objects. */
void memory_store_clear(struct memory_store *store);
/* Fills an empty store with what the engine keeps in another. As load() and save(). */
int memory_store_copy(struct memory_store *store, const struct store *from) __must_check;

#endif
