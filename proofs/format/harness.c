/* SPDX-License-Identifier: MIT */
/*
 * Formatting of text. The buffers are small, any size up to theirs is told; one byte behind what was told, that nobody chose,
 * stands for all that must not be written.
 */
#include "proofs/prover.h"

#include "lib/format.c"

#define ROOM 10u

static char memory[ROOM];
static struct sink any_sink;
static size_t used_before, guarded; /* a byte that must not change */
static char byte_before;

/* Any buffer with any text in it, ended or not: what put() keeps. */
static void any_text_so_far(void)
{
	__CPROVER_havoc_object(memory);
	any_sink = (struct sink){ .buffer = memory, .size = any_u8() % (ROOM + 1u), .used = any_u8() };
	ASSUME(any_sink.size == 0 ? any_sink.used == 0 : any_sink.used < any_sink.size);
	used_before = any_sink.used;
	guarded = any_u8();
	ASSUME(guarded < ROOM && (guarded < used_before || guarded + 1u >= any_sink.size));
	byte_before = memory[guarded];
}

/* ---- padding ---- */

#define TEXT_MAX 4u

static char expected_at(const struct spec *spec, const char *text, unsigned length, bool number, unsigned at)
{
	unsigned padding = spec->width > length ? spec->width - length : 0;

	if (spec->left)
		return at < length ? text[at] : ' ';
	if (!number || !spec->zero)
		return at < padding ? ' ' : text[at - padding];
	if (length > 0 && text[0] == '-')
		return at == 0 ? '-' : at <= padding ? '0' : text[at - padding];
	return at < padding ? '0' : text[at - padding];
}

void prove_padded(void)
{
	char texts[TEXT_MAX];
	unsigned length = any_u8(), at = any_u8(), total;
	struct spec spec = { .left = any_bool(), .zero = any_bool(), .width = any_u8(), .precision = any_u32(), .longs = any_u32() };
	bool number = any_bool();
	const char *text;

	ASSUME(length <= TEXT_MAX && spec.width <= 6);
	text = texts + (TEXT_MAX - length); /* nothing behind it may be read */
	total = spec.width > length ? spec.width : length;
	ASSUME(at < total);
	any_text_so_far();
	put_padded(&any_sink, &spec, text, length, number);
	PROVE(memory[guarded] == byte_before, "only what is behind the text so far, and before the last byte, is written");
	if (used_before + total < any_sink.size) {
		PROVE(any_sink.used == used_before + total, "all of it is there");
		CANARY("not cut");
	} else {
		PROVE(any_sink.used == (any_sink.size == 0 ? 0 : any_sink.size - 1u), "as much as fits is there");
		CANARY("cut");
	}
	if (used_before + at < any_sink.used)
		PROVE(memory[used_before + at] == expected_at(&spec, text, length, number, at), "the text is padded as it was asked for");
}

/* ---- what is padded ---- */

static uint32_t paddings;
static char padded_text[24];
static const char *padded_from;
static unsigned padded_length;
static const struct spec *padded_spec;
static bool padded_number;
static struct sink *padded_sink;

void stub_put_padded(struct sink *sink, const struct spec *spec, const char *text, unsigned length, bool number)
{
	paddings++;
	padded_from = text;
	padded_length = length;
	padded_spec = spec;
	padded_number = number;
	padded_sink = sink;
#ifdef DIGITS
	PROVE(length >= 1 && length <= sizeof(padded_text) && __CPROVER_r_ok(text, length), "the text is there");
	for (unsigned i = 0; i < sizeof(padded_text) && i < length; i++)
		padded_text[i] = text[i];
#endif
}

static unsigned value_of_digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u : 99u;
}

static void check_digits(uint64_t value, unsigned base, unsigned most)
{
	struct spec spec = { .left = any_bool(), .zero = any_bool(), .width = any_u32(), .precision = any_u32(), .longs = any_u32() };
	struct sink sink = { .buffer = memory, .size = ROOM, .used = 0 };
	bool negative = any_bool();
	unsigned sign = negative ? 1 : 0, at = any_u8();
	uint64_t rest = value;

	paddings = 0;
	put_number(&sink, &spec, value, base, negative);
	PROVE(paddings == 1 && padded_number && padded_spec == &spec && padded_sink == &sink, "a number is one text, padded as a number");
	PROVE(padded_length > sign && padded_length <= sign + most, "with no more digits than it can have");
	PROVE((padded_text[0] == '-') == negative, "a sign in front of a negative one");
	PROVE(padded_length == sign + 1u || padded_text[sign] != '0', "no zeros in front");
	ASSUME(at < padded_length - sign);
	/* The digit that nobody chose, counted from the last. */
	for (unsigned i = 0; i < most; i++) {
		if (i < at)
			rest /= base;
	}
	PROVE(value_of_digit(padded_text[padded_length - 1u - at]) == rest % base, "each digit is the right one");
	if (at + 1u == padded_length - sign)
		PROVE(rest / base == 0, "none is left out");
	CANARY("a number");
}

void prove_hexadecimal(void)
{
	check_digits(any_u64(), 16, 16);
}

void prove_decimal(void)
{
	check_digits(any_u16(), 10, 5);
}

void prove_string(void)
{
	char texts[6];
	struct spec spec = { .left = any_bool(), .zero = any_bool(), .width = any_u32(), .precision = any_bool() ? ~0u : any_u8(), .longs = any_u32() };
	struct sink sink = { .buffer = memory, .size = ROOM, .used = 0 };
	unsigned size = any_u8() % 6u + 1u, at = any_u8();
	bool ended = any_bool(), nothing = any_bool();
	const char *text = texts + (6u - size); /* nothing behind it may be read */

	/* What is not ended has a precision. */
	if (ended)
		texts[5] = '\0';
	ASSUME(ended || spec.precision <= size);
	paddings = 0;
	put_string(&sink, &spec, nothing ? NULL : text);
	PROVE(paddings == 1 && !padded_number && padded_spec == &spec && padded_sink == &sink, "a string is one text, padded with blanks");
	PROVE(padded_length <= spec.precision, "no longer than the precision");
	if (nothing) {
		PROVE(padded_length == (spec.precision < 6 ? spec.precision : 6) && padded_from[0] == '(', "NULL has a text");
		CANARY("NULL");
		return;
	}
	PROVE(padded_from == text, "the string itself");
	ASSUME(at < padded_length);
	PROVE(text[at] != '\0', "no longer than it is");
	CANARY("a string");
}

void prove_string_whole(void)
{
	char texts[6];
	struct spec spec = { .precision = any_bool() ? ~0u : any_u8() };
	struct sink sink = { .buffer = memory, .size = ROOM, .used = 0 };

	texts[5] = '\0';
	put_string(&sink, &spec, texts);
	PROVE(padded_length == spec.precision || texts[padded_length] == '\0', "all of it, up to the precision");
	CANARY("a string");
}

/* ---- what stands between % and the conversion ---- */

void prove_spec(void)
{
	char text[12];
	struct spec spec;
	unsigned at = 0, width = any_u8() % 100u, precision = any_u8() % 100u, modifiers = any_u8() % 3u;
	bool left = any_bool(), zero = any_bool(), zero_first = any_bool(), point = any_bool(), z = any_bool();
	char conversion = any_bool() ? 'd' : any_bool() ? '\0' : any_bool() ? '%' : 'q';

	if (zero && zero_first)
		text[at++] = '0';
	if (left)
		text[at++] = '-';
	if (zero && !zero_first)
		text[at++] = '0';
	if (width >= 10)
		text[at++] = (char)('0' + (char)(width / 10u));
	if (width > 0)
		text[at++] = (char)('0' + (char)(width % 10u));
	if (point) {
		text[at++] = '.';
		text[at++] = (char)('0' + (char)(precision / 10u));
		text[at++] = (char)('0' + (char)(precision % 10u));
	}
	if (z && modifiers > 0)
		text[at++] = 'z';
	for (unsigned i = 0; !z && i < 2; i++) {
		if (i < modifiers)
			text[at++] = 'l';
	}
	if (modifiers == 0 && any_bool())
		text[at++] = 'h';
	text[at] = conversion;
	PROVE(parse_spec(text, &spec) == text + at, "the conversion stands behind all that changes it");
	PROVE(spec.left == left && spec.zero == zero, "the flags");
	PROVE(spec.width == width, "the width");
	PROVE(spec.precision == (point ? precision : ~0u), "the precision, or none");
	PROVE(spec.longs == (z && modifiers > 0 ? 2u : modifiers), "the modifiers");
	CANARY("parsed");
}

void prove_spec_any(void)
{
	char text[6];
	struct spec spec;
	const char *end;
	unsigned at = any_u8();

	text[5] = '\0';
	end = parse_spec(text, &spec);
	PROVE(end >= text && end <= text + 5, "nothing is read behind the end");
	PROVE(spec.width <= 9999u && (spec.precision <= 9999u || spec.precision == ~0u), "numbers have a bound");
	PROVE(*end != 'l' && *end != 'h' && *end != 'z', "all modifiers are read");
	ASSUME(at < (size_t)(end - text));
	PROVE(text[at] != '\0' && text[at] != '%' && text[at] != 'd' && text[at] != 's', "no conversion is passed over");
	CANARY("parsed");
}

/* ---- the whole text ---- */

#ifdef WHOLE
#define FORMAT_MAX 3u
#else
#define FORMAT_MAX 4u
#endif

static char format[FORMAT_MAX + 1u];
static struct spec parsed;
static uint32_t numbers, strings;
static uint64_t number_value;
static unsigned number_base;
static bool number_negative;
static const char *string_text;

#ifdef WHOLE
/* What prove_spec_any() shows: any end inside the format. */
const char *stub_parse_spec(const char *at, struct spec *spec)
{
	unsigned skipped = any_u8() % (FORMAT_MAX + 1u);

	PROVE(at > format && at <= format + FORMAT_MAX, "inside the format");
	for (unsigned i = 0; i < FORMAT_MAX; i++) {
		if (i < skipped && *at != '\0')
			at++;
	}
	*spec = (struct spec){ .longs = any_u8() % 3u };
	return at;
}

/* What prove_padded() shows: some more text, inside the buffer. */
static void some_text(struct sink *sink)
{
	size_t more = any_u8();

	PROVE(sink->size == 0 ? sink->used == 0 : sink->used < sink->size, "there is room for the end");
	ASSUME(sink->size == 0 ? more == 0 : more < sink->size - sink->used);
	sink->used += more;
}

void stub_put_number(struct sink *sink, const struct spec *spec, uint64_t value, unsigned base, bool negative) { some_text(sink); }
void stub_put_string(struct sink *sink, const struct spec *spec, const char *text) { some_text(sink); }
#else
/* The conversion comes at once, with any modifiers. */
const char *stub_parse_spec(const char *at, struct spec *spec)
{
	*spec = parsed;
	return at;
}

void stub_put_number(struct sink *sink, const struct spec *spec, uint64_t value, unsigned base, bool negative)
{
	numbers++;
	number_value = value;
	number_base = base;
	number_negative = negative;
}

void stub_put_string(struct sink *sink, const struct spec *spec, const char *text)
{
	strings++;
	string_text = text;
}
#endif

void prove_whole(void)
{
	size_t size = any_u8() % 6u, behind = any_u8(), length;
	char before;

	__CPROVER_havoc_object(format);
	__CPROVER_havoc_object(memory);
	format[FORMAT_MAX] = '\0';
	ASSUME(behind >= size && behind < ROOM);
	before = memory[behind];
	length = format_text(memory, size, format, any_u64(), any_u64(), any_u64());
	PROVE(memory[behind] == before, "nothing is written behind the buffer");
	PROVE(size == 0 ? length == 0 : length < size, "the length is that of what is in the buffer");
	if (size > 0) {
		PROVE(memory[length] == '\0', "with a NUL behind it");
		CANARY("some");
	}
	CANARY("written");
}

void prove_plain(void)
{
	size_t size = any_u8() % 7u, length, at = any_u8(), whole = 0;
	bool no_conversion = true;

	__CPROVER_havoc_object(format);
	format[FORMAT_MAX] = '\0';
	for (uint32_t i = FORMAT_MAX; i > 0; i--) {
		no_conversion = no_conversion && format[i - 1u] != '%';
		whole = format[i - 1u] == '\0' ? 0 : whole + 1u;
	}
	ASSUME(no_conversion);
	length = format_text(memory, size, format);
	PROVE(length == (size == 0 ? 0 : whole < size ? whole : size - 1u), "all of the text, or what fits");
	ASSUME(at < length);
	PROVE(memory[at] == format[at], "the text as it stands");
	CANARY("plain");
}

#ifndef WHOLE
static void one_conversion(char c, uint64_t argument, size_t expected_numbers, size_t expected_strings)
{
	size_t length;

	format[0] = '<';
	format[1] = '%';
	format[2] = c;
	format[3] = '>';
	format[4] = '\0';
	numbers = strings = paddings = 0;
	length = format_text(memory, sizeof(memory), format, argument);
	PROVE(numbers == expected_numbers && strings == expected_strings, "a conversion is one number or one string");
	PROVE(memory[0] == '<' && memory[length - 1u] == '>' && memory[length] == '\0', "between what stands around it");
}

void prove_conversion(void)
{
	union {
		uint64_t whole;
		int64_t number;
		int32_t low;
		uint32_t low_unsigned;
	} view = { .whole = any_u64() };
	uint64_t argument = view.whole, narrow;
	char other = any_bool() ? 'q' : any_bool() ? 'X' : '!';
	int64_t number;

	parsed = (struct spec){ .left = any_bool(), .longs = any_u8() % 3u };
	narrow = parsed.longs > 0 ? argument : view.low_unsigned;
	number = parsed.longs > 0 ? view.number : view.low;
	one_conversion(any_bool() ? 'd' : 'i', argument, 1, 0);
	PROVE(number_base == 10 && number_negative == (number < 0) && (number_negative ? number_value - 1u == (uint64_t)~number : number_value == (uint64_t)number), "%d");
	one_conversion('u', argument, 1, 0);
	PROVE(number_base == 10 && !number_negative && number_value == narrow, "%u");
	one_conversion('x', argument, 1, 0);
	PROVE(number_base == 16 && !number_negative && number_value == narrow, "%x");
	one_conversion('p', argument, 1, 0);
	PROVE(number_base == 16 && !number_negative && number_value == argument, "%p");
	one_conversion('s', (uint64_t)(uintptr_t)format, 0, 1);
	PROVE(string_text == format, "%s");
	one_conversion('c', argument & 0x7Fu, 0, 0);
	PROVE(paddings == 1 && padded_length == 1 && !padded_number, "%c");
	one_conversion('%', argument, 0, 0);
	PROVE(memory[1] == '%' && memory[2] == '>', "%%");
	one_conversion(other, argument, 0, 0);
	PROVE(memory[1] == '%' && memory[2] == other && memory[3] == '>', "anything else as it stands");
	CANARY("all");
}
#endif
