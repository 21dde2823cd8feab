/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "extents.h"
#include "inspect.h"
#include "map.h"
#include "notes.h"
#include "report.h"

const char *platform_name(uint8_t type)
{
	switch (type) {
	case IGVM_PLATFORM_NATIVE:
		return "native";
	case IGVM_PLATFORM_VSM:
		return "VSM isolation";
	case IGVM_PLATFORM_SEV_SNP:
		return "SEV-SNP";
	case IGVM_PLATFORM_TDX:
		return "TDX";
	default:
		return "other";
	}
}

static void print_extent(const struct extent *extent, uint64_t end)
{
	uint64_t pages = (end - extent->gpa) / PAGE_SIZE;

	printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %7" PRIu64 " page%s mask 0x%" PRIx32 "  %s\n", extent->gpa,
	       end - 1, pages, pages == 1 ? " " : "s", extent->mask, extent_name(extent));
}

static void print_top(const char *path, const struct igvm_file *file, const struct summary *summary)
{
	char text[256];

	printf("file      %s: %" PRIu64 " bytes, format version %" PRIu32 ", checksum 0x%08" PRIx32 " is right\n", path,
	       file->size, file->version, file->checksum);
	for (size_t i = 0; i < summary->platform_count; i++) {
		const struct igvm_supported_platform *platform = &summary->platform[i];

		printf("platform  %s (type %u, version %u), mask 0x%" PRIx32
		       ", highest VTL %u, shared boundary 0x%" PRIx64 "\n",
		       platform_name(platform->platform_type), platform->platform_type, platform->platform_version,
		       platform->compatibility_mask, platform->highest_vtl, platform->shared_gpa_boundary);
	}
	if (summary->policy_count == 0)
		puts("policy    none: the host chooses");
	for (size_t i = 0; i < summary->policy_count; i++) {
		printf("policy    0x%" PRIx64 ", mask 0x%" PRIx32 ": ", summary->policy[i].policy,
		       summary->policy[i].compatibility_mask);
		describe_guest_policy(summary->policy[i].policy, text, sizeof(text));
		puts(text);
	}
}

static void print_vmsa(const uint8_t *content)
{
	struct vmsa vmsa;
	const char *mode = "real mode";

	memcpy(&vmsa, content, sizeof(vmsa));
	if (vmsa.efer & EFER_LMA)
		mode = "long mode";
	else if (vmsa.cr0 & 1)
		mode = "protected mode";
	printf("      %s, VMPL %u, CS:RIP %04x:0x%" PRIx64 ", CR0 0x%" PRIx64 ", CR3 0x%" PRIx64 ", CR4 0x%" PRIx64
	       ", EFER 0x%" PRIx64 ", SEV features 0x%" PRIx64 "\n",
	       mode, vmsa.vmpl, vmsa.cs.selector, vmsa.rip, vmsa.cr0, vmsa.cr3, vmsa.cr4, vmsa.efer, vmsa.sev_features);
}

/* A directive that covers no memory, or a VP context in detail. check_file() has accepted all of them. */
static int print_directive(const struct igvm_file *file, const struct igvm_header *header, struct igvm_error *error)
{
	struct igvm_parameter parameter;
	struct igvm_parameter_area area;
	struct igvm_required_memory memory;
	int result = 0;

	if (igvm_type_is_parameter(header->type)) {
		result = igvm_read_parameter(file, header, &parameter, error);
		if (result == 0)
			printf("  %s%s to area %" PRIu32 ", offset 0x%" PRIx32 "\n", igvm_type_name(header->type),
			       header->optional ? " (optional)" : "", parameter.parameter_area_index,
			       parameter.byte_offset);
	} else if (header->type == IGVM_VHT_PARAMETER_AREA) {
		result = igvm_read_parameter_area(file, header, &area, error);
		if (result == 0)
			printf("  PARAMETER_AREA %" PRIu32 ", %" PRIu64 " bytes\n", area.parameter_area_index,
			       area.number_of_bytes);
	} else if (header->type == IGVM_VHT_REQUIRED_MEMORY) {
		result = igvm_read_required_memory(file, header, &memory, error);
		if (result == 0)
			printf("  REQUIRED_MEMORY 0x%" PRIx64 ", %" PRIu32 " bytes, mask 0x%" PRIx32 "\n", memory.gpa,
			       memory.number_of_bytes, memory.compatibility_mask);
	} else {
		printf("  %s (type 0x%" PRIx32 "%s), %" PRIu32 " bytes\n", igvm_type_name(header->type), header->type,
		       header->optional ? ", optional" : "", header->length);
	}
	return result;
}

static int print_context(const struct igvm_file *file, const struct igvm_header *header, struct igvm_error *error)
{
	struct igvm_vp_context context;
	const uint8_t *content;
	int result = igvm_read_vp_context(file, header, &context, error);

	if (result == 0)
		result = igvm_file_data(file, header, context.file_offset, sizeof(struct vmsa), &content, error);
	if (result == 0)
		print_vmsa(content);
	return result;
}

static bool is_initialization(uint32_t type)
{
	return type == IGVM_VHT_SUPPORTED_PLATFORM || type == IGVM_VHT_GUEST_POLICY;
}

/* Directives in file order; pages that continue each other in one line. */
static int print_directives(const struct igvm_file *file, const struct summary *summary, struct igvm_error *error)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	size_t extent = 0, run_end = 0;
	uint64_t end;
	int result;

	puts("\ndirectives, in file order");
	while ((result = igvm_next(file, &cursor, &header, error)) == 0) {
		if (extent < summary->extent_count && summary->extent[extent].offset == header.offset) {
			if (extent == run_end) {
				run_end = extent_run(summary->extent, summary->extent_count, extent, &end);
				print_extent(&summary->extent[extent], end);
			}
			extent++;
			if (header.type == IGVM_VHT_VP_CONTEXT)
				result = print_context(file, &header, error);
		} else if (!is_initialization(header.type)) {
			result = print_directive(file, &header, error);
		}
		if (result != 0)
			return result;
	}
	return result == ERR_NOT_FOUND ? 0 : result;
}

const char *range_kind_name(uint32_t kind)
{
	switch (kind) {
	case LAUNCH_RANGE_IMAGE:
		return "image";
	case LAUNCH_RANGE_ZERO:
		return "zeros";
	case LAUNCH_RANGE_SECRETS:
		return "secrets page";
	case LAUNCH_RANGE_CPUID:
		return "CPUID page";
	case LAUNCH_RANGE_CAA:
		return "calling area";
	case LAUNCH_RANGE_MADT:
		return "MADT";
	default:
		return "UNKNOWN";
	}
}

static void print_launch_block(const struct launch_block *block)
{
	const uint64_t monitor_gpa = block->region_gpa, monitor_size = MONITOR_SIZE;
	const char *map = "none";

	if (block->map_kind == LAUNCH_MAP_E820)
		map = "Linux E820";
	else if (block->map_kind == LAUNCH_MAP_IGVM)
		map = "IGVM";
	printf("\nCashew image \"%.*s\", launch block version %" PRIu32 "\n", (int)sizeof(block->image_name),
	       block->image_name, block->version);
	printf("  %s; %smemory map: %s at 0x%" PRIx64 "\n",
	       block->flags & LAUNCH_FLAG_VALIDATE_ALL ? "all memory validated" : "memory not validated",
	       block->flags & LAUNCH_FLAG_TEST ? "TEST payload; " : "", map, block->map_gpa);
	printf("  monitor ends at 0x%" PRIx64 " of 0x%" PRIx64 "; guest page tables at 0x%" PRIx64 ", 0x%" PRIx64
	       " bytes\n",
	       monitor_gpa + block->image_end, monitor_gpa + monitor_size, block->cbit_gpa, block->cbit_size);
	if (block->archive_size != 0)
		printf("  services at 0x%" PRIx64 ", 0x%" PRIx64 " bytes\n", monitor_gpa + block->archive_offset,
		       block->archive_size);
	for (uint32_t i = 0; i < block->range_count && i < LAUNCH_RANGE_MAX; i++) {
		const struct launch_range *range = &block->range[i];
		uint64_t pages = range->size / PAGE_SIZE;

		printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %7" PRIu64 " page%s %s%s%s%s\n", range->gpa,
		       range->gpa + range->size - 1, pages, pages == 1 ? " " : "s", range_kind_name(range->kind),
		       range->flags & LAUNCH_RANGE_FLAG_RESERVED ? ", reserved" : "",
		       range->flags & LAUNCH_RANGE_FLAG_ACPI ? ", ACPI" : "",
		       range->flags & LAUNCH_RANGE_FLAG_FIXED ? ", fixed" : "");
	}
}

static void print_digests(const struct source *source, uint32_t mask)
{
	uint8_t digest[LOADER_COUNT][SNP_DIGEST_SIZE];
	char text[2 * SNP_DIGEST_SIZE + 1];
	struct notes notes;

	for (unsigned i = 0; i < LOADER_COUNT; i++) {
		if (source_digest(source, mask, (enum loader)i, digest[i]) != 0)
			return;
	}
	digest_format(digest[LOADER_QEMU], text);
	printf("\nlaunch digest  %s\n", text);
	if (memcmp(digest[LOADER_QEMU], digest[LOADER_LIBRARY], SNP_DIGEST_SIZE) != 0) {
		digest_format(digest[LOADER_LIBRARY], text);
		printf("       or else  %s\n", text);
		puts("  The first is what QEMU with KVM measures, the second what the IGVM library computes.");
	}
	notes_collect(source, mask, &notes);
	for (size_t i = 0; i < notes.count; i++)
		printf("note: %s\n", notes.text[i]);
	report_id_block(source, mask, digest[LOADER_QEMU]);
}

static int inspect_text(const struct source *source)
{
	struct igvm_error error;

	print_top(source->path, &source->file, &source->summary);
	if (print_directives(&source->file, &source->summary, &error) != 0) {
		report_igvm_error(source->path, &error);
		return STATUS_FAILED;
	}
	map_print(&source->summary);
	if (source->is_own) {
		print_launch_block(&source->own.block);
		puts("\npolicy page, measured");
		report_policy_page(&source->own.policy, "  ");
	} else if (source->not_own != NULL) {
		printf("\n%s\n", source->not_own);
	}
	if (source_snp_mask(source) != 0)
		print_digests(source, source_snp_mask(source));
	return STATUS_OK;
}

static void print_help(void)
{
	puts("usage: igvm inspect FILE [--json]\n\n"
	     "Shows the platforms, the policy, the directives in file order, a picture of the guest's memory and the launch digest\n"
	     "of an IGVM image; of images of this monitor also what it is told. A file that is damaged or breaks the format's rules is\n"
	     "refused with the directive and the file offset of the first fault.\n\n"
	     "  --json       for machines\n"
	     "  -h, --help   this text");
}

int command_inspect(int argc, char **argv)
{
	enum { JSON = 256 };
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { "json", no_argument, NULL, JSON },
						 { NULL, 0, NULL, 0 } };
	struct source source;
	bool json = false;
	int option, status = STATUS_FAILED;

	while ((option = command_option("inspect", argc, argv, ":h", options)) != -1) {
		if (option == 'h') {
			print_help();
			return STATUS_OK;
		}
		if (option != JSON)
			return STATUS_FAILED;
		json = true;
	}
	if (command_one_file("inspect", argc) != 0)
		return STATUS_FAILED;
	if (source_open(&source, argv[optind]) == 0)
		status = json ? inspect_json(&source) : inspect_text(&source);
	source_close(&source);
	return status;
}
