/* SPDX-License-Identifier: MIT */
/* The launch block of an image: measured, but an image of someone else's making must not reach the monitor's memory. */
#include "proofs/prover.h"

#include "abi/launch.h"
#undef LAUNCH_RANGE_MAX
#define LAUNCH_RANGE_MAX 3u /* the array keeps its size */

#include "kernel/guest/launch.c"

static struct launch_block block;

void prove_check(void)
{
	uint64_t limit = any_u64();
	uint32_t which = any_u32(), other = any_u32();

	__CPROVER_havoc_object(&block);
	if (!launch_block_check(&block, limit)) {
		CANARY("refused");
		return;
	}
	PROVE(block.range_count <= LAUNCH_RANGE_MAX, "as many ranges as there is room for");
	PROVE(block.image_name[63] == '\0', "the name has an end");
	PROVE(block.region_gpa == paging_region_gpa && block.region_gpa <= LAUNCH_REGION_END - MONITOR_SIZE, "the region is this one, below the devices");
	PROVE(block.archive_size == 0 || (block.archive_offset >= LAUNCH_OFF_IMAGE && block.archive_offset <= block.image_end &&
					  block.archive_size <= block.image_end - block.archive_offset), "the archive lies in the image");
	if (block.map_kind != LAUNCH_MAP_NONE) {
		uint64_t size = block.map_kind == LAUNCH_MAP_E820 ? 0x2D0u + 128u * 20u : block.map_size;

		PROVE(block.map_kind == LAUNCH_MAP_E820 || block.map_kind == LAUNCH_MAP_IGVM, "maps are of a known kind");
		PROVE(block.map_gpa <= limit && size <= limit - block.map_gpa, "all of the map lies below the limit");
	}
	PROVE(block.cbit_size == 0 || (block.cbit_gpa <= limit && block.cbit_size <= limit - block.cbit_gpa &&
				       (block.cbit_gpa & 7u) == 0 && (block.cbit_size & 7u) == 0), "whole entries of page tables, below the limit");
	PROVE(block.vp_count_gpa == 0 || (block.vp_count_gpa <= limit && limit - block.vp_count_gpa >= 4), "the number of vCPUs lies below the limit");
	if (which >= block.range_count)
		return;
	const struct launch_range *range = &block.range[which];

	PROVE(range->size != 0 && range->gpa <= limit && range->size <= limit - range->gpa, "ranges are not empty and below the limit");
	PROVE(((range->gpa | range->size) & PAGE_MASK) == 0, "ranges are whole pages");
	PROVE(range->kind >= 1 && range->kind <= 6, "ranges are of a known kind");
	PROVE(range->gpa + range->size <= paging_region_gpa || range->gpa >= paging_region_gpa + MONITOR_SIZE, "no range is the monitor's");
	PROVE(IMPLIES((range->flags & LAUNCH_RANGE_FLAG_FIXED) != 0, range->kind == LAUNCH_RANGE_IMAGE && range->gpa >= LAUNCH_FIRMWARE_START),
	      "what is fixed is firmware's");
	if (other < which)
		PROVE(block.range[other].gpa + block.range[other].size <= range->gpa, "ranges are sorted and apart");
	struct page_range firmware = launch_firmware(&block);

	if (firmware.end != 0) {
		PROVE(firmware.start >= LAUNCH_FIRMWARE_START && firmware.end <= LAUNCH_FIRMWARE_END && firmware.start < firmware.end, "firmware lies in its window");
		CANARY("firmware");
	}
	CANARY("accepted");
}
