/* SPDX-License-Identifier: MIT */
/*
 * The text that names the services of an image is cut into lines, these into words, and the first word says who reads the others.
 * What they do with them is proved in proofs/manifest. A short line stands for a long one: every loop goes on by one character.
 */
#include "proofs/prover.h"

#include "lib/manifest.h"
#undef MANIFEST_LINE_MAX
#define MANIFEST_LINE_MAX LINE
#undef MANIFEST_WORDS_MAX
#define MANIFEST_WORDS_MAX WORDS

/* The table of manifest.c names the readers below, and not its own: a name without a list of arguments is not replaced. */
#define READER(name) static int(name)(struct parser * parser)
struct parser;
READER(parse_file);
READER(parse_memory);
READER(parse_run);
READER(parse_handles);
READER(parse_end);
READER(parse_door);
READER(parse_environment);
READER(parse_restart);
#define parse_file(parser) real_parse_file(parser)
#define parse_memory(parser) real_parse_memory(parser)
#define parse_run(parser) real_parse_run(parser)
#define parse_handles(parser) real_parse_handles(parser)
#define parse_end(parser) real_parse_end(parser)
#define parse_door(parser) real_parse_door(parser)
#define parse_environment(parser) real_parse_environment(parser)
#define parse_restart(parser) real_parse_restart(parser)
#include "lib/manifest.c"

static struct manifest manifest;
static struct parser parser;
static char any_char(void) { return ANY(char); }

static const char reason[] = "a reason";

int strcmp(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] != 0 && a[i] == b[i])
		i++;
	return a[i] == b[i] ? 0 : 1;
}

size_t strlen(const char *string)
{
	size_t length = 0;

	while (string[length] != 0)
		length++;
	return length;
}

void *memcpy(void *destination, const void *source, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((char *)destination)[i] = ((const char *)source)[i];
	return destination;
}

static bool cleared; /* the manifest */

void *memset(void *destination, int byte, size_t size)
{
	PROVE(destination == &manifest && byte == 0 && size == sizeof(manifest), "all of the manifest");
	cleared = true;
	return destination;
}

/* ---- words ---- */

void prove_split(void)
{
	uint32_t starts[WORDS + 1] = { 0 }, lengths[WORDS + 1] = { 0 }, words = 0, word = any_u8() % WORDS, i = any_u8() % LINE;
	bool ended = false, inside = false;
	char line[LINE];

	for (uint32_t at = 0; at < LINE; at++)
		line[at] = any_char();
	line[LINE - 1] = 0; /* as manifest_parse() leaves it */
	for (uint32_t at = 0; at < LINE; at++)
		parser.line[at] = line[at];
	for (uint32_t at = 0; at < LINE; at++) {
		bool space = line[at] == ' ' || line[at] == '\t' || line[at] == '\r';

		ended = ended || line[at] == 0 || (!inside && line[at] == '#');
		if (!ended && !space && !inside && words <= WORDS)
			starts[words++] = at;
		inside = !ended && !space;
		if (inside)
			lengths[words - 1]++;
	}
	int error = split(&parser);

	PROVE(error == (words <= WORDS ? 0 : ERR_FORMAT) && (error != 0) == (parser.error != NULL), "a line of too many words is refused, and no other");
	if (error != 0) {
		CANARY("too many");
		return;
	}
	PROVE(parser.word_count == words, "all words, without the comment");
	if (word < words) {
		PROVE(parser.word[word] == parser.line + starts[word], "it begins where it does in the line");
		PROVE(starts[word] + lengths[word] < LINE && parser.line[starts[word] + lengths[word]] == 0, "it ends where it does in the line");
		PROVE(IMPLIES(i < lengths[word], parser.line[starts[word] + i] == line[starts[word] + i]), "with its characters");
		if (word == WORDS - 1)
			CANARY("as many as there may be");
	}
	if (words == 0 && line[1] == '#')
		CANARY("a comment");
}

/* ---- the first word ---- */

#define LONGEST 9u

enum reader { NONE, SERVICE, FILE_NAME, MEMORY, RUN, HANDLES, END, DOOR, ENVIRONMENT, RESTART };

static const struct {
	char word[LONGEST];
	uint32_t least;
	enum reader reader;
} expected[] = {
	{ "service", 2, SERVICE }, { "file", 2, FILE_NAME }, { "memory", 2, MEMORY }, { "run", 2, RUN }, { "handles", 2, HANDLES },
	{ "serve", 2, END }, { "use", 2, END }, { "door", 3, DOOR }, { "env", 2, ENVIRONMENT }, { "restart", 2, RESTART },
};

static char words[WORDS][LONGEST];
static enum reader reader;
static uint32_t readers;
static bool split_failed;

/* What prove_split() shows of it. */
int stub_split(struct parser *of)
{
	of->word_count = any_u8() % (WORDS + 1u);
	for (uint32_t i = 0; i < WORDS; i++)
		of->word[i] = words[i];
	split_failed = any_bool();
	return split_failed ? fail(of, reason) : 0;
}

static int read_by(struct parser *of, enum reader who)
{
	PROVE(of == &parser && of->error == NULL, "of a line that is good so far");
	PROVE(of->word_count >= 2 && (who == SERVICE || of->service != NULL), "what all readers may count on");
	reader = who;
	readers++;
	return any_bool() ? fail(of, reason) : 0;
}

READER(parse_file) { return read_by(parser, FILE_NAME); }
READER(parse_memory) { return read_by(parser, MEMORY); }
READER(parse_run) { return read_by(parser, RUN); }
READER(parse_handles) { return read_by(parser, HANDLES); }
READER(parse_end) { return read_by(parser, END); }
READER(parse_door) { return read_by(parser, DOOR); }
READER(parse_environment) { return read_by(parser, ENVIRONMENT); }
READER(parse_restart) { return read_by(parser, RESTART); }
int stub_parse_service(struct parser *of) { return read_by(of, SERVICE); }

void prove_keyword(void)
{
	enum reader known = NONE, due = NONE;

	for (uint32_t i = 0; i < LONGEST - 1; i++)
		words[0][i] = any_char();
	parser.manifest = &manifest;
	parser.service = any_bool() ? &manifest.service[0] : NULL;
	int error = parse_line(&parser);

	for (uint32_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (strcmp(words[0], expected[i].word) != 0)
			continue;
		known = expected[i].reader;
		if (known == SERVICE ? parser.word_count == 2 : parser.service != NULL && parser.word_count >= expected[i].least)
			due = known;
	}
	if (split_failed || parser.word_count == 0)
		due = NONE;
	PROVE((error == 0 || error == ERR_FORMAT) && (error != 0) == (parser.error != NULL), "a refusal has a reason");
	PROVE(reader == due && readers == (due != NONE), "the reader of that word, once, when it has what it needs");
	PROVE(IMPLIES(due == NONE, (error == 0) == (!split_failed && parser.word_count == 0)), "only a line without words is skipped");
	if (due == ENVIRONMENT && error == 0)
		CANARY("environment");
	if (due == SERVICE && error == 0)
		CANARY("a service");
	if (known == DOOR && due == NONE && parser.service != NULL)
		CANARY("a word is missing");
	if (known == NONE && error != 0)
		CANARY("an unknown word");
}

/* ---- lines ---- */

#define TEXT_MOST 6u

static char buffer[TEXT_MOST];
static const char *text;
static uint64_t size, next, witness;
static uint32_t lines;
static bool line_refused;

/* What prove_keyword() shows of it. The line begins where the one before has ended. */
int stub_parse_line(struct parser *of)
{
	uint64_t length = strlen(of->line);

	PROVE(of->manifest == &manifest && cleared && of->error == NULL && !line_refused, "nothing is read behind a refusal");
	PROVE(of->line[LINE - 1] == 0, "its last place is its end");
	PROVE(lines != 0 || of->service == NULL, "the first is about no service");
	PROVE(next < size && length <= size - next, "it lies in the text");
	PROVE(length == size - next || text[next + length] == '\n', "it is whole");
	PROVE(IMPLIES(witness < length, of->line[witness] == text[next + witness] && of->line[witness] != '\n'), "it is one line of the text");
	lines++;
	next += length + 1;
	line_refused = any_bool();
	return line_refused ? fail(of, reason) : 0;
}

void prove_lines(void)
{
	struct manifest_error refusal = { 0 };
	uint64_t length = 0;
	bool zero = false;

	size = any_u8() % (TEXT_MOST + 1u);
	witness = any_u8() % LINE;
	for (uint32_t i = 0; i < TEXT_MOST; i++)
		buffer[i] = any_char();
	text = buffer + TEXT_MOST - size; /* nothing is behind it */
	int error = manifest_parse(&manifest, text, size, &refusal);

	PROVE(cleared, "nothing is left of what was there");
	if (error == 0) {
		PROVE(next >= size && !line_refused, "every line was read");
		if (lines == 3)
			CANARY("three lines");
		return;
	}
	PROVE(error == ERR_FORMAT && refusal.text != NULL, "a refusal has a reason");
	if (line_refused) {
		PROVE(refusal.line == lines && refusal.text == reason, "the line that was refused is named, and why");
		if (lines == 2)
			CANARY("a line is refused");
		return;
	}
	PROVE(refusal.line == lines + 1u && next < size, "the line that cannot be read is named");
	for (uint64_t i = next; i < size && text[i] != '\n'; i++) {
		zero = zero || text[i] == 0;
		length++;
	}
	PROVE(length >= LINE || zero, "it is too long, or has a zero");
	if (length >= LINE && lines == 1)
		CANARY("too long");
	if (zero && length < LINE)
		CANARY("a zero");
}
