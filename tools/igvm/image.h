/* SPDX-License-Identifier: MIT */
/*
 * image.h - the pages of an image under construction, and the IGVM file made of them.
 *
 * Pages may be added in any order; the file lists them by address, so that equal inputs give equal bits. All pages
 * carry explicit content, zeros too: loaders disagree on how a page without content enters the launch digest.
 */
#ifndef IGVM_IMAGE_H
#define IGVM_IMAGE_H

#include "abi/snp.h"
#include "recipe.h"
#include "util.h"

struct image_page {
	uint64_t gpa;
	uint8_t *content; /* PAGE_SIZE bytes, owned by the image */
	uint16_t data_type; /* IGVM_PAGE_TYPE_* */
	const char *owner; /* for messages: "kernel", "monitor", ... */
};

/* A page that the host fills with parameters: one parameter area of one page, with up to two values in it. */
struct image_parameter {
	uint32_t type;
	uint32_t byte_offset;
	uint32_t area;
};
#define IMAGE_AREA_MAX 4u
#define IMAGE_PARAMETER_MAX 8u

struct image {
	struct image_page *page;
	size_t page_count, page_capacity;
	uint64_t area_gpa[IMAGE_AREA_MAX]; /* parameter area i is one page and goes there */
	uint32_t area_count;
	struct image_parameter parameter[IMAGE_PARAMETER_MAX];
	uint32_t parameter_count;
	uint64_t required_gpa, required_size; /* memory that the loader must provide; size 0: none */
	struct vmsa vmsa; /* of the boot processor, at recipe->vmsa_gpa */
};

void image_free(struct image *image);

/* Adds size bytes at a page-aligned address; the last page is filled up with zeros. */
void image_add(struct image *image, uint64_t gpa, const void *data, size_t size, uint16_t data_type, const char *owner);
/* Adds one zeroed page and returns its content, to be filled in. Valid until image_free(). */
uint8_t *image_add_page(struct image *image, uint64_t gpa, uint16_t data_type, const char *owner);
/* Adds a CPUID page that asks the host for the leaves that the monitor and its guests look at. */
void image_add_cpuid(struct image *image, uint64_t gpa);
/* Adds a one-page parameter area that goes to gpa; returns its index. */
uint32_t image_add_area(struct image *image, uint64_t gpa);
/* The host writes this parameter (IGVM_VHT_*, with the optional bit if loaders may ignore it) into an area. */
void image_add_parameter(struct image *image, uint32_t area, uint32_t type, uint32_t byte_offset);

/*
 * Sorts the pages, checks that no two things share an address, and makes the file. Reports and returns ERR_INVALID
 * when something overlaps or the file would be too large.
 */
__must_check int image_write(struct image *image, const struct recipe *recipe, struct blob *file);

#endif
