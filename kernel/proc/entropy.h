/* SPDX-License-Identifier: MIT */
/*
 * entropy.h - random bytes for keys: RDSEED (RDRAND where the processor has no RDSEED), watched by health tests, through
 * HMAC_DRBG with SHA-384 that is seeded anew for each request.
 *
 * The CPUID page, which the security processor has checked, says which instruction exists. After a failed health test, or
 * when the instruction does not deliver, there are no random bytes any more until the next start: callers must not go
 * on with weak ones. Serialised by services_lock.
 */
#ifndef KERNEL_PROC_ENTROPY_H
#define KERNEL_PROC_ENTROPY_H

#include "abi/snp.h"
#include "lib/types.h"

/* RDRAND's words for one word of a seed: its own generator is seeded anew at the latest then. */
#define ENTROPY_RDRAND_FACTOR 512u

/* Chooses the source, tests and seeds. ERR_UNSUPPORTED: no source; ERR_FAULT: it fails. */
int entropy_init(const struct snp_cpuid_page *cpuid) __must_check;

/* ERR_FAULT: there is no trustworthy source (any more); out is zeroed then. */
int entropy_get(void *out, uint64_t size) __must_check;

#endif
