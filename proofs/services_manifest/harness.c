/* SPDX-License-Identifier: MIT */
/* The reader of the manifest of all services, on one of any size and content. */
#include "proofs/prover.h"

#include "lib/services_manifest.c"

/* Size of header and entries. */
#define TABLE(count) (sizeof(struct svsm_services_header) + (count) * sizeof(struct svsm_services_entry))

static struct services_manifest manifest;
static uint32_t witness; /* an entry that nobody chose */

/* ---- looking up ---- */

void prove_find(void)
{
	uint8_t guid[16];
	uint32_t byte = any_u8() % sizeof(guid);

	manifest = ANY(struct services_manifest);
	manifest.count = any_u8() % (SERVICES_MANIFEST_MAX + 1u);
	const struct svsm_services_entry *entry = services_manifest_find(&manifest, guid);

	if (entry == NULL) {
		witness = any_u8() % SERVICES_MANIFEST_MAX;
		PROVE(IMPLIES(witness < manifest.count, memcmp(manifest.entry[witness].guid, guid, sizeof(guid)) != 0), "no entry has the name");
		CANARY("not found");
		return;
	}
	PROVE(entry >= manifest.entry && entry < manifest.entry + manifest.count, "one of the entries");
	PROVE(entry->guid[byte] == guid[byte], "it has the name");
	CANARY("found");
}

/*
 * It is asked for each entry that fits, before that is taken, and may find one. The name that it gets is the begin of an
 * entry; here is seen that each follows the one before.
 */
static uint64_t total; /* size of the manifest */
static uint32_t asked, first; /* where the first entry must begin */
static bool twice;
static struct svsm_services_entry taken; /* the witness */

const struct svsm_services_entry *stub_services_manifest_find(const struct services_manifest *in, const uint8_t guid[16])
{
	const struct svsm_services_entry *entry = (const struct svsm_services_entry *)(const void *)guid;
	bool found = in->count != 0 && any_bool();

	PROVE(in->count == asked && asked < SERVICES_MANIFEST_MAX, "asked once for each, before there are too many");
	PROVE(__CPROVER_r_ok(entry, sizeof(*entry)), "the name of an entry");
	PROVE(entry->offset <= total && entry->length <= total - entry->offset, "it lies inside");
	ASSUME(entry->offset <= total && entry->length <= total - entry->offset);
	if (asked == 0)
		PROVE(entry->offset == first, "the first one begins behind the entries");
	if (asked == witness)
		taken = *entry;
	else if (asked == witness + 1)
		PROVE(entry->offset == (uint64_t)taken.offset + taken.length, "each begins where the one before ends");
	asked++;
	twice = twice || found;
	return found ? &in->entry[0] : NULL;
}

/* ---- reading ---- */

void prove_read(void)
{
	uint64_t size = any_u64();
	uint32_t byte = any_u8() % sizeof(taken);
	struct svsm_services_header header;

	ASSUME(size <= 1ull << 40);
	const uint8_t *data = __CPROVER_allocate(size, 0);

	witness = any_u8() % SERVICES_MANIFEST_MAX;
	total = size;
	if (size >= sizeof(header)) {
		memcpy(&header, data, sizeof(header));
		first = (uint32_t)TABLE(header.count % 32u);
	}
	int error = services_manifest_read(data, size, &manifest);

	PROVE(manifest.count <= SERVICES_MANIFEST_MAX, "no more than there is room for");
	if (error != 0) {
		PROVE(error == ERR_FORMAT || error == ERR_OVERFLOW, "a documented error");
		CANARY("refused");
		return;
	}
	PROVE(manifest.count == header.count && asked == manifest.count && !twice, "all entries, and each service once");
	PROVE(size == header.size && IMPLIES(manifest.count == 0, size == TABLE(0)), "with none the manifest ends");
	CANARY("read");
	if (witness < manifest.count) {
		PROVE(IMPLIES(witness + 1 == manifest.count, size == (uint64_t)taken.offset + taken.length), "the last one ends with the manifest");
		PROVE(((uint8_t *)&manifest.entry[witness])[byte] == ((uint8_t *)&taken)[byte], "each entry is as it was checked");
		CANARY("a service");
	}
}
