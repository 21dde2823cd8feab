/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the monitor's own memory, the page-state map of the guest's, and the only ways into guest memory.
 *
 * There is no map of guest memory. A guest page is reached through a per-CPU window, for a short time, after its state
 * was checked; every access survives that the host takes the page away meanwhile.
 *
 * Bounds: the monitor lives in its region of MONITOR_SIZE bytes; the page-state map takes 514 bytes for each 2 MiB of
 * RAM, from the region up to a third of what is free there, else from the end of RAM.
 */
#ifndef KERNEL_MM_MEMORY_H
#define KERNEL_MM_MEMORY_H

#include "lib/memory_map.h"
#include "lib/page_state.h"
#include "lib/types.h"

struct percpu;

/* ---- frames of the region (frames.c) ---- */

/*
 * Takes over the region: [LAUNCH_OFF_IMAGE.., image_end) and the launch pages are in use, the rest is free once
 * memory_accept_region() has accepted it. image_end and free_end: offsets in the region, page aligned; from free_end on
 * the host has the save area of the boot processor.
 */
int memory_frames_init(uint64_t image_end, uint64_t free_end) __must_check;

/*
 * A free frame that was never accepted, for the first GHCB page; not 2 MiB aligned, so not always the lowest. ERR_STATE: it
 * was taken already; ERR_NO_MEMORY: there is none.
 */
int memory_first_frame(pa_t *out) __must_check;

/* Makes all free pages but that frame private and accepts them, once. Needs the host channel. Returns an error of the platform's. */
int memory_accept_region(void) __must_check;

/* count contiguous zeroed frames, mapped at paging_region_va(); a single one is never 2 MiB aligned. ERR_NO_MEMORY. */
int memory_allocate(uint64_t count, pa_t *out) __must_check;

/* Gives frames back; a double free is a panic (a broken invariant of our own). */
void memory_free(pa_t start, uint64_t count);

/*
 * count contiguous frames that the host can read and write from now on, zeroed; they are never given back. Before other
 * CPUs run: their translations are not flushed. ERR_NO_MEMORY, or an error of the platform's (shared.c).
 */
int memory_allocate_shared(uint64_t count, pa_t *out) __must_check;

/* Bytes of the region in use, and those that are not. */
uint64_t memory_used(void);
uint64_t memory_free_size(void);

/* Unmaps the page at address, so that an overrun of what lies above faults. */
void memory_make_guard(va_t address);

/* ---- page states (pages.c) ---- */

extern struct page_state_map memory_pages;

/*
 * Makes the page-state map for the RAM in map, for the firmware (outside RAM; empty: there is none) and for the
 * monitor's region, and cuts what is not the guest's RAM out of map. On return every page of the guest is UNVALIDATED,
 * the VGA hole is DEVICE. ERR_FORMAT: no RAM is left; ERR_OVERFLOW: the map is in too many pieces; ERR_NO_MEMORY; or
 * an error of the platform's.
 */
int memory_pages_init(struct memory_map *map, const struct page_range *firmware) __must_check;

/*
 * Takes memory for the monitor from the end of RAM, in whole 2 MiB blocks, zeroed: it is no longer in map, and no plane
 * reaches it. Once only. ERR_NO_MEMORY: the last range of RAM is too small, or more than 384 MiB; or an error of the
 * platform's.
 */
int memory_take_blocks(struct memory_map *map, uint64_t size, void **memory) __must_check;

/* Memory that the page-state map takes, in bytes. */
uint64_t memory_pages_size(void);

/* ---- windows (window.c) ---- */

/* Slots of 4 KiB for each CPU, and one of 2 MiB. */
enum window_slot {
	WINDOW_CAA,     /* calling area of the vCPU that this CPU serves: stays mapped */
	WINDOW_VMSA,    /* its save area when it lies in guest memory: stays mapped */
	WINDOW_COPY,    /* guest_read() and guest_write() */
	WINDOW_PAGE,    /* a page whose state or label is being changed */
	WINDOW_SLOTS,
};

/* Builds this CPU's windows. ERR_NO_MEMORY. */
int memory_windows_init(struct percpu *cpu) __must_check;

/* Maps a guest page privately, not executable, in a slot of this CPU; its address. The caller has checked the state. */
va_t memory_window_map(enum window_slot slot, gpa_t address);
void memory_window_unmap(enum window_slot slot);

/* The same for an aligned 2 MiB block. */
va_t memory_window_map_2m(gpa_t address);
void memory_window_unmap_2m(void);

/* ---- guest memory (guest_memory.c) ---- */

/*
 * Copies from validated guest memory, once. The range does not cross a page; calling areas may be read but for their
 * first 8 bytes. ERR_ADDRESS: not the guest's validated memory; ERR_FAULT: the host took it away.
 */
int guest_read(gpa_t address, void *out, uint64_t size) __must_check;

/* Copies to validated guest memory, same rules. */
int guest_write(gpa_t address, const void *data, uint64_t size) __must_check;

/* The same for a range of any length and alignment, page by page: after an error part of it may have been written. */
int guest_read_range(gpa_t address, void *out, uint64_t size) __must_check;
int guest_write_range(gpa_t address, const void *data, uint64_t size) __must_check;

/*
 * True when every page of the range is the guest's validated memory at this moment, as the guest's to read and write. An
 * empty range is.
 */
bool guest_owns_range(gpa_t address, uint64_t size) __must_check;

#endif
