/* SPDX-License-Identifier: MIT */
/*
 * ovmf.h - reader of the tables by which OVMF tells its loader what memory it wants (abi/ovmf.h).
 *
 * The file lies whole in memory and is not trusted. What comes out is consistent: the image is a number of pages that
 * ends at 4 GiB; sections are page aligned, sorted, do not overlap each other or the image and end below it; there is
 * one secrets page and one calling area, at most one CPUID page and one page of kernel hashes; every area of the
 * other blocks lies in a section that is zero at the start.
 */
#ifndef LIB_OVMF_H
#define LIB_OVMF_H

#include "abi/ovmf.h"
#include "lib/types.h"

#define OVMF_END 0x100000000ull
#define OVMF_SIZE_MAX 0x01000000ull /* 16 MiB: the firmware window of launch.h */
#define OVMF_SECTION_MAX 16u

struct ovmf_section {
	uint64_t gpa;
	uint64_t size;
	uint32_t type; /* OVMF_SEV_* */
	uint64_t offset; /* in the file: what asks for it */
};

/* Bytes [gpa, gpa + size); size 0: the firmware does not have it. */
struct ovmf_area {
	uint64_t gpa;
	uint64_t size;
};

struct ovmf {
	uint64_t gpa; /* of the image's first byte */
	uint64_t size;
	struct ovmf_section section[OVMF_SECTION_MAX];
	uint32_t section_count;
	uint32_t ap_start; /* 0: no reset block */
	struct ovmf_area secret;     /* launch secret */
	struct ovmf_area hashes;     /* table of kernel hashes */
	struct ovmf_area memory_map; /* struct igvm_memory_map_entry[] */
	struct ovmf_area vp_count;   /* u32 at its start */
	struct ovmf_area hobs;
};

struct ovmf_error {
	const char *text;
	uint64_t offset; /* in the file */
};

/*
 * ERR_FORMAT: no table, cut off, inconsistent, or a section that no loader could honour.
 * ERR_UNSUPPORTED: well-formed, but not made for SEV-SNP under an SVSM, or newer than this reader.
 * *ovmf is unspecified then, *error says what is wrong.
 */
int ovmf_open(struct ovmf *ovmf, const void *data, uint64_t size, struct ovmf_error *error) __must_check;

/*
 * Bytes at the start of the file that are the volume for variables, in whole pages and less than the file; 0: the file does
 * not begin with such a one (builds of OVMF that keep code and variables in two files).
 */
uint64_t ovmf_variables_size(const void *data, uint64_t size);

/* Name of a section type for messages; "unknown" for others. */
const char *ovmf_section_name(uint32_t type);

#endif
