/* SPDX-License-Identifier: MIT */
/* registers.h - the registers of a save area (VMSA) by name. */
#ifndef IGVM_REGISTERS_H
#define IGVM_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/snp.h"

struct register_value {
	const char *name;
	uint64_t value;
};

/* Register number index, in the order of the save area; false behind the last. */
bool register_read(const struct vmsa *vmsa, size_t index, struct register_value *value);

#endif
