/* SPDX-License-Identifier: MIT */
#include "services/rt/rt.h"

/* The text behind "name=" at text; NULL: it is another word. */
static const char *value_of(const char *text, const char *name)
{
	while (*name != 0 && *text == *name) {
		text++;
		name++;
	}
	return *name == 0 && *text == '=' ? text + 1 : NULL;
}

static int read_number(const char *text)
{
	int number = 0;

	if (*text < '0' || *text > '9')
		return ERR_NOT_FOUND;
	for (; *text >= '0' && *text <= '9'; text++) {
		number = number * 10 + (*text - '0');
		if (number >= (int)SERVICE_HANDLES_MAX)
			return ERR_NOT_FOUND;
	}
	return *text == 0 || *text == ' ' ? number : ERR_NOT_FOUND;
}

int rt_find_handle(const char *text, const char *name)
{
	while (text != NULL && *text != 0) {
		const char *value = value_of(text, name);

		if (value != NULL)
			return read_number(value);
		while (*text != 0 && *text != ' ')
			text++;
		while (*text == ' ')
			text++;
	}
	return ERR_NOT_FOUND;
}
