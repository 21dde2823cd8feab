/* SPDX-License-Identifier: MIT */
/*
 * launch.h - preparing the guest that the image carries: its memory, its tables, its first vCPU.
 */
#ifndef KERNEL_GUEST_LAUNCH_H
#define KERNEL_GUEST_LAUNCH_H

#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/snp.h"
#include "lib/madt.h"
#include "lib/memory_map.h"

struct launch_inputs {
	const struct launch_block *block;       /* measured */
	const struct policy_page *policy;       /* measured, checked */
	const struct vmsa *guest_vmsa;          /* measured template of the first context */
	const struct snp_cpuid_page *cpuid;     /* private copy */
	const struct snp_secrets_page *secrets; /* private copy */
	const uint8_t *madt;                    /* private copy, madt_length bytes; 0: none */
	uint32_t madt_length;
	struct memory_map *map;                 /* RAM without the monitor's own */
};

/*
 * True when the block is for this monitor and describes sorted, aligned, separate ranges below limit, firmware among them;
 * what the monitor is to write elsewhere (map, C-bits, number of vCPUs) lies below limit too.
 */
bool launch_block_check(const struct launch_block *block, uint64_t limit);

/* Addresses of the firmware, first to last page; empty when the image has none. */
struct page_range launch_firmware(const struct launch_block *block);

/* Prepares everything; the guest's first vCPU is ready to run. Does not return when the image or the host is wrong. */
void launch_prepare(const struct launch_inputs *inputs);

/*
 * The same again after a reset: memory of the guest is UNVALIDATED, its vCPUs are stopped. launch_keep_numbers() comes
 * first, while the old guest's secrets page still is: how many messages it has sent to the security processor goes into
 * the new one's.
 */
void launch_keep_numbers(void);
void launch_again(void);

#endif
