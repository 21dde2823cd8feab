/* SPDX-License-Identifier: MIT */
/*
 * guest.h - what kinds of guest have in common: Linux and the test payload, firmware in its two forms.
 */
#ifndef IGVM_GUEST_H
#define IGVM_GUEST_H

#include "layout.h"
#include "lib/ovmf.h"

/* Adds content as measured pages and as a launch range. */
__must_check int guest_add_content(struct layout *layout, uint64_t gpa, const void *data, size_t size, uint32_t flags,
				   const char *owner);
/*
 * GDT, page tables, secrets, CPUID and calling-area pages, and a first context in long mode at this entry point.
 */
__must_check int guest_add_common(struct layout *layout, uint64_t entry);

/* A processor as it comes out of a reset: real mode, at the last 16 bytes below 4 GiB. */
void guest_reset_context(struct vmsa *vmsa, const struct recipe *recipe);
/* Reads OVMF's tables; reports what is wrong with them. */
__must_check int guest_open_ovmf(struct ovmf *ovmf, const char *path, const struct blob *file);
bool guest_is_igvm(const struct blob *file);

#endif
