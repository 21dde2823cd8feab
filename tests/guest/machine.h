/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what the machine offers to the payload: secrets and CPUID pages, memory map, the test device, and blocks
 * of memory to test with.
 *
 * A test takes 2 MiB blocks, private and not validated, and returns them; what it left validated is rescinded then.
 */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include "abi/igvm.h"
#include "abi/nutshell.h"
#include "abi/snp.h"
#include "lib/types.h"

/* Where the image builder puts them. */
#define MACHINE_SECRETS ((const struct snp_secrets_page *)(uintptr_t)0x0080D000u)
#define MACHINE_CPUID ((const struct snp_cpuid_page *)(uintptr_t)0x0080E000u)
#define MACHINE_MAP ((const struct igvm_memory_map_entry *)(uintptr_t)0x00014000u)
#define MACHINE_MAP_ENTRIES (PAGE_SIZE / sizeof(struct igvm_memory_map_entry))

/* Where the monitor says that its region lies; images differ in it. 03-isolation looks whether it does. */
static inline uint64_t monitor_gpa(void)
{
	return MACHINE_SECRETS->svsm_base;
}

/* True for addresses of the payload's own image. */
bool payload_contains(uint64_t address);

/* Row of the CPUID page, zeros when there is none. */
void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* Bytes of RAM in the memory map. */
uint64_t machine_ram_size(void);
/* First address above all RAM in the memory map; first address behind the RAM that lies below 4 GiB. */
uint64_t machine_ram_end(void);
uint64_t machine_low_ram_end(void);
/* True when the memory map calls the whole range RAM. */
bool machine_is_ram(uint64_t gpa, uint64_t size);

/* ---- test device ---- */

uint32_t machine_device(uint16_t port);
void machine_end(uint32_t status) __noreturn;
/* NUTSHELL_RMP_* of the page. */
uint32_t machine_rmp(uint64_t gpa);

/* What the reverse map says of a page in each state; the RMP_2M bit is not compared. */
uint32_t rmp_given(void); /* validated, all permissions of this level, none of others */
uint32_t rmp_unvalidated(void); /* private, not validated */
uint32_t rmp_shared(void);
uint32_t rmp_save_area(void); /* VMSA, this level may read */
/* Checks count pages from gpa on; the first that differs fails the test. */
void expect_rmp(uint64_t gpa, uint32_t count, uint32_t expected);

/* The next refused memory access raises #GP here instead of stopping the machine. */
void probe_arm(void);
void probe_disarm(void);
enum probe { PROBE_READ, PROBE_WRITE, PROBE_EXECUTE };
/* True when the access at this address was refused. */
bool probe_refused(void *address, enum probe kind);

/* ---- memory to test with ---- */

/* A block backed by 4 KiB or by 2 MiB pages. */
uint64_t block_take(bool size_2m);
void block_return(uint64_t block);
/* Makes one page the guest's, or takes it away, by PVALIDATE; failing is a failure of the test. */
void page_give(uint64_t gpa);
void page_take(uint64_t gpa);

#endif
