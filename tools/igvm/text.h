/* SPDX-License-Identifier: MIT */
/*
 * text.h - reader of small text files of "KEY = VALUE" lines, as recipes and policies are. Blank lines and what stands
 * behind '#' are skipped. Bounded: a line has at most TEXT_LINE_MAX bytes; nothing is allocated.
 */
#ifndef IGVM_TEXT_H
#define IGVM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_LINE_MAX 255u

struct text_reader {
	const char *at, *end;
	uint32_t number;
};

struct text_line {
	char buffer[TEXT_LINE_MAX + 1];
	const char *key, *value; /* in buffer; without blanks around them; the value may be empty */
	uint32_t number;	 /* from 1 on */
	const char *error;	 /* what is wrong with the line; NULL: nothing */
};

void text_begin(struct text_reader *reader, const char *text, size_t size);
/* False behind the last line. A line with an error ends the text. */
bool text_next(struct text_reader *reader, struct text_line *line);

#endif
