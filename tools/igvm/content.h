/* SPDX-License-Identifier: MIT */
/* content.h - the bytes that an image puts at an address of the guest's memory. */
#ifndef IGVM_CONTENT_H
#define IGVM_CONTENT_H

#include "source.h"

/*
 * Content of the page at gpa that the directive at this file offset (of a PAGE_DATA or VP_CONTEXT) launches: PAGE_SIZE
 * bytes; a page of zeros for a page without content; NULL for directives that have none.
 */
const uint8_t *content_of_directive(const struct source *source, uint64_t offset, uint32_t type, uint64_t gpa);

/* The page at gpa, whichever directive puts it there; NULL: none does, or the host or the processor fills it. */
const uint8_t *content_at(const struct source *source, uint32_t mask, uint64_t gpa);

#endif
