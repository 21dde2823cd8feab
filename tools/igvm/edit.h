/* SPDX-License-Identifier: MIT */
/*
 * edit.h - a copy of an IGVM file with some of its headers left out and one more at the end. Contents stay byte for
 * byte; where they have to move, every offset that points to them moves along.
 */
#ifndef IGVM_EDIT_H
#define IGVM_EDIT_H

#include "lib/igvm.h"
#include "util.h"

struct edit {
	uint32_t drop_type; /* headers of this type ... */
	uint32_t drop_mask; /* ... whose first field, a compatibility mask, has one of these bits; 0: none */
	uint32_t add_type;  /* IGVM_VHT_*; 0: nothing */
	const void *add_body;
	uint32_t add_size;
};

/*
 * ERR_UNSUPPORTED: the headers have to grow, but contents stand in front of them, or a header whose type this program
 * does not know may point to contents. ERR_OVERFLOW: the file would be larger than 4 GiB.
 */
__must_check int edit_file(const struct igvm_file *file, const struct edit *edit, struct blob *out,
			   struct igvm_error *error);

#endif
