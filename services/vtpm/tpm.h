/* SPDX-License-Identifier: MIT */
/*
 * tpm.h - the TPM as the service offers it: the engine, behind checks, with a failure mode, and its endorsement key.
 *
 * States: WORKING, and FAILED. FAILED is entered when the engine does not start, when it gives no usable response, or at
 * once when the service was started in place of one that died: what the dead one held in memory (PCRs, keys, NV) is
 * lost, and a fresh TPM in its place would vouch for a boot that it never saw. In failure mode each command is
 * answered with TPM_RC_FAILURE, but TPM2_GetTestResult and TPM2_GetCapability for a few properties (TPM 2.0 library,
 * part 1, "failure mode"). Only tpm_reset() may end it, and only if the store still holds the TPM's state.
 *
 * The endorsement key (RSA 2048 by the TCG's template L-1) is computed before the first command of the guest, or when the
 * manifest is asked for, whatever comes first: on a copy of the state that is thrown away, so that the TPM that the
 * guest sees is as after power-on. It is the same key that the guest makes with that template.
 */
#ifndef SERVICES_VTPM_TPM_H
#define SERVICES_VTPM_TPM_H

#include "lib/types.h"
#include "services/vtpm/engine.h"

#define TPM_HEADER_SIZE 10u

/* Once. failed: in the place of one that died. The store must live as long as the process. */
void tpm_start(const struct store *store, bool failed);

/*
 * Executes a command of the guest's; always a response of at least a header. command_size is what there is: the
 * header's size field must say the same. response has room for ENGINE_RESPONSE_MAX bytes; it may be where command is.
 */
uint32_t tpm_command(uint32_t locality, const uint8_t *command, uint32_t command_size, uint8_t *response);

/*
 * The public part of the endorsement key, a TPMT_PUBLIC: version 0 of the vTPM's manifest. *size: bytes in out, which
 * has room for capacity. ERR_STATE: the TPM has failed, or the guest has changed the seed since the last reset;
 * ERR_FAULT: no key could be made; ERR_OVERFLOW.
 */
int tpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size) __must_check;

/* The machine is reset: as after power-on, NV as it was. A TPM that has failed and whose state is lost stays FAILED. */
void tpm_reset(void);

bool tpm_has_failed(void);

/* What the state is for; tells why, when it is FAILED. For the log. */
const char *tpm_failure_reason(void);

#endif
