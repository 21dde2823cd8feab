/* SPDX-License-Identifier: MIT */
/* listen.h - what a program writes to standard output or error, for tests of whole command lines. */
#ifndef TESTS_UNIT_LISTEN_H
#define TESTS_UNIT_LISTEN_H

#include <stdio.h>
#include <stdlib.h>

/* From now on STREAM is a file of its own; returns what it was, for heard(). */
static inline FILE *listen(FILE **stream)
{
	FILE *saved = *stream;

	*stream = tmpfile();
	if (*stream == NULL)
		abort();
	return saved;
}

/* Puts what was written into TEXT, of SIZE bytes, cut and with a zero byte behind it; STREAM is what it was. */
static inline void heard(FILE **stream, FILE *saved, char *text, size_t size)
{
	if (fseek(*stream, 0, SEEK_SET) != 0)
		abort();
	text[fread(text, 1, size - 1, *stream)] = '\0';
	(void)fclose(*stream);
	*stream = saved;
}

#endif
