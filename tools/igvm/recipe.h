/* SPDX-License-Identifier: MIT */
/*
 * recipe.h - what differs between hosts, as data: each host has a file in tools/igvm/recipes, which is built into the
 * program; 'igvm build --recipe FILE' takes another. A new host that wants other initial register values, another
 * address for the boot processor's VMSA, more features or fewer directives gets a file and nothing else.
 *
 * A recipe is lines of KEY = VALUE (text.h); every key of struct recipe must be there, once; numbers are decimal or 0x:
 *
 *   summary                what the host is, for people
 *   platform-mask          compatibility mask of the platform in the file: one bit
 *   highest-vtl            0 to 3
 *   shared-gpa-boundary    0 or an address: virtual top of memory
 *   guest-policy           SNP guest policy; bit 17 must be set
 *   region                 address of the monitor's region: a multiple of 2 MiB between LAUNCH_REGION_FIRST and _END
 *   vmsa                   address of the boot processor's save area, page aligned; or region-end: the last page of the
 *                          monitor's region, which the monitor then leaves alone
 *   sev-features cr0 cr4 efer dr6 dr7 g-pat xcr0 mxcsr x87-fcw x87-ftw
 *                          initial state of the monitor that the host's own code has an opinion on
 *   required-memory vp-count environment-info memory-map madt
 *                          directives: required, optional (a loader that does not know them may skip them) or absent.
 *                          The monitor cannot do without a memory map.
 */
#ifndef IGVM_RECIPE_H
#define IGVM_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"

#define RECIPE_NAME_SIZE 32u
#define RECIPE_SUMMARY_SIZE 128u

enum directive_use { DIRECTIVE_ABSENT, DIRECTIVE_OPTIONAL, DIRECTIVE_REQUIRED };

struct recipe {
	char name[RECIPE_NAME_SIZE];
	char summary[RECIPE_SUMMARY_SIZE];
	uint64_t platform_mask, highest_vtl;
	uint64_t shared_gpa_boundary;
	uint64_t policy;   /* SNP guest policy */
	uint64_t region_gpa; /* of the monitor's region */
	uint64_t vmsa_gpa; /* address of VP_CONTEXT */
	uint64_t sev_features; /* of the monitor's VMSA; the guest's has only SNP active */
	uint64_t cr0, cr4, efer, dr6, dr7, g_pat, xcr0;
	uint64_t mxcsr, x87_fcw, x87_ftw;
	enum directive_use required_memory, vp_count, environment_info, memory_map, madt;
};

struct recipe_error {
	const char *text; /* without a full stop */
	uint32_t line;	  /* from 1 on; 0: the text as a whole */
};

/* ERR_FORMAT with the first thing that is wrong. The name is the caller's business. */
__must_check int recipe_parse(struct recipe *recipe, const char *text, size_t size, struct recipe_error *error);

/* One of those that are built in. NULL when there is none of that name; a broken one ends the program. */
const struct recipe *recipe_find(const char *name);
/* Built-in recipe number index, NULL behind the last; the first is the default. */
const struct recipe *recipe_at(unsigned index);

/* From a file, whose name without folder and suffix becomes the recipe's; reports and returns ERR_* when that fails. */
__must_check int recipe_read_file(struct recipe *recipe, const char *path);

#endif
