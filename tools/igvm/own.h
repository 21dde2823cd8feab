/* SPDX-License-Identifier: MIT */
/*
 * own.h - finds, in an IGVM file, the two pages that make it an image of this monitor: the launch block, and beside it
 * the policy page. Files of other builders have none.
 */
#ifndef IGVM_OWN_H
#define IGVM_OWN_H

#include "abi/launch.h"
#include "abi/policy.h"
#include "lib/igvm.h"

struct own_pages {
	struct launch_block block;
	struct policy_page policy;
	uint64_t policy_offset;		   /* of the page's content in the file */
	struct igvm_header policy_header; /* the directive that launches it */
};

/*
 * 0: both are there, and the policy is one that the monitor accepts. ERR_NOT_FOUND: no image of this monitor.
 * ERR_FORMAT or ERR_UNSUPPORTED: it is one, but malformed or of another version; *error tells.
 */
__must_check int own_find(const struct igvm_file *file, struct own_pages *own, struct igvm_error *error);

#endif
