/* SPDX-License-Identifier: MIT */
/* failure.h - the answers of a TPM in failure mode; it has no state. */
#ifndef SERVICES_VTPM_FAILURE_H
#define SERVICES_VTPM_FAILURE_H

#include "lib/types.h"

/* command is as long as its header says, at least a header. The size of the response (at most 64 bytes). */
uint32_t failure_command(const uint8_t *command, uint32_t size, uint8_t *response);

#endif
