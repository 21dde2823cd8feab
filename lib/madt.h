/* SPDX-License-Identifier: MIT */
/*
 * madt.h - processors listed in an ACPI Multiple APIC Description Table that the host wrote (ACPI 6.5, 5.2.12).
 */
#ifndef LIB_MADT_H
#define LIB_MADT_H

#include "lib/types.h"

#define MADT_CPU_MAX 64u

struct madt_cpus {
	uint32_t apic_id[MADT_CPU_MAX];
	uint32_t count;
	uint32_t length; /* bytes of the table, header included */
};

/*
 * Reads a table from a private copy of size bytes. Disabled processors are left out, a repeated APIC id is an error.
 * ERR_NOT_FOUND: the buffer starts with zeros, there is no table; ERR_FORMAT: signature, length, checksum or an entry
 * is wrong; ERR_OVERFLOW: more than MADT_CPU_MAX processors. *cpus is unspecified then.
 */
int madt_parse(const uint8_t *table, size_t size, struct madt_cpus *cpus) __must_check;

#endif
