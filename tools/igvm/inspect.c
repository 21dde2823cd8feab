/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "digest.h"
#include "own.h"
#include "policy.h"

static const char *platform_name(uint8_t type)
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

static const char *extent_name(const struct extent *extent)
{
	if (extent->type == IGVM_VHT_PARAMETER_INSERT)
		return "parameters, written by the host";
	if (extent->type == IGVM_VHT_VP_CONTEXT)
		return "context of a processor (VMSA), measured";
	if (extent->data_type == IGVM_PAGE_TYPE_SECRETS)
		return "secrets page";
	if (extent->data_type != IGVM_PAGE_TYPE_NORMAL)
		return "CPUID page";
	if (extent->flags & IGVM_PAGE_FLAG_SHARED)
		return "shared with the host";
	if (extent->flags & IGVM_PAGE_FLAG_UNMEASURED)
		return "not measured";
	return extent->zeros ? "measured, no content" : "measured";
}

/* True when b continues a: one line of output for both. */
static bool continues(const struct extent *a, const struct extent *b)
{
	return a->gpa + a->size == b->gpa && a->mask == b->mask && a->type == b->type && a->data_type == b->data_type &&
	       a->flags == b->flags && a->zeros == b->zeros && a->type == IGVM_VHT_PAGE_DATA;
}

static void print_extent(const struct extent *extent, uint64_t end)
{
	uint64_t pages = (end - extent->gpa) / PAGE_SIZE;

	printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %7" PRIu64 " page%s mask 0x%" PRIx32 "  %s\n", extent->gpa,
	       end - 1, pages, pages == 1 ? " " : "s", extent->mask, extent_name(extent));
}

/* Returns the index behind the run that starts at index i; *end is the run's end address. */
static size_t find_run(const struct extent *extent, size_t count, size_t i, uint64_t *end)
{
	size_t next = i + 1;

	while (next < count && continues(&extent[next - 1], &extent[next]))
		next++;
	*end = extent[next - 1].gpa + extent[next - 1].size;
	return next;
}

static void print_policy(uint64_t policy)
{
	printf("ABI %" PRIu64 ".%" PRIu64 " or later, SMT %s, debugging %s%s", (policy >> 8) & 0xFF, policy & 0xFF,
	       policy & SNP_POLICY_SMT ? "allowed" : "forbidden", policy & SNP_POLICY_DEBUG ? "ALLOWED" : "forbidden",
	       policy & SNP_POLICY_MUST_BE_ONE ? "" : ", INVALID: bit 17 is not set");
}

static void print_top(const char *path, const struct igvm_file *file, const struct summary *summary)
{
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
		print_policy(summary->policy[i].policy);
		putchar('\n');
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
				run_end = find_run(summary->extent, summary->extent_count, extent, &end);
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

static int compare_extents(const void *a, const void *b)
{
	const struct extent *left = a, *right = b;

	if (left->gpa != right->gpa)
		return left->gpa < right->gpa ? -1 : 1;
	return left->offset < right->offset ? -1 : 1;
}

static void print_gap(uint64_t size)
{
	uint64_t pages = size / PAGE_SIZE;

	printf("  %31s  %7" PRIu64 " page%s nothing\n", "", pages, pages == 1 ? " " : "s");
}

static void print_memory(const struct summary *summary)
{
	struct extent *sorted = allocate(summary->extent_count * sizeof(*sorted));
	uint64_t end = 0;

	if (summary->extent_count != 0)
		memcpy(sorted, summary->extent, summary->extent_count * sizeof(*sorted));
	qsort(sorted, summary->extent_count, sizeof(*sorted), compare_extents);
	puts("\nguest memory, by address");
	for (size_t i = 0; i < summary->extent_count;) {
		size_t first = i;

		if (sorted[i].gpa > end)
			print_gap(sorted[i].gpa - end);
		i = find_run(sorted, summary->extent_count, i, &end);
		print_extent(&sorted[first], end);
	}
	free(sorted);
}

static const char *range_kind_name(uint32_t kind)
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

static void print_policy_page(const struct policy_page *policy)
{
	char text[1024];

	if (!policy_format(policy, text, sizeof(text)))
		return;
	puts("\npolicy page, measured");
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("  %s\n", line);
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

		printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %7" PRIu64 " page%s %s%s%s\n", range->gpa,
		       range->gpa + range->size - 1, pages, pages == 1 ? " " : "s", range_kind_name(range->kind),
		       range->flags & LAUNCH_RANGE_FLAG_RESERVED ? ", reserved" : "",
		       range->flags & LAUNCH_RANGE_FLAG_ACPI ? ", ACPI" : "");
	}
}

static int print_digests(const struct igvm_file *file, const struct summary *summary, struct igvm_error *error)
{
	for (size_t i = 0; i < summary->platform_count; i++) {
		const struct igvm_supported_platform *platform = &summary->platform[i];
		uint8_t digest[SNP_DIGEST_SIZE];
		char text[2 * SNP_DIGEST_SIZE + 1];
		bool ambiguous;
		int result;

		if (platform->platform_type != IGVM_PLATFORM_SEV_SNP)
			continue;
		result = digest_compute(file, platform->compatibility_mask, ZERO_PAGES_NORMAL, digest, &ambiguous,
					error);
		if (result != 0)
			return result;
		digest_format(digest, text);
		printf("\nlaunch digest  %s\n", text);
		if (!ambiguous)
			continue;
		result = digest_compute(file, platform->compatibility_mask, ZERO_PAGES_NATIVE, digest, &ambiguous,
					error);
		if (result != 0)
			return result;
		digest_format(digest, text);
		printf("       or else  %s\n", text);
		puts("  The second is what loaders get that launch pages without content as zero pages (QEMU).");
	}
	return 0;
}

static int inspect(const char *path, const struct blob *blob)
{
	struct summary summary = { 0 };
	struct own_pages own;
	struct igvm_error error;
	struct igvm_file file;
	int result = igvm_open(&file, blob->data, blob->size, &error);

	if (result == 0)
		result = check_file(&file, &summary, &error);
	if (result != 0)
		goto out;
	print_top(path, &file, &summary);
	result = print_directives(&file, &summary, &error);
	if (result != 0)
		goto out;
	print_memory(&summary);
	result = own_find(&file, &own, &error);
	if (result == 0) {
		print_launch_block(&own.block);
		print_policy_page(&own.policy);
	} else if (result != ERR_NOT_FOUND) {
		goto out;
	}
	result = print_digests(&file, &summary, &error);
out:
	if (result != 0)
		report_igvm_error(path, &error);
	summary_free(&summary);
	return result == 0 ? STATUS_OK : STATUS_FAILED;
}

static void print_help(void)
{
	puts("usage: igvm inspect FILE\n\n"
	     "Shows the platforms, the policy, the directives, the guest's memory and the launch digest of an IGVM "
	     "image.\n"
	     "A file that is damaged or breaks the format's rules is refused with the offset of the first fault.");
}

int command_inspect(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct blob blob;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option != 'h') {
			report_option("inspect", option, argv);
			return STATUS_FAILED;
		}
		print_help();
		return STATUS_OK;
	}
	if (optind + 1 != argc) {
		report("inspect: one file must be named; see 'igvm inspect --help'");
		return STATUS_FAILED;
	}
	if (blob_read(&blob, "image", argv[optind]) != 0)
		return STATUS_FAILED;
	status = inspect(argv[optind], &blob);
	blob_free(&blob);
	return status;
}
