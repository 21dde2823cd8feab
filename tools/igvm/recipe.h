/* SPDX-License-Identifier: MIT */
/*
 * recipe.h - what differs between hosts, as data. A host that wants other initial register values, another address for
 * the boot processor's VMSA or more features gets a row in recipe.c and nothing else.
 */
#ifndef IGVM_RECIPE_H
#define IGVM_RECIPE_H

#include <stdint.h>

struct recipe {
	const char *name;
	const char *summary;
	uint32_t platform_mask; /* compatibility mask in the file: one bit */
	uint8_t highest_vtl;
	uint64_t shared_gpa_boundary;
	uint64_t policy; /* SNP guest policy */
	uint64_t vmsa_gpa; /* address of VP_CONTEXT */
	uint64_t sev_features; /* of the monitor's VMSA; the guest's has only SNP active */
	/* Initial state of the monitor that the host's own code has an opinion on. */
	uint64_t cr0, cr4, efer, dr6, dr7, g_pat, xcr0;
	uint32_t mxcsr;
	uint16_t x87_fcw, x87_ftw;
};

/* NULL when there is none of that name. */
const struct recipe *recipe_find(const char *name);
/* Recipe number index, NULL behind the last; the first is the default. */
const struct recipe *recipe_at(unsigned index);

#endif
