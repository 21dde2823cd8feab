/* SPDX-License-Identifier: MIT */
#include "recipe.h"

#include <stddef.h>
#include <string.h>

#include "abi/igvm.h"
#include "abi/snp.h"
#include "lib/types.h"

static const struct recipe recipes[] = {
	{
		/*
		 * KVM builds the VMSA itself from the registers that QEMU sets: what stands in the file must be what
		 * KVM makes of it, or the digest is another one. KVM keeps CR0.ET and CR0.NE, sets CR4.MCE and
		 * EFER.SVME, and refuses values in fields that it does not copy (so the x87 tag word stays 0).
		 */
		.name = "qemu",
		.summary = "QEMU with KVM, and Nutshell",
		.platform_mask = 1,
		.highest_vtl = 0,
		.shared_gpa_boundary = 0,
		.policy = SNP_POLICY_SMT | SNP_POLICY_MUST_BE_ONE,
		.vmsa_gpa = IGVM_KVM_VMSA_GPA,
		.sev_features = SEV_FEATURE_SNP_ACTIVE,
		.cr0 = 0x31,
		.cr4 = 0x40,
		.efer = EFER_SVME,
		.dr6 = 0xFFFF0FF0,
		.dr7 = 0x400,
		.g_pat = 0x0007040600070406,
		.xcr0 = 1,
		.mxcsr = 0x1F80,
		.x87_fcw = 0x37F,
		.x87_ftw = 0,
	},
};

const struct recipe *recipe_at(unsigned index)
{
	return index < ARRAY_SIZE(recipes) ? &recipes[index] : NULL;
}

const struct recipe *recipe_find(const char *name)
{
	for (unsigned i = 0; recipe_at(i); i++) {
		if (strcmp(recipes[i].name, name) == 0)
			return &recipes[i];
	}
	return NULL;
}
