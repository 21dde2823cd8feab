/* SPDX-License-Identifier: MIT */
#include "lib/services_manifest.h"

#include "lib/string.h"

const struct svsm_services_entry *services_manifest_find(const struct services_manifest *manifest, const uint8_t guid[16])
{
	for (uint32_t i = 0; i < manifest->count; i++) {
		if (memcmp(manifest->entry[i].guid, guid, sizeof(manifest->entry[i].guid)) == 0)
			return &manifest->entry[i];
	}
	return NULL;
}

/* Entries in order: each begins where the one before ends, the last ends with the manifest. */
static int read_entries(const uint8_t *data, const struct svsm_services_header *header, struct services_manifest *manifest)
{
	uint64_t at = sizeof(*header) + (uint64_t)header->count * sizeof(struct svsm_services_entry);

	if (at > header->size)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < header->count; i++) {
		struct svsm_services_entry entry;

		memcpy(&entry, data + sizeof(*header) + i * sizeof(entry), sizeof(entry));
		if (entry.offset != at || entry.length > header->size - at ||
		    services_manifest_find(manifest, entry.guid) != NULL)
			return ERR_FORMAT;
		at += entry.length;
		manifest->entry[manifest->count++] = entry;
	}
	return at == header->size ? 0 : ERR_FORMAT;
}

int services_manifest_read(const void *data, uint64_t size, struct services_manifest *manifest)
{
	static const uint8_t guid[16] = SVSM_GUID_SERVICES;
	struct svsm_services_header header;

	manifest->count = 0;
	if (size < sizeof(header))
		return ERR_FORMAT;
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.guid, guid, sizeof(guid)) != 0 || header.size != size)
		return ERR_FORMAT;
	if (header.count > SERVICES_MANIFEST_MAX)
		return ERR_OVERFLOW;
	return read_entries(data, &header, manifest);
}
