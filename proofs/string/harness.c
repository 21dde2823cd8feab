/* SPDX-License-Identifier: MIT */
/*
 * The memory and string functions of freestanding programs, against what ISO C says of them, for one byte that nobody chose.
 * Sizes up to BYTES go through each loop: blocks, words, single bytes.
 */
#include "proofs/prover.h"

#include "lib/string.c"

#ifdef SMALL
#define BYTES 6u /* for what goes byte by byte */
#else
#define BYTES 41u /* a block, a word, a byte */
#endif
#define SHIFT 9u  /* more than a word */
#define ROOM (BYTES + SHIFT)

static uint8_t memory[ROOM], before[ROOM], source[ROOM];
static size_t size, to, from, at;

static void any_move(size_t most)
{
	__CPROVER_havoc_object(memory);
	__CPROVER_havoc_object(source);
	for (uint32_t i = 0; i < ROOM; i++)
		before[i] = memory[i];
	size = any_u8();
	to = any_u8();
	from = any_u8();
	at = any_u8();
	ASSUME(size <= most && to <= SHIFT && from <= SHIFT && at < ROOM);
}

static bool is_written(void)
{
	return at >= to && at - to < size;
}

void prove_copy(void)
{
	any_move(BYTES);
	to = 3; /* no multiples of a word */
	from = 5;
	PROVE(memcpy(memory + to, source + from, size) == memory + to, "the destination is told");
	PROVE(memory[at] == (is_written() ? source[from + at - to] : before[at]), "each byte is copied, no other is written");
	CANARY("copied");
}

/* Within a block, with words that overlap. */
void prove_move_block(void)
{
	any_move(BYTES);
	to = 2;
	from = 5;
	PROVE(memmove(memory + to, memory + from, size) == memory + to, "the destination is told");
	PROVE(memory[at] == (is_written() ? before[from + at - to] : before[at]), "each byte is what it was before any was written");
	CANARY("moved");
}

/* By up to four bytes. */
void prove_move_down(void)
{
	any_move(BYTES);
	to = 4;
	ASSUME(from < to);
	PROVE(memmove(memory + to, memory + from, size) == memory + to, "the destination is told");
	PROVE(memory[at] == (is_written() ? before[from + at - to] : before[at]), "each byte is what it was before any was written");
	CANARY("moved");
}

void prove_set(void)
{
	int byte = any_int();

	any_move(BYTES);
	to = 3; /* no multiple of a word */
	PROVE(memset(memory + to, byte, size) == memory + to, "the destination is told");
	PROVE(memory[at] == (is_written() ? (uint8_t)(byte & 0xFF) : before[at]), "each byte is set, no other is written");
	CANARY("set");
}

/* ---- texts ---- */

#define TEXT 8u

static char left[TEXT], right[TEXT];

/* Where two texts of up to that size differ first, or end. */
static size_t first_difference(size_t most, bool texts)
{
	size_t found = most;

	for (size_t i = TEXT; i > 0; i--) {
		if (i <= most && (left[i - 1u] != right[i - 1u] || (texts && left[i - 1u] == '\0')))
			found = i - 1u;
	}
	return found;
}

static int sign(int value)
{
	return value < 0 ? -1 : value > 0;
}

/* Bytes are compared as numbers without a sign. */
static int order(size_t i)
{
	int a = (int)left[i] + (left[i] < 0 ? 256 : 0), b = (int)right[i] + (right[i] < 0 ? 256 : 0);

	return sign(a - b);
}

static void any_texts(void)
{
	__CPROVER_havoc_object(left);
	__CPROVER_havoc_object(right);
	size = any_u8() % (TEXT + 1u);
}

void prove_compare(void)
{
	size_t start, first;
	int result;

	any_texts();
	start = TEXT - size; /* nothing behind it may be read */
	for (size_t i = 0; i < TEXT; i++) {
		if (i < start)
			left[i] = right[i];
	}
	result = memcmp(left + start, right + start, size);
	first = first_difference(TEXT, false);
	PROVE(sign(result) == (first < TEXT ? order(first) : 0), "the first byte that differs decides");
	CANARY("compared");
}

void prove_length(void)
{
	size_t length;

	any_texts();
	left[TEXT - 1u] = '\0';
	length = strlen(left);
	at = any_u8();
	PROVE(length < TEXT && left[length] == '\0', "a length is that of the text before its end");
	ASSUME(at < length);
	PROVE(left[at] != '\0', "its first end");
	CANARY("measured");
}

void prove_text_compare(void)
{
	size_t first;

	any_texts();
	left[TEXT - 1u] = '\0';
	right[TEXT - 1u] = '\0';
	first = first_difference(TEXT, true);
	PROVE(sign(strcmp(left, right)) == order(first), "the first character that differs decides, or the end of both");
	CANARY("compared");
}

void prove_text_compare_size(void)
{
	size_t first, start;

	any_texts();
	start = TEXT - size; /* nothing behind it may be read */
	for (size_t i = 0; i < TEXT; i++) {
		if (i < start) {
			left[i] = 'x';
			right[i] = 'x';
		}
	}
	first = first_difference(TEXT, true);
	PROVE(sign(strncmp(left + start, right + start, size)) == (first < TEXT ? order(first) : 0), "the first character that differs decides, up to the size");
	CANARY("compared");
}
