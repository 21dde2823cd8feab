/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <string.h>

void text_begin(struct text_reader *reader, const char *text, size_t size)
{
	reader->at = text;
	reader->end = text + size;
	reader->number = 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *from, char *end)
{
	while (from < end && is_blank(*from))
		from++;
	while (end > from && is_blank(end[-1]))
		end--;
	*end = '\0';
	return from;
}

/* Copies the next line without its comment. */
static const char *take_line(struct text_reader *reader, char *buffer, size_t *length)
{
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *end = newline != NULL ? newline : reader->end;
	size_t size = (size_t)(end - reader->at);
	const char *comment = memchr(reader->at, '#', size), *from = reader->at;

	reader->at = newline != NULL ? newline + 1 : reader->end;
	reader->number++;
	if (comment != NULL)
		size = (size_t)(comment - from);
	if (size > TEXT_LINE_MAX)
		return "is longer than 255 characters";
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)from[i] < 0x20 && !is_blank(from[i]))
			return "holds a control character";
	}
	memcpy(buffer, from, size);
	buffer[size] = '\0';
	*length = size;
	return NULL;
}

static void split(struct text_line *line, size_t length)
{
	char *equals = memchr(line->buffer, '=', length);

	if (equals == NULL) {
		line->error = "is not of the form KEY = VALUE";
		return;
	}
	line->value = trim(equals + 1, line->buffer + length);
	line->key = trim(line->buffer, equals);
	if (line->key[0] == '\0')
		line->error = "has no key";
}

bool text_next(struct text_reader *reader, struct text_line *line)
{
	while (reader->at < reader->end) {
		size_t length = 0;

		line->error = take_line(reader, line->buffer, &length);
		line->number = reader->number;
		line->key = line->value = "";
		if (line->error == NULL) {
			if (strspn(line->buffer, " \t\r") == length)
				continue;
			split(line, length);
		}
		if (line->error != NULL)
			reader->at = reader->end;
		return true;
	}
	return false;
}
