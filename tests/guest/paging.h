/* SPDX-License-Identifier: MIT */
/*
 * paging.h - the payload's own page tables.
 *
 * 0 to 4 GiB are mapped one to one and private: the payload's own block in 4 KiB pages, all else in 2 MiB pages. Slots
 * of a window elsewhere map single pages, private or shared.
 */
#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_SLOTS 8u

extern uint64_t paging_c_bit;

void paging_init(uint32_t c_bit_position);
/* Shares or unshares a page of the payload's image, in the page tables only. */
void paging_set_shared(const void *page, bool shared);
/* Maps a page into a slot and returns its address there. The address need not be RAM. */
void *paging_window(uint32_t slot, uint64_t gpa, bool shared);

/* The page at a guest physical address below 4 GiB, private. */
static inline uint8_t *page_at(uint64_t gpa)
{
	return (uint8_t *)(uintptr_t)gpa;
}

#endif
