/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "abi/igvm.h"
#include "lib/crc32.h"

static const uint8_t zero_page[PAGE_SIZE];

/* Leaves of CPUID that the monitor and its guests look at; the host answers them. */
static const uint32_t cpuid_requests[][2] = {
	{ 0x8000001F, 0 }, { 0x00000000, 0 }, { 0x00000001, 0 }, { 0x00000002, 0 }, { 0x00000004, 0 },
	{ 0x00000004, 1 }, { 0x00000004, 2 }, { 0x00000004, 3 }, { 0x00000005, 0 }, { 0x00000006, 0 },
	{ 0x00000007, 0 }, { 0x00000007, 1 }, { 0x0000000B, 0 }, { 0x0000000B, 1 }, { 0x0000000D, 0 },
	{ 0x0000000D, 1 }, { 0x80000000, 0 }, { 0x80000001, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 },
	{ 0x80000004, 0 }, { 0x80000005, 0 }, { 0x80000006, 0 }, { 0x80000007, 0 }, { 0x80000008, 0 },
	{ 0x8000000A, 0 }, { 0x80000019, 0 }, { 0x8000001A, 0 }, { 0x8000001D, 0 }, { 0x8000001D, 1 },
	{ 0x8000001D, 2 }, { 0x8000001D, 3 }, { 0x8000001E, 0 },
};
_Static_assert(ARRAY_SIZE(cpuid_requests) <= SNP_CPUID_MAX_ENTRIES, "the CPUID page holds the requests");

/* The file while it is written: two regions that grow. */
struct writer {
	uint8_t *data;
	size_t headers_at, headers_end; /* next variable header, end of their section */
	size_t content_at; /* next page of content */
	size_t zeros_at; /* the one page of zeros, 0: not written yet */
};

void image_free(struct image *image)
{
	for (size_t i = 0; i < image->page_count; i++)
		free(image->page[i].content);
	free(image->page);
	memset(image, 0, sizeof(*image));
}

uint8_t *image_add_page(struct image *image, uint64_t gpa, uint16_t data_type, const char *owner)
{
	struct image_page *page;

	if (image->page_count == image->page_capacity) {
		image->page_capacity = image->page_capacity ? 2 * image->page_capacity : 1024;
		image->page = reallocate(image->page, image->page_capacity * sizeof(*image->page));
	}
	page = &image->page[image->page_count++];
	page->gpa = gpa;
	page->content = allocate(PAGE_SIZE);
	page->data_type = data_type;
	page->owner = owner;
	return page->content;
}

void image_add(struct image *image, uint64_t gpa, const void *data, size_t size, uint16_t data_type, const char *owner)
{
	const uint8_t *from = data;

	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		size_t left = size - done;
		uint8_t *content = image_add_page(image, gpa + done, data_type, owner);

		memcpy(content, from + done, left < PAGE_SIZE ? left : PAGE_SIZE);
	}
}

void image_add_cpuid(struct image *image, uint64_t gpa)
{
	struct snp_cpuid_page page = { .count = ARRAY_SIZE(cpuid_requests) };

	for (uint32_t i = 0; i < ARRAY_SIZE(cpuid_requests); i++) {
		page.entry[i].eax_in = cpuid_requests[i][0];
		page.entry[i].ecx_in = cpuid_requests[i][1];
		/* State sizes of leaf 0xD depend on what is enabled: ask for x87 alone, as at reset. */
		page.entry[i].xcr0_in = cpuid_requests[i][0] == 0xD ? 1 : 0;
	}
	image_add(image, gpa, &page, sizeof(page), IGVM_PAGE_TYPE_CPUID_DATA, "CPUID page");
}

uint32_t image_add_area(struct image *image, uint64_t gpa)
{
	image->area_gpa[image->area_count] = gpa;
	return image->area_count++;
}

void image_add_parameter(struct image *image, uint32_t area, uint32_t type, uint32_t byte_offset)
{
	image->parameter[image->parameter_count++] = (struct image_parameter){ type, byte_offset, area };
}

static int compare_pages(const void *a, const void *b)
{
	const struct image_page *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	return 0;
}

static int sort_pages(struct image *image)
{
	qsort(image->page, image->page_count, sizeof(*image->page), compare_pages);
	for (size_t i = 1; i < image->page_count; i++) {
		const struct image_page *before = &image->page[i - 1], *page = &image->page[i];

		if (before->gpa == page->gpa) {
			report("%s and %s overlap at address 0x%" PRIx64, before->owner, page->owner, page->gpa);
			return ERR_INVALID;
		}
	}
	for (uint32_t area = 0; area < image->area_count; area++) {
		for (size_t i = 0; i < image->page_count; i++) {
			if (image->page[i].gpa == image->area_gpa[area]) {
				report("%s and a parameter page overlap at address 0x%" PRIx64, image->page[i].owner,
				       image->page[i].gpa);
				return ERR_INVALID;
			}
		}
	}
	return 0;
}

static size_t header_size(size_t body)
{
	return sizeof(struct igvm_variable_header) + align_up(body, 8);
}

static bool requires_memory(const struct image *image, const struct recipe *recipe)
{
	return recipe->required_memory != DIRECTIVE_ABSENT && image->required_size != 0;
}

static size_t headers_size(const struct image *image, const struct recipe *recipe)
{
	return header_size(sizeof(struct igvm_supported_platform)) + header_size(sizeof(struct igvm_guest_policy)) +
	       (requires_memory(image, recipe) ? header_size(sizeof(struct igvm_required_memory)) : 0) +
	       image->area_count * header_size(sizeof(struct igvm_parameter_area)) +
	       image->parameter_count * header_size(sizeof(struct igvm_parameter)) +
	       image->area_count * header_size(sizeof(struct igvm_parameter_insert)) +
	       image->page_count * header_size(sizeof(struct igvm_page_data)) +
	       header_size(sizeof(struct igvm_vp_context));
}

static void put_header(struct writer *writer, uint32_t type, const void *body, size_t size)
{
	struct igvm_variable_header header = { type, (uint32_t)size };

	memcpy(writer->data + writer->headers_at, &header, sizeof(header));
	memcpy(writer->data + writer->headers_at + sizeof(header), body, size);
	writer->headers_at += header_size(size);
}

/* Returns the file offset of a page's content. All pages of zeros share one. */
static uint32_t put_content(struct writer *writer, const uint8_t *content)
{
	bool zeros = memcmp(content, zero_page, PAGE_SIZE) == 0;
	size_t offset = writer->content_at;

	if (zeros && writer->zeros_at != 0)
		return (uint32_t)writer->zeros_at;
	if (zeros)
		writer->zeros_at = offset;
	memcpy(writer->data + offset, content, PAGE_SIZE);
	writer->content_at += PAGE_SIZE;
	return (uint32_t)offset;
}

static void put_page(struct writer *writer, const struct image_page *page, uint32_t mask)
{
	struct igvm_page_data body = {
		.gpa = page->gpa,
		.compatibility_mask = mask,
		.data_type = page->data_type,
	};

	/* The security processor fills the secrets page; what it is before does not matter. */
	if (page->data_type != IGVM_PAGE_TYPE_SECRETS)
		body.file_offset = put_content(writer, page->content);
	put_header(writer, IGVM_VHT_PAGE_DATA, &body, sizeof(body));
}

static void put_platform(struct writer *writer, const struct recipe *recipe)
{
	struct igvm_supported_platform platform = {
		.compatibility_mask = (uint32_t)recipe->platform_mask,
		.highest_vtl = (uint8_t)recipe->highest_vtl,
		.platform_type = IGVM_PLATFORM_SEV_SNP,
		.platform_version = 1,
		.shared_gpa_boundary = recipe->shared_gpa_boundary,
	};
	struct igvm_guest_policy policy = { .policy = recipe->policy,
					    .compatibility_mask = (uint32_t)recipe->platform_mask };

	put_header(writer, IGVM_VHT_SUPPORTED_PLATFORM, &platform, sizeof(platform));
	put_header(writer, IGVM_VHT_GUEST_POLICY, &policy, sizeof(policy));
}

static void put_parameters(struct writer *writer, const struct image *image, uint32_t mask)
{
	for (uint32_t i = 0; i < image->area_count; i++) {
		struct igvm_parameter_area area = { .number_of_bytes = PAGE_SIZE, .parameter_area_index = i };

		put_header(writer, IGVM_VHT_PARAMETER_AREA, &area, sizeof(area));
	}
	for (uint32_t i = 0; i < image->parameter_count; i++) {
		const struct image_parameter *wanted = &image->parameter[i];
		struct igvm_parameter parameter = { wanted->area, wanted->byte_offset };

		put_header(writer, wanted->type, &parameter, sizeof(parameter));
	}
	for (uint32_t i = 0; i < image->area_count; i++) {
		struct igvm_parameter_insert insert = { image->area_gpa[i], mask, i };

		put_header(writer, IGVM_VHT_PARAMETER_INSERT, &insert, sizeof(insert));
	}
}

/* First of all: loaders make memory of what is not RAM as they meet it, and for a whole region only once. */
static void put_required_memory(struct writer *writer, const struct image *image, const struct recipe *recipe)
{
	const struct igvm_required_memory memory = {
		.gpa = image->required_gpa,
		.compatibility_mask = (uint32_t)recipe->platform_mask,
		.number_of_bytes = (uint32_t)image->required_size,
	};
	uint32_t optional = recipe->required_memory == DIRECTIVE_OPTIONAL ? IGVM_TYPE_OPTIONAL : 0;

	if (requires_memory(image, recipe))
		put_header(writer, IGVM_VHT_REQUIRED_MEMORY | optional, &memory, sizeof(memory));
}

/* Measured pages by address, then the pages that the security processor fills, and the VMSA last: KVM's order. */
static void put_directives(struct writer *writer, const struct image *image, const struct recipe *recipe)
{
	uint32_t mask = (uint32_t)recipe->platform_mask;
	struct igvm_vp_context context = { .gpa = recipe->vmsa_gpa, .compatibility_mask = mask };

	put_required_memory(writer, image, recipe);
	put_parameters(writer, image, mask);
	for (size_t i = 0; i < image->page_count; i++) {
		if (image->page[i].data_type == IGVM_PAGE_TYPE_NORMAL)
			put_page(writer, &image->page[i], mask);
	}
	for (size_t i = 0; i < image->page_count; i++) {
		if (image->page[i].data_type != IGVM_PAGE_TYPE_NORMAL)
			put_page(writer, &image->page[i], mask);
	}
	context.file_offset = put_content(writer, (const uint8_t *)&image->vmsa);
	put_header(writer, IGVM_VHT_VP_CONTEXT, &context, sizeof(context));
}

static void put_fixed_header(struct writer *writer, size_t total)
{
	struct igvm_fixed_header fixed = {
		.magic = IGVM_MAGIC,
		.format_version = 1,
		.variable_header_offset = sizeof(fixed),
		.variable_header_size = (uint32_t)(writer->headers_end - sizeof(fixed)),
		.total_file_size = (uint32_t)total,
	};

	fixed.checksum = crc32_extend(0, &fixed, sizeof(fixed));
	fixed.checksum = crc32_extend(fixed.checksum, writer->data + sizeof(fixed), fixed.variable_header_size);
	memcpy(writer->data, &fixed, sizeof(fixed));
}

int image_write(struct image *image, const struct recipe *recipe, struct blob *file)
{
	struct writer writer = { .headers_at = sizeof(struct igvm_fixed_header) };
	size_t most;

	if (sort_pages(image) != 0)
		return ERR_INVALID;
	writer.headers_end = writer.headers_at + headers_size(image, recipe);
	writer.content_at = align_up(writer.headers_end, PAGE_SIZE);
	most = writer.content_at + (image->page_count + 2) * PAGE_SIZE;
	if (most > UINT32_MAX) {
		report("image would be larger than the 4 GiB that an IGVM file can have");
		return ERR_INVALID;
	}
	writer.data = allocate(most);
	put_platform(&writer, recipe);
	put_directives(&writer, image, recipe);
	put_fixed_header(&writer, writer.content_at);
	file->data = writer.data;
	file->size = writer.content_at;
	return 0;
}
