/* SPDX-License-Identifier: MIT */
/*
 * The reader of the text that names the services of an image. What a line does to the manifest is proved for any words, from any
 * manifest that keeps to its bounds: so none leaves them. Numbers, names and strings are proved alone.
 */
#include "proofs/prover.h"

#include "lib/manifest.c"

static struct manifest manifest;
static struct parser parser;
static char words[4][LINE_MAX];
static bool copying; /* a name is copied, byte by byte */

/* Of comparisons any result is possible. */
int strcmp(const char *a, const char *b) { return any_int(); }
int strncmp(const char *a, const char *b, size_t size) { return any_int(); }

size_t strlen(const char *string)
{
	size_t length = any_u8();

	PROVE(__CPROVER_r_ok(string, 1), "a string");
	if (copying) {
		for (length = 0; string[length] != 0; length++)
			;
	}
	return length;
}

/* Where bytes are copied to; names alone are followed. */
void *memcpy(void *destination, const void *source, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(destination, size) && __CPROVER_r_ok(source, size)), "both sides are as long");
	if (copying) {
		for (size_t i = 0; i < size; i++)
			((char *)destination)[i] = ((const char *)source)[i];
	}
	return destination;
}

/* ---- numbers and names ---- */

#define WORD 16u

void prove_number(void)
{
	char text[WORD];
	const char *rest = NULL;
	uint64_t value = 0, limit = any_u32();

	text[WORD - 1] = 0;
	int error = parse_number(text, limit, &value, &rest);

	if (error == ERR_OVERFLOW) {
		CANARY("too large");
		return;
	}
	PROVE(rest >= text && rest < text + WORD && !(*rest >= '0' && *rest <= '9'), "the rest begins behind the digits, inside");
	PROVE((error == 0) == (rest != text) && (error == 0 || error == ERR_FORMAT), "a number has a digit");
	PROVE(value <= limit, "it is within its limit");
	if (error == 0)
		CANARY("a number");
}

void prove_name(void)
{
	char word[SERVICE_NAME_MAX + 8], name[SERVICE_NAME_MAX];
	uint32_t i = any_u8() % SERVICE_NAME_MAX;

	word[sizeof(word) - 1] = 0;
	copying = true;
	if (copy_name(&parser, word, name) != 0) {
		PROVE(parser.error != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(name[SERVICE_NAME_MAX - 1] == 0, "the name ends");
	PROVE(IMPLIES(name[i] == 0 && i + 1 < SERVICE_NAME_MAX, name[i + 1] == 0), "all behind its end is zero");
	PROVE(name[i] == 0 || (name[i] == word[i] && name[i] != ' ' && name[i] != '/' && name[i] != '.' && name[i] > ' '), "known characters, those of the word");
	CANARY("a name");
}

/* NAME=VALUE. */
void prove_string(void)
{
	char word[WORD];

	word[WORD - 1] = 0;
	if (check_string(&parser, word) != 0) {
		PROVE(parser.error != NULL, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	bool value = false, ended = false;

	for (uint32_t i = 0; i < WORD; i++) {
		ended = ended || word[i] == 0;
		value = value || (!ended && word[i] == '=');
	}
	PROVE(word[0] != 0 && word[0] != '=' && value, "it has a name and a value");
	CANARY("a string");
}

/* What prove_string() shows of it. */
int stub_check_string(struct parser *of, const char *word)
{
	return any_bool() ? 0 : fail(of, "");
}

/* ---- lines ---- */

/* What prove_number() shows of it. */
int stub_parse_number(const char *text, uint64_t limit, uint64_t *value, const char **rest)
{
	uint64_t any = any_u64();

	PROVE(limit <= UINT32_MAX, "numbers are small");
	if (any_bool())
		return ERR_OVERFLOW;
	ASSUME(any <= limit);
	*value = any;
	*rest = text + any_u8() % 8u;
	return any_bool() ? 0 : ERR_FORMAT;
}

/* What prove_name() shows of it. */
int stub_copy_name(struct parser *of, const char *word, char *name)
{
	PROVE(__CPROVER_w_ok(name, SERVICE_NAME_MAX), "room for a name");
	if (any_bool())
		return fail(of, "");
	return 0;
}

static bool service_good(const struct manifest_service *service)
{
	for (uint32_t i = 0; i < MANIFEST_ENDS_MAX; i++) {
		if (i < service->end_count && service->end[i].channel >= manifest.channel_count)
			return false;
	}
	return service->end_count <= MANIFEST_ENDS_MAX && service->text_size <= MANIFEST_TEXT_MAX && service->memory >= 1 &&
	       service->memory <= MANIFEST_MEMORY_MAX && service->run <= MANIFEST_RUN_MAX &&
	       service->restart <= RESTART_FAILED;
}

static bool manifest_good(void)
{
	if (manifest.service_count > MANIFEST_SERVICES_MAX || manifest.channel_count > MANIFEST_CHANNELS_MAX || manifest.door_count > MANIFEST_DOORS_MAX)
		return false;
	for (uint32_t i = 0; i < MANIFEST_DOORS_MAX; i++) {
		if (i < manifest.door_count && (manifest.door[i].channel >= manifest.channel_count || manifest.door[i].protocol == 0))
			return false;
	}
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++) {
		if (i < manifest.service_count && !service_good(&manifest.service[i]))
			return false;
	}
	return true;
}

static void any_manifest(void)
{
	__CPROVER_havoc_object(&manifest);
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++) {
		manifest.service[i].log = manifest.service[i].random = false;
		manifest.service[i].restart = any_u8() % 3;
	}
	ASSUME(manifest_good());
	parser.manifest = &manifest;
	parser.word_count = 2 + any_u8() % 3;
	for (uint32_t i = 0; i < WORDS_MAX; i++)
		parser.word[i] = words[i];
	__CPROVER_havoc_object(words);
}

/* A line about the first service; the others are like it. */
static void any_line(void)
{
	any_manifest();
	ASSUME(manifest.service_count != 0);
	parser.service = &manifest.service[0];
}

static void check_line(int error)
{
	PROVE((error != 0) == (parser.error != NULL), "a refusal has a reason");
	PROVE(IMPLIES(error == 0, manifest_good()), "the manifest keeps to its bounds");
	if (error == 0)
		CANARY("taken");
	else
		CANARY("refused");
}

void prove_end(void)
{
	any_line();
	check_line(parse_end(&parser));
}

void prove_door(void)
{
	any_line();
	check_line(parse_door(&parser));
}

void prove_numbers(void)
{
	any_line();
	check_line(any_bool() ? parse_memory(&parser) : parse_run(&parser));
}

void prove_texts(void)
{
	uint8_t which = any_u8() % 4;

	any_line();
	check_line(which == 0 ? parse_file(&parser) : which == 1 ? parse_handles(&parser) : which == 2 ? parse_environment(&parser) :
											    parse_restart(&parser));
}

void prove_service(void)
{
	any_manifest();
	uint32_t services = manifest.service_count;
	int error = parse_service(&parser);

	if (error != 0) {
		PROVE(parser.error != NULL && manifest.service_count == services, "a refusal has a reason");
		CANARY("refused");
		return;
	}
	PROVE(manifest_good() && manifest.service_count == services + 1 && parser.service == &manifest.service[services], "a service more, within its bounds");
	CANARY("taken");
}
