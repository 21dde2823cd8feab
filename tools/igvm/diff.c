/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "differences.h"
#include "lib/policy.h"
#include "policy.h"
#include "registers.h"
#include "report.h"

static void print_help(void)
{
	puts("usage: igvm diff FIRST SECOND [--loader qemu|library] [--json]\n\n"
	     "Tells in what two images differ, and why their launch digests do: pages that only one launches, pages with another\n"
	     "content or type, the order of the pages; of the policy page and of save areas, the fields. Then what differs without\n"
	     "entering the digest.\n\n"
	     "  --loader NAME   whose digest, where loaders differ (default qemu)\n"
	     "  --json          for machines\n"
	     "  -h, --help      this text\n\n"
	     "Exit status: 0 no difference, 2 differences, 1 failed.");
}

static const char *const kind_names[DIFFERENCE_KINDS] = {
	[ONLY_FIRST] = "only in the first",
	[ONLY_SECOND] = "only in the second",
	[OTHER_TYPE] = "other type",
	[OTHER_CONTENT] = "other content",
};

/* ---- headers that cover no memory ---- */

struct headers {
	struct igvm_header *list;
	bool *matched;
	size_t count;
};

static void collect_headers(const struct source *source, struct headers *headers)
{
	struct igvm_cursor cursor = { 0 };
	struct igvm_header header;
	struct igvm_error error;
	size_t capacity = 0;

	*headers = (struct headers){ NULL, NULL, 0 };
	while (igvm_next(&source->file, &cursor, &header, &error) == 0) {
		if (header.type == IGVM_VHT_PAGE_DATA || header.type == IGVM_VHT_VP_CONTEXT ||
		    header.type == IGVM_VHT_PARAMETER_INSERT)
			continue;
		if (headers->count == capacity) {
			capacity = capacity != 0 ? 2 * capacity : 32;
			headers->list = reallocate(headers->list, capacity * sizeof(header));
		}
		headers->list[headers->count++] = header;
	}
	headers->matched = allocate(headers->count * sizeof(bool));
}

static void free_headers(struct headers *headers)
{
	free(headers->list);
	free(headers->matched);
}

static bool same_header(const struct source *a, const struct igvm_header *left, const struct source *b,
			const struct igvm_header *right)
{
	const size_t head = sizeof(struct igvm_variable_header);

	return left->type == right->type && left->optional == right->optional && left->length == right->length &&
	       memcmp(a->file.data + left->offset + head, b->file.data + right->offset + head, left->length) == 0;
}

/* Headers without a twin in the other file stay unmatched. */
static bool match_headers(const struct source *a, struct headers *left, const struct source *b, struct headers *right)
{
	size_t matched = 0;

	for (size_t i = 0; i < left->count; i++) {
		for (size_t j = 0; j < right->count && !left->matched[i]; j++) {
			if (right->matched[j] || !same_header(a, &left->list[i], b, &right->list[j]))
				continue;
			left->matched[i] = right->matched[j] = true;
			matched++;
		}
	}
	return matched == left->count && matched == right->count;
}

static void print_headers(const struct source *source, const struct headers *headers, const char *which)
{
	for (size_t i = 0; i < headers->count; i++) {
		const struct igvm_header *header = &headers->list[i];
		struct igvm_guest_policy policy;
		struct igvm_error error;
		char text[256];

		if (headers->matched[i])
			continue;
		printf("  %s: %s%s at file offset 0x%" PRIx64, which, igvm_type_name(header->type),
		       header->optional ? " (optional)" : "", header->offset);
		if (header->type == IGVM_VHT_GUEST_POLICY &&
		    igvm_read_policy(&source->file, header, &policy, &error) == 0) {
			describe_guest_policy(policy.policy, text, sizeof(text));
			printf(": 0x%" PRIx64 " (%s)", policy.policy, text);
		}
		putchar('\n');
	}
}

static void json_headers(struct json *json, const struct headers *headers, const char *key)
{
	json_array(json, key);
	for (size_t i = 0; i < headers->count; i++) {
		if (headers->matched[i])
			continue;
		json_object(json, NULL);
		json_string(json, "type", igvm_type_name(headers->list[i].type));
		json_hex(json, "offset", headers->list[i].offset);
		json_object_end(json);
	}
	json_array_end(json);
}

/* ---- details of known pages ---- */

static void print_registers(const struct difference *difference)
{
	struct register_value left, right;
	struct vmsa vmsa[2];

	for (unsigned i = 0; i < 2; i++)
		memcpy(&vmsa[i], difference->content[i], sizeof(vmsa[i]));
	for (size_t i = 0; register_read(&vmsa[0], i, &left); i++) {
		if (register_read(&vmsa[1], i, &right) && left.value != right.value)
			printf("      %-14s 0x%" PRIx64 " -> 0x%" PRIx64 "\n", left.name, left.value, right.value);
	}
}

/* Both are policies that policy_check() accepts: the same keys in the same lines. */
static void print_policies(const struct policy_page *a, const struct policy_page *b)
{
	char left[1024], right[1024], *left_at = left, *right_at = right;

	if (!policy_format(a, left, sizeof(left)) || !policy_format(b, right, sizeof(right)))
		return;
	while (*left_at != '\0' && *right_at != '\0') {
		char *left_line = strsep(&left_at, "\n"), *right_line = strsep(&right_at, "\n");

		if (strcmp(left_line, right_line) != 0)
			printf("      %s -> %s\n", left_line, strchr(right_line, '=') + 2);
	}
}

static void print_difference(const struct source *a, const struct source *b, const struct difference *difference)
{
	uint64_t end = difference->gpa + difference->pages * PAGE_SIZE;

	printf("  0x%012" PRIx64 "-0x%012" PRIx64 " %7" PRIu64 " page%s  %s", difference->gpa, end - 1, difference->pages,
	       difference->pages == 1 ? " " : "s", kind_names[difference->kind]);
	if (difference->kind == OTHER_TYPE)
		printf(": %s -> %s", step_type_name(difference->type[0]), step_type_name(difference->type[1]));
	if (difference->kind == OTHER_CONTENT)
		printf(": %" PRIu64 " bytes, the first at 0x%" PRIx64 "%s", difference->bytes, difference->first_byte,
		       content_is_measured(difference->type[0]) ? "" : " (not measured)");
	if (difference->kind == ONLY_FIRST || difference->kind == ONLY_SECOND)
		printf(" (%s)", step_type_name(difference->type[difference->kind == ONLY_SECOND]));
	putchar('\n');
	if (difference->kind != OTHER_CONTENT || difference->pages != 1)
		return;
	if (difference->type[0] == SNP_PAGE_TYPE_VMSA)
		print_registers(difference);
	else if (a->is_own && b->is_own && difference->gpa == a->own.block.region_gpa + LAUNCH_OFF_POLICY &&
		 a->own.block.region_gpa == b->own.block.region_gpa)
		print_policies(&a->own.policy, &b->own.policy);
}

/* ---- why the digests differ ---- */

static void print_counts(const uint64_t pages[DIFFERENCE_KINDS])
{
	static const char *const verbs[DIFFERENCE_KINDS][2] = {
		[ONLY_FIRST] = { "page is only in the first image", "pages are only in the first image" },
		[ONLY_SECOND] = { "page is only in the second", "pages are only in the second" },
		[OTHER_TYPE] = { "page has another type", "pages have another type" },
		[OTHER_CONTENT] = { "page has another content", "pages have another content" },
	};
	const char *separator = " ";

	for (unsigned kind = 0; kind < DIFFERENCE_KINDS; kind++) {
		if (pages[kind] == 0)
			continue;
		printf("%s%" PRIu64 " %s", separator, pages[kind], verbs[kind][pages[kind] != 1]);
		separator = ", ";
	}
}

static void print_reason(const struct differences *differences)
{
	const uint64_t *pages = differences->pages;

	if (differences->same_digest) {
		puts("\nThe launch digests are equal: nothing that differs is measured.");
		return;
	}
	printf("\nThe launch digests differ because");
	if (differences->other_order)
		printf(" the same pages are launched in another order");
	else
		print_counts(pages);
	printf(".\nThey part at launched page %zu:", differences->first_step);
	for (unsigned i = 0; i < 2; i++) {
		const struct step *step = &differences->step[i];

		if (step->type == 0)
			printf(" the %s has no more pages", i == 0 ? "first" : "second");
		else
			printf(" the %s has 0x%" PRIx64 " (%s)", i == 0 ? "first" : "second", step->gpa,
			       step_type_name(step->type));
		printf(i == 0 ? "," : ".\n");
	}
}

struct comparison {
	const struct source *a, *b;
	struct differences differences;
	struct headers left, right;
	bool same_headers;
};

static bool is_same(const struct comparison *comparison)
{
	return comparison->differences.count == 0 && comparison->differences.same_digest && comparison->same_headers;
}

static void print_text(const struct comparison *comparison)
{
	const struct differences *differences = &comparison->differences;
	char text[2 * SNP_DIGEST_SIZE + 1];

	if (is_same(comparison)) {
		puts("The images launch the same.");
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		digest_format(differences->digest[i], text);
		printf("%s  %s\n", text, i == 0 ? comparison->a->path : comparison->b->path);
	}
	if (differences->count != 0)
		puts("\nguest memory");
	for (size_t i = 0; i < differences->count; i++)
		print_difference(comparison->a, comparison->b, &differences->list[i]);
	print_reason(differences);
	if (!comparison->same_headers)
		puts("\nnot part of the digest");
	print_headers(comparison->a, &comparison->left, "first");
	print_headers(comparison->b, &comparison->right, "second");
}

static void json_difference(struct json *json, const struct difference *difference)
{
	json_object(json, NULL);
	json_hex(json, "gpa", difference->gpa);
	json_number(json, "pages", difference->pages);
	json_string(json, "kind", kind_names[difference->kind]);
	json_array(json, "types");
	for (unsigned i = 0; i < 2; i++) {
		if (difference->type[i] == 0)
			json_null(json, NULL);
		else
			json_string(json, NULL, step_type_name(difference->type[i]));
	}
	json_array_end(json);
	if (difference->kind == OTHER_CONTENT) {
		json_number(json, "bytes", difference->bytes);
		json_hex(json, "first_byte", difference->first_byte);
		json_bool(json, "measured", content_is_measured(difference->type[0]));
	}
	json_object_end(json);
}

static void print_json(const struct comparison *comparison)
{
	const struct differences *differences = &comparison->differences;
	struct json json;

	json_begin(&json);
	json_object(&json, NULL);
	json_array(&json, "files");
	json_string(&json, NULL, comparison->a->path);
	json_string(&json, NULL, comparison->b->path);
	json_array_end(&json);
	json_bool(&json, "same", is_same(comparison));
	json_bool(&json, "same_digest", differences->same_digest);
	json_array(&json, "launch_digest");
	for (unsigned i = 0; i < 2; i++)
		json_digest(&json, NULL, differences->digest[i], SNP_DIGEST_SIZE);
	json_array_end(&json);
	json_bool(&json, "other_order", differences->other_order);
	json_array(&json, "memory");
	for (size_t i = 0; i < differences->count; i++)
		json_difference(&json, &differences->list[i]);
	json_array_end(&json);
	json_headers(&json, &comparison->left, "unmeasured_only_in_first");
	json_headers(&json, &comparison->right, "unmeasured_only_in_second");
	json_object_end(&json);
	json_print(&json);
}

static int diff(const struct source *a, const struct source *b, enum loader loader, bool json)
{
	struct comparison comparison = { .a = a, .b = b };
	uint32_t mask[2];
	int status;

	if (source_need_snp(a, "diff", &mask[0]) != 0 || source_need_snp(b, "diff", &mask[1]) != 0)
		return STATUS_FAILED;
	if (differences_find(a, b, mask, loader, &comparison.differences) != 0)
		return STATUS_FAILED;
	collect_headers(a, &comparison.left);
	collect_headers(b, &comparison.right);
	comparison.same_headers = match_headers(a, &comparison.left, b, &comparison.right);
	if (json)
		print_json(&comparison);
	else
		print_text(&comparison);
	status = is_same(&comparison) ? STATUS_OK : STATUS_DIFFERENT;
	free_headers(&comparison.left);
	free_headers(&comparison.right);
	differences_free(&comparison.differences);
	return status;
}

int command_diff(int argc, char **argv)
{
	enum { JSON = 256, LOADER };
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { "json", no_argument, NULL, JSON },
						 { "loader", required_argument, NULL, LOADER },
						 { NULL, 0, NULL, 0 } };
	enum loader loader = LOADER_QEMU;
	struct source source[2];
	bool json = false;
	int option, status = STATUS_FAILED;

	while ((option = command_option("diff", argc, argv, ":h", options)) != -1) {
		if (option == 'h') {
			print_help();
			return STATUS_OK;
		}
		if (option == '?')
			return STATUS_FAILED;
		json = json || option == JSON;
		if (option == LOADER && loader_find(optarg, &loader) != 0) {
			report("diff: --loader %s: must be qemu or library", optarg);
			return STATUS_FAILED;
		}
	}
	if (optind + 2 != argc) {
		report("diff: two images must be named; see 'igvm diff --help'");
		return STATUS_FAILED;
	}
	memset(source, 0, sizeof(source));
	if (source_open(&source[0], argv[optind]) == 0 && source_open(&source[1], argv[optind + 1]) == 0)
		status = diff(&source[0], &source[1], loader, json);
	source_close(&source[0]);
	source_close(&source[1]);
	return status;
}
