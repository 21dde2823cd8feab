/* SPDX-License-Identifier: MIT */
/*
 * layout.h - an image under construction: the guest's part and the monitor's part.
 *
 * The guest's part comes first: guest_add_linux(), guest_add_firmware() or guest_add_payload() add its pages, describe
 * them as launch ranges and set up its first context. Then monitor_add() lays out the monitor's region as abi/launch.h demands.
 * All functions report what is wrong and return ERR_INVALID or another ERR_*.
 */
#ifndef IGVM_LAYOUT_H
#define IGVM_LAYOUT_H

#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/snp.h"
#include "image.h"
#include "recipe.h"
#include "util.h"

/* Guest physical addresses of what the builder makes. The plan is the same for Linux and for a payload. */
#define GUEST_BOOT_PARAMS 0x00010000ull
#define GUEST_COMMAND_LINE 0x00011000ull
#define GUEST_GDT 0x00012000ull
#define GUEST_MEMORY_MAP 0x00014000ull /* payload: one page for the IGVM memory map */
#define GUEST_PAGE_TABLES 0x00018000ull
#define GUEST_PAGE_TABLE_PAGES 6u /* root, PDPT, four page directories: 0 to 4 GiB in 2 MiB pages */
#define GUEST_ACPI 0x00020000ull
#define GUEST_MADT 0x00021000ull
/* These four lie in one 2 MiB block: the kernel uses them before it has mapped them one by one. */
#define GUEST_CC_BLOB 0x0080C000ull
#define GUEST_SECRETS 0x0080D000ull
#define GUEST_CPUID 0x0080E000ull
#define GUEST_CAA 0x0080F000ull
#define GUEST_KERNEL 0x01000000ull
#define GUEST_INITRD 0x10000000ull
#define GUEST_PAYLOAD_FIRST 0x00100000ull /* payloads lie in [this, GUEST_INITRD) */
#define GUEST_LOW_END 0x80000000ull /* nothing is placed at or above this */

struct layout {
	const struct recipe *recipe;
	struct image image;
	struct launch_block block;
	struct policy_page policy;
	struct vmsa guest_vmsa;
	/* For the summary. */
	uint32_t monitor_pages; /* launched pages of the monitor */
	uint32_t monitor_zero_pages; /* ... of them without content */
	uint32_t archive_pages; /* launched pages of the services */
};

struct linux_input {
	const char *kernel_path, *initrd_path; /* initrd_path may be NULL */
	const char *command_line;
};

__must_check int guest_add_linux(struct layout *layout, const struct linux_input *input);
__must_check int guest_add_payload(struct layout *layout, const char *path);
/* A build of OVMF, started as a processor starts after a reset; or an IGVM file, which names the start itself. */
__must_check int guest_add_firmware(struct layout *layout, const char *path);

/* Instead of all that: firmware alone, without a monitor. */
__must_check int firmware_image_add(struct layout *layout, const char *path);

/* The policy, block.flags and image_name are set by the caller; the rest is filled in here. */
__must_check int monitor_add(struct layout *layout, const char *path, const char *archive_path); /* may be NULL */

/* Adds a launch range; page-aligned. Neighbours of the same kind are merged. ERR_INVALID when there are too many. */
__must_check int launch_range_add(struct launch_block *block, uint64_t gpa, uint64_t size, uint32_t kind,
				  uint32_t flags);
/* Sorts and merges the ranges; ERR_INVALID when two overlap or one touches the monitor (block->region_gpa). */
__must_check int launch_ranges_finish(struct launch_block *block);

#endif
