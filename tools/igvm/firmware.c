/* SPDX-License-Identifier: MIT */
#include "firmware.h"

#include <stdlib.h>
#include <string.h>

#include "abi/launch.h"
#include "layout.h"

#define LEGACY_START 0xA0000ull
#define LEGACY_END 0x100000ull
#define PARAMETERS_MAX 64u

static const uint8_t zeros[PAGE_SIZE];

struct parameter {
	struct igvm_parameter body;
	struct igvm_header header;
};

struct reader {
	const struct igvm_file *file;
	const struct summary *summary;
	uint32_t mask;
	uint64_t region_gpa;
	struct firmware *firmware;
	struct parameter parameter[PARAMETERS_MAX];
	size_t parameter_count;
	bool has_madt;
	struct igvm_error *error;
};

static int fail(struct reader *reader, int code, const struct igvm_header *header, const char *text)
{
	*reader->error = (struct igvm_error){ text, header->offset, header->type };
	return code;
}

/* Of the file as a whole. */
static int fail_file(struct reader *reader, int code, const char *text)
{
	*reader->error = (struct igvm_error){ text, reader->file->headers_offset, 0 };
	return code;
}

uint32_t firmware_kind(uint32_t section_type)
{
	switch (section_type) {
	case OVMF_SEV_SECRETS:
		return LAUNCH_RANGE_SECRETS;
	case OVMF_SEV_CPUID:
		return LAUNCH_RANGE_CPUID;
	case OVMF_SEV_CAA:
		return LAUNCH_RANGE_CAA;
	default: /* zeros in the page of kernel hashes say that there are none */
		return LAUNCH_RANGE_ZERO;
	}
}

const char *firmware_refuse(uint64_t gpa, uint64_t size, uint64_t region_gpa)
{
	if (ranges_overlap(gpa, size, region_gpa, MONITOR_SIZE))
		return "lies over the monitor";
	if (ranges_overlap(gpa, size, LEGACY_START, LEGACY_END - LEGACY_START))
		return "lies where a PC has its display and ROMs";
	if (!range_within(gpa, size, 0, GUEST_LOW_END))
		return "lies beyond the RAM that a guest can be sure of (2 GiB)";
	return NULL;
}

static bool in_window(uint64_t gpa, uint64_t size)
{
	return range_within(gpa, size, LAUNCH_FIRMWARE_START, LAUNCH_FIRMWARE_END);
}

static int check_place(struct reader *reader, const struct igvm_header *header, uint64_t gpa, uint64_t size)
{
	const char *reason = in_window(gpa, size) ? NULL : firmware_refuse(gpa, size, reader->region_gpa);

	return reason == NULL ? 0 : fail(reader, ERR_FORMAT, header, reason);
}

/* Above RAM there is only content; pages of zeros elsewhere are the monitor's to make. */
static int add_page(struct reader *reader, const struct igvm_header *header, uint64_t gpa, uint32_t kind, const uint8_t *content)
{
	struct firmware *firmware = reader->firmware;
	bool window = in_window(gpa, PAGE_SIZE);

	if (kind == LAUNCH_RANGE_IMAGE && !window && (content == NULL || memcmp(content, zeros, PAGE_SIZE) == 0))
		kind = LAUNCH_RANGE_ZERO;
	if (window && kind != LAUNCH_RANGE_IMAGE)
		return fail(reader, ERR_FORMAT, header, "only pages with content may lie above RAM");
	if (firmware->page_count == FIRMWARE_PAGES_MAX)
		return fail(reader, ERR_FORMAT, header, "has more pages than firmware may have (256 MiB)");
	if (firmware->page_count == firmware->page_capacity) {
		firmware->page_capacity = firmware->page_capacity ? 2 * firmware->page_capacity : 1024;
		firmware->page = reallocate(firmware->page, firmware->page_capacity * sizeof(*firmware->page));
	}
	firmware->page[firmware->page_count++] = (struct firmware_page){
		.gpa = gpa,
		.content = kind != LAUNCH_RANGE_IMAGE ? NULL : content == NULL ? zeros : content,
		.kind = kind,
		.type = header->type,
		.offset = header->offset,
	};
	return 0;
}

/* ---- directives ---- */

static int take_page(struct reader *reader, const struct igvm_header *header)
{
	const uint8_t *content = NULL;
	struct igvm_page_data page;
	uint32_t kind = LAUNCH_RANGE_IMAGE;
	uint64_t size;
	int result = igvm_read_page_data(reader->file, header, &page, reader->error);

	if (result != 0 || (page.compatibility_mask & reader->mask) == 0)
		return result;
	size = igvm_page_data_size(&page);
	if ((page.flags & IGVM_PAGE_FLAG_SHARED) != 0)
		return fail(reader, ERR_UNSUPPORTED, header, "is shared with the host: a guest below a monitor cannot start so");
	if (page.data_type == IGVM_PAGE_TYPE_SECRETS)
		kind = LAUNCH_RANGE_SECRETS;
	else if (page.data_type != IGVM_PAGE_TYPE_NORMAL)
		kind = LAUNCH_RANGE_CPUID;
	if (kind == LAUNCH_RANGE_IMAGE && page.file_offset != 0)
		result = igvm_file_data(reader->file, header, page.file_offset, size, &content, reader->error);
	if (result == 0)
		result = check_place(reader, header, page.gpa, size);
	for (uint64_t at = 0; result == 0 && at < size; at += PAGE_SIZE)
		result = add_page(reader, header, page.gpa + at, kind, content == NULL ? NULL : content + at);
	return result;
}

static int take_context(struct reader *reader, const struct igvm_header *header)
{
	struct firmware *firmware = reader->firmware;
	struct igvm_vp_context context;
	const uint8_t *content;
	int result = igvm_read_vp_context(reader->file, header, &context, reader->error);

	if (result != 0 || (context.compatibility_mask & reader->mask) == 0)
		return result;
	if (context.vp_index != 0 || firmware->has_context)
		return fail(reader, ERR_UNSUPPORTED, header, "is of a second processor: a guest starts its others itself");
	result = igvm_file_data(reader->file, header, context.file_offset, PAGE_SIZE, &content, reader->error);
	if (result != 0)
		return result;
	memcpy(&firmware->context, content, sizeof(firmware->context));
	firmware->has_context = true;
	if ((firmware->context.sev_features & SEV_FEATURE_SNP_ACTIVE) == 0)
		return fail(reader, ERR_FORMAT, header, "is of no SEV-SNP guest: bit 0 of SEV_FEATURES is clear");
	if ((firmware->context.sev_features & SEV_FEATURE_VTOM) != 0)
		return fail(reader, ERR_UNSUPPORTED, header, "works with a virtual top of memory, which the monitor does not");
	return 0;
}

static int take_parameter(struct reader *reader, const struct igvm_header *header)
{
	struct parameter *parameter = &reader->parameter[reader->parameter_count];

	if (reader->parameter_count == PARAMETERS_MAX)
		return fail(reader, ERR_UNSUPPORTED, header, "is one parameter too many: 64 are the most");
	reader->parameter_count++;
	parameter->header = *header;
	return igvm_read_parameter(reader->file, header, &parameter->body, reader->error);
}

static int take_required_memory(struct reader *reader, const struct igvm_header *header)
{
	struct igvm_required_memory memory;
	int result = igvm_read_required_memory(reader->file, header, &memory, reader->error);

	if (result != 0 || (memory.compatibility_mask & reader->mask) == 0)
		return result;
	if (ranges_overlap(memory.gpa, memory.number_of_bytes, reader->region_gpa, MONITOR_SIZE))
		return fail(reader, ERR_FORMAT, header, "lies over the monitor");
	return 0;
}

/* ---- parameter areas: the monitor writes what it can into pages of its own making ---- */

struct area {
	const struct igvm_header *insert;
	uint64_t gpa, size;
	uint32_t index, kind;
	uint8_t *content;
};

/* Bytes from this parameter to the next one in its area, or to the end. */
static uint64_t room_of(const struct reader *reader, const struct area *area, const struct igvm_parameter *body)
{
	uint64_t end = area->size;

	for (size_t i = 0; i < reader->parameter_count; i++) {
		const struct igvm_parameter *other = &reader->parameter[i].body;

		if (other->parameter_area_index == area->index && other->byte_offset > body->byte_offset && other->byte_offset < end)
			end = other->byte_offset;
	}
	return end - body->byte_offset;
}

static int place_map(struct reader *reader, const struct area *area, const struct parameter *parameter)
{
	struct firmware *firmware = reader->firmware;
	uint64_t room = room_of(reader, area, &parameter->body);

	if (firmware->map_size != 0)
		return fail(reader, ERR_FORMAT, &parameter->header, "is the second memory map");
	if (room < 2 * sizeof(struct igvm_memory_map_entry))
		return fail(reader, ERR_FORMAT, &parameter->header, "has no room for a memory map");
	firmware->map_gpa = area->gpa + parameter->body.byte_offset;
	firmware->map_size = room - room % sizeof(struct igvm_memory_map_entry);
	return 0;
}

static int place_parameter(struct reader *reader, struct area *area, const struct parameter *parameter)
{
	static const uint32_t environment = IGVM_ENVIRONMENT_MEMORY_IS_SHARED;

	switch (parameter->header.type) {
	case IGVM_VHT_MEMORY_MAP:
		return place_map(reader, area, parameter);
	case IGVM_VHT_VP_COUNT_PARAMETER:
		if (reader->firmware->vp_count_gpa != 0 || area->gpa + parameter->body.byte_offset == 0)
			return fail(reader, ERR_FORMAT, &parameter->header, "is the second number of processors, or lies at address 0");
		reader->firmware->vp_count_gpa = area->gpa + parameter->body.byte_offset;
		return 0;
	case IGVM_VHT_ENVIRONMENT_INFO:
		memcpy(area->content + parameter->body.byte_offset, &environment, sizeof(environment));
		return 0;
	case IGVM_VHT_MADT:
		if (!reader->has_madt && parameter->body.byte_offset == 0 && room_of(reader, area, &parameter->body) == area->size) {
			area->kind = LAUNCH_RANGE_MADT;
			reader->has_madt = true;
			return 0;
		}
		break;
	default:
		break;
	}
	if (parameter->header.optional)
		return 0;
	return fail(reader, ERR_UNSUPPORTED, &parameter->header, "is a parameter that the monitor cannot give to a guest there");
}

static uint8_t *own_content(struct firmware *firmware, uint64_t size)
{
	uint8_t *content = allocate(size);

	firmware->owned = (uint8_t **)reallocate((void *)firmware->owned, (firmware->owned_count + 1) * sizeof(*firmware->owned));
	firmware->owned[firmware->owned_count++] = content;
	return content;
}

static int fill_area(struct reader *reader, struct area *area, const struct igvm_parameter_area *directive)
{
	const uint8_t *initial;
	int result = 0;

	area->content = own_content(reader->firmware, area->size);
	if (directive->file_offset != 0) {
		result = igvm_file_data(reader->file, area->insert, directive->file_offset, area->size, &initial, reader->error);
		if (result == 0)
			memcpy(area->content, initial, area->size);
	}
	for (size_t i = 0; result == 0 && i < reader->parameter_count; i++) {
		if (reader->parameter[i].body.parameter_area_index == area->index)
			result = place_parameter(reader, area, &reader->parameter[i]);
	}
	return result;
}

static int take_insert(struct reader *reader, const struct igvm_header *header)
{
	const struct igvm_parameter_area *directive = reader->summary->area;
	struct igvm_parameter_insert insert;
	struct area area;
	int result = igvm_read_parameter_insert(reader->file, header, &insert, reader->error);

	if (result != 0 || (insert.compatibility_mask & reader->mask) == 0)
		return result;
	while (directive->parameter_area_index != insert.parameter_area_index) /* check_file() has found it */
		directive++;
	area = (struct area){ .insert = header, .gpa = insert.gpa, .size = directive->number_of_bytes,
			      .index = insert.parameter_area_index, .kind = LAUNCH_RANGE_IMAGE };
	if (area.size > FIRMWARE_PAGES_MAX * PAGE_SIZE)
		return fail(reader, ERR_FORMAT, header, "has more pages than firmware may have (256 MiB)");
	result = check_place(reader, header, area.gpa, area.size);
	if (result == 0)
		result = fill_area(reader, &area, directive);
	for (uint64_t at = 0; result == 0 && at < area.size; at += PAGE_SIZE)
		result = add_page(reader, header, area.gpa + at, area.kind, area.content + at);
	return result;
}

static int take_directive(struct reader *reader, const struct igvm_header *header)
{
	struct igvm_snp_id_block block;
	int result;

	if (igvm_type_is_parameter(header->type))
		return take_parameter(reader, header);
	switch (header->type) {
	case IGVM_VHT_PAGE_DATA:
		return take_page(reader, header);
	case IGVM_VHT_VP_CONTEXT:
		return take_context(reader, header);
	case IGVM_VHT_PARAMETER_INSERT:
		return take_insert(reader, header);
	case IGVM_VHT_REQUIRED_MEMORY:
		return take_required_memory(reader, header);
	case IGVM_VHT_SNP_ID_BLOCK:
		result = igvm_read_id_block(reader->file, header, &block, reader->error);
		if (result == 0 && (block.compatibility_mask & reader->mask) != 0)
			result = fail(reader, ERR_UNSUPPORTED, header, "signs the firmware alone: it cannot hold for an image with a monitor");
		return result;
	case IGVM_VHT_SUPPORTED_PLATFORM:
	case IGVM_VHT_GUEST_POLICY:
	case IGVM_VHT_RELOCATABLE_REGION: /* a loader need not move anything */
	case IGVM_VHT_PAGE_TABLE_RELOCATION:
	case IGVM_VHT_PARAMETER_AREA: /* in the summary */
	case IGVM_VHT_VBS_MEASUREMENT: /* of another platform */
		return 0;
	default:
		break;
	}
	if (header->optional)
		return 0;
	return fail(reader, ERR_UNSUPPORTED, header, "is a directive that has no meaning for a guest below a monitor");
}

static int choose_platform(struct reader *reader)
{
	const struct summary *summary = reader->summary;

	for (size_t i = 0; i < summary->platform_count; i++) {
		if (summary->platform[i].platform_type != IGVM_PLATFORM_SEV_SNP)
			continue;
		reader->mask = summary->platform[i].compatibility_mask;
		if (summary->platform[i].shared_gpa_boundary != 0)
			return fail_file(reader, ERR_UNSUPPORTED, "wants a virtual top of memory, which the monitor does not work with");
		return 0;
	}
	return fail_file(reader, ERR_UNSUPPORTED, "is not for SEV-SNP");
}

static int take_directives(struct reader *reader)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	int result;

	while ((result = igvm_next(reader->file, &cursor, &header, reader->error)) == 0) {
		result = take_directive(reader, &header);
		if (result != 0)
			return result;
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

/* ---- the whole ---- */

static int compare(const void *a, const void *b)
{
	const struct firmware_page *left = a, *right = b;

	return left->gpa < right->gpa ? -1 : left->gpa > right->gpa;
}

static void sort(struct firmware *firmware)
{
	if (firmware->page_count != 0)
		qsort(firmware->page, firmware->page_count, sizeof(*firmware->page), compare);
}

/* Among the first count pages, which are sorted. */
static struct firmware_page *find(struct firmware *firmware, size_t count, uint64_t gpa)
{
	const struct firmware_page key = { .gpa = gpa };

	return count == 0 ? NULL : bsearch(&key, firmware->page, count, sizeof(key), compare);
}

static size_t count_kind(const struct firmware *firmware, uint32_t kind)
{
	size_t count = 0;

	for (size_t i = 0; i < firmware->page_count; i++)
		count += firmware->page[i].kind == kind;
	return count;
}

/* The run of pages that ends at 4 GiB, put together; NULL: there is none. */
static uint8_t *top_of_memory(struct firmware *firmware, uint64_t *size)
{
	size_t first = firmware->page_count;
	uint64_t gpa = LAUNCH_FIRMWARE_END;
	uint8_t *flat;

	while (first > 0 && firmware->page[first - 1].gpa == gpa - PAGE_SIZE && in_window(gpa - PAGE_SIZE, PAGE_SIZE)) {
		gpa -= PAGE_SIZE;
		first--;
	}
	*size = LAUNCH_FIRMWARE_END - gpa;
	if (*size == 0)
		return NULL;
	flat = allocate(*size);
	for (uint64_t at = 0; at < *size; at += PAGE_SIZE)
		memcpy(flat + at, firmware->page[first + at / PAGE_SIZE].content, PAGE_SIZE);
	return flat;
}

/* A page that OVMF's tables ask for: the file has it, of the right kind, or it is added. */
static int merge_page(struct reader *reader, size_t sorted, uint64_t gpa, uint32_t kind)
{
	static const struct igvm_header none = { .offset = 0 };
	struct firmware_page *page = find(reader->firmware, sorted, gpa);

	if (page == NULL)
		return add_page(reader, &none, gpa, kind, NULL);
	if (kind == LAUNCH_RANGE_CAA && page->kind == LAUNCH_RANGE_ZERO) {
		page->kind = LAUNCH_RANGE_CAA;
		return 0;
	}
	if (page->kind == kind || (kind == LAUNCH_RANGE_ZERO && (page->kind == LAUNCH_RANGE_IMAGE || page->kind == LAUNCH_RANGE_MADT)))
		return 0;
	*reader->error = (struct igvm_error){ "is another kind of page than OVMF's tables in the same file say", page->offset, page->type };
	return ERR_FORMAT;
}

static int merge_tables(struct reader *reader, const struct ovmf *ovmf)
{
	struct firmware *firmware = reader->firmware;
	size_t sorted = firmware->page_count;
	int result = 0;

	if (reader->region_gpa < FIRMWARE_REGION_LEAST)
		return fail_file(reader, ERR_FORMAT, "holds OVMF, which uses all memory below 0xfc000000: the recipe puts the monitor there");
	for (uint32_t i = 0; i < ovmf->section_count; i++) {
		const struct ovmf_section *section = &ovmf->section[i];
		const char *reason = firmware_refuse(section->gpa, section->size, reader->region_gpa);

		if (reason != NULL)
			return fail_file(reader, ERR_FORMAT, "holds OVMF whose tables ask for memory that cannot be given");
		for (uint64_t at = 0; result == 0 && at < section->size; at += PAGE_SIZE)
			result = merge_page(reader, sorted, section->gpa + at, firmware_kind(section->type));
	}
	if (firmware->map_size == 0) {
		firmware->map_gpa = ovmf->memory_map.gpa;
		firmware->map_size = ovmf->memory_map.size;
	}
	if (firmware->vp_count_gpa == 0 && ovmf->vp_count.size != 0)
		firmware->vp_count_gpa = ovmf->vp_count.gpa;
	return result;
}

/* Without tables: the page behind the secrets page, if nothing else is there. */
static int place_calling_area(struct reader *reader)
{
	struct firmware *firmware = reader->firmware;
	const struct firmware_page *page;
	uint64_t gpa = 0;

	for (size_t i = 0; i < firmware->page_count; i++) {
		if (firmware->page[i].kind == LAUNCH_RANGE_SECRETS)
			gpa = firmware->page[i].gpa + PAGE_SIZE;
	}
	page = find(firmware, firmware->page_count, gpa);
	if (gpa != 0 && (page == NULL || page->kind == LAUNCH_RANGE_ZERO) &&
	    firmware_refuse(gpa, PAGE_SIZE, reader->region_gpa) == NULL)
		return merge_page(reader, firmware->page_count, gpa, LAUNCH_RANGE_CAA);
	return fail_file(reader, ERR_UNSUPPORTED, "has no place for a calling area: neither in OVMF's tables nor behind its secrets page");
}

/* As of OVMF that comes as it is: launch.h tells why. */
static void fix_variables(struct firmware *firmware, const uint8_t *flat, uint64_t size)
{
	uint64_t start = LAUNCH_FIRMWARE_END - size, fixed = ovmf_variables_size(flat, size);

	for (size_t i = 0; i < firmware->page_count; i++) {
		if (firmware->page[i].gpa >= start && firmware->page[i].gpa < start + fixed)
			firmware->page[i].flags = LAUNCH_RANGE_FLAG_FIXED;
	}
}

static int merge(struct reader *reader)
{
	struct ovmf_error error;
	struct ovmf ovmf;
	uint64_t size;
	uint8_t *flat = top_of_memory(reader->firmware, &size);
	int result;

	if (flat != NULL && ovmf_open(&ovmf, flat, size, &error) == 0) {
		fix_variables(reader->firmware, flat, size);
		result = merge_tables(reader, &ovmf);
	} else {
		result = place_calling_area(reader);
	}
	free(flat);
	return result;
}

static int check_whole(struct reader *reader)
{
	const struct firmware *firmware = reader->firmware;

	if (!firmware->has_context)
		return fail_file(reader, ERR_FORMAT, "has no context of a first processor");
	if (count_kind(firmware, LAUNCH_RANGE_SECRETS) != 1 || count_kind(firmware, LAUNCH_RANGE_CAA) != 1)
		return fail_file(reader, ERR_FORMAT, "must have one secrets page and one calling area");
	if (count_kind(firmware, LAUNCH_RANGE_CPUID) > 1)
		return fail_file(reader, ERR_FORMAT, "has more than one CPUID page");
	return 0;
}

int firmware_read(struct firmware *firmware, const struct igvm_file *file, const struct summary *summary, uint64_t region_gpa,
		  struct igvm_error *error)
{
	struct reader reader = { .file = file, .summary = summary, .region_gpa = region_gpa, .firmware = firmware, .error = error };
	int result;

	memset(firmware, 0, sizeof(*firmware));
	result = choose_platform(&reader);
	if (result == 0)
		result = take_directives(&reader);
	sort(firmware);
	if (result == 0)
		result = merge(&reader);
	sort(firmware);
	return result == 0 ? check_whole(&reader) : result;
}

void firmware_free(struct firmware *firmware)
{
	for (size_t i = 0; i < firmware->owned_count; i++)
		free(firmware->owned[i]);
	free((void *)firmware->owned);
	free(firmware->page);
	memset(firmware, 0, sizeof(*firmware));
}
