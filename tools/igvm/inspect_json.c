/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "commands.h"
#include "extents.h"
#include "inspect.h"
#include "notes.h"
#include "report.h"

static void put_platforms(struct json *json, const struct summary *summary)
{
	json_array(json, "platforms");
	for (size_t i = 0; i < summary->platform_count; i++) {
		const struct igvm_supported_platform *platform = &summary->platform[i];

		json_object(json, NULL);
		json_string(json, "platform", platform_name(platform->platform_type));
		json_number(json, "type", platform->platform_type);
		json_number(json, "version", platform->platform_version);
		json_hex(json, "mask", platform->compatibility_mask);
		json_number(json, "highest_vtl", platform->highest_vtl);
		json_hex(json, "shared_gpa_boundary", platform->shared_gpa_boundary);
		json_object_end(json);
	}
	json_array_end(json);
	json_array(json, "guest_policies");
	for (size_t i = 0; i < summary->policy_count; i++) {
		char text[256];

		describe_guest_policy(summary->policy[i].policy, text, sizeof(text));
		json_object(json, NULL);
		json_hex(json, "policy", summary->policy[i].policy);
		json_hex(json, "mask", summary->policy[i].compatibility_mask);
		json_string(json, "text", text);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_extent(struct json *json, const struct extent *extent, uint64_t end)
{
	json_object(json, NULL);
	json_hex(json, "gpa", extent->gpa);
	json_hex(json, "size", end - extent->gpa);
	json_hex(json, "mask", extent->mask);
	json_string(json, "directive", igvm_type_name(extent->type));
	json_string(json, "what", extent_name(extent));
	json_hex(json, "offset", extent->offset);
	json_object_end(json);
}

static void put_memory(struct json *json, const struct summary *summary)
{
	struct extent *sorted = extents_by_address(summary);
	uint64_t end;

	json_array(json, "memory");
	for (size_t i = 0; i < summary->extent_count;) {
		size_t first = i;

		i = extent_run(sorted, summary->extent_count, i, &end);
		put_extent(json, &sorted[first], end);
	}
	json_array_end(json);
	free(sorted);
}

/* Bodies of the directives that cover no memory. */
static void put_body(struct json *json, const struct igvm_file *file, const struct igvm_header *header)
{
	struct igvm_required_memory memory;
	struct igvm_parameter_area area;
	struct igvm_parameter parameter;
	struct igvm_error error;

	if (igvm_type_is_parameter(header->type) && igvm_read_parameter(file, header, &parameter, &error) == 0) {
		json_number(json, "area", parameter.parameter_area_index);
		json_number(json, "byte_offset", parameter.byte_offset);
	} else if (header->type == IGVM_VHT_PARAMETER_AREA &&
		   igvm_read_parameter_area(file, header, &area, &error) == 0) {
		json_number(json, "area", area.parameter_area_index);
		json_number(json, "bytes", area.number_of_bytes);
	} else if (header->type == IGVM_VHT_REQUIRED_MEMORY &&
		   igvm_read_required_memory(file, header, &memory, &error) == 0) {
		json_hex(json, "gpa", memory.gpa);
		json_hex(json, "size", memory.number_of_bytes);
		json_hex(json, "mask", memory.compatibility_mask);
	}
}

static void put_directive(struct json *json, const struct igvm_file *file, const struct igvm_header *header)
{
	json_object(json, NULL);
	json_string(json, "type", igvm_type_name(header->type));
	json_hex(json, "number", header->type);
	json_bool(json, "optional", header->optional);
	json_hex(json, "offset", header->offset);
	json_number(json, "length", header->length);
	put_body(json, file, header);
	json_object_end(json);
}

/* In file order; pages that follow each other are in "memory". check_file() has accepted all headers. */
static void put_directives(struct json *json, const struct igvm_file *file)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_error error;

	json_array(json, "directives");
	while (igvm_next(file, &cursor, &header, &error) == 0) {
		if (header.type != IGVM_VHT_PAGE_DATA && header.type != IGVM_VHT_SUPPORTED_PLATFORM &&
		    header.type != IGVM_VHT_GUEST_POLICY)
			put_directive(json, file, &header);
	}
	json_array_end(json);
}

static void put_block(struct json *json, const struct own_pages *own)
{
	const struct launch_block *block = &own->block;

	json_object(json, "monitor");
	json_bytes_text(json, "image_name", block->image_name, sizeof(block->image_name));
	json_number(json, "launch_block_version", block->version);
	json_hex(json, "region_gpa", block->region_gpa);
	json_hex(json, "region_size", MONITOR_SIZE);
	json_hex(json, "image_end", block->region_gpa + block->image_end);
	json_hex(json, "services_size", block->archive_size);
	json_bool(json, "test_payload", (block->flags & LAUNCH_FLAG_TEST) != 0);
	json_bool(json, "validates_all_memory", (block->flags & LAUNCH_FLAG_VALIDATE_ALL) != 0);
	json_array(json, "ranges");
	for (uint32_t i = 0; i < block->range_count && i < LAUNCH_RANGE_MAX; i++) {
		json_object(json, NULL);
		json_hex(json, "gpa", block->range[i].gpa);
		json_hex(json, "size", block->range[i].size);
		json_string(json, "kind", range_kind_name(block->range[i].kind));
		json_bool(json, "reserved", (block->range[i].flags & LAUNCH_RANGE_FLAG_RESERVED) != 0);
		json_bool(json, "acpi", (block->range[i].flags & LAUNCH_RANGE_FLAG_ACPI) != 0);
		json_bool(json, "fixed", (block->range[i].flags & LAUNCH_RANGE_FLAG_FIXED) != 0);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	json_policy_page(json, &own->policy);
}

static int put_digests(struct json *json, const struct source *source, uint32_t mask)
{
	uint8_t digest[LOADER_COUNT][SNP_DIGEST_SIZE];
	struct notes notes;

	for (unsigned i = 0; i < LOADER_COUNT; i++) {
		if (source_digest(source, mask, (enum loader)i, digest[i]) != 0)
			return ERR_FORMAT;
	}
	json_object(json, "launch_digest");
	for (unsigned i = 0; i < LOADER_COUNT; i++)
		json_digest(json, loader_name((enum loader)i), digest[i], SNP_DIGEST_SIZE);
	json_object_end(json);
	json_id_block(json, source, mask, digest[LOADER_QEMU]);
	notes_collect(source, mask, &notes);
	json_array(json, "notes");
	for (size_t i = 0; i < notes.count; i++)
		json_string(json, NULL, notes.text[i]);
	json_array_end(json);
	return 0;
}

int inspect_json(const struct source *source)
{
	struct json json;

	json_begin(&json);
	json_object(&json, NULL);
	json_string(&json, "file", source->path);
	json_number(&json, "size", source->file.size);
	json_number(&json, "format_version", source->file.version);
	json_hex(&json, "checksum", source->file.checksum);
	put_platforms(&json, &source->summary);
	put_directives(&json, &source->file);
	put_memory(&json, &source->summary);
	if (source->is_own)
		put_block(&json, &source->own);
	if (source_snp_mask(source) != 0 && put_digests(&json, source, source_snp_mask(source)) != 0) {
		json_free(&json);
		return STATUS_FAILED;
	}
	json_object_end(&json);
	json_print(&json);
	return STATUS_OK;
}
