/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "edit.h"
#include "policy.h"
#include "report.h"

#define SET_MAX 16u

struct options {
	const char *policy, *output, *set[SET_MAX];
	unsigned set_count;
	bool json, defaults;
};

static void print_help(void)
{
	puts("usage: igvm policy FILE [--json]\n"
	     "       igvm policy FILE [--defaults] [--policy FILE] [--set KEY=VALUE]... -o OUTPUT\n\n"
	     "Shows the policy page of an image, or writes a copy of the image with another one. Nothing else in the image changes,\n"
	     "but the launch digest does; an ID block would not fit any more and is left out of the copy.\n\n"
	     "  --policy FILE     lines of KEY = VALUE, as this command prints them; '#' starts a comment\n"
	     "  --set KEY=VALUE   one of them; options work in the order defaults, file, settings\n"
	     "  --defaults        start from the defaults, not from what the image has\n"
	     "  -o, --output FILE the changed image; FILE itself may be named\n"
	     "  --json            for machines\n"
	     "  -h, --help        this text\n\n"
	     "keys:\n"
	     "  guest-vmpl        1, 2 or 3: privilege level of the guest (default 2)\n"
	     "  console           on or off: the monitor writes its log to the serial port (default off)\n"
	     "  serial-port       I/O port of that serial port (default 0x3f8)\n"
	     "  services          on or off: the services in the image are started (default on)\n"
	     "  services-off      names of services that are not, at most 8, or none (default none)\n"
	     "  secure-boot       off, setup or deployed: told to the services (default off)");
}

static int make_policy(const struct source *source, const struct options *options, struct policy_page *policy)
{
	*policy = source->own.policy;
	if (options->defaults)
		policy_init(policy);
	if (options->policy != NULL && policy_read_file(policy, options->policy) != 0)
		return ERR_INVALID;
	for (unsigned i = 0; i < options->set_count; i++) {
		if (policy_set_argument(policy, "policy", options->set[i]) != 0)
			return ERR_INVALID;
	}
	return 0;
}

/* A page may stand behind several directives, when a builder shares equal contents; then it cannot be exchanged alone. */
static int check_alone(const struct source *source)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_page_data page;
	struct igvm_error error;
	unsigned uses = 0;

	while (igvm_next(&source->file, &cursor, &header, &error) == 0) {
		if (header.type != IGVM_VHT_PAGE_DATA ||
		    igvm_read_page_data(&source->file, &header, &page, &error) != 0 || page.file_offset == 0)
			continue;
		uses += ranges_overlap(page.file_offset, igvm_page_data_size(&page), source->own.policy_offset, PAGE_SIZE);
	}
	if (uses == 1)
		return 0;
	report("policy: %s: the policy page's content is used by %u directives: it cannot be changed alone", source->path,
	       uses);
	return ERR_UNSUPPORTED;
}

static int write_changed(struct source *source, const struct policy_page *policy, const char *output)
{
	struct edit edit = { .drop_type = IGVM_VHT_SNP_ID_BLOCK, .drop_mask = source->summary.masks };
	struct igvm_error error;
	struct blob changed = { source->blob.data, source->file.size };
	int result;

	if (check_alone(source) != 0)
		return ERR_UNSUPPORTED;
	source_set_policy(source, policy);
	if (!source->has_id_block)
		return file_write(output, changed.data, changed.size);
	report("policy: the image's ID block is for another launch digest: left out; 'igvm sign' makes a new one");
	result = edit_file(&source->file, &edit, &changed, &error);
	if (result != 0)
		report_igvm_error(source->path, &error);
	else
		result = file_write(output, changed.data, changed.size);
	blob_free(&changed);
	return result;
}

static void show(const struct policy_page *policy, bool machine)
{
	struct json json;

	if (!machine) {
		report_policy_page(policy, "");
		return;
	}
	json_begin(&json);
	json_object(&json, NULL);
	json_policy_page(&json, policy);
	json_object_end(&json);
	json_print(&json);
}

static int run(struct source *source, const struct options *options)
{
	struct policy_page policy;

	if (!source->is_own) {
		report("policy: %s: %s", source->path,
		       source->not_own != NULL ? source->not_own : "is no image of this monitor: it has no policy page");
		return STATUS_FAILED;
	}
	if (make_policy(source, options, &policy) != 0)
		return STATUS_FAILED;
	if (options->output == NULL && memcmp(&policy, &source->own.policy, sizeof(policy)) != 0) {
		report("policy: where does the changed image go? Name it with --output FILE");
		return STATUS_FAILED;
	}
	if (options->output == NULL) {
		show(&policy, options->json);
		return STATUS_OK;
	}
	return write_changed(source, &policy, options->output) == 0 ? STATUS_OK : STATUS_FAILED;
}

int command_policy(int argc, char **argv)
{
	enum { JSON = 256, POLICY, SET, DEFAULTS };
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },	   { "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, JSON },	   { "policy", required_argument, NULL, POLICY },
		{ "set", required_argument, NULL, SET },   { "defaults", no_argument, NULL, DEFAULTS },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .json = false };
	struct source source;
	int option, status = STATUS_FAILED;

	while ((option = command_option("policy", argc, argv, ":ho:", long_options)) != -1) {
		switch (option) {
		case 'h': print_help(); return STATUS_OK;
		case 'o': options.output = optarg; break;
		case JSON: options.json = true; break;
		case POLICY: options.policy = optarg; break;
		case DEFAULTS: options.defaults = true; break;
		case SET:
			if (options.set_count == SET_MAX) {
				report("policy: more than %u times --set", SET_MAX);
				return STATUS_FAILED;
			}
			options.set[options.set_count++] = optarg;
			break;
		default: return STATUS_FAILED;
		}
	}
	if (command_one_file("policy", argc) != 0)
		return STATUS_FAILED;
	if (source_open(&source, argv[optind]) == 0)
		status = run(&source, &options);
	source_close(&source);
	return status;
}
