/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "content.h"
#include "extents.h"
#include "id_block.h"
#include "report.h"

#define PATH_SIZE 4096u

struct options {
	const char *output, *directory;
	uint64_t gpa, size;
	bool range;
};

static void print_help(void)
{
	puts("usage: igvm extract FILE --directory DIR\n"
	     "       igvm extract FILE --gpa ADDRESS [--size BYTES] -o OUTPUT\n\n"
	     "Writes what an image puts into the guest's memory to files.\n\n"
	     "  --directory DIR    one file for each run of pages, named by address and kind; the policy page and the launch block of\n"
	     "                     an image of this monitor; ID block and authentication; DIR is made\n"
	     "  --gpa ADDRESS      this part of guest memory alone, decimal or 0x; need not start at a page\n"
	     "  --size BYTES       of it (default 4096)\n"
	     "  -o, --output FILE  where that part goes; /dev/stdout works\n"
	     "  -h, --help         this text\n\n"
	     "Pages that the host or the security processor fills have no content and are refused, or left out of DIR.");
}

/* All of the range has content: before memory is taken for a size that somebody has mistyped. */
static int check_content(const struct source *source, uint32_t mask, uint64_t gpa, uint64_t end)
{
	for (uint64_t at = gpa; at < end; at = align_down(at, PAGE_SIZE) + PAGE_SIZE) {
		if (content_at(source, mask, align_down(at, PAGE_SIZE)) == NULL) {
			report("extract: %s: no content at 0x%" PRIx64 " ('igvm inspect' shows the map)", source->path, at);
			return ERR_NOT_FOUND;
		}
	}
	return 0;
}

static int extract_range(const struct source *source, uint32_t mask, const struct options *options)
{
	uint64_t end;
	uint8_t *data;
	int result;

	if (options->size == 0 || !checked_add(options->gpa, options->size, &end) || options->size > UINT32_MAX) {
		report("extract: --size: the range is empty, larger than 4 GiB, or beyond the address space");
		return ERR_INVALID;
	}
	if (check_content(source, mask, options->gpa, end) != 0)
		return ERR_NOT_FOUND;
	data = allocate(options->size);
	for (uint64_t at = options->gpa; at < end;) {
		uint64_t page = align_down(at, PAGE_SIZE), stop = page + PAGE_SIZE < end ? page + PAGE_SIZE : end;

		memcpy(data + (at - options->gpa), content_at(source, mask, page) + (at - page), stop - at);
		at = stop;
	}
	result = file_write(options->output, data, options->size);
	free(data);
	return result;
}

static int write_part(const char *directory, const char *name, const void *data, size_t size)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
		report("extract: %s: path is too long", directory);
		return ERR_INVALID;
	}
	if (file_write(path, data, size) != 0)
		return ERR_INVALID;
	printf("%s  %zu bytes\n", path, size);
	return 0;
}

static const char *kind_of(const struct extent *extent)
{
	if (extent->type == IGVM_VHT_VP_CONTEXT)
		return "vmsa";
	if (extent->data_type == IGVM_PAGE_TYPE_CPUID_DATA || extent->data_type == IGVM_PAGE_TYPE_CPUID_XF)
		return "cpuid";
	if ((extent->flags & IGVM_PAGE_FLAG_SHARED) != 0)
		return "shared";
	return (extent->flags & IGVM_PAGE_FLAG_UNMEASURED) != 0 ? "unmeasured" : "measured";
}

static int extract_run(const struct source *source, const struct extent *first, uint64_t end, const char *directory)
{
	uint64_t size = end - first->gpa;
	const struct options range = { .gpa = first->gpa, .size = size };
	char name[64];
	uint8_t *data;
	int result;

	snprintf(name, sizeof(name), "%012" PRIx64 "-%s.bin", range.gpa, kind_of(first));
	data = allocate(size);
	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		const uint8_t *content = content_at(source, first->mask, first->gpa + at);

		if (content != NULL)
			memcpy(data + at, content, PAGE_SIZE);
	}
	result = write_part(directory, name, data, size);
	free(data);
	return result;
}

static int extract_runs(const struct source *source, uint32_t mask, const char *directory)
{
	struct extent *sorted = extents_by_address(&source->summary);
	size_t count = source->summary.extent_count;
	int result = 0;
	uint64_t end;

	for (size_t i = 0; i < count && result == 0;) {
		const struct extent *first = &sorted[i];

		i = extent_run(sorted, count, i, &end);
		if ((first->mask & mask) == 0 || first->type == IGVM_VHT_PARAMETER_INSERT || end - first->gpa > UINT32_MAX ||
		    (first->type == IGVM_VHT_PAGE_DATA && first->data_type == IGVM_PAGE_TYPE_SECRETS))
			continue;
		result = extract_run(source, first, end, directory);
	}
	free(sorted);
	return result;
}

static int extract_id_block(const struct source *source, uint32_t mask, const char *directory)
{
	struct snp_id_block block;
	struct snp_id_auth auth;
	uint64_t policy = 0;

	if (!source->has_id_block)
		return 0;
	(void)source_guest_policy(source, mask, &policy);
	id_block_from_directive(&source->id_block, policy, &block);
	id_auth_from_directive(&source->id_block, &auth);
	if (write_part(directory, "id-block.bin", &block, sizeof(block)) != 0)
		return ERR_INVALID;
	return write_part(directory, "id-auth.bin", &auth, sizeof(auth));
}

static int extract_all(const struct source *source, uint32_t mask, const char *directory)
{
	if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
		report("extract: %s: %s", directory, strerror(errno));
		return ERR_INVALID;
	}
	if (extract_runs(source, mask, directory) != 0 || extract_id_block(source, mask, directory) != 0)
		return ERR_INVALID;
	if (!source->is_own)
		return 0;
	if (write_part(directory, "launch-block.bin", &source->own.block, sizeof(source->own.block)) != 0)
		return ERR_INVALID;
	return write_part(directory, "policy.bin", &source->own.policy, sizeof(source->own.policy));
}

static int check_options(const struct options *options)
{
	if ((options->directory != NULL) == options->range) {
		report("extract: either --directory or --gpa must be given; see 'igvm extract --help'");
		return ERR_INVALID;
	}
	if (options->range != (options->output != NULL)) {
		report("extract: --gpa and --output belong together; see 'igvm extract --help'");
		return ERR_INVALID;
	}
	return 0;
}

static int take_number(const char *option, const char *text, uint64_t *value)
{
	if (parse_number(text, UINT64_MAX, value) == 0)
		return 0;
	report("extract: --%s %s: must be a number, decimal or 0x", option, text);
	return ERR_INVALID;
}

int command_extract(int argc, char **argv)
{
	enum { DIRECTORY = 256, GPA, SIZE };
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },	{ "output", required_argument, NULL, 'o' },
		{ "gpa", required_argument, NULL, GPA }, { "size", required_argument, NULL, SIZE },
		{ "directory", required_argument, NULL, DIRECTORY }, { NULL, 0, NULL, 0 },
	};
	struct options options = { .size = PAGE_SIZE };
	struct source source;
	uint32_t mask;
	int option, status = STATUS_FAILED;

	while ((option = command_option("extract", argc, argv, ":ho:", long_options)) != -1) {
		switch (option) {
		case 'h': print_help(); return STATUS_OK;
		case 'o': options.output = optarg; break;
		case DIRECTORY: options.directory = optarg; break;
		case GPA:
			options.range = true;
			if (take_number("gpa", optarg, &options.gpa) != 0)
				return STATUS_FAILED;
			break;
		case SIZE:
			if (take_number("size", optarg, &options.size) != 0)
				return STATUS_FAILED;
			break;
		default: return STATUS_FAILED;
		}
	}
	if (command_one_file("extract", argc) != 0 || check_options(&options) != 0)
		return STATUS_FAILED;
	if (source_open(&source, argv[optind]) == 0 && source_need_snp(&source, "extract", &mask) == 0) {
		int result = options.range ? extract_range(&source, mask, &options) :
					     extract_all(&source, mask, options.directory);

		status = result == 0 ? STATUS_OK : STATUS_FAILED;
	}
	source_close(&source);
	return status;
}
