/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/host.h"

#define WORDS_MAX 9u
#define FIELD_OFFSET_MAX 0xFF8ull
#define LEVEL_MAX 3u
#define CHECKSUM_MIN 10u /* the byte itself */
#define LEAK_MAX 2u
#define EXCEPTION_MAX 31u
#define VECTOR_MIN 32u
#define VECTOR_MAX 255u

struct word {
	const char *text;
	size_t length;
};

struct name {
	const char *text;
	uint64_t value;
};

static const struct name steps[] = {
	{ "launch", STEP_LAUNCH },     { "mark", STEP_MARK },       { "fault", STEP_FAULT },
	{ "timer", STEP_TIMER },
	{ "exit", STEP_EXIT },         { "sev-info", STEP_SEV_INFO }, { "register", STEP_REGISTER },
	{ "psc-msr", STEP_PSC_MSR },   { "run", STEP_RUN },         { "features", STEP_FEATURES },
	{ "io", STEP_IO },             { "msr", STEP_MSR },         { "psc", STEP_PSC },
	{ "message", STEP_MESSAGE },   { "create", STEP_CREATE },
};

static const struct name bases[] = {
	{ "monitor", BASE_MONITOR },
	{ "cpuid", BASE_CPUID },
	{ "secrets", BASE_SECRETS },
	{ "parameters", BASE_PARAMETERS },
	{ "memory-map", BASE_MEMORY_MAP },
	{ "madt", BASE_MADT },
	{ "target", BASE_TARGET },
	{ "ghcb", BASE_GHCB },
	{ "page", BASE_PAGE },
	{ "request", BASE_REQUEST },
	{ "response", BASE_RESPONSE },
	{ "certificates", BASE_CERTIFICATES },
	{ "area", BASE_AREA },
	{ "other-area", BASE_OTHER_AREA },
	{ "service", BASE_SERVICE },
};

/* Offsets in the GHCB page. */
static const struct name fields[] = {
	{ "rax", 0x1F8 },   { "rcx", 0x308 },   { "rdx", 0x310 },     { "rbx", 0x318 },    { "code", 0x390 },
	{ "info1", 0x398 }, { "info2", 0x3A0 }, { "scratch", 0x3A8 }, { "valid1", 0x3F0 }, { "valid2", 0x3F8 },
	{ "buffer", 0x800 },
};

/* What follows an action's name: f GHCB field, n number, o number that may be left out, a address. */
static const struct {
	const char *text;
	const char *arguments;
	uint64_t least, most; /* of the first number */
	bool before_only;
} actions[ACTION_COUNT] = {
	[ACTION_ANSWER] = { "answer", "n", 0, ~0ull, false },
	[ACTION_FLIP] = { "flip", "n", 1, ~0ull, false },
	[ACTION_GHCB] = { "ghcb", "fn", 0, FIELD_OFFSET_MAX, false },
	[ACTION_RANDOM] = { "random", "n", 0, ~0ull, false },
	[ACTION_SKIP] = { "skip", "", 0, 0, true },
	[ACTION_ENTER] = { "enter", "n", 0, LEVEL_MAX, true },
	[ACTION_RUN_AREA] = { "run-area", "na", 0, LEVEL_MAX, true },
	[ACTION_SHARE] = { "share", "a", 0, 0, false },
	[ACTION_PRIVATE] = { "private", "a", 0, 0, false },
	[ACTION_LARGE] = { "large", "a", 0, 0, false },
	[ACTION_SMASH] = { "smash", "a", 0, 0, false },
	[ACTION_VALIDATED] = { "validated", "a", 0, 0, false },
	[ACTION_WRITE] = { "write", "an", 0, ~0ull, false },
	[ACTION_NOISE] = { "noise", "an", 0, ~0ull, false },
	[ACTION_SAVE] = { "save", "na", 0, ATTACK_SLOTS - 1u, false },
	[ACTION_PUT] = { "put", "na", 0, ATTACK_SLOTS - 1u, false },
	[ACTION_CHECKSUM] = { "checksum", "an", CHECKSUM_MIN, PAGE_SIZE, false },
	[ACTION_TURN] = { "turn", "an", 1, ~0ull, false },
	[ACTION_INTERRUPT] = { "interrupt", "n", VECTOR_MIN, VECTOR_MAX, false },
	[ACTION_EXCEPTION] = { "exception", "n", 0, EXCEPTION_MAX, false },
	[ACTION_MISSHAPEN] = { "misshapen", "n", 0, EXCEPTION_MAX, false },
	[ACTION_LEAK] = { "leak", "na", 0, LEAK_MAX, false },
};

static bool equals(const struct word *word, const char *text)
{
	return strlen(text) == word->length && strncmp(word->text, text, word->length) == 0;
}

static bool look_up(const struct word *word, const struct name *names, size_t count, uint64_t *value)
{
	for (size_t i = 0; i < count; i++) {
		if (!equals(word, names[i].text))
			continue;
		*value = names[i].value;
		return true;
	}
	return false;
}

/* N, N- or N-M. */
static bool parse_range(const struct word *word, struct attack_rule *rule)
{
	uint64_t first, last;
	size_t at = 0;

	while (at < word->length && word->text[at] != '-')
		at++;
	if (!options_number(word->text, at, &first))
		return false;
	last = first;
	if (at + 1u == word->length)
		last = UINT32_MAX;
	else if (at < word->length && !options_number(word->text + at + 1u, word->length - at - 1u, &last))
		return false;
	if (first == 0 || first > last || last > UINT32_MAX)
		return false;
	rule->first = (uint32_t)first;
	rule->last = (uint32_t)last;
	return true;
}

/* NAME, NAME+NUMBER or NUMBER. */
static bool parse_address(const struct word *word, struct attack_address *address)
{
	struct word base = *word;
	uint64_t value;

	*address = (struct attack_address){ .base = BASE_NUMBER };
	if (options_number(word->text, word->length, &address->offset))
		return true;
	address->offset = 0;
	for (base.length = 0; base.length < word->length && word->text[base.length] != '+';)
		base.length++;
	if (!look_up(&base, bases, ARRAY_SIZE(bases), &value))
		return false;
	address->base = (uint8_t)value;
	return base.length == word->length ||
	       options_number(word->text + base.length + 1u, word->length - base.length - 1u, &address->offset);
}

static bool parse_step(struct word word, struct attack_rule *rule)
{
	uint64_t value;

	if (word.length > 6 && strncmp(word.text, "guest:", 6) == 0) {
		rule->guest = true;
		word.text += 6;
		word.length -= 6;
	}
	if (!look_up(&word, steps, ARRAY_SIZE(steps), &value))
		return false;
	rule->step = (uint8_t)value;
	return true;
}

static bool parse_field(const struct word *word, uint64_t *offset)
{
	return look_up(word, fields, ARRAY_SIZE(fields), offset) ||
	       (options_number(word->text, word->length, offset) && *offset <= FIELD_OFFSET_MAX && *offset % 8u == 0);
}

static bool parse_action(const struct word *word, struct attack_rule *rule)
{
	for (uint32_t i = 0; i < ACTION_COUNT; i++) {
		if (!equals(word, actions[i].text))
			continue;
		rule->action = (uint8_t)i;
		return true;
	}
	return false;
}

static const char *parse_arguments(const struct word *word, uint32_t count, struct attack_rule *rule)
{
	const char *wanted = actions[rule->action].arguments;
	uint32_t numbers = 0;

	if (count != strlen(wanted))
		return "wrong number of arguments";
	for (uint32_t i = 0; i < count; i++) {
		bool good;

		if (wanted[i] == 'a')
			good = parse_address(&word[i], &rule->address);
		else if (wanted[i] == 'f')
			good = parse_field(&word[i], &rule->number[numbers++]);
		else
			good = options_number(word[i].text, word[i].length, &rule->number[numbers++]);
		if (!good)
			return "an argument is neither a number nor a known name";
	}
	if (numbers > 0 && (rule->number[0] < actions[rule->action].least || rule->number[0] > actions[rule->action].most))
		return "a number is out of range";
	return NULL;
}

/* What only makes sense somewhere. */
static const char *check_rule(const struct attack_rule *rule)
{
	bool exits = rule->step >= STEP_EXIT;

	if (actions[rule->action].before_only && !rule->before)
		return "this action is for 'before'";
	if (rule->before && (rule->step == STEP_LAUNCH || rule->step == STEP_MARK || rule->step == STEP_TIMER))
		return "launch, mark and timer go with 'on'";
	if (rule->step == STEP_FAULT && !rule->before)
		return "fault goes with 'before'";
	if (rule->action <= ACTION_SKIP && !exits)
		return "only exits are answered";
	if ((rule->action == ACTION_ENTER || rule->action == ACTION_RUN_AREA) && !exits && rule->step != STEP_FAULT)
		return "levels are run on exits and faults";
	if (rule->action == ACTION_VALIDATED && rule->step != STEP_LAUNCH)
		return "pages are launched at the launch";
	if (rule->address.base == BASE_SERVICE)
		return "addresses of services are for secrets";
	if (rule->guest && (rule->step == STEP_LAUNCH || rule->step == STEP_MARK || rule->step == STEP_TIMER))
		return "launch and mark are nobody's exits, the timer is VMPL0's";
	return NULL;
}

static const char *parse_rule(const struct word *word, uint32_t count, struct attack_rule *rule)
{
	const char *why;
	uint32_t at = 2;

	rule->first = 1;
	rule->last = UINT32_MAX;
	if (equals(&word[0], "before"))
		rule->before = true;
	else if (!equals(&word[0], "on"))
		return "a line begins with on, before, secret, expect, run or #";
	if (count < 4 || !parse_step(word[1], rule))
		return "unknown step";
	if (!equals(&word[at], "do")) {
		if (!parse_range(&word[at], rule))
			return "a step's number is N, N- or N-M";
		at++;
	}
	if (at + 2u > count || !equals(&word[at], "do") || !parse_action(&word[at + 1u], rule))
		return "unknown action";
	why = parse_arguments(word + at + 2u, count - at - 2u, rule);
	return why != NULL ? why : check_rule(rule);
}

/* Words of a line; WORDS_MAX + 1 when there are more. */
static uint32_t split(const char *line, size_t length, struct word *word)
{
	uint32_t count = 0;

	for (size_t at = 0; at < length;) {
		size_t start = at;

		while (at < length && line[at] != ' ' && line[at] != '\t')
			at++;
		if (at > start) {
			if (count == WORDS_MAX)
				return WORDS_MAX + 1u;
			word[count++] = (struct word){ line + start, at - start };
		}
		at++;
	}
	return count;
}

/* What stands behind the address: ">OFFSET" for each pointer. */
static bool parse_pointers(const struct word *word, size_t at, struct attack_secret *secret)
{
	while (at < word->length) {
		size_t start = ++at;

		while (at < word->length && word->text[at] != '>')
			at++;
		if (secret->pointers == ATTACK_POINTERS_MAX ||
		    !options_number(word->text + start, at - start, &secret->behind[secret->pointers]))
			return false;
		secret->pointers++;
	}
	return true;
}

static const char *parse_secret(const struct word *word, uint32_t count, struct attack_script *script)
{
	struct attack_secret secret = { .size = 0 };
	struct word address;
	uint64_t size;

	if (count != 4 || word[1].length >= sizeof(secret.name))
		return "a secret has a short name, an address and a size";
	memcpy(secret.name, word[1].text, word[1].length);
	address = word[2];
	for (address.length = 0; address.length < word[2].length && address.text[address.length] != '>';)
		address.length++;
	if (!parse_address(&address, &secret.address) ||
	    (secret.address.base > BASE_MADT && secret.address.base != BASE_SERVICE))
		return "a secret lies in the monitor or in a service";
	if (!parse_pointers(&word[2], address.length, &secret))
		return "behind a secret's address there are at most 4 offsets";
	if (secret.pointers != 0 && secret.address.base != BASE_SERVICE)
		return "pointers are followed in services";
	if (!options_number(word[3].text, word[3].length, &size) || size == 0 || size > ATTACK_SECRET_SIZE_MAX)
		return "a secret's size is 1 to 2048 bytes";
	secret.size = (uint32_t)size;
	if (script->secret_count == ATTACK_SECRETS_MAX)
		return "too many secrets";
	script->secret[script->secret_count++] = secret;
	return NULL;
}

static const char *parse_line(struct attack_script *script, const char *line, size_t length, uint32_t number)
{
	struct word word[WORDS_MAX];
	struct attack_rule rule = { .line = number };
	uint32_t count = split(line, length, word);
	const char *why;

	if (count == 0 || word[0].text[0] == '#' || equals(&word[0], "expect") || equals(&word[0], "run") ||
	    equals(&word[0], "image"))
		return NULL;
	if (count > WORDS_MAX)
		return "too many words";
	if (equals(&word[0], "secret"))
		return parse_secret(word, count, script);
	why = parse_rule(word, count, &rule);
	if (why != NULL)
		return why;
	if (script->count == ATTACK_RULES_MAX)
		return "too many rules";
	script->rule[script->count++] = rule;
	return NULL;
}

uint32_t attack_parse(struct attack_script *script, const char *text, uint64_t size, const char **why)
{
	uint32_t number = 1;

	script->count = script->secret_count = 0;
	*why = NULL;
	for (uint64_t at = 0; at < size; number++) {
		uint64_t start = at;

		while (at < size && text[at] != '\n')
			at++;
		*why = parse_line(script, text + start, at - start, number);
		if (*why != NULL)
			return number;
		at++;
	}
	return 0;
}
