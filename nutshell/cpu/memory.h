/* SPDX-License-Identifier: MIT */
/*
 * memory.h - physical memory: what the guest sees and what Nutshell keeps for itself.
 *
 * Nutshell hides in one run of RAM at the top of the usable memory below 4 GiB: its image, the IGVM file, the reverse
 * map, and a pool for nested page tables. Everything below is guest RAM at the same addresses. Three windows are
 * exceptions: private accesses to 0xC0000-0xFFFFF reach a copy of the ROM in hidden RAM; the save-area page at
 * 0xFFFFFFFFF000 (where KVM's launch puts it) is a hidden page, too; and so are pages of the last 64 MiB below 4 GiB
 * that the image launches or requires (a monitor, a guest's firmware), but for the interrupt controllers' part. Shared
 * accesses to the low ROM reach QEMU's.
 */
#ifndef NUTSHELL_CPU_MEMORY_H
#define NUTSHELL_CPU_MEMORY_H

#include "nutshell/machine.h"
#include "nutshell/start.h"

#define LEGACY_ROM_START 0xC0000ull
#define LEGACY_ROM_END 0x100000ull
#define EXTRA_START 0xFC000000ull /* up to 4 GiB, but for: */
#define DEVICES_START 0xFEC00000ull
#define DEVICES_END 0xFF000000ull
#define LAUNCH_VMSA_GPA 0xFFFFFFFFF000ull

/* System physical address behind a private guest page, ~0 when it is not RAM. */
uint64_t memory_private_spa(uint64_t gpa);

/* Number of pages that the reverse map covers, and the index of one (~0: not covered). */
uint64_t memory_page_count(void);
uint64_t memory_page_index(uint64_t gpa);

/* Physical address of something in Nutshell's image. */
uint64_t image_to_phys(const void *pointer);

#endif
