/* SPDX-License-Identifier: MIT */
/*
 * guest.h - what the two kinds of guest (Linux, test payload) have in common.
 */
#ifndef IGVM_GUEST_H
#define IGVM_GUEST_H

#include "layout.h"

/* Adds content as measured pages and as a launch range. */
__must_check int guest_add_content(struct layout *layout, uint64_t gpa, const void *data, size_t size, uint32_t flags,
				   const char *owner);
/*
 * GDT, page tables, secrets, CPUID and calling-area pages, and a first context in long mode at this entry point.
 */
__must_check int guest_add_common(struct layout *layout, uint64_t entry);

#endif
