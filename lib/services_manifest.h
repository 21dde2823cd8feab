/* SPDX-License-Identifier: MIT */
/*
 * services_manifest.h - reader of the manifest of all services of an SVSM (struct svsm_services_header). It is strict:
 * the manifests of the services follow the entries in their order and without gaps, as the specification has it, so that
 * there is one way to write what it says.
 */
#ifndef LIB_SERVICES_MANIFEST_H
#define LIB_SERVICES_MANIFEST_H

#include "abi/svsm.h"
#include "lib/types.h"

#define SERVICES_MANIFEST_MAX 16u

struct services_manifest {
	uint32_t count;
	struct svsm_services_entry entry[SERVICES_MANIFEST_MAX]; /* each lies within the manifest */
};

/* ERR_FORMAT: not one; ERR_OVERFLOW: more than SERVICES_MANIFEST_MAX services. */
int services_manifest_read(const void *data, uint64_t size, struct services_manifest *manifest) __must_check;

/* The entry of a service, or NULL. */
const struct svsm_services_entry *services_manifest_find(const struct services_manifest *manifest, const uint8_t guid[16]);

#endif
