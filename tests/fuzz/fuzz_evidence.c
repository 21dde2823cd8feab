/* SPDX-License-Identifier: MIT */
/*
 * What a verifier reads of an attestation: the first byte chooses a report, a manifest of services, a TPM's public area, or
 * a table of certificates. What is accepted must lie within the input.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/certificate_table.h"
#include "lib/services_manifest.h"
#include "lib/snp_report.h"
#include "lib/tpm_public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool inside(const struct tpm_bytes *bytes, const uint8_t *data, size_t size)
{
	return bytes->size == 0 || (bytes->data >= data && bytes->size <= size && bytes->data <= data + (size - bytes->size));
}

static void try_report(const uint8_t *data, size_t size)
{
	struct snp_report report;

	if (snp_report_read(data, size, &report) == 0)
		require(size == sizeof(report) && memcmp(&report, data, size) == 0 && report.version >= 2);
}

static void try_manifest(const uint8_t *data, size_t size)
{
	struct services_manifest manifest;
	uint64_t at;

	if (services_manifest_read(data, size, &manifest) != 0)
		return;
	at = 24u + 24u * manifest.count;
	for (uint32_t i = 0; i < manifest.count; i++) {
		require(manifest.entry[i].offset == at);
		at += manifest.entry[i].length;
		require(services_manifest_find(&manifest, manifest.entry[i].guid) == &manifest.entry[i]);
	}
	require(at == size);
}

static void try_key(const uint8_t *data, size_t size)
{
	struct tpm_public key;

	if (tpm_public_read(data, size, &key) != 0)
		return;
	require(inside(&key.policy, data, size) && inside(&key.modulus, data, size) && inside(&key.x, data, size) &&
		inside(&key.y, data, size));
	require(key.type == TPM_ALG_RSA ? key.modulus.size == key.bits / 8u : key.x.size == key.y.size);
	(void)tpm_public_is_endorsement_key(&key);
}

static void try_table(const uint8_t *data, size_t size)
{
	uint32_t capacity = (uint32_t)size, length = 0, offset, found;
	int error = certificate_table_size(data, capacity, &length);

	require(error != 0 || length <= capacity);
	require(error == 0 || certificate_table_check(data, capacity) != 0);
	if (size >= 16 && certificate_table_find(data, capacity, data, &offset, &found) == 0)
		require(error == 0 && offset <= length && found <= length - offset && found != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const try[])(const uint8_t *, size_t) = { try_report, try_manifest, try_key, try_table };
	uint8_t *copy;

	if (size == 0)
		return 0;
	copy = malloc(size > 1 ? size - 1 : 1); /* its own piece of memory, so that reading past the end shows */
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	try[data[0] % 4u](copy, size - 1);
	free(copy);
	return 0;
}
