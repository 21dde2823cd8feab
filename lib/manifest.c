/* SPDX-License-Identifier: MIT */
#include "lib/manifest.h"

#include "lib/contract.h"
#include "lib/string.h"

#define WORDS_MAX 4u
#define LINE_MAX 256u
#define MEMORY_DEFAULT (1ull << 20)
#define KIB_SHIFT 10u
#define MIB_SHIFT 20u

struct parser {
	struct manifest *manifest;
	struct manifest_service *service; /* that the lines are about */
	const char *error;
	char line[LINE_MAX];
	uint32_t word_count;
	const char *word[WORDS_MAX];
};

static int fail(struct parser *parser, const char *text)
{
	parser->error = text;
	return ERR_FORMAT;
}

/* ---- words ---- */

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\r';
}

static int split(struct parser *parser)
{
	bool in_word = false;

	parser->word_count = 0;
	for (char *at = parser->line; *at != 0; at++) {
		if (is_space(*at)) {
			*at = 0;
			in_word = false;
		} else if (!in_word) {
			if (*at == '#')
				break;
			if (parser->word_count == WORDS_MAX)
				return fail(parser, "too many words");
			parser->word[parser->word_count++] = at;
			in_word = true;
		}
	}
	return 0;
}

static int parse_number(const char *text, uint64_t limit, uint64_t *value, const char **rest)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10u + (uint64_t)(*at - '0');
		if (number > limit)
			return ERR_OVERFLOW;
	}
	*value = number;
	*rest = at;
	return at == text ? ERR_FORMAT : 0;
}

/* Letters, digits, '-' and '_'. */
static int copy_name(struct parser *parser, const char *word, char *name)
{
	size_t length = strlen(word);

	if (length >= SERVICE_NAME_MAX)
		return fail(parser, "the name is longer than 31 characters");
	for (size_t i = 0; i < length; i++) {
		char c = word[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return fail(parser, "a name has letters, digits, '-' and '_' only");
	}
	memset(name, 0, SERVICE_NAME_MAX);
	memcpy(name, word, length);
	return 0;
}

/* NAME=VALUE, not HANDLES, which init makes. */
static int check_string(struct parser *parser, const char *word)
{
	size_t length = 0;

	while (word[length] != 0 && word[length] != '=')
		length++;
	if (length == 0 || word[length] != '=')
		return fail(parser, "an environment string is NAME=VALUE");
	if (strncmp(word, "HANDLES=", 8) == 0)
		return fail(parser, "HANDLES is not for the manifest to set");
	return 0;
}

/* ---- lines ---- */

static int parse_service(struct parser *parser)
{
	struct manifest *manifest = parser->manifest;
	struct manifest_service *service = &manifest->service[manifest->service_count];

	if (manifest->service_count == MANIFEST_SERVICES_MAX)
		return fail(parser, "too many services");
	*service = (struct manifest_service){ .memory = MEMORY_DEFAULT };
	if (copy_name(parser, parser->word[1], service->name) != 0)
		return ERR_FORMAT;
	for (uint32_t i = 0; i < manifest->service_count; i++) {
		if (strcmp(manifest->service[i].name, service->name) == 0)
			return fail(parser, "a service of this name is there already");
	}
	memcpy(service->file, service->name, sizeof(service->file));
	manifest->service_count++;
	parser->service = service;
	return 0;
}

static int parse_file(struct parser *parser)
{
	return copy_name(parser, parser->word[1], parser->service->file);
}

static int parse_memory(struct parser *parser)
{
	uint64_t number;
	const char *rest;
	uint32_t shift = 0;

	if (parse_number(parser->word[1], MANIFEST_MEMORY_MAX, &number, &rest) != 0)
		return fail(parser, "memory wants a number, with K or M, up to 16M");
	if (*rest == 'K' || *rest == 'M')
		shift = *rest++ == 'K' ? KIB_SHIFT : MIB_SHIFT;
	if (*rest != 0 || number == 0 || number > MANIFEST_MEMORY_MAX >> shift)
		return fail(parser, "memory wants a number, with K or M, up to 16M");
	parser->service->memory = number << shift;
	return 0;
}

static int parse_run(struct parser *parser)
{
	const char *rest;

	if (parse_number(parser->word[1], MANIFEST_RUN_MAX, &parser->service->run, &rest) != 0 || *rest != 0 ||
	    parser->service->run == 0)
		return fail(parser, "run wants milliseconds, 1 to 600000");
	return 0;
}

static int parse_handles(struct parser *parser)
{
	for (uint32_t i = 1; i < parser->word_count; i++) {
		if (strcmp(parser->word[i], "log") == 0)
			parser->service->log = true;
		else if (strcmp(parser->word[i], "random") == 0)
			parser->service->random = true;
		else
			return fail(parser, "handles are log and random");
	}
	return 0;
}

static int find_channel(struct parser *parser, const char *word, bool make, uint32_t *index)
{
	struct manifest *manifest = parser->manifest;
	char name[SERVICE_NAME_MAX];

	if (copy_name(parser, word, name) != 0)
		return ERR_FORMAT;
	for (*index = 0; *index < manifest->channel_count; (*index)++) {
		if (strcmp(manifest->channel[*index], name) == 0)
			return 0;
	}
	if (!make)
		return fail(parser, "no channel of this name was served before");
	if (manifest->channel_count == MANIFEST_CHANNELS_MAX)
		return fail(parser, "too many channels");
	memcpy(manifest->channel[manifest->channel_count++], name, sizeof(name));
	return 0;
}

static int parse_end(struct parser *parser)
{
	struct manifest_service *service = parser->service;
	struct manifest_end *end = &service->end[service->end_count];

	if (service->end_count == MANIFEST_ENDS_MAX)
		return fail(parser, "too many channels for one service");
	if (find_channel(parser, parser->word[1], true, &end->channel) != 0)
		return ERR_FORMAT;
	end->server = strcmp(parser->word[0], "serve") == 0;
	service->end_count++;
	return 0;
}

static int parse_door(struct parser *parser)
{
	struct manifest *manifest = parser->manifest;
	struct manifest_door *door = &manifest->door[manifest->door_count];
	uint64_t protocol;
	const char *rest;

	if (manifest->door_count == MANIFEST_DOORS_MAX)
		return fail(parser, "too many doors");
	if (parser->word_count != 3 || parse_number(parser->word[1], UINT32_MAX, &protocol, &rest) != 0 || *rest != 0)
		return fail(parser, "door wants the number of a protocol and a channel");
	/* Calls of the core protocol never leave the monitor. */
	if (protocol == 0)
		return fail(parser, "protocol 0 is the monitor's own");
	for (uint32_t i = 0; i < manifest->door_count; i++) {
		if (manifest->door[i].protocol == protocol)
			return fail(parser, "the protocol has a door already");
	}
	door->protocol = (uint32_t)protocol;
	if (find_channel(parser, parser->word[2], false, &door->channel) != 0)
		return ERR_FORMAT;
	manifest->door_count++;
	return 0;
}

static int parse_environment(struct parser *parser)
{
	struct manifest_service *service = parser->service;
	size_t size = strlen(parser->word[1]) + 1;

	if (check_string(parser, parser->word[1]) != 0)
		return ERR_FORMAT;
	if (size > MANIFEST_TEXT_MAX - service->text_size)
		return fail(parser, "too much environment");
	memcpy(service->text + service->text_size, parser->word[1], size);
	service->text_size += (uint32_t)size;
	return 0;
}

static int parse_restart(struct parser *parser)
{
	struct manifest_service *service = parser->service;
	uint64_t number;
	const char *rest;

	if (strcmp(parser->word[1], "never") == 0 && parser->word_count == 2) {
		service->restart = RESTART_NEVER;
		return 0;
	}
	if (parser->word_count != 3)
		return fail(parser, "restart wants never, always N, or failed NAME=VALUE");
	if (strcmp(parser->word[1], "always") == 0) {
		if (parse_number(parser->word[2], UINT32_MAX, &number, &rest) != 0 || *rest != 0)
			return fail(parser, "restart always wants a number");
		service->restart = RESTART_ALWAYS;
		service->restarts = (uint32_t)number;
		return 0;
	}
	if (strcmp(parser->word[1], "failed") != 0)
		return fail(parser, "restart wants never, always N, or failed NAME=VALUE");
	if (check_string(parser, parser->word[2]) != 0)
		return ERR_FORMAT;
	if (strlen(parser->word[2]) >= MANIFEST_TEXT_MAX)
		return fail(parser, "too much environment");
	service->restart = RESTART_FAILED;
	service->restarts = MANIFEST_FAILED_MAX;
	memcpy(service->failed_text, parser->word[2], strlen(parser->word[2]) + 1);
	return 0;
}

struct keyword {
	const char *word;
	uint32_t words; /* at least; with the keyword */
	int (*parse)(struct parser *parser);
};

static const struct keyword keywords[] = {
	{ "file", 2, parse_file },   { "memory", 2, parse_memory }, { "run", 2, parse_run },
	{ "handles", 2, parse_handles }, { "serve", 2, parse_end }, { "use", 2, parse_end },
	{ "door", 3, parse_door },   { "env", 2, parse_environment }, { "restart", 2, parse_restart },
};

static int parse_line(struct parser *parser)
{
	if (split(parser) != 0)
		return ERR_FORMAT;
	if (parser->word_count == 0)
		return 0;
	if (strcmp(parser->word[0], "service") == 0)
		return parser->word_count == 2 ? parse_service(parser) : fail(parser, "service wants one name");
	for (uint32_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (strcmp(parser->word[0], keywords[i].word) != 0)
			continue;
		if (parser->service == NULL)
			return fail(parser, "this belongs behind a line 'service NAME'");
		if (parser->word_count < keywords[i].words)
			return fail(parser, "something is missing behind this word");
		return keywords[i].parse(parser);
	}
	return fail(parser, "unknown word");
}

int manifest_parse(struct manifest *manifest, const char *text, uint64_t size, struct manifest_error *error)
{
	struct parser parser = { .manifest = manifest };
	uint64_t at = 0;

	memset(manifest, 0, sizeof(*manifest));
	for (error->line = 1; at < size; error->line++)
		LOOP_ASSIGNS(at, error->line, error->text, parser, LOOP_OBJECT(manifest))
		LOOP_INVARIANT((at == 0 || at - 1u <= size) && error->line >= 1 && error->line - 1u <= at)
		LOOP_INVARIANT(parser.manifest == manifest && parser.error == NULL)
		LOOP_DECREASES(size + 1u - at) {
		uint64_t length = 0;

		while (at + length < size && text[at + length] != '\n')
			LOOP_ASSIGNS(length) LOOP_INVARIANT(length <= size - at) LOOP_DECREASES(size - at - length)
			length++;
		if (length >= LINE_MAX) {
			error->text = "the line is longer than 255 characters";
			return ERR_FORMAT;
		}
		memcpy(parser.line, text + at, length);
		parser.line[length] = 0;
		if (strlen(parser.line) != length)
			(void)fail(&parser, "a zero byte");
		else
			(void)parse_line(&parser);
		if (parser.error != NULL) {
			error->text = parser.error;
			return ERR_FORMAT;
		}
		at += length + 1;
	}
	return 0;
}
