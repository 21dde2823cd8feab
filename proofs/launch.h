/* SPDX-License-Identifier: MIT */
/*
 * launch.h - kernel/guest/launch.c with RANGES ranges at most, and steps that may fail. A harness defines RANGES before it
 * includes this, and OWN_PANIC when the VM may end for another reason than a step that failed.
 */
#ifndef PROOFS_LAUNCH_H
#define PROOFS_LAUNCH_H

#include "abi/launch.h"
#undef LAUNCH_RANGE_MAX
#define LAUNCH_RANGE_MAX RANGES /* the array keeps its size */

#include "kernel/guest/launch.c"

uint32_t guest_plane;
uint64_t paging_c_bit, paging_region_gpa;
struct page_state_map memory_pages;

static struct launch_block block;
static bool failed; /* a step of the launch */

#ifndef OWN_PANIC
static int may_fail(void)
{
	int error = any_bool() ? 0 : any_int();

	failed = failed || error != 0;
	return error;
}

/* Ends the VM. */
void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(failed, "the VM ends only when a step has failed");
	CANARY("the VM ends");
	ASSUME(false);
	for (;;)
		;
}
#endif

#endif
