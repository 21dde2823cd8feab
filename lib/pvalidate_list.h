/* SPDX-License-Identifier: MIT */
/*
 * pvalidate_list.h - the request structure of the Core protocol's PVALIDATE call (58019, section 7.2).
 *
 * Everything here works on private copies: the caller reads guest memory once.
 */
#ifndef LIB_PVALIDATE_LIST_H
#define LIB_PVALIDATE_LIST_H

#include "abi/svsm.h"
#include "lib/types.h"

struct pvalidate_entry {
	gpa_t address;
	bool size_2m;
	bool validate;  /* false: rescind */
	bool ignore_cf; /* "no change" counts as success */
};

/* Largest number of entries that fit in the page of a request at this address. ERR_INVALID: not 8-byte aligned, or no
 * room for an entry. */
int pvalidate_list_capacity(gpa_t request, uint32_t *capacity) __must_check;

/* ERR_INVALID: no entries, more than capacity, or next not below entries. */
int pvalidate_list_check(const struct svsm_pvalidate_header *header, uint32_t capacity) __must_check;

/* Decodes one entry. ERR_INVALID: reserved bit, unknown size, or a 2 MiB entry that is not aligned. */
int pvalidate_entry_decode(uint64_t raw, struct pvalidate_entry *entry) __must_check;

#endif
