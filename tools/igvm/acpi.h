/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - the ACPI tables of a directly booted guest: RSDP, XSDT, FADT, FACS, DSDT for QEMU's q35 machine. The MADT
 * is not among them: it lists the processors, which only the host knows; the XSDT points to where the monitor puts it.
 *
 * Source: ACPI specification 6.3, chapters 4 and 5. The machine's registers are where QEMU's firmware puts them:
 * power-management block at I/O port 0x600, reset register 0xCF9.
 */
#ifndef IGVM_ACPI_H
#define IGVM_ACPI_H

#include "lib/types.h"

/* Fills one page that will lie at table_gpa; the RSDP is its first structure. madt_gpa: address for the XSDT. */
void acpi_build(uint8_t page[PAGE_SIZE], uint64_t table_gpa, uint64_t madt_gpa);

#endif
