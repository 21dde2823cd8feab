/* SPDX-License-Identifier: MIT */
/* endorsement.h - the endorsement key that the manifest shows. */
#ifndef SERVICES_VTPM_ENDORSEMENT_H
#define SERVICES_VTPM_ENDORSEMENT_H

#include "lib/types.h"
#include "services/vtpm/store.h"

#define ENDORSEMENT_PUBLIC_MAX 512u

/*
 * Makes the key from the TPM that the store holds and tells its public part (TPMT_PUBLIC). The engine must be OFF, and
 * is OFF afterwards; the store is only read. ERR_FAULT: the engine does not make it; ERR_FORMAT: what it made is no such
 * key; errors of the store.
 */
int endorsement_compute(const struct store *store, uint8_t out[ENDORSEMENT_PUBLIC_MAX], uint32_t *size) __must_check;

/* Picks TPMT_PUBLIC out of a response of TPM2_CreatePrimary; NULL: it is none. For endorsement_compute() and its tests. */
const uint8_t *endorsement_find_public(const uint8_t *response, uint32_t response_size, uint32_t *size);

#endif
