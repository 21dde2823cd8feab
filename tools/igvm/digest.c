/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sha384.h"
#include "util.h"

struct walk {
	const struct igvm_file *file;
	struct igvm_error *error;
	uint32_t mask;
	enum loader loader;
	struct steps *steps;
	struct steps contexts; /* LOADER_QEMU: they go behind all pages */
	struct igvm_parameter_area *area;
	size_t area_count;
};

static const struct {
	const char *name, *summary;
} loaders[LOADER_COUNT] = {
	[LOADER_QEMU] = { "qemu", "QEMU with KVM" },
	[LOADER_LIBRARY] = { "library", "the IGVM library" },
};

const char *loader_name(enum loader loader)
{
	return loaders[loader].name;
}

const char *loader_summary(enum loader loader)
{
	return loaders[loader].summary;
}

int loader_find(const char *name, enum loader *loader)
{
	for (unsigned i = 0; i < LOADER_COUNT; i++) {
		if (strcmp(loaders[i].name, name) == 0) {
			*loader = (enum loader)i;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

const char *step_type_name(uint8_t type)
{
	static const char *const names[] = {
		[SNP_PAGE_TYPE_NORMAL] = "normal",	   [SNP_PAGE_TYPE_VMSA] = "VMSA",
		[SNP_PAGE_TYPE_ZERO] = "zero",		   [SNP_PAGE_TYPE_UNMEASURED] = "unmeasured",
		[SNP_PAGE_TYPE_SECRETS] = "secrets",	   [SNP_PAGE_TYPE_CPUID] = "CPUID",
	};

	return type < ARRAY_SIZE(names) && names[type] != NULL ? names[type] : "unknown";
}

/* content is NULL for page types whose content is not measured. */
static int add(struct walk *walk, struct steps *steps, const struct igvm_header *header, uint8_t type, uint64_t gpa,
	       const void *content)
{
	struct step *step;

	if (steps->count == STEPS_MAX) {
		*walk->error = (struct igvm_error){ "launches more than 16 GiB", header->offset, header->type };
		return ERR_UNSUPPORTED;
	}
	if (steps->count == steps->capacity) {
		steps->capacity = steps->capacity != 0 ? 2 * steps->capacity : 1024;
		steps->step = reallocate(steps->step, steps->capacity * sizeof(*step));
	}
	step = &steps->step[steps->count++];
	*step = (struct step){ .gpa = gpa, .offset = header->offset, .type = type };
	if (content != NULL)
		sha384(content, PAGE_SIZE, step->contents);
	return 0;
}

static uint8_t page_type(const struct walk *walk, const struct igvm_page_data *page)
{
	if (page->data_type == IGVM_PAGE_TYPE_SECRETS)
		return SNP_PAGE_TYPE_SECRETS;
	if (page->data_type != IGVM_PAGE_TYPE_NORMAL)
		return SNP_PAGE_TYPE_CPUID;
	if (page->flags & IGVM_PAGE_FLAG_UNMEASURED)
		return SNP_PAGE_TYPE_UNMEASURED;
	return page->file_offset == 0 && walk->loader == LOADER_QEMU ? SNP_PAGE_TYPE_ZERO : SNP_PAGE_TYPE_NORMAL;
}

static int add_page_data(struct walk *walk, const struct igvm_header *header)
{
	static const uint8_t zeros[PAGE_SIZE];
	const uint8_t *content = NULL;
	struct igvm_page_data page;
	uint8_t type;
	int result = igvm_read_page_data(walk->file, header, &page, walk->error);

	if (result != 0)
		return result;
	if ((page.compatibility_mask & walk->mask) == 0 || (page.flags & IGVM_PAGE_FLAG_SHARED))
		return 0;
	type = page_type(walk, &page);
	if (page.file_offset != 0)
		result = igvm_file_data(walk->file, header, page.file_offset, igvm_page_data_size(&page), &content,
					walk->error);
	for (uint64_t done = 0; done < igvm_page_data_size(&page) && result == 0; done += PAGE_SIZE) {
		const uint8_t *measured = content != NULL ? content + done : zeros;

		result = add(walk, walk->steps, header, type, page.gpa + done,
			     type == SNP_PAGE_TYPE_NORMAL ? measured : NULL);
	}
	return result;
}

static int remember_area(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_parameter_area area;
	int result = igvm_read_parameter_area(walk->file, header, &area, walk->error);

	if (result == 0) {
		walk->area = reallocate(walk->area, (walk->area_count + 1) * sizeof(area));
		walk->area[walk->area_count++] = area;
	}
	return result;
}

static int add_insert(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_parameter_insert insert;
	int result = igvm_read_parameter_insert(walk->file, header, &insert, walk->error);

	if (result != 0 || (insert.compatibility_mask & walk->mask) == 0)
		return result;
	for (size_t i = 0; i < walk->area_count; i++) {
		if (walk->area[i].parameter_area_index != insert.parameter_area_index)
			continue;
		for (uint64_t done = 0; done < walk->area[i].number_of_bytes && result == 0; done += PAGE_SIZE)
			result = add(walk, walk->steps, header, SNP_PAGE_TYPE_UNMEASURED, insert.gpa + done, NULL);
		return result;
	}
	*walk->error =
		(struct igvm_error){ "inserts a parameter area that does not exist", header->offset, header->type };
	return ERR_FORMAT;
}

static int add_vp_context(struct walk *walk, const struct igvm_header *header)
{
	struct igvm_vp_context context;
	const uint8_t *content;
	int result = igvm_read_vp_context(walk->file, header, &context, walk->error);

	if (result != 0 || (context.compatibility_mask & walk->mask) == 0)
		return result;
	result = igvm_file_data(walk->file, header, context.file_offset, PAGE_SIZE, &content, walk->error);
	if (result != 0)
		return result;
	if (walk->loader == LOADER_QEMU)
		return add(walk, &walk->contexts, header, SNP_PAGE_TYPE_VMSA, IGVM_KVM_VMSA_GPA, content);
	return add(walk, walk->steps, header, SNP_PAGE_TYPE_VMSA, context.gpa, content);
}

static int add_directive(struct walk *walk, const struct igvm_header *header)
{
	switch (header->type) {
	case IGVM_VHT_PAGE_DATA:
		return add_page_data(walk, header);
	case IGVM_VHT_PARAMETER_AREA:
		return remember_area(walk, header);
	case IGVM_VHT_PARAMETER_INSERT:
		return add_insert(walk, header);
	case IGVM_VHT_VP_CONTEXT:
		return add_vp_context(walk, header);
	default:
		return 0;
	}
}

static void append(struct steps *steps, const struct steps *more)
{
	if (more->count == 0)
		return;
	steps->step = reallocate(steps->step, (steps->count + more->count) * sizeof(*steps->step));
	memcpy(steps->step + steps->count, more->step, more->count * sizeof(*steps->step));
	steps->count += more->count;
	steps->capacity = steps->count;
}

int steps_collect(const struct igvm_file *file, uint32_t mask, enum loader loader, struct steps *steps,
		  struct igvm_error *error)
{
	struct walk walk = { .file = file, .error = error, .mask = mask, .loader = loader, .steps = steps };
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	memset(steps, 0, sizeof(*steps));
	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		result = add_directive(&walk, &header);
		if (result != 0)
			break;
	}
	append(steps, &walk.contexts);
	free(walk.area);
	steps_free(&walk.contexts);
	return result == ERR_NOT_FOUND ? 0 : result;
}

void steps_free(struct steps *steps)
{
	free(steps->step);
	memset(steps, 0, sizeof(*steps));
}

void step_extend(const struct step *step, uint8_t digest[SNP_DIGEST_SIZE])
{
	struct snp_page_info info = { .length = sizeof(info), .page_type = step->type, .gpa = step->gpa };

	memcpy(info.digest_cur, digest, SNP_DIGEST_SIZE);
	memcpy(info.contents, step->contents, SNP_DIGEST_SIZE);
	sha384(&info, sizeof(info), digest);
}

void steps_digest(const struct steps *steps, uint8_t digest[SNP_DIGEST_SIZE])
{
	memset(digest, 0, SNP_DIGEST_SIZE);
	for (size_t i = 0; i < steps->count; i++)
		step_extend(&steps->step[i], digest);
}

int digest_compute(const struct igvm_file *file, uint32_t mask, enum loader loader, uint8_t digest[SNP_DIGEST_SIZE],
		   struct igvm_error *error)
{
	struct steps steps;
	int result = steps_collect(file, mask, loader, &steps, error);

	steps_digest(&steps, digest);
	steps_free(&steps);
	return result;
}

void digest_format(const uint8_t digest[SNP_DIGEST_SIZE], char *text)
{
	for (size_t i = 0; i < SNP_DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
