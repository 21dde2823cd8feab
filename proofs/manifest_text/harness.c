/* SPDX-License-Identifier: MIT */
/*
 * How the text that names the services of an image becomes lines, and a line words. What a line does is proved in
 * proofs/manifest.
 */
#include "proofs/prover.h"

#include "lib/manifest.c"

static struct parser parser;

/* ---- words ---- */

#define LINE_MOST 15u /* characters of a line; all behind its end is what longer ones left there */

static char line[LINE_MOST + 1];

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

void prove_split(void)
{
	uint32_t length = any_u8() % (LINE_MOST + 1u), words = 0, end = length, at = any_u8() % (LINE_MOST + 1u);

	for (uint32_t i = 0; i <= LINE_MOST; i++) {
		line[i] = parser.line[i] = i == length ? 0 : ANY(char);
		ASSUME(i >= length || line[i] != 0);
	}
	int error = split(&parser);

	for (uint32_t i = 0; i < LINE_MOST; i++) {
		bool begins = i < end && !is_blank(line[i]) && (i == 0 || is_blank(line[i - 1]));

		if (begins && line[i] == '#')
			end = i;
		else if (begins) {
			if (error == 0)
				PROVE(words < parser.word_count && parser.word[words] == parser.line + i, "each word begins where it does in the line");
			words++;
		}
	}
	PROVE((error != 0) == (words > WORDS_MAX), "refused exactly when there are too many");
	if (error != 0) {
		PROVE(error == ERR_FORMAT && parser.error != NULL, "a refusal has a reason");
		CANARY("too many");
		return;
	}
	PROVE(parser.word_count == words && parser.error == NULL, "all words of the line, none of its comment");
	if (at < end)
		PROVE(parser.line[at] == (is_blank(line[at]) ? 0 : line[at]), "words end where blanks were, and are as they were");
	else if (at <= length)
		PROVE(parser.line[at] == line[at], "the comment stays, and so does the end");
	if (words == WORDS_MAX && end < length)
		CANARY("four words and a comment");
	if (words == 0 && length == 3)
		CANARY("blanks");
}

/* ---- what a line is about ---- */

#define WORD_MOST 8u

enum { FILE_LINE, MEMORY_LINE, RUN_LINE, HANDLES_LINE, SERVE_LINE, USE_LINE, DOOR_LINE, ENV_LINE, RESTART_LINE, SERVICE_LINE, KINDS };

static const char known[KINDS][WORD_MOST + 1] = { "file", "memory", "run", "handles", "serve", "use", "door", "env", "restart", "service" };

static char first_word[WORD_MOST + 1];
static struct manifest_service service;
static uint32_t handled; /* how often a line was given to a reader of such lines */
static bool splits, accepted;

int strcmp(const char *a, const char *b)
{
	uint32_t i = 0;

	while (a[i] != 0 && a[i] == b[i])
		i++;
	return a[i] - b[i];
}

static bool is(uint32_t kind)
{
	for (uint32_t i = 0; i <= WORD_MOST; i++) {
		if (first_word[i] != known[kind][i])
			return false;
		if (first_word[i] == 0)
			return true;
	}
	return false;
}

/* Of any line: prove_split() shows what the words are. */
int stub_split(struct parser *of)
{
	of->word_count = any_u8() % (WORDS_MAX + 1u);
	of->word[0] = first_word;
	splits = any_bool();
	return splits ? 0 : fail(of, "");
}

/* What a line does is proved in proofs/manifest, for services that there are and lines that have the words of their kind. */
static int take(struct parser *of, bool of_kind, uint32_t words)
{
	PROVE(of == &parser && splits && handled == 0, "a line is taken once");
	PROVE(of_kind && of->word_count >= words, "by the reader of such lines, with the words that it has at least");
	PROVE(of->service == &service || is(SERVICE_LINE), "there is a service that it is about");
	handled++;
	accepted = any_bool();
	return accepted ? 0 : fail(of, "");
}

int stub_parse_file(struct parser *of) { return take(of, is(FILE_LINE), 2); }
int stub_parse_memory(struct parser *of) { return take(of, is(MEMORY_LINE), 2); }
int stub_parse_run(struct parser *of) { return take(of, is(RUN_LINE), 2); }
int stub_parse_handles(struct parser *of) { return take(of, is(HANDLES_LINE), 2); }
int stub_parse_end(struct parser *of) { return take(of, is(SERVE_LINE) || is(USE_LINE), 2); }
int stub_parse_door(struct parser *of) { return take(of, is(DOOR_LINE), 3); }
int stub_parse_environment(struct parser *of) { return take(of, is(ENV_LINE), 2); }
int stub_parse_restart(struct parser *of) { return take(of, is(RESTART_LINE), 2); }
int stub_parse_service(struct parser *of) { return take(of, is(SERVICE_LINE) && of->word_count == 2, 2); }

void prove_line(void)
{
	bool is_known = false;

	for (uint32_t i = 0; i < WORD_MOST; i++)
		first_word[i] = ANY(char);
	parser.service = any_bool() ? &service : NULL;
	int error = parse_line(&parser);

	PROVE((error == 0) == (parser.error == NULL) && (error == 0 || error == ERR_FORMAT), "a refusal has a reason");
	PROVE((error == 0) == (splits && (handled == 1 ? accepted : parser.word_count == 0)), "taken as its reader says; nothing but a line without words is skipped");
	for (uint32_t i = 0; i < KINDS; i++)
		is_known = is_known || is(i);
	if (splits && parser.word_count >= 3 && parser.service != NULL && is_known)
		PROVE(handled == 1 || is(SERVICE_LINE), "no line of a known kind is left out");
	if (handled == 1 && is(RESTART_LINE))
		CANARY("the last of the known words");
	if (splits && parser.word_count == 4 && !is_known)
		CANARY("an unknown word");
	if (error == 0 && parser.word_count == 0)
		CANARY("an empty line");
}

/* ---- lines ---- */

static struct manifest manifest;
static struct manifest_error wrong;

#define TEXT_MOST 8u

static char text[TEXT_MOST];
static uint64_t text_size, next; /* where the next line begins */
static const char *copied;       /* where the present line is, of which length, and how much of it is before a zero byte */
static uint64_t copied_size, before_zero;
static uint32_t lines;
static bool in_text; /* a short text is followed byte by byte */

void *memcpy(void *destination, const void *source, size_t size)
{
	PROVE(__CPROVER_w_ok(destination, LINE_MAX) && size < LINE_MAX, "a line has room, with its end");
	PROVE(size == 0 || __CPROVER_r_ok(source, size), "it lies in the text");
	if (!in_text)
		return destination;
	__CPROVER_havoc_slice(destination, LINE_MAX); /* behind it is what was there before */
	PROVE((const char *)source == text + next && next < text_size && size <= text_size - next, "it begins behind the end of the one before");
	copied = destination;
	copied_size = before_zero = size;
	for (uint32_t i = 0; i < TEXT_MOST; i++) {
		if (i < next || i - next >= size)
			continue;
		PROVE(text[i] != '\n', "it is one line");
		if (text[i] == 0 && i - next < before_zero)
			before_zero = i - next;
	}
	next += size;
	PROVE(next == text_size || text[next] == '\n', "it is a whole line");
	next++;
	lines++;
	return destination;
}

size_t strlen(const char *string)
{
	if (!in_text)
		return any_u8();
	PROVE(string == copied && string[copied_size] == 0, "the line ends");
	return before_zero;
}

int stub_parse_line(struct parser *of)
{
	PROVE(of->manifest == &manifest && of->error == NULL, "nothing is read behind what is wrong");
	PROVE(!in_text || (of->line == copied && before_zero == copied_size), "a line that was copied, without zero bytes");
	return any_bool() ? 0 : fail(of, "");
}

void prove_text(void)
{
	in_text = true;
	text_size = any_u8();
	ASSUME(text_size <= TEXT_MOST);
	for (uint32_t i = 0; i < TEXT_MOST; i++)
		text[i] = ANY(char);
	int error = manifest_parse(&manifest, text, text_size, &wrong);

	if (error != 0) {
		PROVE(error == ERR_FORMAT && wrong.text != NULL && wrong.line == lines, "the refused line has its number and a reason");
		if (before_zero != copied_size)
			CANARY("a zero byte");
		if (lines == 3)
			CANARY("the third line is refused");
		return;
	}
	PROVE(next >= text_size && before_zero == copied_size, "all of the text is read");
	if (lines == 3 && next > text_size)
		CANARY("three lines, the last one without an end");
	if (lines == 0)
		CANARY("nothing");
}

void prove_any_text(void)
{
	uint64_t size = any_u64();

	in_text = false;
	ASSUME(size < UINT32_MAX);
	const char *any = __CPROVER_allocate(size, 0);
	int error = manifest_parse(&manifest, any, size, &wrong);

	if (error != 0) {
		PROVE(error == ERR_FORMAT && wrong.text != NULL && wrong.line >= 1, "the refused line has its number and a reason");
		CANARY("refused");
		return;
	}
	CANARY("read");
}
