/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - guest firmware that comes as an IGVM file: what it would have a host launch at VMPL0 is taken apart, so that
 * the monitor can give it to the guest at its own level.
 *
 * Of the file's SEV-SNP platform, pages with content become measured pages of the guest; pages of zeros, parameter areas,
 * the secrets and the CPUID page are made by the monitor; the context of the first processor becomes the guest's. What only
 * the host could give (shared pages, contexts of more processors, a virtual top of memory, other parameters) is refused
 * unless the file calls it optional. Policy, ID blocks and save-area address are those of the image, not of this file.
 *
 * The calling area has no directive. If the pages that end at 4 GiB hold OVMF's tables, these name it, and whatever memory
 * they ask for is given too; else it is the page behind the secrets page, as in Hyper-V's firmware.
 *
 * Nothing is printed here. The file has passed check_file(): directives do not overlap.
 */
#ifndef IGVM_FIRMWARE_H
#define IGVM_FIRMWARE_H

#include "abi/snp.h"
#include "check.h"
#include "lib/ovmf.h"

#define FIRMWARE_PAGES_MAX 65536u /* 256 MiB */

/* OVMF takes for RAM or for its PCI devices what lies below: the monitor's region has to lie above. */
#define FIRMWARE_REGION_LEAST 0xFC000000ull

struct firmware_page {
	uint64_t gpa;
	const uint8_t *content; /* PAGE_SIZE bytes when kind is LAUNCH_RANGE_IMAGE */
	uint32_t kind;		/* LAUNCH_RANGE_* */
	uint32_t flags;		/* LAUNCH_RANGE_FLAG_*: FIXED for the volume of OVMF's variables */
	uint32_t type;		/* of the directive, ... */
	uint64_t offset;	/* ... and where it is; 0: asked for by OVMF's tables */
};

struct firmware {
	struct firmware_page *page; /* by address */
	size_t page_count, page_capacity;
	uint64_t map_gpa, map_size; /* size 0: none */
	uint64_t vp_count_gpa;	    /* 0: none */
	struct vmsa context;
	bool has_context;
	uint8_t **owned; /* contents that are not the file's */
	size_t owned_count;
};

/*
 * region_gpa: where the monitor will be. 0, or ERR_FORMAT or ERR_UNSUPPORTED with the first thing that is wrong in *error.
 * Contents point into the file. To be freed in either case.
 */
__must_check int firmware_read(struct firmware *firmware, const struct igvm_file *file, const struct summary *summary,
			       uint64_t region_gpa, struct igvm_error *error);
void firmware_free(struct firmware *firmware);

/* LAUNCH_RANGE_* for a section of OVMF's. */
uint32_t firmware_kind(uint32_t section_type);
/* Why memory of the guest that firmware wants cannot be there; NULL when it can. */
const char *firmware_refuse(uint64_t gpa, uint64_t size, uint64_t region_gpa);

#endif
