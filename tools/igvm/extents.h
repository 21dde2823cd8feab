/* SPDX-License-Identifier: MIT */
/*
 * extents.h - runs of pages: what stands side by side in memory and is launched in the same way is shown as one.
 */
#ifndef IGVM_EXTENTS_H
#define IGVM_EXTENTS_H

#include "check.h"

/* "measured", "secrets page", ... */
const char *extent_name(const struct extent *extent);

/* Index behind the run of list[i]; *end is its end address. Pages that follow each other in the list and in memory form a run. */
size_t extent_run(const struct extent *list, size_t count, size_t i, uint64_t *end);

/* A copy of the list by address; freed by the caller. */
struct extent *extents_by_address(const struct summary *summary);

#endif
