/* SPDX-License-Identifier: MIT */
/*
 * space.h - the address space of a process: its lower half; the monitor's upper half is in all of them, not for ring 3.
 *
 * Pages are either the space's own (OWN: frames of the region, freed with it) or parts of the read-only archive. The
 * monitor never uses a user address: it looks the page up and goes through its own mapping of the frame, so neither a
 * bad pointer of ring 3 nor a race can make it fault.
 *
 * Invariants: no page is writable and executable; the lowest and highest pages stay unmapped; own_pages counts the OWN
 * pages. Memory: 3 page-table pages and one more for each 2 MiB in use. Serialised by the owner.
 */
#ifndef KERNEL_MM_SPACE_H
#define KERNEL_MM_SPACE_H

#include "lib/types.h"

#define SPACE_START 0x10000ull
#define SPACE_END 0x40000000ull /* one page directory */
/* Where space_find() looks, in 2 MiB blocks: behind the program, below the stacks. */
#define SPACE_FIND_START (128u * PAGE_SIZE_2M)
#define SPACE_FIND_END (384u * PAGE_SIZE_2M)

struct space {
	pa_t root, middle, directory; /* page-table pages */
	uint64_t own_pages;
	uint64_t table_pages; /* all page-table pages */
};

enum space_access { SPACE_READ, SPACE_WRITE, SPACE_EXECUTE };

/* ERR_NO_MEMORY. */
int space_create(struct space *space) __must_check;

/* Frees the page tables and all pages that are the space's own, which are zeroed first. */
void space_destroy(struct space *space);

/* CR3 for it. */
uint64_t space_root(const struct space *space);

/*
 * Maps a frame of the region at a free page. own: the frame belongs to the space from now on. movable: ring 3 may give it
 * away or unmap it. ERR_ADDRESS: outside, unaligned or taken; ERR_NO_MEMORY: for a page table. Nothing has changed then.
 */
int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable) __must_check;

/* Takes an own, movable page out; its frame is the caller's. ERR_ADDRESS: there is none. */
int space_take(struct space *space, va_t address, pa_t *frame) __must_check;

/* Unmaps a page that is not the space's own; its frame stays whose it is. Where there is none nothing happens. */
void space_unmap(struct space *space, va_t address);

/* True for a page that space_take() would give. */
bool space_is_movable(const struct space *space, va_t address);

/* Start of a run of so many free pages, at least one: any number may be asked for. ERR_NO_MEMORY: there is no such run. */
int space_find(const struct space *space, uint64_t pages, va_t *address) __must_check;

/* Where the monitor sees a page; NULL: not mapped for ring 3 (or not writable, when write). Up to the end of the page. */
void *space_pointer(const struct space *space, va_t address, bool write);

/* Copies from and to ring 3's memory. ERR_ADDRESS: not all of it is there (part may have been written). */
int space_read(const struct space *space, va_t address, void *out, uint64_t size) __must_check;
int space_write(const struct space *space, va_t address, const void *data, uint64_t size) __must_check;

#endif
