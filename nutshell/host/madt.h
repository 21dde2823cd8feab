/* SPDX-License-Identifier: MIT */
/*
 * madt.h - tables that the host writes into parameter areas. Pure.
 */
#ifndef NUTSHELL_HOST_MADT_H
#define NUTSHELL_HOST_MADT_H

#include "abi/igvm.h"
#include "lib/types.h"

/* An ACPI MADT for processors with APIC ids 0..count-1 and q35's I/O APIC. The length; 0 when it does not fit. */
uint32_t madt_build(uint8_t *out, uint64_t room, uint32_t count);

/* The IGVM memory map of RAM [0, low_end) and [4 GiB, high_end). Number of entries; 0 when it does not fit. */
uint32_t memory_map_build(struct igvm_memory_map_entry *out, uint64_t room, uint64_t low_end, uint64_t high_end);

#endif
