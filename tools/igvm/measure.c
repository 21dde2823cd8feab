/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "id_block.h"
#include "json.h"
#include "notes.h"
#include "policy.h"
#include "report.h"

struct options {
	bool json, steps;
	const char *loader;
	const char *policy_path;
	const char *set[16];
	unsigned set_count;
};

static void print_help(void)
{
	puts("usage: igvm measure FILE [OPTION...]\n\n"
	     "Computes the SNP launch digest: the value that the security processor measures when a host launches the image, and\n"
	     "that attestation reports carry. Two are printed, because hosts launch pages without content in two ways:\n\n"
	     "  qemu       QEMU with KVM: as pages of type zero; VMSAs last\n"
	     "  library    the IGVM library, and the format's specification: as measured zeros; file order\n\n"
	     "Images of 'igvm build' have no such pages; both are the same. What makes a digest depend on the loader, or keeps a\n"
	     "loader from starting the image, is told in notes.\n\n"
	     "  --loader NAME    this digest alone, for scripts: qemu or library\n"
	     "  --steps          every page that extends the digest, with the digest behind it\n"
	     "  --policy FILE, --set KEY=VALUE\n"
	     "                   as if the policy page said this; nothing is written ('igvm policy --help' tells the keys)\n"
	     "  --json           for machines\n"
	     "  -h, --help       this text");
}

static int change_policy(struct source *source, const struct options *options)
{
	struct policy_page policy;

	if (options->policy_path == NULL && options->set_count == 0)
		return 0;
	if (!source->is_own) {
		report("measure: %s: has no policy page: --policy and --set work on images of this monitor", source->path);
		return ERR_INVALID;
	}
	policy = source->own.policy;
	if (options->policy_path != NULL && policy_read_file(&policy, options->policy_path) != 0)
		return ERR_INVALID;
	for (unsigned i = 0; i < options->set_count; i++) {
		if (policy_set_argument(&policy, "measure", options->set[i]) != 0)
			return ERR_INVALID;
	}
	source_set_policy(source, &policy);
	return 0;
}

static void print_steps(const struct steps *steps)
{
	uint8_t digest[SNP_DIGEST_SIZE] = { 0 };
	char text[2 * SNP_DIGEST_SIZE + 1];

	for (size_t i = 0; i < steps->count; i++) {
		step_extend(&steps->step[i], digest);
		digest_format(digest, text);
		printf("  %7zu  0x%012" PRIx64 "  %-10s  %s\n", i, steps->step[i].gpa, step_type_name(steps->step[i].type),
		       text);
	}
}

static void json_steps(struct json *json, const struct steps *steps)
{
	uint8_t digest[SNP_DIGEST_SIZE] = { 0 };

	json_array(json, "steps");
	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->step[i];

		step_extend(step, digest);
		json_object(json, NULL);
		json_hex(json, "gpa", step->gpa);
		json_string(json, "type", step_type_name(step->type));
		json_digest(json, "contents", step->contents, sizeof(step->contents));
		json_digest(json, "digest", digest, sizeof(digest));
		json_hex(json, "offset", step->offset);
		json_object_end(json);
	}
	json_array_end(json);
}

struct result {
	struct steps steps[LOADER_COUNT];
	uint8_t digest[LOADER_COUNT][SNP_DIGEST_SIZE];
	struct notes notes;
	uint32_t mask;
};

static int compute(const struct source *source, struct result *result)
{
	struct igvm_error error;

	for (unsigned i = 0; i < LOADER_COUNT; i++) {
		if (steps_collect(&source->file, result->mask, (enum loader)i, &result->steps[i], &error) != 0) {
			report_igvm_error(source->path, &error);
			return ERR_FORMAT;
		}
		steps_digest(&result->steps[i], result->digest[i]);
	}
	notes_collect(source, result->mask, &result->notes);
	return 0;
}

static bool digests_agree(const struct result *result)
{
	return memcmp(result->digest[LOADER_QEMU], result->digest[LOADER_LIBRARY], SNP_DIGEST_SIZE) == 0;
}

static void print_text(const struct source *source, const struct result *result, const struct options *options)
{
	char text[2 * SNP_DIGEST_SIZE + 1];

	for (unsigned i = 0; i < LOADER_COUNT; i++) {
		digest_format(result->digest[i], text);
		printf("launch digest, %-18s%s\n", loader_summary((enum loader)i), text);
		if (options->steps && (i == 0 || !digests_agree(result)))
			print_steps(&result->steps[i]);
	}
	printf("%zu pages; %s\n", result->steps[0].count,
	       digests_agree(result) ? "every loader measures the same" : "the digest DEPENDS on the loader");
	for (size_t i = 0; i < result->notes.count; i++)
		printf("note: %s\n", result->notes.text[i]);
	report_id_block(source, result->mask, result->digest[LOADER_QEMU]);
}

static void print_json(const struct source *source, const struct result *result, const struct options *options)
{
	struct json json;
	uint64_t policy;

	json_begin(&json);
	json_object(&json, NULL);
	json_string(&json, "file", source->path);
	json_object(&json, "launch_digest");
	for (unsigned i = 0; i < LOADER_COUNT; i++)
		json_digest(&json, loader_name((enum loader)i), result->digest[i], SNP_DIGEST_SIZE);
	json_object_end(&json);
	json_bool(&json, "loaders_agree", digests_agree(result));
	json_number(&json, "pages", result->steps[0].count);
	if (source_guest_policy(source, result->mask, &policy))
		json_hex(&json, "guest_policy", policy);
	else
		json_null(&json, "guest_policy");
	json_id_block(&json, source, result->mask, result->digest[LOADER_QEMU]);
	if (source->is_own)
		json_policy_page(&json, &source->own.policy);
	json_array(&json, "notes");
	for (size_t i = 0; i < result->notes.count; i++)
		json_string(&json, NULL, result->notes.text[i]);
	json_array_end(&json);
	if (options->steps)
		json_steps(&json, &result->steps[LOADER_QEMU]);
	json_object_end(&json);
	json_print(&json);
}

static int measure(struct source *source, const struct options *options)
{
	static struct result result;
	char text[2 * SNP_DIGEST_SIZE + 1];
	enum loader loader = LOADER_QEMU;
	int status = STATUS_FAILED;

	if (options->loader != NULL && loader_find(options->loader, &loader) != 0) {
		report("measure: --loader %s: must be qemu or library", options->loader);
		return STATUS_FAILED;
	}
	if (change_policy(source, options) != 0 || source_need_snp(source, "measure", &result.mask) != 0)
		return STATUS_FAILED;
	if (compute(source, &result) == 0) {
		if (options->loader != NULL) {
			digest_format(result.digest[loader], text);
			puts(text);
		} else if (options->json) {
			print_json(source, &result, options);
		} else {
			print_text(source, &result, options);
		}
		status = STATUS_OK;
	}
	for (unsigned i = 0; i < LOADER_COUNT; i++)
		steps_free(&result.steps[i]);
	return status;
}

int command_measure(int argc, char **argv)
{
	enum { JSON = 256, STEPS, LOADER, POLICY, SET };
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },	      { "json", no_argument, NULL, JSON },
		{ "steps", no_argument, NULL, STEPS },	      { "loader", required_argument, NULL, LOADER },
		{ "policy", required_argument, NULL, POLICY }, { "set", required_argument, NULL, SET },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .json = false };
	struct source source;
	int option, status = STATUS_FAILED;

	while ((option = command_option("measure", argc, argv, ":h", long_options)) != -1) {
		switch (option) {
		case 'h': print_help(); return STATUS_OK;
		case JSON: options.json = true; break;
		case STEPS: options.steps = true; break;
		case LOADER: options.loader = optarg; break;
		case POLICY: options.policy_path = optarg; break;
		case SET:
			if (options.set_count == ARRAY_SIZE(options.set)) {
				report("measure: more than %zu times --set", ARRAY_SIZE(options.set));
				return STATUS_FAILED;
			}
			options.set[options.set_count++] = optarg;
			break;
		default: return STATUS_FAILED;
		}
	}
	if (command_one_file("measure", argc) != 0)
		return STATUS_FAILED;
	if (source_open(&source, argv[optind]) == 0)
		status = measure(&source, &options);
	source_close(&source);
	return status;
}
