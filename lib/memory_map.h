/* SPDX-License-Identifier: MIT */
/*
 * memory_map.h - the VM's RAM as the host describes it, checked, and as the guest is told.
 *
 * The host's map is untrusted: a wrong one may cost the VM its memory, never the monitor its own. After parsing, the
 * ranges are sorted, page aligned, not empty, do not touch or overlap, and end at or below the address limit.
 */
#ifndef LIB_MEMORY_MAP_H
#define LIB_MEMORY_MAP_H

#include "abi/igvm.h"
#include "lib/page_state.h"

#define MEMORY_MAP_MAX 32u

struct memory_map {
	struct page_range range[MEMORY_MAP_MAX]; /* RAM */
	uint32_t count;
};

/*
 * Reads an IGVM memory map of at most max entries (a private copy). Entries that are not RAM are skipped; the map
 * ends at the first entry with page_count 0. limit: first address that cannot be RAM (the C-bit).
 * ERR_FORMAT: not sorted, overlapping, wrapping, beyond the limit, or no RAM at all; ERR_OVERFLOW: too many ranges.
 */
int memory_map_parse(struct memory_map *map, const struct igvm_memory_map_entry *entry, uint32_t max,
		     uint64_t limit) __must_check;

/* Cuts [start, end) out. ERR_OVERFLOW: the pieces do not fit, the map is unchanged. */
int memory_map_remove(struct memory_map *map, uint64_t start, uint64_t end) __must_check;

/* True when [start, start + size) lies in one range. */
bool memory_map_contains(const struct memory_map *map, uint64_t start, uint64_t size);

/* Bytes of RAM. */
uint64_t memory_map_total(const struct memory_map *map);

/* One line of the map that the guest gets: RAM or something else, in address order. */
struct guest_map_entry {
	uint64_t start, end;
	uint32_t type; /* E820_* */
};
#define E820_RAM 1u
#define E820_RESERVED 2u
#define E820_ACPI 3u
#define GUEST_MAP_MAX 64u
struct guest_map {
	struct guest_map_entry entry[GUEST_MAP_MAX];
	uint32_t count;
};

/* Starts a guest map with the RAM of map. */
void guest_map_init(struct guest_map *guest, const struct memory_map *map);

/*
 * Gives [start, end) another type, splitting what it overlaps; parts that were not in the map are added.
 * ERR_OVERFLOW: too many entries; ERR_INVALID: start >= end. The map is unchanged then.
 */
int guest_map_mark(struct guest_map *guest, uint64_t start, uint64_t end, uint32_t type) __must_check;

/* Size of an entry in Linux's boot_params.e820_table: u64 start, u64 size, u32 type, packed. */
#define E820_ENTRY_SIZE 20u

/* Writes the map as e820 entries. ERR_OVERFLOW: more than max. *count is the number written. */
int guest_map_write_e820(const struct guest_map *guest, uint8_t *out, uint32_t max, uint32_t *count) __must_check;

/* Writes the map as IGVM memory map entries with a terminator. ERR_OVERFLOW: more than max - 1 entries. */
int guest_map_write_igvm(const struct guest_map *guest, struct igvm_memory_map_entry *out,
			 uint32_t max) __must_check;

#endif
