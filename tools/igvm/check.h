/* SPDX-License-Identifier: MIT */
/*
 * check.h - what a file must fulfil that no single header shows: every mask belongs to a platform, parameters fit
 * into areas that exist, nothing is inserted twice, contents lie in the file, and no two things share an address.
 * lib/igvm.h has checked each header by itself.
 */
#ifndef IGVM_CHECK_H
#define IGVM_CHECK_H

#include "lib/igvm.h"
#include "util.h"

/* One stretch of guest memory that a directive covers. */
struct extent {
	uint64_t gpa;
	uint64_t size;
	uint32_t mask;
	uint32_t type; /* IGVM_VHT_PAGE_DATA, _PARAMETER_INSERT, _VP_CONTEXT */
	uint32_t data_type; /* PAGE_DATA: IGVM_PAGE_TYPE_* */
	uint32_t flags; /* PAGE_DATA: IGVM_PAGE_FLAG_* */
	bool zeros; /* PAGE_DATA without content */
	uint64_t offset; /* of the header in the file */
};

struct summary {
	struct igvm_supported_platform *platform;
	size_t platform_count;
	struct igvm_guest_policy *policy;
	size_t policy_count;
	struct igvm_parameter_area *area;
	size_t area_count;
	struct extent *extent; /* in file order */
	size_t extent_count;
	uint32_t masks; /* of all platforms */
};

/* 0, or the first thing that is wrong in *error. The summary is to be freed in either case. */
__must_check int check_file(const struct igvm_file *file, struct summary *summary, struct igvm_error *error);
void summary_free(struct summary *summary);

/* "igvm: PATH: TEXT (TYPE at offset 0x...)". */
void report_igvm_error(const char *path, const struct igvm_error *error);

#endif
