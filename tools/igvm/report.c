/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id_block.h"
#include "lib/policy.h"
#include "policy.h"

int command_option(const char *command, int argc, char **argv, const char *short_options, const struct option *options)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, short_options, options, NULL);
	if (option != '?' && option != ':')
		return option;
	report_option(command, option, argv);
	return '?';
}

int command_one_file(const char *command, int argc)
{
	if (optind + 1 == argc)
		return 0;
	report("%s: one image must be named; see 'igvm %s --help'", command, command);
	return ERR_INVALID;
}

void describe_guest_policy(uint64_t policy, char *text, size_t size)
{
	static const struct {
		unsigned bit;
		const char *text;
	} more[] = {
		{ 18, ", migration agent allowed" },	 { 20, ", one socket only" },
		{ 21, ", CXL allowed" },		 { 22, ", AES-256-XTS required" },
		{ 23, ", RAPL must be disabled" },	 { 24, ", ciphertext hiding required" },
		{ 25, ", page swapping must be disabled" },
	};
	size_t used;

	snprintf(text, size, "ABI %" PRIu64 ".%" PRIu64 " or later, SMT %s, debugging %s", (policy >> 8) & 0xFF, policy & 0xFF,
		 policy & SNP_POLICY_SMT ? "allowed" : "forbidden", policy & SNP_POLICY_DEBUG ? "ALLOWED" : "forbidden");
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		used = strlen(text);
		if (policy & (1ull << more[i].bit))
			snprintf(text + used, size - used, "%s", more[i].text);
	}
	used = strlen(text);
	if ((policy & SNP_POLICY_MUST_BE_ONE) == 0)
		snprintf(text + used, size - used, ", INVALID: bit 17 is not set");
}

struct id_state {
	struct snp_id_block block;
	struct snp_id_auth auth;
	const char *wrong;
	uint8_t id_key[SNP_DIGEST_SIZE], author_key[SNP_DIGEST_SIZE];
};

static void judge(const struct source *source, uint32_t mask, const uint8_t digest[SNP_DIGEST_SIZE],
		  struct id_state *state)
{
	uint64_t policy = 0;

	(void)source_guest_policy(source, mask, &policy);
	id_block_from_directive(&source->id_block, policy, &state->block);
	id_auth_from_directive(&source->id_block, &state->auth);
	state->wrong = id_auth_check(&state->block, &state->auth);
	if (memcmp(state->block.ld, digest, SNP_DIGEST_SIZE) != 0)
		state->wrong = "it is for another launch digest: the security processor will refuse the launch";
	key_digest(&state->auth.id_key, state->id_key);
	key_digest(&state->auth.author_key, state->author_key);
}

void report_id_block(const struct source *source, uint32_t mask, const uint8_t digest[SNP_DIGEST_SIZE])
{
	char text[2 * SNP_DIGEST_SIZE + 1];
	struct id_state state;

	if (!source->has_id_block)
		return;
	judge(source, mask, digest, &state);
	printf("ID block       %s%s; guest SVN %" PRIu32 "\n", state.wrong == NULL ? "signatures hold" : "WRONG: ",
	       state.wrong == NULL ? "" : state.wrong, state.block.guest_svn);
	digest_format(state.id_key, text);
	printf("  ID key       %s\n", text);
	if (state.auth.author_key_algorithm != 0) {
		digest_format(state.author_key, text);
		printf("  author key   %s\n", text);
	}
}

void json_id_block(struct json *json, const struct source *source, uint32_t mask, const uint8_t digest[SNP_DIGEST_SIZE])
{
	struct id_state state;

	if (!source->has_id_block) {
		json_null(json, "id_block");
		return;
	}
	judge(source, mask, digest, &state);
	json_object(json, "id_block");
	json_bool(json, "valid", state.wrong == NULL);
	if (state.wrong != NULL)
		json_string(json, "wrong", state.wrong);
	json_digest(json, "launch_digest", state.block.ld, SNP_DIGEST_SIZE);
	json_digest(json, "family_id", state.block.family_id, 16);
	json_digest(json, "image_id", state.block.image_id, 16);
	json_number(json, "guest_svn", state.block.guest_svn);
	json_hex(json, "guest_policy", state.block.policy);
	json_digest(json, "id_key_digest", state.id_key, SNP_DIGEST_SIZE);
	if (state.auth.author_key_algorithm != 0)
		json_digest(json, "author_key_digest", state.author_key, SNP_DIGEST_SIZE);
	json_object_end(json);
}

void report_policy_page(const struct policy_page *policy, const char *indent)
{
	char text[1024];

	if (!policy_format(policy, text, sizeof(text)))
		return;
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("%s%s\n", indent, line);
}

void json_policy_page(struct json *json, const struct policy_page *policy)
{
	json_object(json, "policy_page");
	json_number(json, "guest-vmpl", policy->guest_vmpl);
	json_bool(json, "console", (policy->flags & POLICY_FLAG_CONSOLE) != 0);
	json_number(json, "serial-port", policy->serial_port);
	json_bool(json, "services", (policy->flags & POLICY_FLAG_SERVICES) != 0);
	json_array(json, "services-off");
	for (uint32_t i = 0; i < policy->off_count && i < POLICY_OFF_MAX; i++)
		json_bytes_text(json, NULL, policy->off[i], POLICY_NAME_SIZE);
	json_array_end(json);
	json_string(json, "secure-boot", policy_secure_boot_name(policy->secure_boot));
	json_object_end(json);
}

void json_print(struct json *json)
{
	if (!json_finish(json)) {
		report("an error of this program: a JSON document that is not complete");
		exit(EXIT_FAILURE);
	}
	if (fwrite(json->text, 1, json->size, stdout) != json->size) {
		report("the output cannot be written");
		exit(EXIT_FAILURE);
	}
	json_free(json);
}
