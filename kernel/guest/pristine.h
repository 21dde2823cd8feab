/* SPDX-License-Identifier: MIT */
/*
 * pristine.h - a copy of the pages that the guest was launched with.
 *
 * The guest may write to them, and nobody can fetch the measured content again while the VM lives: a copy in memory that
 * only the monitor reaches is what a reset of the guest starts it from. It is made before
 * the guest runs, so it is as well measured as the pages. A copy of up to 4.5 MiB (OVMF's) lies in the monitor's region, a
 * larger one in whole 2 MiB blocks at the end of RAM. When it would take more than an eighth of RAM there is none, and a
 * reset ends the VM.
 */
#ifndef KERNEL_GUEST_PRISTINE_H
#define KERNEL_GUEST_PRISTINE_H

#include "abi/launch.h"
#include "lib/memory_map.h"

/* Makes the copy, and cuts its memory out of map. Pages of the image are still the monitor's alone. */
void pristine_save(const struct launch_block *block, struct memory_map *map);

/* False: there is no copy. */
bool pristine_exists(void);

/* Address of the copy of a page of the block's ranges of kind IMAGE. NULL: it has none. */
const uint8_t *pristine_page(const struct launch_block *block, uint64_t gpa);

#endif
