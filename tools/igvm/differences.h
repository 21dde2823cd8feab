/* SPDX-License-Identifier: MIT */
/*
 * differences.h - in what two images differ: runs of guest pages, and everything else that the files say. Printed by
 * diff.c.
 */
#ifndef IGVM_DIFFERENCES_H
#define IGVM_DIFFERENCES_H

#include "source.h"

enum difference_kind {
	ONLY_FIRST, /* pages that the first image launches and the second does not */
	ONLY_SECOND,
	OTHER_TYPE,    /* launched as another type of page */
	OTHER_CONTENT, /* the same type, other bytes */
	DIFFERENCE_KINDS
};

struct difference {
	enum difference_kind kind;
	uint64_t gpa, pages;
	uint8_t type[2];	   /* SNP_PAGE_TYPE_* in the first and the second image; 0: not launched */
	uint64_t bytes;		   /* OTHER_CONTENT: so many differ, */
	uint64_t first_byte;	   /* ... the first at this address */
	const uint8_t *content[2]; /* of the first page of the run; may be NULL */
};

struct differences {
	struct difference *list;
	size_t count, capacity;
	uint64_t pages[DIFFERENCE_KINDS];
	size_t first_step;	    /* where the chains of pages part; SIZE_MAX: nowhere */
	struct step step[2];	    /* ... and these are the pages there; type 0: the chain had ended */
	bool same_digest, other_order; /* other_order: the same pages, launched in another order */
	uint8_t digest[2][SNP_DIGEST_SIZE];
};

/* Compares what the loader launches. Reports and returns ERR_* when an image cannot be measured. */
__must_check int differences_find(const struct source *a, const struct source *b, const uint32_t mask[2],
				  enum loader loader, struct differences *differences);
void differences_free(struct differences *differences);

/* True when the content of a page of this type enters the digest. */
bool content_is_measured(uint8_t type);

#endif
